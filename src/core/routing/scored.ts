/** What was made of a candidate, and what it was made from: while that is the same, it is not made again. */
import type { PlannedPrice } from '../planning/month.ts'
import type { QuoteTotals } from '../pricing/quote.ts'
import type { Unpriced } from '../pricing/types.ts'
import type { Estimate, Lateness } from './learning/estimate.ts'
import type { Experience } from './learning/experience.ts'
import type { ScoreTerms } from './score.ts'
import type { ScoredCandidate } from './strategies/strategy.ts'
import type { Reason, RequestTotal, Snapshot } from './types.ts'

/** Of a candidate, whatever the prompt is about. Everything is compared by identity: ratings, experience, prices and estimates are replaced, never changed in place. */
export interface Kept {
  rating: Rating | undefined
  bid: Bid | undefined
  readonly price: Sum
  /** As a first purchase. */
  readonly list: Sum
  readonly late: Late
}

/** What a candidate brings and asks for a request, whatever the prompt is about. */
export interface Bid {
  readonly rating: Rating
  readonly total: RequestTotal
  /** As a first purchase of the month; the total itself where nothing compares with it. */
  readonly list: RequestTotal | Unpriced
  /** Of the month's plan. */
  readonly planned: PlannedPrice | undefined
}

/** What a candidate is rated, and the floor that it is below. */
export interface Rating {
  readonly ratings: Snapshot['quality']
  readonly levels: Snapshot['qualityLevels']
  readonly corrections: Snapshot['corrections']
  readonly terms: ScoreTerms
  readonly quality: number | undefined
  readonly belowFloor: Reason | undefined
}

/** The total of a request's calls, and what it is the total of. */
export interface Sum {
  whole: QuoteTotals | Unpriced | undefined
  last: QuoteTotals | Unpriced | undefined
  total: RequestTotal | Unpriced | undefined
}

/** How late one set of timings is by the terms it was last compared with. */
export interface Late {
  latencies: Estimate['latencies'] | undefined
  terms: ScoreTerms | undefined
  lateness: Lateness | undefined
}

/**
 * Of all candidates of a kind of request, for prompts of one class; every column by the index of the slot. A decision looks at hundreds of
 * candidates, few of which have changed since the last one of their class: what tells which lies side by side, because fetching it from all over
 * the memory takes longer than everything that is done with it.
 */
export interface Sheet {
  /** Names of the experience with the class. */
  readonly keys: readonly string[]
  readonly entries: (ScoredCandidate | undefined)[]
  /** The all-in costs of the entries, nano-USD. */
  readonly allInNanoUsd: Float64Array
  /** What the entries were made of: the bid, and the experience of the offer, without which no other changes. */
  readonly bids: (Bid | undefined)[]
  readonly experience: (Experience | undefined)[]
  readonly known: (Known | undefined)[]
}

/** What is expected of a candidate by experience, and how late that is. */
export interface Known {
  /** Of the offer. */
  readonly experience: Experience | undefined
  readonly estimate: Estimate
  /** That of the slot, unless the timings are those of the class alone. */
  readonly late: Late
}

const noSum = (): Sum => ({ whole: undefined, last: undefined, total: undefined })
export const noLate = (): Late => ({ latencies: undefined, terms: undefined, lateness: undefined })

export const noSheet = (keys: readonly string[]): Sheet => ({
  keys,
  entries: keys.map(() => undefined),
  allInNanoUsd: new Float64Array(keys.length),
  bids: keys.map(() => undefined),
  experience: keys.map(() => undefined),
  known: keys.map(() => undefined),
})

export const nothingKept = (): Kept => ({ rating: undefined, bid: undefined, price: noSum(), list: noSum(), late: noLate() })
