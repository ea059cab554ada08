/** The decision: which candidates may serve a request, in which order. Pure. */
import { type BoughtStep, boughtStepOf, type Candidate, type Offer } from '../offer.ts'
import { bothRequired } from '../offer-facts.ts'
import type { PlannedPrice } from '../planning/month.ts'
import type { CompiledPrices } from '../pricing/compiled.ts'
import type { Unpriced } from '../pricing/types.ts'
import type { PromptClass } from '../prompt/features.ts'
import type { ImageRequest, Operation, RequestOptions } from '../request.ts'
import { mayCutOut } from './cut-out.ts'
import { enlargedRating, mayEnlarge } from './enlarge.ts'
import { experienceKeys } from './learning/class.ts'
import { correctedRating, correctionOf, describeCorrection } from './learning/corrections.ts'
import { behind, type Estimate, estimate, followedBy } from './learning/estimate.ts'
import { kindFrom, type PlanMemo, type RequestKind, termsOf } from './plan-memo.ts'
import { priceCall, sumOf, withBoughtStep, withOwnWork } from './request-total.ts'
import { latenessBy, type ScoreTerms, scoreOf } from './score.ts'
import { noPart, type Part, type Rating, type Sum } from './scored.ts'
import { type Choice, planFacts, qualityKeysOf, type Slot, type StandingInput, standingProblem, standingsOf } from './standing.ts'
import { strategies } from './strategies/index.ts'
import { defaultWeights, namesOf, type Ranked, type ScoredCandidate } from './strategies/strategy.ts'
import type { Elimination, Plan, PlannedAttempt, Policy, Reason, RequestTotal, Snapshot } from './types.ts'

export interface PlanInput {
  readonly request: ImageRequest
  readonly options: RequestOptions
  readonly policy: Policy
  readonly snapshot: Snapshot
  readonly prices: CompiledPrices
  /** 0 to 1, from the prompt features. */
  readonly promptComplexity: number
  /** From the prompt features; `other` when absent. */
  readonly promptClass?: PromptClass
  readonly nowUs: number
  /** 0 to 1, drawn once per request; only strategies that split traffic use it. 0.5 when absent. */
  readonly random?: number
  /** A hard budget applies: candidates without a maximum price need a max cost. */
  readonly hardBudget: boolean
  /** Of whoever plans often; the plan is the same without. */
  readonly memo?: PlanMemo
}

/** Plan a request: every eligible candidate, best first, and why the others are not. */
export function plan(input: PlanInput): Plan {
  const healthy = decide(input, false)
  // With every breaker open, an offer that may fail is better than a request that surely does.
  return healthy.kind === 'none' && healthy.eliminated.some(({ reason }) => reason === 'unhealthy')
    ? decide(input, true)
    : healthy
}

/** `acceptOpen`: offers whose breaker is open may change pictures, too. */
function kindIn(input: PlanInput, acceptOpen: boolean): RequestKind {
  const { request, policy, options, snapshot, prices, memo } = input
  const asked: StandingInput = {
    offers: snapshot.offers,
    prices,
    request,
    policy,
    options,
    allowedModels: snapshot.allowedModels,
    required: bothRequired(policy.require, options.require),
    today: new Date(input.nowUs / 1000).toISOString().slice(0, 10),
  }
  const isCutOut = (policy.cutOut ?? []).length > 0 && mayCutOut(request)
  const isEnlarged = policy.enlarge !== undefined && mayEnlarge(request)
  // Whether something can cut out or enlarge changes by the moment.
  if (memo && !isCutOut && !isEnlarged) return kindFrom(memo, asked)
  const named = (names: readonly string[], operation: Operation) => helpersOf(names, operation, input, asked, acceptOpen)
  const cutters = isCutOut ? named(policy.cutOut ?? [], 'remove_background') : []
  const upscalers = isEnlarged ? named(policy.enlarge?.by ?? [], 'upscale') : []
  return { standings: standingsOf(asked, { cutters, upscalers }), terms: undefined }
}

/** Offers that may change pictures of this request: named by the route, and held to everything but its choice of makers. */
function helpersOf(
  names: readonly string[],
  operation: Operation,
  input: PlanInput,
  asked: StandingInput,
  acceptOpen: boolean,
): readonly Offer[] {
  const { filter: _filter, ...policy } = input.policy
  const { only: _only, ...options } = input.options
  const facts = planFacts(asked.offers, asked)
  const isUsable = (offer: Offer): boolean =>
    !standingProblem(offer, { ...facts, options, policy: { ...policy, filter: { offers: [offer.id] } } }) &&
    !healthProblem(offer, input, acceptOpen)
  return names.flatMap((name) =>
    asked.offers.filter(
      (offer) =>
        (offer.id === name || offer.model === name) && offer.capabilities.operations.includes(operation) && isUsable(offer),
    ),
  )
}

