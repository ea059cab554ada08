import type { Candidate } from '../../offer.ts'
import type { Estimate } from '../learning/estimate.ts'
import type { Score } from '../score.ts'
import type { RequestTotal } from '../types.ts'

export interface ScoredCandidate {
  readonly candidate: Candidate
  readonly total: RequestTotal
  /** On the scale of the quality priors; undefined = nobody measured it. */
  readonly qualityScore?: number
  readonly estimate: Estimate
  readonly score: Score
}

/** What a route says about choosing, besides its objective. */
export interface StrategyContext {
  /** All-in costs of the candidates, in their order, nano-USD: found here much faster than in hundreds of them. Absent: they are read there. */
  readonly allInNanoUsd?: readonly number[]
  /** `balanced`: how much each counts; not all 0. */
  readonly weights: BalanceWeights
  /** `priority`: offers, models or providers, first choice first. */
  readonly order: readonly string[]
  /** `weighted`: shares by offer, model or provider; the rest gets what is left over. */
  readonly shares: Readonly<Record<string, number>>
  /** 0 to 1, drawn once per request. */
  readonly random: number
}

export interface BalanceWeights {
  readonly cost: number
  readonly latency: number
  readonly quality: number
}

export const defaultWeights: BalanceWeights = { cost: 0.5, latency: 0.25, quality: 0.25 }

export interface Ranked {
  readonly entry: ScoredCandidate
  /** What it was ordered by, lowest first; its unit is the strategy's. */
  readonly value: number
}

/** Orders candidates, best first: always a permutation of what it is given, and a function of its arguments alone. */
export type Strategy = (candidates: readonly ScoredCandidate[], context: StrategyContext) => readonly Ranked[]

/** Order by one value; equal ones by price, then by the better picture, then by id, so that the same snapshot gives the same plan. */
export function rankedBy(
  candidates: readonly ScoredCandidate[],
  measure: (entry: ScoredCandidate, index: number) => number,
): Ranked[] {
  return candidates
    .map((entry, index) => ({ entry, value: measure(entry, index) }))
    .sort((a, b) => a.value - b.value || byPrice(a.entry, b.entry))
}

function byPrice(a: ScoredCandidate, b: ScoredCandidate): number {
  const priceOf = ({ total }: ScoredCandidate): bigint => total.marginalNanoUsd ?? total.expectedNanoUsd
  const [one, other] = [priceOf(a), priceOf(b)]
  if (one !== other) return one < other ? -1 : 1
  return (b.qualityScore ?? 0) - (a.qualityScore ?? 0) || (a.candidate.offer.id < b.candidate.offer.id ? -1 : 1)
}

/** Of an offer nobody has timed yet: about what image APIs take. */
const UNKNOWN_LATENCY_MS = 15_000

export const expectedLatencyMs = (latencyMs: number | undefined): number => latencyMs ?? UNKNOWN_LATENCY_MS

/** How a route names what a strategy treats alike. */
export const namesOf = ({ candidate: { offer } }: ScoredCandidate): readonly string[] => [offer.id, offer.model, offer.provider]
