/**
 * The ledger: durable record of every call that may cost money. It exposes whole commands, never an open transaction; one
 * writer batches them into group commits and accepts or refuses in arrival order. A resolved promise means durable.
 */
import type { Billed, ErrorCode } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { NanoUsd } from '../core/money.ts'
import type { OfferId, Warning } from '../core/offer.ts'
import type { AttemptKind, AttemptState, ChargeLine, Outcome, RefusalStage, ReportedCost } from '../core/outcome.ts'
import type { InputRole, Operation, SizeClass } from '../core/request.ts'
import type { StoredGate } from '../core/routing/learning/spoken.ts'
import type { LedgerAccess } from './ledger-access.ts'
import type { LedgerAdmin } from './ledger-admin.ts'
import type { LedgerBatches } from './ledger-batches.ts'
import type { Consumption, LedgerCommitments } from './ledger-commitments.ts'
import type { LedgerErasure } from './ledger-erasure.ts'
import type { LedgerExports } from './ledger-exports.ts'
import type { LedgerFeedback } from './ledger-feedback.ts'
import type { LedgerInsight } from './ledger-insight.ts'
import type { LedgerJobs } from './ledger-jobs.ts'
import type { LedgerMonths } from './ledger-months.ts'
import type { LedgerPrices } from './ledger-prices.ts'
import type { LedgerQuality } from './ledger-quality.ts'
import type { LedgerReader } from './ledger-reads.ts'
import type { LedgerRoutes } from './ledger-routes.ts'

export type * from './ledger-access.ts'
export type * from './ledger-admin.ts'
export type * from './ledger-batches.ts'
export type * from './ledger-commitments.ts'
export type * from './ledger-erasure.ts'
export type * from './ledger-exports.ts'
export type * from './ledger-feedback.ts'
export type * from './ledger-insight.ts'
export type * from './ledger-jobs.ts'
export type * from './ledger-months.ts'
export type * from './ledger-prices.ts'
export type * from './ledger-quality.ts'
export type * from './ledger-reads.ts'
export type * from './ledger-reports.ts'
export type * from './ledger-requests.ts'
export type * from './ledger-routes.ts'

/** Microseconds since 1970 UTC, an integer. */
export type TimestampUs = number

export interface Ledger {
  // Hot path: two group commits per request.
  reserve(command: ReserveCommand): Promise<ReserveResult>
  settle(command: SettleCommand): Promise<SettleResult>

  /** Store the provider's job id before polling, so that recovery resumes instead of paying again. */
  recordJob(command: { attemptId: string; jobId: string; resume: JsonValue; atUs: TimestampUs }): Promise<void>
  /** Finish a request that ends without another settle (no offer, budget refused, crash recovery). */
  finishRequest(command: { requestId: string; finish: RequestFinish }): Promise<void>
  /** A finished request answered a repeat of itself: what it cost would have been paid again. */
  countRepeat(command: { requestId: string; savedNanoUsd: NanoUsd }): Promise<void>
  /**
   * Evidence for an `unknown` attempt (job result, invoice, operator): reverses the provisional charge, posts the real ones
   * and moves the attempt to `reconciled`. Reconciling twice with the same evidence changes nothing.
   */
  reconcile(command: ReconcileCommand): Promise<void>

  // Node life.
  /** Register this node under a new fencing epoch and recover what expired nodes left behind. */
  openNode(command: { nodeId: string; leaseMs: number }): Promise<NodeOpening>
  /** Extend the lease on the database's clock; false means it was lost and this node must stop dispatching. */
  renewNode(command: { nodeId: string; epoch: number; leaseMs: number }): Promise<boolean>
  /** Recover attempts of nodes whose lease has expired. */
  recoverExpired(): Promise<RecoveryReport>
  /** Release the lease at a clean stop. */
  closeNode(command: { nodeId: string; epoch: number }): Promise<void>

