/** Words about pictures, and what they make of the money spent. */
import type { NanoUsd } from '../core/money.ts'
import type { OfferId } from '../core/offer.ts'
import type { Operation, SizeClass } from '../core/request.ts'
import type { FeedbackSignal, Rating, Verdict } from '../core/routing/learning/feedback.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerFeedback {
  /**
   * Keep a word and count it, in one commit. There is one word per key, signal and picture: the last one stands, earlier ones stay as
   * events of the attempt, and the same word again changes nothing. `not_found` when there is no such picture or request, `conflict`
   * while nothing was made yet.
   */
  rate(command: FeedbackCommand): Promise<readonly RatedImage[]>
  /** Delete a stored picture before its time and count that as the signal `deleted`; false when it was gone already. */
  deleteImage(command: { assetId: string; keyId: string; atUs: TimestampUs }): Promise<{
    readonly deleted: boolean
    readonly rated: readonly RatedImage[]
  }>
  /** What was spent, made and rated since then, from the rollups. */
  acceptance(query: AcceptanceQuery): Promise<Acceptance>
}

export interface FeedbackCommand {
  /** A request stands for every picture it made. */
  readonly subject: { readonly assetId: string } | { readonly requestId: string }
  readonly keyId: string
  readonly signal: FeedbackSignal
  readonly verdict: Verdict
  /** Thousandths, for verdict `score`. */
  readonly score?: number
  readonly reason?: string
  readonly atUs: TimestampUs
}

export interface RatedImage {
  /** Null for what an attempt made and nobody stored. */
  readonly assetId: string | null
  readonly requestId: string
  readonly attemptId: string
  readonly offer: OfferId
  /** Empty = none. */
  readonly quality: string
  readonly operation: Operation
  readonly sizeClass: SizeClass
  readonly promptClass: string
  /** Of all words about it, before and after this one. */
  readonly before: Rating
  readonly after: Rating
}

export interface AcceptanceQuery {
  readonly sinceUs: TimestampUs
  readonly sandbox: boolean
  /** Only of requests of this key. */
  readonly keyId?: string
  /** Only of requests of this project. */
  readonly projectId?: string
  /** Only of requests of this route. */
  readonly route?: string
}

export interface Acceptance extends Rating {
  readonly images: number
  readonly costNanoUsd: NanoUsd
}
