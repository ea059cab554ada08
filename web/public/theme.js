// Loaded before the first paint so that a chosen theme does not flash; a file, because the content security policy forbids inline scripts.
try {
  const theme = localStorage.getItem('halftone-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage is blocked: the system's preference applies.
}
