import type { Candidate } from '../../offer.ts'
import type { RequestTotal } from '../types.ts'

export interface ScoredCandidate {
  readonly candidate: Candidate
  readonly total: RequestTotal
  /** On the scale of the quality priors; undefined = nobody measured it. */
  readonly qualityScore?: number
}

/** Orders candidates, best first: always a permutation of what it is given, and a function of nothing else. */
export type Strategy = (candidates: readonly ScoredCandidate[]) => readonly ScoredCandidate[]
