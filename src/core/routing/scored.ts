/** What was made of a candidate, and what it was made from: while that is the same, it is not made again. */
import type { PlannedPrice } from '../planning/month.ts'
import type { QuoteTotals } from '../pricing/quote.ts'
import type { Unpriced } from '../pricing/types.ts'
import type { Known } from './known.ts'
import type { Place } from './learning/book.ts'
import type { Estimate } from './learning/estimate.ts'
import type { Experience } from './learning/experience.ts'
import { ODDS, type ScoreTerms } from './score.ts'
import type { ScoredCandidate } from './strategies/strategy.ts'
import type { Reason, RequestTotal, Snapshot } from './types.ts'

/** Of a candidate, whatever the prompt is about. Everything is compared by identity: ratings, experience, prices and estimates are replaced, never changed in place. */
export interface Kept {
  rating: Rating | undefined
  bid: Bid | undefined
  readonly price: Sum
  /** As a first purchase. */
  readonly list: Sum
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

/**
 * Of all candidates of a kind of request, for prompts of one class; every column by the index of the slot. A decision looks at hundreds of
 * candidates, few of which have changed since the last one of their class: what tells which lies side by side, because fetching it from all over
 * the memory takes longer than everything that is done with it.
 */
export interface Sheet {
  readonly known: readonly Known[]
  /** Where the experience of the offers stands. */
  readonly offers: readonly Place[]
  /** Of the last request. */
  terms: ScoreTerms | undefined
  /** What is expected by experience; undefined where it has to be found out anew. */
  readonly estimates: (Estimate | undefined)[]
  /** What those are scored by (`writeOdds`): of each, `ODDS` numbers. */
  readonly odds: Float64Array
  readonly entries: (ScoredCandidate | undefined)[]
  /** The all-in costs of the entries, nano-USD. */
  readonly allInNanoUsd: Float64Array
  /** What the entries were made of: the bid, and the experience of the offer, without which no other changes. */
  readonly bids: (Bid | undefined)[]
  readonly experience: (Experience | undefined)[]
}

const noSum = (): Sum => ({ whole: undefined, last: undefined, total: undefined })

export const noSheet = (known: readonly Known[]): Sheet => ({
  known,
  offers: known.map(({ broadly }) => broadly.offer),
  terms: undefined,
  estimates: known.map(() => undefined),
  odds: new Float64Array(known.length * ODDS),
  entries: known.map(() => undefined),
  allInNanoUsd: new Float64Array(known.length),
  bids: known.map(() => undefined),
  experience: known.map(() => undefined),
})

export const nothingKept = (): Kept => ({ rating: undefined, bid: undefined, price: noSum(), list: noSum() })
