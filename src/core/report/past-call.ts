/** A call of the past as far as its price can be worked out again. */
import type { JsonObject } from '../json.ts'
import type { NanoUsd } from '../money.ts'
import type { CandidateSettings, OfferId } from '../offer.ts'
import type { InputRole, Operation, Size } from '../request.ts'

/** Calls whose pictures were asked for: no steps, and no hedges, which nobody asked for twice. */
export const pastKinds = ['primary', 'retry', 'fallback'] as const

export interface PastCall {
  readonly id: string
  readonly offer: OfferId
  readonly settings: CandidateSettings
  /** The instant its price was pinned at. */
  readonly atUs: number
  readonly chargedNanoUsd: NanoUsd
  readonly latencyMs?: number
  /** Its settings are deleted: it cannot be priced again. */
  readonly recordDeleted?: true
  /** Its request equals one of the same key that had succeeded shortly before. */
  readonly repeats?: true
  /** Which of the pieces of time that were looked at it is from. */
  readonly slice: number
  readonly request: {
    /** As the client named it. */
    readonly model: string
    readonly route: string
    readonly operation: Operation
    /** As asked for; empty once the content was deleted. */
    readonly parameters: JsonObject
    readonly features: JsonObject
    /** Null where it was not kept, or deleted. */
    readonly prompt: string | null
    readonly inputs: readonly (Size & { readonly role: InputRole })[]
  }
}
