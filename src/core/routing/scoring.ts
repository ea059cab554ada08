/** How candidates score for a request: by what they bid, and by what is expected of them with prompts of its class. Pure. */
import { type BoughtStep, boughtStepOf, type Candidate } from '../offer.ts'
import { experienceKeys } from './learning/class.ts'
import { behind, type Estimate, estimate, followedBy, type Lateness } from './learning/estimate.ts'
import type { Experience } from './learning/experience.ts'
import type { PlanInput } from './plan.ts'
import { latenessBy, type ScoreTerms, scoreOf } from './score.ts'
import { type Bid, type Known, type Late, noLate, type Sheet } from './scored.ts'
import type { Slot, Split } from './standing.ts'
import type { ScoredCandidate } from './strategies/strategy.ts'
import type { Reason } from './types.ts'

/** What is the same for every candidate of a request. */
export interface Scoring {
  readonly input: PlanInput
  readonly terms: ScoreTerms
  /** Of the prompt's class. */
  readonly sheet: Sheet
}

/** As many pictures in a call as it makes, or one in each where that is cheaper; what costs the same is one call. */
export function cheapestSplit({ together, apart }: Split, bids: readonly (Bid | Reason | undefined)[]): Slot {
  const single = apart && bids[apart.index]
  if (!single || 'reason' in single) return together
  const whole = bids[together.index]
  const isCheaper = !whole || 'reason' in whole || single.total.expectedNanoUsd < whole.total.expectedNanoUsd
  return isCheaper ? apart : together
}

/** Made anew only where the bid or what is known of the candidate is other than the last time. */
export function entryOf(slot: Slot, bid: Bid, { input, terms, sheet }: Scoring): ScoredCandidate {
  const { index, candidate } = slot
  const { experience, ahead } = input.snapshot
  const seen = experience?.get(slot.offerId)
  const entry = sheet.entries[index]
  const isSame = sheet.bids[index] === bid && sheet.experience[index] === seen && !ahead?.size
  if (entry && isSame) return entry
  const known = knownOf(slot, seen, input, sheet)
  const estimate = expectedOf(candidate, known.estimate, input)
  const made = newEntry(candidate, bid, estimate, latenessOf(estimate, known.late, terms), terms)
  sheet.entries[index] = made
  sheet.allInNanoUsd[index] = made.score.allInNanoUsd
  // Behind jobs that are ahead it is another one the next time.
  sheet.bids[index] = ahead?.size ? undefined : bid
  sheet.experience[index] = seen
  return made
}

function newEntry(
  candidate: Candidate,
  bid: Bid,
  estimate: Estimate,
  late: Lateness,
  { latenessNanoUsdPerSecond }: ScoreTerms,
): ScoredCandidate {
  const { total, rating } = bid
  const { quality } = rating
  const score = scoreOf({ ...choosingPrice(bid), estimate, late, latenessNanoUsdPerSecond })
  return quality === undefined
    ? { candidate, total, estimate, score }
    : { candidate, total, estimate, score, qualityScore: quality }
}

/** What is known of the candidate with prompts of this class; `seen` at its offer. */
function knownOf(slot: Slot, seen: Experience | undefined, { snapshot: { experience } }: PlanInput, sheet: Sheet): Known {
  const { index, kept } = slot
  const before = sheet.known[index]
  if (before && before.experience === seen) return before
  const narrow = experience?.get(sheet.keys[index] ?? '')
  const found = estimate(narrow, experience?.get(slot.experienceKey), seen)
  const isTimedByClass = narrow !== undefined && found.latencies === narrow.latencies
  const own = before && before.late !== kept.late ? before.late : noLate()
  const known = { experience: seen, estimate: found, late: isTimedByClass ? own : kept.late }
  sheet.known[index] = known
  return known
}

function latenessOf(estimate: Estimate, kept: Late, terms: ScoreTerms): Lateness {
  const { latencies } = estimate
  if (kept.lateness && kept.latencies === latencies && kept.terms === terms) return kept.lateness
  kept.latencies = latencies
  kept.terms = terms
  kept.lateness = latenessBy(estimate, terms)
  return kept.lateness
}

/** Behind the jobs that are ahead, and with what another offer does afterwards. */
function expectedOf(candidate: Candidate, known: Estimate, input: PlanInput): Estimate {
  const { ahead } = input.snapshot
  const jobs = ahead?.size ? (ahead.get(candidate.offer.provider) ?? 0) : 0
  const made = jobs === 0 ? known : behind(known, jobs)
  const step = boughtStepOf(candidate)
  return step ? followedBy(made, stepEstimate(step, input)) : made
}

function stepEstimate({ kind, by: [first] }: BoughtStep, { request, promptClass, snapshot }: PlanInput): Estimate {
  const operation = kind === 'cut_out' ? 'remove_background' : 'upscale'
  const keys = first ? experienceKeys(first, { ...request, operation }, promptClass) : []
  return estimate(...keys.map((key) => snapshot.experience?.get(key)))
}

/** What the call is compared by: the month's plan where it has a price, else what the call would cost now. */
function choosingPrice({ total, list, planned }: Bid): { readonly priceNanoUsd: bigint; readonly shadowNanoUsd: bigint } {
  if (!planned) return { priceNanoUsd: total.marginalNanoUsd ?? total.expectedNanoUsd, shadowNanoUsd: 0n }
  const { expectedNanoUsd } = 'missing' in list ? total : list
  const priceNanoUsd = BigInt(Math.round(Number(expectedNanoUsd) * planned.factor))
  return { priceNanoUsd, shadowNanoUsd: BigInt(Math.round(Number(priceNanoUsd) * planned.shadowShare)) }
}
