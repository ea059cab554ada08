/** What the ledger can be asked about the past, and what is kept to ask it again. */
import type { BucketCount } from '../core/insight/distribution.ts'
import type { Fact, LatencyFact, Sums } from '../core/insight/explore.ts'
import type { StoredDimension, StoredValues } from '../core/insight/rules.ts'
import type { InsightGrain } from '../core/insight/terms.ts'
import type { NanoUsd } from '../core/money.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerInsight {
  /** Stored sums by these dimensions; undefined when no sums are kept by all of them together. */
  sums(query: SumsQuery): Promise<{ readonly source: string; readonly cells: readonly SumsCell[] } | undefined>
  /** Stored distributions by these dimensions; undefined when none are kept by them. */
  distribution(
    query: DistributionQuery,
  ): Promise<readonly (BucketCount & { readonly values: StoredValues; readonly atUs: TimestampUs | null })[] | undefined>
  /** Sums and waits by any dimensions together, some days at a time: rows of one group may come several times. Slower than stored cubes. */
  fine(query: FineQuery): AsyncIterable<FinePage>
  /** When the first money was spent that sums by day know of. */
  firstDay(sandbox: boolean): Promise<TimestampUs | undefined>
  /** The newest version of each object that is not deleted, by id. */
  objects(kind: InsightObjectKind): Promise<readonly InsightObject[]>
  /** Throws `conflict` when `expectedVersion` is given and not the newest. */
  putObject(command: PutInsightObject): Promise<InsightObject>
  /** False: there is none. */
  deleteObject(command: { readonly kind: InsightObjectKind; readonly id: string }): Promise<boolean>
}

export interface SumsQuery {
  readonly sandbox: boolean
  /** Whole days, or whole hours for grain `hour`. */
  readonly fromUs: TimestampUs
  readonly toUs: TimestampUs
  readonly grain: InsightGrain | 'none'
  readonly dimensions: readonly StoredDimension[]
  /** Any of the values of each; only of dimensions that are asked for. */
  readonly filters?: readonly { readonly dimension: StoredDimension; readonly values: readonly string[] }[]
  /** Leave out what has no end customer, group, baseline or tag, where one is asked for. */
  readonly namedOnly?: boolean
  /** Only what `Sums` has; what else a cell has is then zero. Days are added up and handed over in half the time. */
  readonly plain?: boolean
}

export interface SumsCell extends Fact {
  readonly sums: Sums & {
    readonly attemptsSucceeded: number
    readonly provisionalNanoUsd: NanoUsd
    readonly duplicatesPrevented: number
    readonly duplicatesNanoUsd: NanoUsd
    readonly baselineNanoUsd: NanoUsd
  }
}

export interface DistributionQuery extends Omit<SumsQuery, 'filters'> {
  /** `cost` per picture in nano-USD; `latency` of requests and `duration` of attempts in microseconds. */
  readonly measure: 'cost' | 'latency' | 'duration'
}

export interface FineQuery extends Pick<SumsQuery, 'sandbox' | 'fromUs' | 'toUs' | 'grain' | 'dimensions' | 'filters'> {
  readonly wants: 'sums' | 'latencies' | 'both'
}

export interface FinePage {
  readonly facts: readonly Fact[]
  readonly latencies: readonly LatencyFact[]
}

export type InsightObjectKind = 'view' | 'tag_rule'

export interface InsightObject {
  readonly id: string
  readonly version: number
  readonly createdUs: TimestampUs
  readonly updatedUs: TimestampUs
  /** Who stored this version. */
  readonly actor: string
  readonly document: Readonly<Record<string, unknown>>
}

export interface PutInsightObject {
  readonly kind: InsightObjectKind
  readonly id: string
  readonly document: Readonly<Record<string, unknown>>
  readonly expectedVersion?: number
}
