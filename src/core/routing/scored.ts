/** What was made of a candidate, and what it was made from: while that is the same, it is not made again. */
import type { PlannedPrice } from '../planning/month.ts'
import type { QuoteTotals } from '../pricing/quote.ts'
import type { Unpriced } from '../pricing/types.ts'
import type { PromptClass } from '../prompt/features.ts'
import type { Estimate, Lateness } from './learning/estimate.ts'
import type { Experience } from './learning/experience.ts'
import type { ScoreTerms } from './score.ts'
import type { ScoredCandidate } from './strategies/strategy.ts'
import type { Reason, RequestTotal, Snapshot } from './types.ts'

/** Everything is compared by identity: ratings, experience, prices and estimates are replaced, never changed in place. */
export interface Kept {
  rating: Rating | undefined
  readonly price: Sum
  /** As a first purchase. */
  readonly list: Sum
  /** By prompt class, where the class has experience of its own; for all the others `broad`. */
  readonly classes: Map<PromptClass, ClassPart>
  readonly broad: Part
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

/** The score by one experience. */
export interface Part {
  /** The experience of the offer, without which no other changes. */
  offer: Experience | undefined
  estimate: Estimate | undefined
  late: Lateness | undefined
  lateEstimate: Estimate | undefined
  lateTerms: ScoreTerms | undefined
  entry: ScoredCandidate | undefined
  /** What the entry was scored with besides its own parts. */
  planned: PlannedPrice | undefined
  listTotal: RequestTotal | Unpriced | undefined
}

export interface ClassPart extends Part {
  readonly key: string
  /** Nothing was learned about the class itself. */
  isBroad: boolean
}

const noSum = (): Sum => ({ whole: undefined, last: undefined, total: undefined })

export const noPart = (): Part => ({
  offer: undefined,
  estimate: undefined,
  late: undefined,
  lateEstimate: undefined,
  lateTerms: undefined,
  entry: undefined,
  planned: undefined,
  listTotal: undefined,
})

export const nothingKept = (): Kept => ({ rating: undefined, price: noSum(), list: noSum(), classes: new Map(), broad: noPart() })