  readonly read: LedgerReader
  readonly admin: LedgerAdmin
  readonly access: LedgerAccess
  readonly commitments: LedgerCommitments
  readonly exports: LedgerExports
  readonly months: LedgerMonths
  readonly erasure: LedgerErasure
  readonly prices: LedgerPrices
  readonly feedback: LedgerFeedback
  readonly quality: LedgerQuality
  readonly jobs: LedgerJobs
  readonly batches: LedgerBatches
  readonly insight: LedgerInsight
  readonly routes: LedgerRoutes
  /**
   * Delete what has expired (assets, idempotency, content, records of requests) and, above `maxBytes` of kept images, the
   * assets nearest to their end that no replayable answer pins. Records wait for their month to be over, and closed where
   * months are closed, for outcomes to be known, and for answers that can be replayed. Bounded work per call; returns blobs
   * to be deleted, at most `limit`, in the order of their ids and from `afterBlob` on: no longer referenced, and not in `goneBlobs`
   * of this call or one before. `more` is of the rest.
   */
  sweep(command: {
    nowUs: TimestampUs
    limit: number
    maxBytes?: number
    goneBlobs?: readonly string[]
    afterBlob?: string
  }): Promise<{ readonly deletedBlobs: readonly string[]; readonly more: boolean }>
  /** Counters for metrics. */
  stats(): LedgerStats
  /** Waits for accepted commands to become durable. */
  close(): Promise<void>
}

export interface LedgerStats {
  readonly queuedCommands: number
  readonly commits: number
  readonly commands: number
}

// --- reserve -------------------------------------------------------------------------------------------------------

export interface ReserveCommand {
  /** Present on the first attempt of a request: its rows are inserted in the same commit. */
  readonly request?: NewRequest
  readonly attempt: NewAttempt
  /** Budgets this attempt counts against; the amount held on each is `attempt.holdNanoUsd`. */
  readonly budgetIds: readonly string[]
  readonly idempotency?: { readonly scope: string; readonly fingerprint: string; readonly expiresUs: TimestampUs }
}

export type ReserveResult =
  /** `softBudgetsOver`: soft budgets whose limit it passes; absent when none. */
  | { readonly kind: 'reserved'; readonly softBudgetsOver?: readonly string[] }
  /** Nothing was written. `remainingNanoUsd` of the budget that refused, the first in ascending id. */
  | {
      readonly kind: 'budget_exceeded'
      readonly budgetId: string
      readonly limitNanoUsd: NanoUsd
      readonly remainingNanoUsd: NanoUsd
      readonly resetsAtUs: TimestampUs | null
    }
  /** The idempotency key is taken; nothing was written. */
  | { readonly kind: 'idempotent'; readonly requestId: string; readonly sameFingerprint: boolean; readonly finished: boolean }

export interface NewRequest {
  /** UUIDv7. */
  readonly id: string
  readonly createdUs: TimestampUs
  readonly keyId: string
  readonly projectId: string
  readonly operation: Operation
  /** As the client sent it. */
  readonly model: string
  readonly route: string
  readonly n: number
  readonly endCustomer?: string
  readonly group?: string
  readonly tags: Readonly<Record<string, string>>
  /** Canonical request plus hashes of its inputs; joins SDK retries. */
  readonly fingerprint: string
  /** Of the first candidate, for rollups. */
  readonly sizeClass: string
  readonly quality: string
  readonly promptClass: string
  readonly sandbox: boolean
  /** Prompt text, parameters and features; kept apart so that it can be deleted without touching money. */
  readonly content: {
    /** When the sweep deletes it; absent: never. */
    readonly expiresUs?: TimestampUs
    readonly prompt: string | null
    readonly promptHmac: string | null
    readonly parameters: JsonObject
    readonly features: JsonObject
  }
  /** Candidates, scores and reasons: what `explain` shows. */
  readonly decision: JsonObject
  /** What the route's declared baseline would have cost for the whole request. */
  readonly baseline?: { readonly name: string; readonly expectedNanoUsd: NanoUsd }
  /** The floor that its pictures are made under, as it was named; absent: none, or not the same for every candidate. */
  readonly qualityFloor?: string
  /** What decided on the floor, where the prompt was looked at. */
  readonly promptGate?: StoredGate
  readonly inputs: readonly NewAsset[]
  /** When the sweep deletes all but what money and sums are made of; absent: never. */
  readonly recordExpiresUs?: TimestampUs
}

export interface NewAttempt {
  readonly id: string
  readonly requestId: string
  /** 1, 2, ... within the request. */
  readonly sequence: number
  readonly kind: AttemptKind
  /** `dispatched` when it starts at once. */
  readonly state: 'intent' | 'dispatched'
  readonly offer: OfferId
  readonly provider: string
  readonly providerType: string
  readonly model: string
  readonly settings: JsonObject
  readonly imagesWanted: number
  /** Index of the first wanted image within the request. */
  readonly firstImage: number
  readonly expectedNanoUsd: NanoUsd
  /** What is held: the quote's maximum, else the max cost given; the provisional charge if the outcome stays unknown. */
  readonly holdNanoUsd: NanoUsd
  readonly priceBook: string
  readonly pricedAtUs: TimestampUs
  readonly nodeId: string
  readonly epoch: number
  readonly createdUs: TimestampUs
  readonly sandbox: boolean
  /** What it is itself, which a step or a fallback need not have in common with its request; absent: what the request is. */
  readonly class?: AttemptClass
}

