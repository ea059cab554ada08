/**
 * A weighted blend of cost, latency and quality, each from 0 (best of these candidates) to 1 (worst). Cost and latency are compared
 * by their ratio, quality by its difference, since the score is already a logarithm of odds.
 */
import { meanLatencyMs } from '../learning/estimate.ts'
import { expectedLatencyMs, rankedBy, type ScoredCandidate, type Strategy } from './strategy.ts'

export const balanced: Strategy = (candidates, { weights }) => {
  const cost = scale(candidates, ({ score }) => Math.log(Math.max(score.allInNanoUsd, 1)))
  const latency = scale(candidates, ({ estimate }) => Math.log(expectedLatencyMs(meanLatencyMs(estimate)) / estimate.success))
  const quality = scale(candidates, ({ qualityScore }) => (qualityScore === undefined ? undefined : -qualityScore))
  const sum = weights.cost + weights.latency + weights.quality
  return rankedBy(
    candidates,
    (entry) => (weights.cost * cost(entry) + weights.latency * latency(entry) + weights.quality * quality(entry)) / sum,
  )
}

/** From the best to the worst of what is known; the unknown counts as the worst. */
function scale(
  candidates: readonly ScoredCandidate[],
  measure: (entry: ScoredCandidate) => number | undefined,
): (entry: ScoredCandidate) => number {
  const known = candidates.map(measure).filter((value) => value !== undefined)
  const least = Math.min(...known)
  const span = Math.max(...known) - least
  return (entry) => {
    const value = measure(entry)
    if (value === undefined) return 1
    return span === 0 ? 0 : (value - least) / span
  }
}
