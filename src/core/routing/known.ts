/**
 * What experience says of candidates, and what followed from it. It stands until their offers are known better, and is the same for all kinds of requests
 * in which they are the same candidates.
 */
import type { Candidate } from '../offer.ts'
import type { PromptClass } from '../prompt/features.ts'
import type { ImageRequest } from '../request.ts'
import type { Place } from './learning/book.ts'
import { experienceKeys } from './learning/class.ts'
import { type Estimate, estimateBy, type Lateness, lateness, narrowed, noPrior, type Prior } from './learning/estimate.ts'
import type { Experience } from './learning/experience.ts'
import type { Snapshot } from './types.ts'

/** Of a candidate with prompts of one class. */
export interface Known {
  readonly place: Place
  readonly broadly: KnownBroadly
  /** Of the offer, without which no other changes. */
  experience: Experience | undefined
  /** Undefined: nobody asked yet. */
  estimate: Estimate | undefined
  readonly late: Late
}

/** Of a candidate whatever the prompt is about. */
export interface KnownBroadly {
  readonly place: Place
  readonly offer: Place
  /** Of the offer. */
  experience: Experience | undefined
  prior: Prior | undefined
  readonly late: Late
}

/** How late one set of timings is by the deadline it was last compared with. */
interface Late {
  latencies: Estimate['latencies'] | undefined
  deadlineMs: number
  lateness: Lateness
}

/** As many as there are offers, qualities, classes of size and classes of prompts. */
export interface KnownCandidates {
  readonly experience: Snapshot['experience']
  readonly byKey: Map<string, Known>
  readonly broadlyByKey: Map<string, KnownBroadly>
}

export const knownBy = (experience: Snapshot['experience']): KnownCandidates => ({
  experience,
  byKey: new Map(),
  broadlyByKey: new Map(),
})

export const neverLate: Lateness = { expectedMs: 0, missChance: 0 }
const nowhere: Place = { experience: undefined }
const noLate = (): Late => ({ latencies: undefined, deadlineMs: 0, lateness: neverLate })

/** Where it is kept what is known of a candidate; the same object whenever its experience is that of the same names. */
export function knownOf(
  { experience, byKey, broadlyByKey }: KnownCandidates,
  candidate: Candidate,
  request: Pick<ImageRequest, 'operation'>,
  promptClass: PromptClass,
): Known {
  const [key, broadKey, offerKey] = experienceKeys(candidate, request, promptClass)
  const known = byKey.get(key)
  if (known) return known
  const placeOf = (name: string): Place => experience?.placeOf(name) ?? nowhere
  const broadly = broadlyByKey.get(broadKey) ?? {
    place: placeOf(broadKey),
    offer: placeOf(offerKey),
    experience: undefined,
    prior: undefined,
    late: noLate(),
  }
  broadlyByKey.set(broadKey, broadly)
  const made: Known = { place: placeOf(key), broadly, experience: undefined, estimate: undefined, late: noLate() }
  byKey.set(key, made)
  return made
}

/** By what was learned until now. */
export function estimateOf(known: Known): Estimate {
  const { place, broadly } = known
  const { experience } = broadly.offer
  if (known.estimate && known.experience === experience) return known.estimate
  known.experience = experience
  known.estimate = estimateBy(narrowed(priorOf(broadly), place.experience))
  return known.estimate
}

function priorOf(broadly: KnownBroadly): Prior {
  const { experience } = broadly.offer
  if (broadly.prior && broadly.experience === experience) return broadly.prior
  broadly.experience = experience
  broadly.prior = narrowed(narrowed(noPrior, experience), broadly.place.experience)
  return broadly.prior
}

/** How late it is by an estimate that may be another than its own: where the timings are, so is the lateness. */
export function latenessOf(known: Known, { latencies }: Pick<Estimate, 'latencies'>, deadlineMs: number | undefined): Lateness {
  if (deadlineMs === undefined) return neverLate
  const kept = known.broadly.prior?.timed?.latencies === latencies ? known.broadly.late : known.late
  if (kept.latencies === latencies && kept.deadlineMs === deadlineMs) return kept.lateness
  kept.latencies = latencies
  kept.deadlineMs = deadlineMs
  kept.lateness = lateness({ latencies }, deadlineMs)
  return kept.lateness
}
