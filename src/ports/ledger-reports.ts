/** What reports about a time are made from. Times are those at which money was incurred or calls began; `toUs` is exclusive. */
import type { NanoUsd } from '../core/money.ts'
import type { Provenance } from '../core/outcome.ts'
import type { PastCall } from '../core/report/past-call.ts'
import type { Slice } from '../core/report/slices.ts'
import type { TimestampUs } from './ledger.ts'

export interface ReportSpan extends Slice {
  readonly sandbox: boolean
}

export interface PastCallsQuery {
  /** In the order of time. */
  readonly slices: readonly Slice[]
  readonly sandbox: boolean
  /** How soon after one that succeeded an equal request of its key repeats it. */
  readonly repeatsWithinUs: number
}

export interface LedgerReports {
  /** Calls that made pictures, with what their price was worked out from and what they were charged; oldest first, in pages. */
  calls(query: PastCallsQuery): AsyncIterable<readonly PastCall[]>
  /** All charges, and what is not known about them. */
  money(span: ReportSpan): Promise<ReportMoney>
  /** What lots paid for. */
  draws(span: ReportSpan): Promise<readonly LotUse[]>
}

export interface ReportMoney {
  readonly charges: number
  readonly totalNanoUsd: NanoUsd
  readonly byProvenance: readonly { readonly provenance: Provenance; readonly costNanoUsd: NanoUsd }[]
  /** What of it corrects closed months, by their first instant. */
  readonly corrections: readonly { readonly monthUs: TimestampUs; readonly charges: number; readonly costNanoUsd: NanoUsd }[]
  /** Billed, and no price was known: money that no sum has. */
  readonly unpricedAttempts: number
  /** Of calls whose outcome nobody knows. */
  readonly unknownAttempts: number
}

export interface LotUse {
  readonly lotId: string
  readonly coveredNanoUsd: NanoUsd
  readonly effectiveNanoUsd: NanoUsd
}
