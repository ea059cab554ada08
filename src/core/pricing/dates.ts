/** ISO dates of the price book as microseconds UTC. */

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z)?$/

/**
 * The first instant of a `YYYY-MM-DD` date, or the instant of a full ISO one; undefined when it is not a real date. Loading the
 * book asks this some ten thousand times, so it does not format the date to compare.
 */
export function dateUs(text: string): number | undefined {
  const match = DATE.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour = 0, minute = 0, second = 0] = match
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  // 30 February becomes a day of March: the round trip refuses it.
  const date = new Date(ms)
  return date.getUTCDate() === Number(day) && date.getUTCMonth() === Number(month) - 1 ? ms * 1000 : undefined
}

export const DAY_US = 86_400_000_000

/** Whole days from a source's ISO date to an instant; 0 for one that is still to come. */
export const ageInDays = (checkedAt: string, atUs: number): number =>
  Math.max(0, Math.floor((atUs - (dateUs(checkedAt) ?? 0)) / DAY_US))

export const FOREVER_US = Number.MAX_SAFE_INTEGER

/** The earlier of two ISO dates; they sort as text. */
export function earlierDate(a: string, b: string): string {
  return a <= b ? a : b
}