/** What is learned about offers is learned by this, and by what the prompt is about. */
export interface AttemptClass {
  readonly operation: Operation
  readonly sizeClass: SizeClass
  /** Empty = none. */
  readonly quality: string
}

// --- settle --------------------------------------------------------------------------------------------------------

export interface SettleCommand {
  readonly attemptId: string
  readonly requestId: string
  /** The epoch the attempt was reserved under. A stale one is recorded as evidence, never dropped. */
  readonly nodeId: string
  readonly epoch: number
  readonly settledUs: TimestampUs
  /**
   * `settled` posts `charges` (possibly none: billed nothing is `voided`). `unknown` posts one provisional charge at the
   * hold's amount. All release the hold.
   */
  readonly state: 'settled' | 'voided' | 'unknown'
  readonly outcome: Outcome
  readonly stage?: RefusalStage
  readonly billed: Billed
  readonly errorCode?: ErrorCode
  readonly errorMessage?: string
  /** Meter -> decimal text. */
  readonly usage: Readonly<Record<string, string>>
  readonly reportedCost?: ReportedCost
  readonly charges: readonly ChargeLine[]
  /** Present with charges: counted towards volumes, and paid from lots, in the same commit. */
  readonly consumption?: Consumption
  readonly imagesMade: number
  readonly assets: readonly NewAsset[]
  /** Provider evidence and findings, stored as an attempt event. */
  readonly evidence: JsonObject
  readonly findings: readonly string[]
  readonly httpStatus?: number
  readonly providerRequestId?: string
  /** Monotonic durations; absent: nobody measured. */
  readonly firstByteUs?: number
  readonly durationUs?: number
  /** Present when this settle also ends the request. */
  readonly finish?: RequestFinish
}

export type SettleResult =
  | { readonly kind: 'settled' }
  /** Settling again, or after recovery took the attempt over: recorded as an event; charges were posted at most once. */
  | { readonly kind: 'late'; readonly state: AttemptState }

export interface NewAsset {
  /** Random, unguessable; also the path of the signed URL. */
  readonly id: string
  /** `original`: what a finished output was made from. */
  readonly role: 'output' | 'original' | 'partial' | InputRole
  readonly index: number
  readonly sha256: string
  readonly bytes: number
  readonly mediaType: string
  readonly width: number
  readonly height: number
  /** Asset this was made from, for lineage. */
  readonly parentId?: string
  readonly expiresUs: TimestampUs
  readonly revisedPrompt?: string
  readonly seed?: number
}

export interface RequestFinish {
  readonly finishedUs: TimestampUs
  readonly outcome: Outcome
  readonly httpStatus: number
  readonly imagesReturned: number
  /** Absent: nobody measured. */
  readonly latencyUs?: number
  readonly errorCode?: ErrorCode
  readonly errorMessage?: string
  /** The answer without image bytes, for idempotent replay; undefined = not replayable (an unbilled failure). */
  readonly response?: JsonObject
  readonly warnings: readonly Warning[]
}

export interface ReconcileCommand {
  readonly attemptId: string
  readonly atUs: TimestampUs
  /** Stable id of the evidence; the same one posts nothing twice. */
  readonly evidenceId: string
  readonly source: string
  /** Empty: it was not billed. */
  readonly charges: readonly ChargeLine[]
  readonly outcome: Outcome
  /** Absent: the output assets given here. */
  readonly imagesMade?: number
  readonly assets: readonly NewAsset[]
}

// --- nodes ---------------------------------------------------------------------------------------------------------

export interface NodeOpening {
  readonly epoch: number
  readonly recovery: RecoveryReport
}
export interface RecoveryReport {
  /** Attempts that never reached `dispatched`. */
  readonly voided: readonly string[]
  /** Dispatched without result and without a job id: provisional charge posted. */
  readonly unknown: readonly string[]
  /** Dispatched with a job id: this node must resume polling and settle or reconcile them. */
  readonly resumable: readonly ResumableAttempt[]
}
export interface ResumableAttempt {
  readonly attemptId: string
  readonly requestId: string
  readonly offer: OfferId
  readonly jobId: string
  readonly resume: JsonValue
}