function decide(input: PlanInput, acceptOpen: boolean): Plan {
  const { policy } = input
  const kind = kindIn(input, acceptOpen)
  const terms = termsOf(kind, input)
  const eliminated: Elimination[] = []
  const eligible: ScoredCandidate[] = []
  for (const { offer, out, choices } of kind.standings) {
    if (out) {
      eliminated.push(out)
      continue
    }
    const unhealthy = healthProblem(offer, input, acceptOpen)
    if (unhealthy) {
      eliminated.push({ offer: offer.id, ...unhealthy })
      continue
    }
    for (const choice of choices) {
      if ('elimination' in choice) {
        eliminated.push(choice.elimination)
        continue
      }
      const scored = cheapestSplit(choice, input, terms)
      if ('reason' in scored) eliminated.push({ offer: offer.id, ...scored })
      else eligible.push(scored)
    }
  }
  const ranked = strategies[policy.objective](eligible, {
    weights: policy.weights ?? defaultWeights,
    order: policy.order ?? [],
    shares: policy.shares ?? {},
    random: input.random ?? 0.5,
  })
  const ordered = asked(ranked, input.options.order)
  const [first, ...rest] = (policy.fallback ? ordered : ordered.slice(0, 1)).map(attemptOf)
  if (!first) return { kind: 'none', policy, eliminated }
  return { kind: 'plan', policy, attempts: [first, ...rest], eliminated, warnings: first.candidate.warnings }
}

const attemptOf = ({ entry, value }: Ranked): PlannedAttempt => ({
  candidate: entry.candidate,
  total: entry.total,
  score: value,
  allIn: entry.score,
  estimate: entry.estimate,
})

/** The client's own order goes before the strategy's; within each name the strategy decides. */
function asked(ranked: readonly Ranked[], order: readonly string[] | undefined): readonly Ranked[] {
  if (!order) return ranked
  const positionOf = ({ entry }: Ranked): number => {
    const position = order.findIndex((name) => namesOf(entry).includes(name))
    return position === -1 ? order.length : position
  }
  return ranked.toSorted((a, b) => positionOf(a) - positionOf(b))
}

function healthProblem({ id }: Offer, { snapshot, nowUs }: PlanInput, acceptOpen: boolean): Reason | undefined {
  const health = snapshot.health.get(id)
  if (!health) return undefined
  if (health.blockedUntilUs > nowUs) return { reason: 'unhealthy', detail: restingTexts[health.resting ?? 'asked'] }
  return health.state === 'open' && !acceptOpen ? { reason: 'unhealthy', detail: 'its breaker is open' } : undefined
}

const restingTexts = {
  asked: 'it asked to be left alone for a while',
  rate: 'its configured rate is used up',
  concurrency: 'it has as many calls as it bears',
} as const

/**
 * The known score of a candidate: its own, else that of its model at exactly this quality tier; undefined when nobody measured
 * it. A score is never carried from one tier to another, nor from a picture to its enlargement.
 */
export function qualityScoreOf(scores: Snapshot['quality'], candidate: Candidate): number | undefined {
  const [own, model] = qualityKeysOf(candidate)
  return scores.get(own) ?? scores.get(model)
}

/** As many pictures in a call as it makes, or one in each where that is cheaper; what costs the same is one call. */
function cheapestSplit(
  { together, apart }: Exclude<Choice, { elimination: Elimination }>,
  input: PlanInput,
  terms: ScoreTerms,
): ScoredCandidate | Reason {
  const whole = score(together, input, terms)
  const single = apart && score(apart, input, terms)
  if (!single || 'reason' in single) return whole
  if ('reason' in whole) return single
  return single.total.expectedNanoUsd < whole.total.expectedNanoUsd ? single : whole
}

function score(slot: Slot, input: PlanInput, terms: ScoreTerms): ScoredCandidate | Reason {
  const { policy, options, hardBudget } = input
  const rating = ratingOf(slot, input, terms)
  if (rating.belowFloor) return rating.belowFloor
  const total = requestTotal(slot, slot.kept.price, input, false)
  if ('missing' in total) return { reason: 'unpriced', detail: `${total.reason} (${total.missing.join(', ')})` }
  const costProblem = overCost(total.maxNanoUsd, options.maxCostNanoUsd ?? policy.maxCostNanoUsd, hardBudget)
  return costProblem ?? scored(slot, { total, quality: rating.quality }, input, terms)
}

