/** Cheapest expected all-in cost first. */
import type { Strategy } from './strategy.ts'

export const cost: Strategy = (candidates) =>
  candidates.toSorted((a, b) => {
    if (a.total.expectedNanoUsd !== b.total.expectedNanoUsd) return a.total.expectedNanoUsd < b.total.expectedNanoUsd ? -1 : 1
    // Equal prices: the better picture, then a fixed order, so that the same snapshot always gives the same plan.
    return (b.qualityScore ?? 0) - (a.qualityScore ?? 0) || (a.candidate.offer.id < b.candidate.offer.id ? -1 : 1)
  })
