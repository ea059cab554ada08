/** Counts, shares and time series figures as text. Money has its own file. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** `1,204,332` */
export const formatCount = (count: number): string => whole.format(count)

/** `1.2M`, for axes and narrow columns; below a thousand every digit. */
export const formatCompact = (count: number): string => (Math.abs(count) < 1_000 ? String(count) : compact.format(count))

/** A share of 0 to 1 as `12.3%`; `<0.1%` rather than a zero that is none; `none` where there is no share. */
export function formatShare(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return 'none'
  if (share === 0) return '0%'
  if (Math.abs(share) < 0.001) return share < 0 ? '\u2212<0.1%' : '<0.1%'
  const text = (Math.abs(share) * 100).toFixed(Math.abs(share) >= 0.9995 ? 0 : 1)
  return `${share < 0 ? '\u2212' : ''}${text}%`
}

/** `1 request`, `2 requests`. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${formatCount(count)} ${count === 1 ? noun : plural}`

/** `480 B`, `1.4 MB`, decimal units. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  const steps = ['kB', 'MB', 'GB', 'TB'] as const
  const power = Math.min(steps.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1_000 ** power).toFixed(1)} ${steps[power - 1]}`
}
