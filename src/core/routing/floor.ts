/** What candidates are rated, and which of them are below a floor. Pure. */
import type { Candidate } from '../offer.ts'
import { enlargedRating } from './enlarge.ts'
import { correctedRating, correctionOf, describeCorrection } from './learning/corrections.ts'
import type { PlanInput } from './plan.ts'
import type { ScoreTerms } from './score.ts'
import type { Rating } from './scored.ts'
import { qualityKeysOf, type Slot } from './standing.ts'
import type { Reason, Snapshot } from './types.ts'

/**
 * The known score of a candidate: its own, else that of its model at exactly this quality tier; undefined when nobody measured
 * it. A score is never carried from one tier to another, nor from a picture to its enlargement.
 */
export function qualityScoreOf(scores: Snapshot['quality'], candidate: Candidate): number | undefined {
  const [own, model] = qualityKeysOf(candidate)
  return scores.get(own) ?? scores.get(model)
}

/** Worked out anew only where ratings, corrections or floors are other ones than the last time. */
export function ratingOf({ candidate, qualityKeys, kept }: Slot, { snapshot, policy }: PlanInput, terms: ScoreTerms): Rating {
  const { quality: ratings, qualityLevels: levels, corrections } = snapshot
  const { rating } = kept
  if (
    rating &&
    rating.ratings === ratings &&
    rating.levels === levels &&
    rating.corrections === corrections &&
    rating.terms === terms
  )
    return rating
  const [own, model] = qualityKeys
  const prior =
    ratings.get(own) ??
    ratings.get(model) ??
    (candidate.upscaled && enlargedRating(qualityScoreOf(ratings, smaller(candidate)), policy.enlarge, snapshot))
  let belowFloor: Reason | undefined
  for (const floor of terms.floors) if (floor !== undefined) belowFloor ??= floorProblem(candidate, prior, floor, snapshot)
  const quality = correctedRating(prior, correctionOf(corrections, qualityKeys))
  kept.rating = { ratings, levels, corrections, terms, quality, belowFloor }
  return kept.rating
}

/** The picture as its offer makes it. */
const smaller = ({ offer, settings, warnings }: Candidate): Candidate => ({ offer, settings, warnings })

/** What floors look at. */
type FloorFacts = Pick<Snapshot, 'quality' | 'qualityLevels' | 'corrections'>

/** Whether a candidate would be refused by a floor: rated below it, not rated at all, or rejected too often under it. */
export const isBelowFloor = (candidate: Candidate, floor: string, snapshot: FloorFacts): boolean =>
  floorProblem(candidate, qualityScoreOf(snapshot.quality, candidate), floor, snapshot) !== undefined

/**
 * A floor compares with the lower confidence bound of the candidate's own tier; what nobody rated is below every floor. Nobody rates the
 * sandbox, which passes until its pictures are rejected. Floors are what the public ratings say: feedback moves who meets one, not the floor.
 */
function floorProblem(
  candidate: Candidate,
  quality: number | undefined,
  name: string,
  { qualityLevels, quality: scores, corrections }: FloorFacts,
): Reason | undefined {
  const floor = qualityLevels.get(name) ?? scores.get(name)
  const correction = corrections && correctionOf(corrections, qualityKeysOf(candidate))
  if (correction && floor !== undefined && floor >= correction.failsAt)
    return { reason: 'floor', detail: `${describeCorrection(correction)}; the route asks for ${name}` }
  if (candidate.offer.sandbox || (quality !== undefined && floor !== undefined && quality >= floor)) return undefined
  const tier = candidate.settings.quality
  if (floor === undefined) return { reason: 'floor', detail: `the floor ${name} is not a known level or rated model` }
  if (quality === undefined) return { reason: 'floor', detail: `nobody has rated ${tier ?? 'it'}; the route asks for ${name}` }
  return { reason: 'floor', detail: `rated ${quality} at ${tier ?? 'its only quality'}, below ${name} (${floor})` }
}