function ratingOf({ candidate, qualityKeys, kept }: Slot, { snapshot, policy }: PlanInput, terms: ScoreTerms): Rating {
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

/** One call makes so many images; a request for more takes several, the last one perhaps smaller. */
function requestTotal(
  { candidate, full, fullCalls, rest }: Slot,
  kept: Sum,
  input: PlanInput,
  atList: boolean,
): RequestTotal | Unpriced {
  const whole = priceCall(full, input, atList)
  const last = rest && priceCall(rest, input, atList)
  if (!kept.total || kept.whole !== whole || kept.last !== last) {
    kept.whole = whole
    kept.last = last
    kept.total = withOwnWork(sumOf(whole, fullCalls, last), candidate, input)
  }
  return 'missing' in kept.total ? kept.total : withBoughtStep(kept.total, candidate, input, atList)
}

interface Priced {
  readonly total: RequestTotal
  readonly quality: number | undefined
}

/** Scored anew only where something is other than the last time. */
function scored(slot: Slot, { total, quality }: Priced, input: PlanInput, terms: ScoreTerms): ScoredCandidate {
  const { candidate, kept } = slot
  const { volumes, lots, planned } = input.snapshot
  const part = partOf(slot, input)
  const estimate = expectedOf(candidate, part, input)
  const price = planned?.get(candidate.offer.id)
  const list = price && (volumes || lots) ? requestTotal(slot, kept.list, input, true) : total
  const { entry } = part
  const isSame = entry && entry.total === total && entry.estimate === estimate && entry.qualityScore === quality
  const isLateSame = part.lateEstimate === estimate && part.lateTerms === terms
  if (isSame && isLateSame && part.listTotal === list && part.planned === price) return entry
  if (!part.late || !isLateSame) part.late = latenessBy(estimate, terms)
  const { latenessNanoUsdPerSecond } = terms
  const score = scoreOf({ ...choosingPrice(total, list, price), estimate, late: part.late, latenessNanoUsdPerSecond })
  part.lateEstimate = estimate
  part.lateTerms = terms
  part.listTotal = list
  part.planned = price
  part.entry =
    quality === undefined ? { candidate, total, estimate, score } : { candidate, total, estimate, score, qualityScore: quality }
  return part.entry
}

/** The part of the request's class, where there is experience of it, else that of all classes; with its estimate. */
function partOf({ candidate, experienceKey, kept }: Slot, { request, promptClass = 'other', snapshot }: PlanInput): Part {
  const { experience } = snapshot
  const offer = experience?.get(candidate.offer.id)
  let own = kept.classes.get(promptClass)
  if (!own) {
    const [key] = experienceKeys(candidate, request, promptClass)
    own = { ...noPart(), key, isBroad: true }
    kept.classes.set(promptClass, own)
  } else if (own.offer === offer && (own.isBroad ? kept.broad.offer === offer && kept.broad.estimate : own.estimate)) {
    return own.isBroad ? kept.broad : own
  }
  const narrow = experience?.get(own.key)
  own.offer = offer
  own.isBroad = narrow === undefined
  const part = own.isBroad ? kept.broad : own
  if (own.isBroad && part.estimate && part.offer === offer) return part
  part.offer = offer
  part.estimate = estimate(narrow, experience?.get(experienceKey), offer)
  return part
}

/** Behind the jobs that are ahead, and with what another offer does afterwards. */
function expectedOf(candidate: Candidate, part: Part, input: PlanInput): Estimate {
  const { ahead } = input.snapshot
  const known = part.estimate ?? estimate()
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
function choosingPrice(
  total: RequestTotal,
  list: RequestTotal | Unpriced,
  price: PlannedPrice | undefined,
): { readonly priceNanoUsd: bigint; readonly shadowNanoUsd: bigint } {
  if (!price) return { priceNanoUsd: total.marginalNanoUsd ?? total.expectedNanoUsd, shadowNanoUsd: 0n }
  const { expectedNanoUsd } = 'missing' in list ? total : list
  const priceNanoUsd = BigInt(Math.round(Number(expectedNanoUsd) * price.factor))
  return { priceNanoUsd, shadowNanoUsd: BigInt(Math.round(Number(priceNanoUsd) * price.shadowShare)) }
}

function overCost(maxNanoUsd: bigint | null, limit: bigint | undefined, hardBudget: boolean): Reason | undefined {
  if (maxNanoUsd === null) {
    if (limit !== undefined || !hardBudget) return undefined
    return { reason: 'unbounded_cost', detail: 'it has no known maximum price and a hard budget applies; send a max cost' }
  }
  return limit !== undefined && maxNanoUsd > limit
    ? { reason: 'max_cost', detail: `may cost ${Number(maxNanoUsd) / 1e9} USD` }
    : undefined
}
