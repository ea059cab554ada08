/**
 * The ledger: durable record of every call that may cost money. It exposes whole commands, never an open transaction; one
 * writer batches them into group commits and accepts or refuses in arrival order. A resolved promise means durable.
 */
import type { Billed, ErrorCode } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { NanoUsd } from '../core/money.ts'
import type { OfferId, Warning } from '../core/offer.ts'
import type { AttemptKind, AttemptState, ChargeLine, Outcome, Provenance, RefusalStage, ReportedCost } from '../core/outcome.ts'
import type { InputRole, Operation } from '../core/request.ts'

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
  /**
   * Delete what has expired (assets, idempotency, content) and, above `maxBytes` of kept images, the assets nearest to
   * their end that no replayable answer pins. Bounded work per call; returns blobs no longer referenced.
   */
  sweep(command: {
    nowUs: TimestampUs
    limit: number
    maxBytes?: number
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
  | { readonly kind: 'reserved' }
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
    readonly prompt: string | null
    readonly promptHmac: string | null
    readonly parameters: JsonObject
    readonly features: JsonObject
  }
  /** Candidates, scores and reasons: what `explain` shows. */
  readonly decision: JsonObject
  readonly inputs: readonly NewAsset[]
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
  readonly imagesMade: number
  readonly assets: readonly NewAsset[]
  /** Provider evidence and findings, stored as an attempt event. */
  readonly evidence: JsonObject
  readonly findings: readonly string[]
  readonly httpStatus?: number
  readonly providerRequestId?: string
  /** Monotonic durations. */
  readonly firstByteUs?: number
  readonly durationUs: number
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
  readonly role: 'output' | 'partial' | InputRole
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
  readonly latencyUs: number
  readonly errorCode?: ErrorCode
  readonly errorMessage?: string
  /** The answer without image bytes, for idempotent replay; undefined = not replayable (an unbilled failure). */
  readonly response?: JsonObject
  readonly warnings: readonly Warning[]
  /** Paid calls that were avoided (joined retries), for the duplicates report. */
  readonly duplicatesPrevented?: number
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

// --- reads ---------------------------------------------------------------------------------------------------------

export interface LedgerReader {
  request(id: string): Promise<RequestRecord | undefined>
  /** Newest first. `cursor` is the last id of the page before. */
  requests(query: RequestQuery): Promise<{ readonly rows: readonly RequestSummary[]; readonly nextCursor: string | null }>
  asset(id: string): Promise<AssetRecord | undefined>
  /** Latest request of a key with this fingerprint, started at or after `sinceUs`; joins SDK retries. */
  byFingerprint(query: {
    keyId: string
    fingerprint: string
    sinceUs: TimestampUs
  }): Promise<{ requestId: string; finished: boolean } | undefined>
  /** Attempts whose outcome is unknown, oldest first. */
  unknownAttempts(query: { limit: number }): Promise<readonly AttemptRecordRow[]>
  /** Per budget: what is spent and held in its current period. */
  budgetStates(nowUs: TimestampUs): Promise<readonly BudgetState[]>
  /** Sums over charges and holds, for invariants, doctor and the first page. */
  totals(query: { sinceUs?: TimestampUs; sandbox: boolean }): Promise<LedgerTotals>
  /** Month-to-date usage by offer from the rollups: the router's tier position. */
  monthToDate(nowUs: TimestampUs): Promise<readonly { offer: OfferId; images: number; costNanoUsd: NanoUsd }[]>
}

export interface RequestQuery {
  readonly limit: number
  readonly cursor?: string
  readonly keyId?: string
  readonly projectId?: string
  readonly outcome?: Outcome
}

export interface RequestSummary {
  readonly id: string
  readonly createdUs: TimestampUs
  readonly finishedUs: TimestampUs | null
  readonly keyId: string
  readonly projectId: string
  readonly operation: Operation
  readonly model: string
  readonly route: string
  readonly n: number
  /** Offer of the last attempt. */
  readonly offer: OfferId | null
  readonly outcome: Outcome | null
  readonly httpStatus: number | null
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly imagesReturned: number
  readonly attempts: number
  readonly latencyUs: number | null
  readonly costNanoUsd: NanoUsd
  readonly costStatus: CostStatus
  readonly sandbox: boolean
  readonly endCustomer: string | null
  readonly group: string | null
  readonly tags: Readonly<Record<string, string>>
  /** Where prompts are kept. */
  readonly prompt: string | null
  /** Output assets in image order, for thumbnails. */
  readonly images: readonly {
    readonly id: string
    readonly width: number
    readonly height: number
    readonly mediaType: string
    readonly expired: boolean
  }[]
}

export type CostStatus = 'final' | 'estimated' | 'unknown' | 'unpriced' | 'pending'

export interface RequestRecord extends RequestSummary {
  readonly parameters: JsonObject
  readonly features: JsonObject
  readonly decision: JsonObject
  readonly warnings: readonly Warning[]
  readonly response: JsonObject | null
  readonly attemptRows: readonly AttemptRecordRow[]
  readonly assets: readonly AssetRecord[]
}

export interface AttemptRecordRow extends Omit<NewAttempt, 'state'> {
  readonly state: AttemptState
  readonly outcome: Outcome | null
  readonly stage: RefusalStage | null
  readonly billed: Billed | null
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly usage: Readonly<Record<string, string>>
  readonly jobId: string | null
  readonly settledUs: TimestampUs | null
  readonly imagesMade: number
  readonly durationUs: number | null
  readonly firstByteUs: number | null
  readonly httpStatus: number | null
  readonly providerRequestId: string | null
  readonly charges: readonly ChargeRecord[]
  readonly events: readonly { readonly atUs: TimestampUs; readonly kind: string; readonly data: JsonObject }[]
}

export interface ChargeRecord extends ChargeLine {
  readonly id: string
  readonly attemptId: string
  /** When the money was spent, and when the row was written. */
  readonly incurredUs: TimestampUs
  readonly postedUs: TimestampUs
  readonly reverses: string | null
}

export interface AssetRecord extends Omit<NewAsset, 'parentId' | 'revisedPrompt' | 'seed'> {
  readonly requestId: string
  readonly projectId: string
  readonly attemptId: string | null
  readonly parentId: string | null
  readonly revisedPrompt: string | null
  readonly seed: number | null
  readonly createdUs: TimestampUs
}

export interface BudgetState {
  readonly budget: BudgetRecord
  readonly periodStartUs: TimestampUs
  readonly resetsAtUs: TimestampUs | null
  readonly spentNanoUsd: NanoUsd
  readonly heldNanoUsd: NanoUsd
  /** The same counters for sandbox money, which never mixes with real money. */
  readonly sandboxSpentNanoUsd: NanoUsd
  readonly sandboxHeldNanoUsd: NanoUsd
}

export interface LedgerTotals {
  readonly requests: number
  readonly images: number
  readonly costNanoUsd: NanoUsd
  readonly heldNanoUsd: NanoUsd
  /** The part of `costNanoUsd` that is provisional. */
  readonly unknownNanoUsd: NanoUsd
  readonly attemptsByState: Readonly<Record<AttemptState, number>>
  readonly byProvenance: Readonly<Record<Provenance, NanoUsd>>
}

// --- administration ------------------------------------------------------------------------------------------------

export interface LedgerAdmin {
  createKey(key: NewKey): Promise<void>
  /** By the SHA-256 of the secret; revoked keys are returned with their state. */
  keyByHash(hash: string): Promise<KeyRecord | undefined>
  keys(): Promise<readonly KeyRecord[]>
  /** False when there is no such key. */
  revokeKey(id: string, atUs: TimestampUs): Promise<boolean>
  /** Insert or update by id; a row with another `managedBy` is a `managed_by_file` or `conflict` error. */
  putProject(project: ProjectRecord): Promise<void>
  projects(): Promise<readonly ProjectRecord[]>
  putBudget(budget: BudgetRecord): Promise<void>
  budgets(): Promise<readonly BudgetRecord[]>
  deleteBudget(id: string): Promise<boolean>
}

export interface NewKey {
  readonly id: string
  readonly name: string
  readonly hash: string
  /** The first characters of the secret, to recognise it by. */
  readonly prefix: string
  readonly role: 'admin' | 'inference'
  readonly projectId: string
  readonly tags: Readonly<Record<string, string>>
  /** undefined = all models. */
  readonly allowedModels?: readonly string[]
  readonly createdUs: TimestampUs
  readonly managedBy: ManagedBy
}
export interface KeyRecord extends NewKey {
  readonly revokedUs: TimestampUs | null
}
export type ManagedBy = 'api' | 'file' | 'environment'

export interface ProjectRecord {
  readonly id: string
  readonly name: string
  readonly promptMode: 'full' | 'hmac' | 'none'
  readonly assetTtlDays: number
  readonly tags: Readonly<Record<string, string>>
  readonly managedBy: ManagedBy
}

export interface BudgetRecord {
  readonly id: string
  readonly scope: 'global' | 'key' | 'project' | 'customer' | 'tag'
  /** Key id, project id, customer, `tag=value`; empty for global. */
  readonly scopeValue: string
  readonly period: 'day' | 'month' | 'total'
  readonly limitNanoUsd: NanoUsd
  readonly hard: boolean
  readonly managedBy: ManagedBy
}
