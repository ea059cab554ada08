/** ISO dates of the price book as microseconds UTC. */

/** The first instant of a `YYYY-MM-DD` (or full ISO) date, or undefined when it is not a real date. */
export function dateUs(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}:\d{2}Z)?$/.exec(text)
  if (!match) return undefined
  const ms = Date.parse(match[2] ? text : `${text}T00:00:00Z`)
  if (Number.isNaN(ms)) return undefined
  // 2026-02-30 parses on some engines as March: the round trip refuses it.
  return new Date(ms).toISOString().startsWith(match[1] ?? '') ? ms * 1000 : undefined
}

export const DAY_US = 86_400_000_000

export const FOREVER_US = Number.MAX_SAFE_INTEGER

/** The earlier of two ISO dates; they sort as text. */
export function earlierDate(a: string, b: string): string {
  return a <= b ? a : b
}
