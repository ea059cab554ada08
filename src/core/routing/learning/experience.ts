/**
 * What was seen of one candidate in one class of requests: discounted counts, so that yesterday weighs less than today.
 * A reducer: experience in, experience out; nothing here knows a clock or a provider.
 */
import type { Rating } from './feedback.ts'
import { fadeTimings, noTimings, type Timings } from './timings.ts'

/** How an attempt ended, as learning counts it. Client errors and our own key problems teach nothing and are not passed on. */
export interface Observation {
  readonly kind: 'succeeded' | 'refused' | 'failed'
  /** The attempt was billed although it brought no picture. */
  readonly billed: boolean
  /** Milliseconds from dispatch to the last byte; absent for attempts that say nothing about it. */
  readonly latencyMs?: number
  /** Real price / expected price of an attempt that succeeded; absent where either is unknown. */
  readonly priceRatio?: number
}

export interface Experience {
  /** Discounted attempts. */
  readonly weight: number
  readonly succeeded: number
  readonly refused: number
  /** Discounted attempts that brought nothing and were billed. */
  readonly billedInVain: number
  /** Discounted sum and weight of price ratios. */
  readonly priceRatios: number
  readonly pricedWeight: number
  readonly latencies: Timings
  readonly accepted: number
  readonly rejected: number
}

export const noExperience: Experience = {
  weight: 0,
  succeeded: 0,
  refused: 0,
  billedInVain: 0,
  priceRatios: 0,
  pricedWeight: 0,
  latencies: noTimings,
  accepted: 0,
  rejected: 0,
}

/** Each new observation makes all earlier ones count this much of themselves: half-life 231 attempts (reference, section 4). */
export const FORGETTING = 0.997

export function reduceExperience(past: Experience, seen: Observation): Experience {
  const kept = (value: number): number => value * FORGETTING
  return {
    weight: kept(past.weight) + 1,
    succeeded: kept(past.succeeded) + (seen.kind === 'succeeded' ? 1 : 0),
    refused: kept(past.refused) + (seen.kind === 'refused' ? 1 : 0),
    billedInVain: kept(past.billedInVain) + (seen.kind !== 'succeeded' && seen.billed ? 1 : 0),
    priceRatios: kept(past.priceRatios) + (seen.priceRatio ?? 0),
    pricedWeight: kept(past.pricedWeight) + (seen.priceRatio === undefined ? 0 : 1),
    latencies: fadeTimings(past.latencies, FORGETTING, seen.latencyMs === undefined ? undefined : seen.latencyMs * 1_000),
    accepted: past.accepted,
    rejected: past.rejected,
  }
}

/** A picture whose rating went from `before` to `after`: taken back and counted anew, as far as the old word is not forgotten yet. */
export function reduceFeedback(past: Experience, before: Rating, after: Rating): Experience {
  const moved = (sum: number, from: number, to: number): number => Math.max(0, sum * FORGETTING + (to - from) / 1_000)
  return {
    ...past,
    accepted: moved(past.accepted, before.accepted, after.accepted),
    rejected: moved(past.rejected, before.rejected, after.rejected),
  }
}

/** Timings fade with time as well, whether or not the offer is used: yesterday's slowness is no reason to stay away today. */
export const fadeLatencies = (past: Experience, kept: number): Experience => ({
  ...past,
  latencies: fadeTimings(past.latencies, kept),
})
