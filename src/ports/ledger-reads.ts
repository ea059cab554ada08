/** What the ledger can be asked. */
import type { Billed } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { NanoUsd } from '../core/money.ts'
import type { OfferId, Warning } from '../core/offer.ts'
import type { AttemptState, ChargeLine, Outcome, Provenance, RefusalStage } from '../core/outcome.ts'
import type { Operation, Quality, SizeClass } from '../core/request.ts'
import type { Rating } from '../core/routing/learning/feedback.ts'
import type { NewAsset, NewAttempt, TimestampUs } from './ledger.ts'
import type { BudgetRecord } from './ledger-admin.ts'
import type { DrawRecord } from './ledger-commitments.ts'
import type { LedgerReports } from './ledger-reports.ts'
import type { RequestLineage, RequestQuery } from './ledger-requests.ts'

export interface LedgerReader {
  request(id: string): Promise<RequestRecord | undefined>
  /**
   * Newest first. `cursor` is `nextCursor` of the page before; while there is one, a narrowed page may hold fewer than
   * `limit`, even none: it looked at `scanLimit` requests.
   */
  requests(query: RequestQuery): Promise<{ readonly rows: readonly RequestSummary[]; readonly nextCursor: string | null }>
  /** Undefined: there is no such request. */
  lineage(requestId: string): Promise<RequestLineage | undefined>
  asset(id: string): Promise<AssetRecord | undefined>
  /** Latest request of a key with this fingerprint, started at or after `sinceUs`; `answered`: of those that ended with pictures. */
  byFingerprint(query: {
    keyId: string
    fingerprint: string
    sinceUs: TimestampUs
    answered?: true
  }): Promise<{ requestId: string; finished: boolean } | undefined>
  /** Requests that hold these idempotency scopes, by scope; at most 500 of them at a time. */
  byScope(scopes: readonly string[]): Promise<ReadonlyMap<string, string>>
  attempt(id: string): Promise<AttemptRecordRow | undefined>
  /** Attempts whose outcome is unknown, oldest first unless asked for the newest. */
  unknownAttempts(query: { limit: number; order?: 'newest' }): Promise<readonly AttemptRecordRow[]>
  /** Per budget: what is spent and held in its current period. */
  budgetStates(nowUs: TimestampUs): Promise<readonly BudgetState[]>
  /** Sums over every charge and hold, of everything or of the requests of one project, for invariants: it reads the whole ledger. */
  totals(query: { sinceUs?: TimestampUs; sandbox: boolean; projectId?: string }): Promise<LedgerTotals>
  /** What is under way now, of everybody or of one project or key: as quick on a large ledger as on a small one. */
  running(query: { sandbox: boolean; projectId?: string; keyId?: string }): Promise<{ requests: number; heldNanoUsd: NanoUsd }>
  /** Month-to-date usage by offer from the rollups: the router's tier position. */
  monthToDate(nowUs: TimestampUs): Promise<readonly { offer: OfferId; images: number; costNanoUsd: NanoUsd }[]>
  /** How attempts ended lately, from the rollups: what quotes learn failed tries and the model in use from. */
  tries(query: TriesQuery): Promise<readonly TryRow[]>
  /** What attempts since then taught about each offer, from the rollups, sandbox included: the router starts from it. */
  experience(sinceUs: TimestampUs): Promise<ExperienceRows>
  /** The offer that made the first pictures of a group since then; before there are any, the choice of the first that still runs. */
  groupLook(query: { projectId: string; group: string; sinceUs: TimestampUs }): Promise<GroupLook | undefined>
  /** Finished requests of these routes since then, oldest first, read page by page. */
  observations(query: { routes: readonly string[]; sinceUs: TimestampUs }): AsyncIterable<ObservedRequest>
  /** Who made a picture of this project, by the hash of its bytes. */
  madeBy(query: { projectId: string; sha256: string }): Promise<MadeBy | undefined>
  readonly reports: LedgerReports
}

/** A finished request of a route on trial. */
export interface ObservedRequest {
  readonly decision: JsonObject
  readonly images: number
  readonly costNanoUsd: NanoUsd
}

export interface MadeBy {
  readonly offer: OfferId
  readonly quality?: Quality
}

export interface GroupLook extends MadeBy {
  readonly requestId: string
  readonly createdUs: TimestampUs
  /** False: it is only the choice of a request that still runs. */
  readonly made: boolean
  /** Asked for by all its requests so far. */
  readonly images: number
  readonly seed?: number
}

export interface TriesQuery {
  readonly sinceUs: TimestampUs
  readonly sandbox: boolean
  /** Only those of this key. */
  readonly keyId?: string
}

export interface TryRow {
  readonly offer: OfferId
  /** Of the request's first choice; empty = none. */
  readonly quality: string
  readonly outcome: Outcome
  readonly attempts: number
  readonly images: number
  /** Provisional charges included. */
  readonly costNanoUsd: NanoUsd
  readonly durationUs: number
}

export interface ExperienceRows {
  /** Sums per offer, quality, class of request and outcome. */
  readonly attempts: readonly {
    readonly offer: OfferId
    /** Empty = none. */
    readonly quality: string
    readonly operation: Operation
    readonly sizeClass: SizeClass
    readonly promptClass: string
    readonly outcome: Outcome
    readonly attempts: number
    readonly costNanoUsd: NanoUsd
    /** In words: a signal counts for a part of one. */
    readonly accepted: number
    readonly rejected: number
  }[]
  /** Attempts per offer, quality and latency bucket (`core/latency.ts`). */
  readonly latencies: readonly {
    readonly offer: OfferId
    readonly quality: string
    readonly bucket: number
    readonly attempts: number
  }[]
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
  /** When its record was deleted: money and what sums are made of is all there is. */
  readonly recordDeletedUs: TimestampUs | null
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
    /** Of all that was said and done about it, in thousandths of a word. */
    readonly rating: Rating
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
  /** What lots paid of the charges: billed cost is the charges without the covered part, effective cost adds the lots' own share. */
  readonly draws: readonly DrawRecord[]
  readonly events: readonly { readonly atUs: TimestampUs; readonly kind: string; readonly data: JsonObject }[]
}

export interface ChargeRecord extends ChargeLine {
  readonly id: string
  readonly attemptId: string
  /** When the money was spent, and when the row was written. */
  readonly incurredUs: TimestampUs
  readonly postedUs: TimestampUs
  readonly reverses: string | null
  /** The charge that an adjusting charge corrects. */
  readonly corrects: string | null
  /** First instant of the closed month that it corrects, or would have belonged to; booked later because of that. */
  readonly correctsMonthUs: TimestampUs | null
}

export interface AssetRecord extends Omit<NewAsset, 'parentId' | 'revisedPrompt' | 'seed'> {
  readonly requestId: string
  readonly projectId: string
  readonly attemptId: string | null
  readonly parentId: string | null
  readonly revisedPrompt: string | null
  readonly seed: number | null
  readonly createdUs: TimestampUs
  /** Its bytes may be gone. */
  readonly deleted: boolean
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
  /** The part of `costNanoUsd` that prepaid lots covered, and what those lots cost for it. */
  readonly coveredNanoUsd: NanoUsd
  readonly drawnNanoUsd: NanoUsd
  /** The part of `costNanoUsd` that is provisional. */
  readonly unknownNanoUsd: NanoUsd
  readonly attemptsByState: Readonly<Record<AttemptState, number>>
  readonly byProvenance: Readonly<Record<Provenance, NanoUsd>>
}
