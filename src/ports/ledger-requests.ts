/** Finding requests, and what they have to do with one another. */
import type { NanoUsd } from '../core/money.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Operation } from '../core/request.ts'
import type { TimestampUs } from './ledger.ts'

/** What a list of requests is narrowed to; everything given must hold, and of a list one value. */
export interface RequestFilter {
  readonly keyId?: string
  readonly projectId?: string
  readonly outcomes?: readonly Outcome[]
  readonly operations?: readonly Operation[]
  readonly routes?: readonly string[]
  /** Asked for as `model`, or called in some attempt. */
  readonly models?: readonly string[]
  /** Called in some attempt. */
  readonly offers?: readonly string[]
  readonly providers?: readonly string[]
  /** Of the first choice; an empty text: it has none. */
  readonly sizeClasses?: readonly string[]
  readonly qualities?: readonly string[]
  readonly promptClasses?: readonly string[]
  readonly group?: string
  readonly endCustomer?: string
  /** Exactly this value under this key. */
  readonly tags?: readonly { readonly key: string; readonly value: string }[]
  /** From included, until excluded. */
  readonly sinceUs?: TimestampUs
  readonly untilUs?: TimestampUs
  /** Of all charges of the request, both included. */
  readonly minCostNanoUsd?: NanoUsd
  readonly maxCostNanoUsd?: NanoUsd
  /** Part of the id, a tag, the group, the end customer, or where `inPrompts` the prompt; case does not matter for ASCII. */
  readonly search?: { readonly text: string; readonly inPrompts: boolean }
}

export interface RequestQuery extends RequestFilter {
  readonly limit: number
  readonly cursor?: string
  /** How many requests a narrowed query looks at before it answers with what it has found; 50,000 when absent. */
  readonly scanLimit?: number
}

/** Requests that made what this one was given, and that were given what this one made. Newest first, bounded. */
export interface RequestLineage {
  /** Its input images, with the picture of ours that each is, if it is one. */
  readonly inputs: readonly {
    readonly assetId: string
    readonly role: string
    readonly expired: boolean
    readonly madeBy: { readonly requestId: string; readonly assetId: string } | null
  }[]
  readonly usedBy: readonly {
    readonly requestId: string
    readonly operation: Operation
    /** The picture of this request that it was given. */
    readonly assetId: string
  }[]
  /** Answers that were given again from this request, instead of a second call. */
  readonly replays: number
}
