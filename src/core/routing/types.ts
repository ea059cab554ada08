/** What the router decides on and what it decides. All plain data; `plan` and `afterAttempt` are pure. */
import type { Candidate, Offer, OfferId, Warning } from '../offer.ts'
import type { FactName, FactRequirement } from '../offer-facts.ts'
import type { AttemptFailure, AttemptKind } from '../outcome.ts'
import type { PlannedPrice } from '../planning/month.ts'
import type { Lot } from '../pricing/lots.ts'
import type { VolumeIndex } from '../pricing/volumes.ts'
import type { Quality } from '../request.ts'
import type { GroupFailure } from './consistency.ts'
import type { EnlargePolicy } from './enlarge.ts'
import type { ExplorePolicy } from './explore.ts'
import type { HedgePolicy } from './hedge.ts'
import type { ExperienceView } from './learning/book.ts'
import type { Correction } from './learning/corrections.ts'
import type { Estimate } from './learning/estimate.ts'
import type { Observing } from './observe.ts'
import type { Score } from './score.ts'
import type { Objective } from './strategies/index.ts'
import type { BalanceWeights } from './strategies/strategy.ts'

/** What happened lately at one offer, as the health feed sees it. */
export interface OfferHealth {
  readonly state: 'closed' | 'open' | 'half_open'
  /** Attempts in flight now. */
  readonly inFlight: number
  /** Microseconds UTC until which `Retry-After` or an open breaker forbids it; 0 = not. */
  readonly blockedUntilUs: number
  /** It is blocked by a limit of our own: the configured rate, or as many calls at once as it has shown to bear. */
  readonly resting?: 'rate' | 'concurrency'
}

/** A route or the implicit policy of a named model. */
export interface Policy {
  /** Route name; `direct` when the client named a model or an offer. */
  readonly route: string
  /** Which offers; undefined = all. */
  readonly filter?: OfferFilter
  readonly objective: Objective
  /** For `balanced`; defaults to half cost, a quarter each latency and quality. */
  readonly weights?: BalanceWeights
  /** For `priority`: offers, models or providers, first choice first. */
  readonly order?: readonly string[]
  /** For `weighted`: shares of the traffic by offer, model or provider. */
  readonly shares?: Readonly<Record<string, number>>
  /** Requests of this route have this long, unless they say otherwise; scored by `latenessNanoUsdPerSecond`. */
  readonly deadlineMs?: number
  /** `publisher/name`, `publisher/name@quality`, offer id or route that savings are measured against. */
  readonly baseline?: string
  /** What one second beyond the deadline is worth in choosing; 0 when absent. */
  readonly latenessNanoUsdPerSecond?: bigint
  /** Named level or `publisher/name@quality`; offers without a known quality at or above it are not eligible. */
  readonly floor?: string
  /** A lower one, for prompts that are taken for easy; absent: `floor` is for all. */
  readonly easyFloor?: string
  /** Of a request whose prompt was looked at: whether `floor` is the one for easy prompts, and which one it is otherwise. */
  readonly gated?: { readonly easy: boolean; readonly otherwise: string }
  /** Facts that every offer has to have, fallbacks too; what is unknown is not had. */
  readonly require?: FactRequirement
  /** Calls at most, splits of n not counted. */
  readonly maxAttempts: number
  /** Tries again at the same offer, for failures that were not billed. */
  readonly retries: number
  readonly maxCostNanoUsd?: bigint
  readonly fallbackOnRefusal: boolean
  /** Mode observe: what it watches. */
  readonly observe?: Observing
  /** For groups whose offer cannot serve; `wait` when absent. */
  readonly groupFailure?: GroupFailure
  readonly payTwice: 'never' | 'onUnknown'
  /** Offers or models that cut a picture out where its maker cannot make it transparent; absent: none. First choice first. */
  readonly cutOut?: readonly string[]
  /** Who enlarges pictures that were bought smaller; absent: nobody. */
  readonly enlarge?: EnlargePolicy
  /** Requests that try what little is known of; absent: none. */
  readonly explore?: ExplorePolicy
  /** A second call beside one that takes too long; absent: never. */
  readonly hedge?: HedgePolicy
  /** At the limit of a soft budget: only say so (default), or take what is cheaper within the floor. */
  readonly onSoftBudget?: 'warn' | 'cheaper'
  /** Equal requests of a key share pictures that are at most so old; absent: each makes its own. */
  readonly cacheSeconds?: number
  /** Fall back to other offers at all; false for a model named by the client with a single offer. */
  readonly fallback: boolean
  /** Chosen through an alias, so the caller speaks another model's language: what the offer cannot use is a warning. */
  readonly viaAlias?: boolean
  /** For quotes: weigh every quality tier where none is stated, not only the offer's default. */
  readonly everyQuality?: boolean
  /** For quotes of jobs: weigh lanes that answer in their own time as well. */
  readonly everyLane?: boolean
}

