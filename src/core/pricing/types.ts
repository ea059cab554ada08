/** What pricing answers. The functions are `compilePriceBooks`, `quoteCandidate`, `expectedTotal` and `settleCharges`. */
import type { Billed } from '../error.ts'
import type { NanoUsd } from '../money.ts'
import type { CandidateSettings, Offer } from '../offer.ts'
import type { ChargeLine, Outcome, Provenance, RefusalStage, ReportedCost } from '../outcome.ts'
import type { ImageInput, ImageRequest } from '../request.ts'
import type { Meter, Usage } from '../usage.ts'
import type { Lot } from './lots.ts'

/** What a price may depend on of an offer; every `Offer` is one. */
export type PricedOffer = Pick<Offer, 'provider' | 'providerType' | 'model' | 'region' | 'tier'>

/** What a price may depend on of a candidate; every `Candidate` is one. */
export interface PricedCandidate {
  readonly offer: PricedOffer
  readonly settings: CandidateSettings
}

/** What a price may depend on of a request; every `ImageRequest` is one. */
export interface PricedRequest
  extends Pick<ImageRequest, 'operation' | 'prompt' | 'negativePrompt' | 'style' | 'stream' | 'partialImages'> {
  readonly inputs: readonly Pick<ImageInput, 'role' | 'width' | 'height'>[]
}

/** Everything a price may depend on, before or after the call. */
export interface PricingInput {
  readonly candidate: PricedCandidate
  readonly request: PricedRequest
  /** 0 (plain) to 1, from the prompt features. */
  readonly promptComplexity: number
  /** The instant the price is pinned at, microseconds UTC. */
  readonly atUs: number
  /** Quantities already bought this UTC month, and since the contract began, for tiers and free units of that scope; absent = 0. */
  readonly monthToDate?: Usage
  readonly contractToDate?: Usage
  /** Lots that may pay for the call; absent: none. */
  readonly lots?: readonly Lot[]
}

export type Quote = PricedQuote | Unpriced

export interface PricedQuote {
  readonly kind: 'priced'
  readonly minNanoUsd: NanoUsd
  readonly expectedNanoUsd: NanoUsd
  /** null: no bound is known (a metered rate without a sourced maximum). */
  readonly maxNanoUsd: NanoUsd | null
  /** The expected charge in money not yet spent, where lots that are paid for already cover some of it: what routing compares. */
  readonly marginalNanoUsd?: NanoUsd
  /** What it would cost as the first purchase of the month and the contract, where that differs: for display. */
  readonly listNanoUsd?: NanoUsd
  /** The expected charge, itemised; lines sum to `expectedNanoUsd`. */
  readonly lines: readonly ChargeLine[]
  readonly expectedUsage: Usage
  /** Why min, expected and max differ; empty when they are equal. */
  readonly spread: readonly string[]
  /** ISO date of the oldest source used, for staleness. */
  readonly checkedAt: string
}

/** Unpriced is never zero: the missing meters are named and the candidate is not eligible. */
export interface Unpriced {
  readonly kind: 'unpriced'
  readonly missing: readonly Meter[]
  readonly reason: string
}

/** How an attempt ended, for billing. */
export interface SettleInput extends PricingInput {
  readonly outcome: Outcome
  readonly stage?: RefusalStage
  /** Images received; absent: all that were asked for when it succeeded. */
  readonly imagesMade?: number
  /** The provider gave a complete answer (an error page counts, a reset connection does not); absent = not known. */
  readonly answered?: boolean
  /**
   * What the codec says about billing. `no` is free; `yes` bills the policy's share, or all where the policy does not know.
   * `unknown` leaves it to the policy where that can tell: successes, refusals of a known stage, answered errors.
   */
  readonly billed: Billed
  /** Undefined: the provider reported none, and the estimate is used. */
  readonly usage?: Usage
  readonly reportedCost?: ReportedCost
  /** How long the call took, for GPUs whose time is measured by it. */
  readonly wallMs?: number
}

export type Settlement =
  | {
      readonly kind: 'charged'
      readonly lines: readonly ChargeLine[]
      readonly totalNanoUsd: NanoUsd
      readonly provenance: Provenance
      readonly findings: readonly string[]
      /** Counts towards the volumes of the account. */
      readonly consumed: { readonly scope: string; readonly usage: Usage }
    }
  /** Known not billed. */
  | { readonly kind: 'free'; readonly reason: string }
  /** Nobody knows: the hold becomes a provisional charge. */
  | { readonly kind: 'unknown'; readonly reason: string }
  | Unpriced
