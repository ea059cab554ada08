/** The one number a candidate is compared by: its expected all-in cost (design, section 8). */
import { neverLate } from './known.ts'
import type { Estimate, Lateness } from './learning/estimate.ts'

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

/** What `scoreAt` looks at: so many numbers side by side. */
export const ODDS = 6

export function writeOdds(
  { success, billedInVain, priceRatio, weight }: Estimate,
  { expectedMs, missChance }: Lateness,
  odds: { [index: number]: number },
  at: number,
): void {
  odds[at] = success
  odds[at + 1] = billedInVain
  odds[at + 2] = priceRatio
  odds[at + 3] = weight
  odds[at + 4] = expectedMs
  odds[at + 5] = missChance
}

export function scoreOf({
  priceNanoUsd,
  shadowNanoUsd = 0n,
  estimate,
  late = neverLate,
  latenessNanoUsdPerSecond,
}: ScoreInput): Score {
  const odds: number[] = []
  writeOdds(estimate, late, odds, 0)
  return scoreAt(odds, 0, Number(priceNanoUsd), Number(shadowNanoUsd), Number(latenessNanoUsdPerSecond))
}

/**
 * `(price + price of tries in vain) / P(success) + weight x expected lateness - shadow price`. A try in vain costs its billed share
 * of the price; dividing by the chance of success is what ordering a chain of independent tries by cost comes to.
 */
export function scoreAt(
  odds: ArrayLike<number>,
  at: number,
  priceNanoUsd: number,
  shadowNanoUsd: number,
  latenessNanoUsdPerSecond: number,
): Score {
  const success = odds[at] ?? 1
  const price = priceNanoUsd * (odds[at + 2] ?? 1)
  const inVain = (price * (odds[at + 1] ?? 0) * (1 - success)) / success
  const latenessCost = (latenessNanoUsdPerSecond * (odds[at + 4] ?? 0)) / 1_000
  return {
    allInNanoUsd: price + inVain + latenessCost - shadowNanoUsd,
    priceNanoUsd: price,
    inVainNanoUsd: inVain,
    latenessNanoUsd: latenessCost,
    shadowNanoUsd,
    success,
    observations: odds[at + 3] ?? 0,
    missChance: odds[at + 5] ?? 0,
  }
}
