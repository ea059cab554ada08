/** Demand of the rest of a month by what the same weekdays brought before: seasonal-naive, from counts per day. */

/** Pictures per day of one line of demand, oldest first; the last day may be under way. */
export interface DailyCounts {
  /** Day number since 1970-01-01 of `counts[0]`. */
  readonly firstDay: number
  readonly counts: readonly number[]
}

/**
 * Pictures from `nowDay` (a day number with its fraction) to `endDay`. Each day to come is the mean of the same weekday in the last four
 * weeks; days that were not seen are the mean of all. 0 while nothing was seen.
 */
export function forecastRest({ firstDay, counts }: DailyCounts, nowDay: number, endDay: number): number {
  const whole = counts.slice(0, Math.max(0, Math.floor(nowDay) - firstDay)).slice(-28)
  if (whole.length === 0) return 0
  const start = Math.floor(nowDay) - whole.length
  const mean = whole.reduce((sum, count) => sum + count, 0) / whole.length
  const byWeekday = Array.from({ length: 7 }, (_, weekday) => {
    const same = whole.filter((_count, index) => (start + index) % 7 === weekday)
    return same.length === 0 ? mean : same.reduce((sum, count) => sum + count, 0) / same.length
  })
  let rest = 0
  for (let day = Math.floor(nowDay); day < endDay; day += 1) {
    const share = Math.min(endDay, day + 1) - Math.max(nowDay, day)
    rest += share * (byWeekday[day % 7] ?? mean)
  }
  return rest
}

/** Demand comes a little short of its forecast, and an offer that is down sells less than it was expected to. */
export const MOST_RELIABLE = 0.975
const LEAST_RELIABLE = 0.5

/**
 * Share of a forecast that may be counted on: one less two standard errors of the mean day, weekdays compared with themselves where two
 * weeks are known. Little or restless history counts for little. From 0.5 to `MOST_RELIABLE`.
 */
export function reliableShare({ firstDay, counts }: DailyCounts, nowDay: number): number {
  const whole = counts.slice(0, Math.max(0, Math.floor(nowDay) - firstDay)).slice(-28)
  const mean = whole.reduce((sum, count) => sum + count, 0) / Math.max(1, whole.length)
  if (whole.length < 2 || mean === 0) return LEAST_RELIABLE
  const expected = (index: number): number => {
    const same = whole.filter((_count, each) => (each - index) % 7 === 0)
    return whole.length < 14 ? mean : same.reduce((sum, count) => sum + count, 0) / same.length
  }
  const squares = whole.reduce((sum, count, index) => sum + (count - expected(index)) ** 2, 0)
  const error = Math.sqrt(squares / (whole.length - 1) / whole.length)
  return Math.min(MOST_RELIABLE, Math.max(LEAST_RELIABLE, 1 - (2 * error) / mean))
}
