/** Demand of the coming hours by what the same hours of the week brought before: seasonal-naive, from counts per hour. */

/** Pictures per hour of one line of demand, oldest first; the last hour may be under way. */
export interface HourlyCounts {
  /** Hours since 1970-01-01 of `counts[0]`. */
  readonly firstHour: number
  readonly counts: readonly number[]
}

const WEEK = 168
const WEEKS = 4
const DAY = 24

/**
 * Pictures in each of `hours` hours from `nowHour` on (whole hours). Each is the mean of the same hour of the week in the last four weeks; an
 * hour that no week has shown yet is the mean of the same hour of the day. 0 where nothing was seen.
 */
export function forecastHours({ firstHour, counts }: HourlyCounts, nowHour: number, hours: number): readonly number[] {
  const seen = Math.min(counts.length, Math.max(0, nowHour - firstHour))
  const meanOf = (hour: number, period: number, times: number): number | undefined => {
    let sum = 0
    let found = 0
    for (let back = 1; back <= times; back += 1) {
      const index = hour - back * period - firstHour
      if (index < 0) break
      if (index >= seen) continue
      sum += counts[index] ?? 0
      found += 1
    }
    return found === 0 ? undefined : sum / found
  }
  const days = Math.ceil(seen / DAY) + Math.ceil(hours / DAY)
  return Array.from({ length: hours }, (_, ahead) => {
    const hour = nowHour + ahead
    const weeks = WEEKS + Math.floor(ahead / WEEK)
    return meanOf(hour, WEEK, weeks) ?? meanOf(hour, DAY, days) ?? 0
  })
}
