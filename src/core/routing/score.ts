/** The one number a candidate is compared by: its expected all-in cost (design, section 8). */
import { type Estimate, type Lateness, lateness } from './learning/estimate.ts'

/** What every candidate of a request is scored by. */
export interface ScoreTerms {
  /** Milliseconds the request may take; undefined: it may take any time. */
  readonly deadlineMs: number | undefined
  /** What one second beyond the deadline is worth, nano-USD. */
  readonly latenessNanoUsdPerSecond: bigint
  /** Least quality, of the route and of the request. */
  readonly floors: readonly (string | undefined)[]
}

export interface ScoreInput {
  /** Planned marginal price of the whole request on this candidate, steps included; nano-USD. */
  readonly priceNanoUsd: bigint
  /** Taken off per request while a commitment is not met; absent: nothing. */
  readonly shadowNanoUsd?: bigint
  readonly estimate: Estimate
  /** Absent: it cannot be late. */
  readonly late?: Lateness
  readonly latenessNanoUsdPerSecond: bigint
}

export interface Score {
  /** Nano-USD as a number: it orders candidates and is never booked. */
  readonly allInNanoUsd: number
  /** The parts, for the receipt: price as really charged, tries in vain, lateness. */
  readonly priceNanoUsd: number
  readonly inVainNanoUsd: number
  readonly latenessNanoUsd: number
  readonly shadowNanoUsd: number
  readonly success: number
  /** Attempts that `success` rests on, discounted; 0: a prior, nobody used it yet. */
  readonly observations: number
  /** Chance to miss the deadline; 0 without one. */
  readonly missChance: number
}

const neverLate: Lateness = { expectedMs: 0, missChance: 0 }

export const latenessBy = (estimate: Estimate, { deadlineMs }: ScoreTerms): Lateness =>
  deadlineMs === undefined ? neverLate : lateness(estimate, deadlineMs)

/**
 * `(price + price of tries in vain) / P(success) + weight x expected lateness - shadow price`. A try in vain costs its billed share
 * of the price; dividing by the chance of success is what ordering a chain of independent tries by cost comes to.
 */
export function scoreOf({
  priceNanoUsd,
  shadowNanoUsd = 0n,
  estimate,
  late = neverLate,
  latenessNanoUsdPerSecond,
}: ScoreInput): Score {
  const { success, billedInVain, priceRatio } = estimate
  const price = Number(priceNanoUsd) * priceRatio
  const inVain = (price * billedInVain * (1 - success)) / success
  const latenessCost = (Number(latenessNanoUsdPerSecond) * late.expectedMs) / 1_000
  const shadow = Number(shadowNanoUsd)
  return {
    allInNanoUsd: price + inVain + latenessCost - shadow,
    priceNanoUsd: price,
    inVainNanoUsd: inVain,
    latenessNanoUsd: latenessCost,
    shadowNanoUsd: shadow,
    success,
    observations: estimate.weight,
    missChance: late.missChance,
  }
}
