/** What reports about a time are made from. Times are those at which money was incurred or calls began; `toUs` is exclusive. */
import type { NanoUsd } from '../core/money.ts'
import type { Provenance } from '../core/outcome.ts'
import type { PastCall } from '../core/report/past-call.ts'
import type { TimestampUs } from './ledger.ts'

export interface ReportSpan {
  readonly fromUs: TimestampUs
  readonly toUs: TimestampUs
  readonly sandbox: boolean
}

export interface LedgerReports {
  /** How many calls made pictures and were charged for. */
  countCalls(span: ReportSpan): Promise<number>
  /**
   * Those calls with what their price was worked out from, oldest first, in pages. `parts` of 4096: a sample chosen by the ids, the same
   * every time and independent of what the calls are; 4096 reads all.
   */
  calls(span: ReportSpan & { readonly parts: number }): AsyncIterable<readonly PastCall[]>
  /**
   * Requests of a key that equal one which had succeeded at most `withinUs` before, and what they cost: the same words, settings and
   * inputs, paid again. By attempt.
   */
  repeats(span: ReportSpan & { readonly withinUs: number }): Promise<readonly RepeatedCall[]>
  /** All charges, and what is not known about them. */
  money(span: ReportSpan): Promise<ReportMoney>
  /** What lots paid for. */
  draws(span: ReportSpan): Promise<readonly LotUse[]>
}

export interface RepeatedCall {
  readonly requestId: string
  readonly attemptId: string
  readonly costNanoUsd: NanoUsd
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
