import type { KeyboardEvent } from 'react'

/** Up and down arrows, Home and End walk the rows of a list; `rows` selects what takes the focus. */
export function moveBetweenRows(event: KeyboardEvent<HTMLElement>, rows: string): void {
  const elements: (Element | null)[] = [...event.currentTarget.querySelectorAll(rows)]
  const at = elements.indexOf(document.activeElement)
  if (at < 0) return
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: elements.length - 1 }[event.key]
  const target = next === undefined ? undefined : elements[next]
  if (!(target instanceof HTMLElement)) return
  event.preventDefault()
  target.focus()
}
