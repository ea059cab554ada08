/** Rows of sums as the port names them. */
import { periodStartUs } from '../../core/budget/period.ts'
import type { StoredDimension } from '../../core/insight/rules.ts'
import type { InsightGrain } from '../../core/insight/terms.ts'
import type { SumsCell } from '../../ports/ledger.ts'
import { toSum } from './decode.ts'

/** Columns of dimensions that need no names looked up: of `rollups` and of `insight_shapes`. */
export const plainColumns: Readonly<Partial<Record<StoredDimension, string>>> = {
  offer: 'offer',
  operation: 'operation',
  size: 'size_class',
  quality: 'quality',
  route: 'route',
  project: 'project_id',
  key: 'key_id',
  outcome: 'outcome',
  prompt_class: 'prompt_class',
}

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
