/** What the month will have cost at its end. */
import { FORECAST_METHOD, forecastOf } from '../budget/pace.ts'
import { periodEndUs, periodStartUs } from '../budget/period.ts'
import type { NanoUsd } from '../money.ts'
import { forecastRest } from '../planning/forecast.ts'

const DAY_US = 86_400_000_000
/** With two of each weekday the rhythm of the week can be told from the trend; before that the pace of the month has to do. */
const LEAST_DAYS = 14
const MOST_DAYS = 28

export interface MonthForecast {
  readonly monthNanoUsd: NanoUsd
  readonly method: 'same_weekday_mean' | typeof FORECAST_METHOD
  readonly daysSeen: number
}

/**
 * `spentByDay`: start of the UTC day -> spent, of the last 28 days and this month; days without money may be absent. `firstDayUs`: when money
 * was first spent. Undefined when nothing can be said yet.
 */
export function forecastMonth(
  spentByDay: ReadonlyMap<number, NanoUsd>,
  { firstDayUs, nowUs }: { readonly firstDayUs: number | undefined; readonly nowUs: number },
): MonthForecast | undefined {
  if (firstDayUs === undefined) return undefined
  const monthStartUs = periodStartUs('month', nowUs)
  const monthEndUs = periodEndUs('month', monthStartUs) ?? nowUs
  const today = Math.floor(nowUs / DAY_US)
  let spent = 0n
  for (const [dayUs, amount] of spentByDay) if (dayUs >= monthStartUs && dayUs <= nowUs) spent += amount
  const firstDay = Math.max(Math.floor(firstDayUs / DAY_US), today - MOST_DAYS)
  const daysSeen = Math.max(0, today - firstDay)
  if (daysSeen >= LEAST_DAYS) {
    const counts = Array.from({ length: daysSeen }, (_, index) => Number(spentByDay.get((firstDay + index) * DAY_US) ?? 0n))
    const rest = forecastRest({ firstDay, counts }, nowUs / DAY_US, monthEndUs / DAY_US)
    return { monthNanoUsd: spent + BigInt(Math.round(rest)), method: 'same_weekday_mean', daysSeen }
  }
  const pace = forecastOf(
    { limitNanoUsd: 0n, usedNanoUsd: spent, periodStartUs: monthStartUs, periodEndUs: monthEndUs, isReached: false },
    nowUs,
  )
  return pace && { monthNanoUsd: pace.usedNanoUsd, method: FORECAST_METHOD, daysSeen }
}
