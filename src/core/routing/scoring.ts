/** How candidates score for a request: by what they bid, and by what is expected of them with prompts of its class. Pure. */
import { type BoughtStep, boughtStepOf, type Candidate } from '../offer.ts'
import { estimateOf, type Known, latenessOf } from './known.ts'
import { experienceKeys } from './learning/class.ts'
import { behind, type Estimate, estimate, followedBy } from './learning/estimate.ts'
import type { PlanInput } from './plan.ts'
import { ODDS, type ScoreTerms, scoreAt, writeOdds } from './score.ts'
import type { Bid, Sheet } from './scored.ts'
import type { Slot, Standing } from './standing.ts'
import type { ScoredCandidate } from './strategies/strategy.ts'
import type { Reason } from './types.ts'

/** What is the same for every candidate of a request. */
export interface Scoring {
  readonly input: PlanInput
  readonly terms: ScoreTerms
  /** Of the prompt's class. */
  readonly sheet: Sheet
  /** Jobs wait before some candidates. */
  readonly isAhead: boolean
  readonly latenessNanoUsdPerSecond: number
}

export function scoringOf(input: PlanInput, terms: ScoreTerms, sheet: Sheet): Scoring {
  if (sheet.terms !== terms) sheet.estimates.fill(undefined)
  sheet.terms = terms
  const isAhead = (input.snapshot.ahead?.size ?? 0) > 0
  return { input, terms, sheet, isAhead, latenessNanoUsdPerSecond: Number(terms.latenessNanoUsdPerSecond) }
}

/** As many pictures in a call as it makes, or one in each where that is cheaper; what costs the same is one call. */
export function cheapestSplit({ together, apart }: Standing, bids: readonly (Bid | Reason | undefined)[]): number {
  const single = apart === -1 ? undefined : bids[apart]
  if (!single || 'reason' in single) return together
  const whole = bids[together]
  const isCheaper = !whole || 'reason' in whole || single.total.expectedNanoUsd < whole.total.expectedNanoUsd
  return isCheaper ? apart : together
}

/** The entry of the last time, where neither the bid nor what is known of the candidate is another. */
export const keptEntry = (index: number, bid: Bid | Reason, { sheet, isAhead }: Scoring): ScoredCandidate | undefined =>
  sheet.bids[index] === bid && sheet.experience[index] === sheet.offers[index]?.experience && !isAhead
    ? sheet.entries[index]
    : undefined

export function newEntry(slot: Slot, bid: Bid, scoring: Scoring): ScoredCandidate {
  const { index, candidate } = slot
  const { sheet, isAhead, latenessNanoUsdPerSecond } = scoring
  const seen = sheet.offers[index]?.experience
  const isKnown = sheet.experience[index] === seen && !isAhead
  const estimate = (isKnown && sheet.estimates[index]) || expectAnew(slot, scoring)
  const { total, rating } = bid
  const { price, shadow } = choosingPrice(bid)
  const score = scoreAt(sheet.odds, index * ODDS, price, shadow, latenessNanoUsdPerSecond)
  const { quality } = rating
  const made: ScoredCandidate =
    quality === undefined ? { candidate, total, estimate, score } : { candidate, total, estimate, score, qualityScore: quality }
  sheet.entries[index] = made
  sheet.allInNanoUsd[index] = score.allInNanoUsd
  // Behind jobs that are ahead it is another one the next time.
  sheet.bids[index] = isAhead ? undefined : bid
  sheet.experience[index] = seen
  return made
}

/** Its odds are written down, too. */
function expectAnew({ index, candidate }: Slot, { sheet, input, terms, isAhead }: Scoring): Estimate {
  // There is one for each slot.
  const known = sheet.known[index] as Known
  const own = estimateOf(known)
  const estimate = expectedOf(candidate, own, input)
  writeOdds(estimate, latenessOf(known, estimate, terms.deadlineMs), sheet.odds, index * ODDS)
  // What jobs ahead and other offers add to it is another thing the next time.
  sheet.estimates[index] = isAhead || estimate !== own ? undefined : estimate
  return estimate
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

/** What the call is compared by, nano-USD: the month's plan where it has a price, else what the call would cost now. */
function choosingPrice({ total, list, planned }: Bid): { readonly price: number; readonly shadow: number } {
  if (!planned) return { price: Number(total.marginalNanoUsd ?? total.expectedNanoUsd), shadow: 0 }
  const { expectedNanoUsd } = 'missing' in list ? total : list
  const price = Math.round(Number(expectedNanoUsd) * planned.factor)
  return { price, shadow: Math.round(price * planned.shadowShare) }
}
