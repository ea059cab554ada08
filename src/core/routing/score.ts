/** The one number a candidate is compared by: its expected all-in cost (design, section 8). */
import type { Estimate } from './learning/estimate.ts'
import { lateness } from './learning/estimate.ts'

export interface ScoreInput {
  /** Planned marginal price of the whole request on this candidate, steps included; nano-USD. */
  readonly priceNanoUsd: bigint
  readonly estimate: Estimate
  /** Milliseconds the request may take; absent: it may take any time. */
  readonly deadlineMs?: number
  /** What one second beyond the deadline is worth, nano-USD. */
  readonly latenessNanoUsdPerSecond: bigint
  /** Taken off per request while a commitment is not met. */
  readonly shadowNanoUsd?: bigint
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

/**
 * `(price + price of tries in vain) / P(success) + weight x expected lateness - shadow price`. A try in vain costs its billed share
 * of the price; dividing by the chance of success is what ordering a chain of independent tries by cost comes to.
 */
export function scoreOf({ priceNanoUsd, estimate, deadlineMs, latenessNanoUsdPerSecond, shadowNanoUsd = 0n }: ScoreInput): Score {
  const { success, billedInVain, priceRatio } = estimate
  const price = Number(priceNanoUsd) * priceRatio
  const inVain = (price * billedInVain * (1 - success)) / success
  const late = deadlineMs === undefined ? { expectedMs: 0, missChance: 0 } : lateness(estimate, deadlineMs)
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