export interface OfferFilter {
  /** Exactly these offers. */
  readonly offers?: readonly string[]
  readonly models?: readonly string[]
  readonly providers?: readonly string[]
  readonly regions?: readonly string[]
  /** Force this quality on every candidate, as in the alias `openai/gpt-image-2@medium`. */
  readonly quality?: Quality
}

/** Everything routing may look at, taken once. */
export interface Snapshot {
  readonly offers: readonly Offer[]
  readonly health: ReadonlyMap<OfferId, OfferHealth>
  /** Quality scores by candidate key or model@quality, higher is better, one scale; for floors. Replaced, never changed in place. */
  readonly quality: ReadonlyMap<string, number>
  /** Named levels (`draft`, `standard`, `high`) on the same scale. */
  readonly qualityLevels: ReadonlyMap<string, number>
  /** What was said about pictures, by the names of `quality`; absent: nothing that counts against any. Replaced, never changed in place. */
  readonly corrections?: ReadonlyMap<string, Correction>
  /** Jobs ahead of a new call at the server of a provider, by its name; absent: none. */
  readonly ahead?: ReadonlyMap<string, number>
  /**
   * By `experienceKeys`; absent where nothing was learned yet. Whoever learns about a candidate learns about its offer: no entry changes without
   * that of the offer.
   */
  readonly experience?: ExperienceView
  /** Models the key may use; undefined = all. */
  readonly allowedModels?: readonly string[]
  /** What was bought before, for tiers and free units; absent: nothing. Replaced, never changed in place. */
  readonly volumes?: VolumeIndex
  /** Lots that may pay for a call, by offer; absent: none. */
  readonly lots?: ReadonlyMap<OfferId, readonly Lot[]>
  /** Prices to choose by where the month's plan has one: tiers aimed for, minimums to be met. What is charged stays what it is. */
  readonly planned?: ReadonlyMap<OfferId, PlannedPrice>
}

export interface PlannedAttempt {
  readonly candidate: Candidate
  /** Of all the calls that the whole request takes. */
  readonly total: RequestTotal
  /** What it was ordered by, lowest first; in USD for `cost`, in the strategy's own unit otherwise. */
  readonly score: number
  /** Where the all-in cost comes from; absent in plans that were not scored. */
  readonly allIn?: Score
  /** What was expected of it; absent in plans that were not scored. */
  readonly estimate?: Estimate
}

export interface RequestTotal {
  readonly calls: number
  readonly minNanoUsd: bigint
  readonly expectedNanoUsd: bigint
  /** null: no bound is known. */
  readonly maxNanoUsd: bigint | null
  /** The expected part that is not paid for already: what candidates are compared by. Absent: all of it. */
  readonly marginalNanoUsd?: bigint
}

export type EliminationReason =
  | 'not_in_route'
  | 'model_not_allowed'
  | 'operation'
  | 'size'
  | 'quality'
  | 'n'
  | 'inputs'
  | 'mask'
  | 'background'
  | 'format'
  | 'prompt_length'
  | 'parameter'
  | 'unpriced'
  | 'unbounded_cost'
  | 'max_cost'
  | 'floor'
  | 'unhealthy'
  | 'retired'
  | 'lane'
  | 'assumed'
  | 'sandbox'
  | FactName

export interface Reason {
  readonly reason: EliminationReason
  /** The parameter and what the offer can do instead. */
  readonly detail: string
  readonly param?: string
}

export interface Elimination extends Reason {
  readonly offer: OfferId
}

export type Plan =
  | {
      readonly kind: 'plan'
      readonly policy: Policy
      /** Best first; never empty. */
      readonly attempts: readonly [PlannedAttempt, ...PlannedAttempt[]]
      readonly eliminated: readonly Elimination[]
      readonly warnings: readonly Warning[]
    }
  | { readonly kind: 'none'; readonly policy: Policy; readonly eliminated: readonly Elimination[] }

/** One finished attempt, as `afterAttempt` sees it. */
export interface AttemptRecord {
  /** Index into `plan.attempts`. */
  readonly candidate: number
  readonly kind: AttemptKind
  /** Calls of one `NextStep` share a round: 1, 2, ... */
  readonly round: number
  readonly imagesWanted: number
  readonly imagesMade: number
  readonly failure?: AttemptFailure
}

/** One call to make. Splits of one request run side by side, each with its own image indexes. */
export interface PlannedCall {
  readonly kind: 'primary' | 'retry' | 'fallback' | 'hedge' | 'step'
  /** Index into `plan.attempts`. */
  readonly candidate: number
  readonly n: number
}

export type NextStep =
  /** Every image was made, or some were and nothing more may be tried. */
  | { readonly kind: 'done' }
  | { readonly kind: 'stop'; readonly failure: AttemptFailure }
  | { readonly kind: 'call'; readonly calls: readonly PlannedCall[]; readonly afterMs: number }
  /** Calls are under way and nothing is made beside them. */
  | { readonly kind: 'wait' }
