import { useState } from 'react'

type Theme = 'system' | 'light' | 'dark'
const order: readonly Theme[] = ['system', 'light', 'dark']
const names = { system: 'Auto', light: 'Light', dark: 'Dark' } as const
/** Also read by theme.js before the first paint. */
const STORAGE_KEY = 'halftone-theme'

function storedTheme(): Theme {
  const theme = document.documentElement.dataset['theme']
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
  try {
    if (theme === 'system') localStorage.removeItem(STORAGE_KEY)
    else localStorage.setItem(STORAGE_KEY, theme)
  } catch {
    // Storage is blocked: the choice lasts until the page is closed.
  }
}

export function ThemeToggle() {
  const [theme, setTheme] = useState(storedTheme)
  const next = order[(order.indexOf(theme) + 1) % order.length] ?? 'system'
  return (
    <button
      type="button"
      className="button button-quiet text-sm"
      title={`Change to ${names[next]}`}
      onClick={() => {
        applyTheme(next)
        setTheme(next)
      }}
    >
      <svg viewBox="0 0 16 16" className="size-4" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" className="fill-none stroke-ink" />
        <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" className="fill-ink" />
      </svg>
      <span className="sr-only">Theme:</span>
      {names[theme]}
    </button>
  )
}
