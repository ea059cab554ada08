/** Rows of sums as the port names them. */
import { periodStartUs } from '../../core/budget/period.ts'
import type { InsightGrain } from '../../core/insight/terms.ts'
import type { SumsCell } from '../../ports/ledger.ts'
import { toSum } from './decode.ts'

const US_PER_HOUR = 3_600_000_000

export const monthOf = (atUs: number): number => periodStartUs('month', atUs)

/** The start of the hour, day or month that holds an instant. */
export function startOf(grain: InsightGrain | 'none', atUs: number): number | null {
  if (grain === 'none') return null
  return grain === 'hour' ? Math.floor(atUs / US_PER_HOUR) * US_PER_HOUR : periodStartUs(grain, atUs)
}

type SumRow = Readonly<Record<string, string | bigint | number | null | undefined>>

/** What a row does not have is zero. */
export function toSums(row: SumRow): SumsCell['sums'] {
  const count = (column: string): number => Number(toSum(row[column]))
  return {
    requests: count('requests'),
    delivered: count('delivered'),
    attempts: count('attempts'),
    attemptsSucceeded: count('attempts_succeeded'),
    images: count('images'),
    costNanoUsd: toSum(row['cost_nano_usd']),
    provisionalNanoUsd: toSum(row['provisional_nano_usd']),
    accepted: count('accepted'),
    rejected: count('rejected'),
    duplicatesPrevented: count('duplicates_prevented'),
    duplicatesNanoUsd: toSum(row['duplicates_nano_usd']),
    baselineNanoUsd: toSum(row['baseline_nano_usd']),
  }
}
