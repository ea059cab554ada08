/** The decision: which candidates may serve a request, in which order. Pure. */
import type { Candidate, Offer } from '../offer.ts'
import { candidateKey, changedSuffix } from '../offer.ts'
import { bothRequired, type FactRequirement, factProblem } from '../offer-facts.ts'
import type { CompiledPrices } from '../pricing/compiled.ts'
import { type QuoteTotals, quoteTotals } from '../pricing/quote.ts'
import { mayCostLessApart } from '../pricing/rules.ts'
import type { Unpriced } from '../pricing/types.ts'
import { volumesOf } from '../pricing/volumes.ts'
import type { PromptClass } from '../prompt/features.ts'
import type { ImageRequest, Quality, RequestOptions } from '../request.ts'
import { type Resolved, type ResolveOptions, resolveCandidate } from './candidate.ts'
import { cutOutRequest, mayCutOut, resolveCutOut } from './cut-out.ts'
import { experienceKeys } from './learning/class.ts'
import { behind, estimate, followedBy } from './learning/estimate.ts'
import { isRetired } from './resolve.ts'
import { scoreOf } from './score.ts'
import { strategies } from './strategies/index.ts'
import { defaultWeights, namesOf, type Ranked, type ScoredCandidate } from './strategies/strategy.ts'
import type { Elimination, EliminationReason, Plan, PlannedAttempt, Policy, RequestTotal, Snapshot } from './types.ts'

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
}

/** Plan a request: every eligible candidate, best first, and why the others are not. */
export function plan(input: PlanInput): Plan {
  const healthy = decide(input, false)
  // With every breaker open, an offer that may fail is better than a request that surely does.
  return healthy.kind === 'none' && healthy.eliminated.some(({ reason }) => reason === 'unhealthy')
    ? decide(input, true)
    : healthy
}

function decide(input: PlanInput, acceptOpen: boolean): Plan {
  const { policy, snapshot } = input
  const eliminated: Elimination[] = []
  const eligible: ScoredCandidate[] = []
  const realOffers = snapshot.offers.some((offer) => !offer.sandbox)
  const today = new Date(input.nowUs / 1000).toISOString().slice(0, 10)
  const required = bothRequired(policy.require, input.options.require)
  const namesPrompt = snapshot.offers.some((offer) => answersPromptly(offer) && policy.filter?.offers?.includes(offer.id))
  const facts = { realOffers, acceptOpen, namesPrompt, today, required }
  const cutters = cuttersOf(input, facts)
  for (const offer of snapshot.offers) {
    const reason = offerProblem(offer, input, facts)
    if (reason) {
      eliminated.push({ offer: offer.id, ...reason })
      continue
    }
    for (const quality of qualitiesToTry(offer, input)) {
      const resolved = resolve(offer, input.request, cutters, {
        ...input.options,
        allowUnsupported: input.options.allowUnsupported || policy.viaAlias === true,
        ...(quality !== undefined && { quality }),
      })
      if ('elimination' in resolved) {
        eliminated.push(resolved.elimination)
        continue
      }
      const scored = cheapestSplit(resolved.candidate, input)
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
  const [first, ...rest] = (policy.fallback ? ordered : ordered.slice(0, 1)).map(
    ({ entry, value }): PlannedAttempt => ({
      candidate: entry.candidate,
      total: entry.total,
      score: value,
      allIn: entry.score,
      estimate: entry.estimate,
    }),
  )
  if (!first) return { kind: 'none', policy, eliminated }
  return { kind: 'plan', policy, attempts: [first, ...rest], eliminated, warnings: first.candidate.warnings }
}

/** Offers that may cut out pictures of this request: named by the route, and held to everything but its choice of makers. */
function cuttersOf(input: PlanInput, facts: PlanFacts): readonly Offer[] {
  const { cutOut = [], filter: _filter, ...policy } = input.policy
  if (cutOut.length === 0 || !mayCutOut(input.request)) return []
  const { only: _only, order: _order, ...options } = input.options
  return cutOut.flatMap((name) =>
    input.snapshot.offers.filter(
      (offer) =>
        (offer.id === name || offer.model === name) &&
        offer.capabilities.operations.includes('remove_background') &&
        !offerProblem(offer, { ...input, options, policy: { ...policy, filter: { offers: [offer.id] } } }, facts),
    ),
  )
}

const resolve = (offer: Offer, request: ImageRequest, cutters: readonly Offer[], options: ResolveOptions): Resolved =>
  cutters.length === 0 || offer.capabilities.backgrounds.includes('transparent')
    ? resolveCandidate(offer, request, options)
    : resolveCutOut(offer, request, options, cutters)

/** The client's own order goes before the strategy's; within each name the strategy decides. */
function asked(ranked: readonly Ranked[], order: readonly string[] | undefined): readonly Ranked[] {
  if (!order) return ranked
  const positionOf = ({ entry }: Ranked): number => {
    const position = order.findIndex((name) => namesOf(entry).includes(name))
    return position === -1 ? order.length : position
  }
  return ranked.toSorted((a, b) => positionOf(a) - positionOf(b))
}

type Reason = { readonly reason: EliminationReason; readonly detail: string; readonly param?: string }

interface PlanFacts {
  readonly realOffers: boolean
  readonly acceptOpen: boolean
  /** ISO date. */
  readonly today: string
  /** Offers are named, and one of them at least answers promptly. */
  readonly namesPrompt: boolean
  /** Of the route and of the request together. */
  readonly required: FactRequirement | undefined
}

/** Cheaper lanes are served when there is room: in minutes (`flex`), or within a day (`batch`). */
const answersPromptly = ({ tier }: Offer): boolean => tier !== 'batch' && tier !== 'flex'

/** `publisher/name`, one with a trailing `*`, or an offer id. */
const meansOffer = (model: string, offer: Offer): boolean =>
  model === offer.model || model === offer.id || (model.endsWith('*') && offer.model.startsWith(model.slice(0, -1)))

/** Reasons that do not depend on the request's settings, cheapest checks first. */
function offerProblem(
  offer: Offer,
  { policy, snapshot, nowUs, options }: PlanInput,
  { realOffers, acceptOpen, namesPrompt, today, required }: PlanFacts,
): Reason | undefined {
  const { filter } = policy
  const named = filter?.offers?.includes(offer.id) ?? false
  if (filter?.offers && !named) return { reason: 'not_in_route', detail: 'not the model asked for' }
  if (filter?.models && !filter.models.some((model) => meansOffer(model, offer)))
    return { reason: 'not_in_route', detail: `route ${policy.route} does not list it` }
  const names = [offer.id, offer.model, offer.provider]
  if (options.only && !options.only.some((name) => names.includes(name)))
    return { reason: 'not_in_route', detail: 'not among those the request allows' }
  if (options.ignore?.some((name) => names.includes(name)))
    return { reason: 'not_in_route', detail: 'among those the request ignores' }
  if (filter?.providers && !filter.providers.includes(offer.provider))
    return { reason: 'not_in_route', detail: `route ${policy.route} does not use ${offer.provider}` }
  if (filter?.regions && !(offer.region !== undefined && filter.regions.includes(offer.region)))
    return { reason: 'not_in_route', detail: `not known to run in ${filter.regions.join(', ')}` }
  if (offer.sandbox && realOffers && !named)
    return { reason: 'sandbox', detail: 'sandbox offers are never chosen beside real ones' }
  if (isRetired(offer, today)) return { reason: 'retired', detail: `retired on ${offer.retiredAt}` }
  // The name of a model means its prompt offers, where it has any; a slow lane is named by its own id.
  const asksForLane = (named && !namesPrompt) || filter?.models?.includes(offer.id) === true
  if (!answersPromptly(offer) && !asksForLane && !policy.everyLane) {
    return { reason: 'lane', detail: 'it answers in its own time; name the offer, or list it in a route' }
  }
  if (offer.assumed && !named) return { reason: 'assumed', detail: 'its wire format is not confirmed; name it to use it' }
  const { allowedModels } = snapshot
  if (allowedModels && !allowedModels.some((model) => model === offer.model || model === offer.id || model === policy.route)) {
    return { reason: 'model_not_allowed', detail: 'the key does not allow it' }
  }
  const missing = required && factProblem(offer.facts, required)
  if (missing) return { reason: missing.fact, detail: missing.detail }
  const health = snapshot.health.get(offer.id)
  if (health && health.blockedUntilUs > nowUs) return { reason: 'unhealthy', detail: restingTexts[health.resting ?? 'asked'] }
  return health?.state === 'open' && !acceptOpen ? { reason: 'unhealthy', detail: 'its breaker is open' } : undefined
}

const restingTexts = {
  asked: 'it asked to be left alone for a while',
  rate: 'its configured rate is used up',
  concurrency: 'it has as many calls as it bears',
} as const

/**
 * A quality tier is a product of its own. A stated quality is the only one; where none is stated a route with a floor chooses
 * among all of them, and everything else takes the offer's own default.
 */
function qualitiesToTry(offer: Offer, { request, policy }: PlanInput): readonly (Quality | undefined)[] {
  const stated = policy.filter?.quality ?? request.quality
  if (stated) return [stated]
  const every = policy.floor !== undefined || policy.everyQuality === true
  return every && offer.capabilities.qualities.length > 0 ? offer.capabilities.qualities : [undefined]
}

/**
 * The known score of a candidate: its own, else that of its model at exactly this quality tier; undefined when nobody measured
 * it. A score is never carried from one tier to another, nor from a picture to its enlargement.
 */
export function qualityScoreOf(scores: Snapshot['quality'], candidate: Candidate): number | undefined {
  const { offer, settings } = candidate
  const product = settings.quality ? `${offer.model}@${settings.quality}` : offer.model
  return scores.get(candidateKey(candidate)) ?? scores.get(product + changedSuffix(candidate))
}

/** As many pictures in a call as it makes, or one in each where that is cheaper; what costs the same is one call. */
function cheapestSplit(candidate: Candidate, input: PlanInput): ScoredCandidate | Reason {
  const together = score(candidate, input)
  if (candidate.settings.n === 1 || !mayCostLessApart(input.prices, candidate.offer)) return together
  const apart = score({ ...candidate, settings: { ...candidate.settings, n: 1 } }, input)
  if ('reason' in apart) return together
  if ('reason' in together) return apart
  return apart.total.expectedNanoUsd < together.total.expectedNanoUsd ? apart : together
}

function score(candidate: Candidate, input: PlanInput): ScoredCandidate | Reason {
  const { policy, snapshot, options, hardBudget } = input
  const quality = qualityScoreOf(snapshot.quality, candidate)
  for (const floor of [policy.floor, options.floor]) {
    const problem = floor === undefined || candidate.offer.sandbox ? undefined : belowFloor(candidate, quality, floor, snapshot)
    if (problem) return problem
  }
  const total = requestTotal(candidate, input)
  if ('missing' in total) return { reason: 'unpriced', detail: `${total.reason} (${total.missing.join(', ')})` }
  const costProblem = overCost(total.maxNanoUsd, options.maxCostNanoUsd ?? policy.maxCostNanoUsd, hardBudget)
  if (costProblem) return costProblem
  const learned = estimate(
    ...experienceKeys(candidate, input.request, input.promptClass).map((key) => snapshot.experience?.get(key)),
  )
  const made = behind(learned, snapshot.ahead?.get(candidate.offer.provider) ?? 0)
  const [cutter] = candidate.cutOut ?? []
  const expected = cutter ? followedBy(made, cutEstimate(cutter, input)) : made
  const deadlineMs = options.deadlineMs ?? policy.deadlineMs
  const allIn = scoreOf({
    ...choosingPrice(candidate, total, input),
    estimate: expected,
    latenessNanoUsdPerSecond: policy.latenessNanoUsdPerSecond ?? 0n,
    ...(deadlineMs !== undefined && { deadlineMs }),
  })
  return { candidate, total, estimate: expected, score: allIn, ...(quality !== undefined && { qualityScore: quality }) }
}

/** Whether a candidate would be refused by a floor: rated below it, or not rated at all. */
export const isBelowFloor = (
  candidate: Candidate,
  floor: string,
  snapshot: Pick<Snapshot, 'quality' | 'qualityLevels'>,
): boolean => belowFloor(candidate, qualityScoreOf(snapshot.quality, candidate), floor, snapshot) !== undefined

/** A floor compares with the lower confidence bound of the candidate's own tier; what nobody rated is below every floor. */
function belowFloor(
  candidate: Candidate,
  quality: number | undefined,
  name: string,
  { qualityLevels, quality: scores }: Pick<Snapshot, 'quality' | 'qualityLevels'>,
): Reason | undefined {
  const floor = qualityLevels.get(name) ?? scores.get(name)
  const tier = candidate.settings.quality
  if (floor === undefined) return { reason: 'floor', detail: `the floor ${name} is not a known level or rated model` }
  if (quality === undefined) return { reason: 'floor', detail: `nobody has rated ${tier ?? 'it'}; the route asks for ${name}` }
  if (quality >= floor) return undefined
  return { reason: 'floor', detail: `rated ${quality} at ${tier ?? 'its only quality'}, below ${name} (${floor})` }
}

/** One call makes so many images; a request for more takes several, the last one perhaps smaller. */
function requestTotal(candidate: Candidate, input: PlanInput): RequestTotal | Unpriced {
  const made = madeTotal(candidate, input)
  return 'missing' in made ? made : withCutOut(made, candidate, input)
}

function madeTotal(candidate: Candidate, input: PlanInput): RequestTotal | Unpriced {
  const { request } = input
  const perCall = candidate.settings.n
  const full = Math.floor(request.n / perCall)
  const rest = request.n % perCall
  const whole = priceCall(candidate, perCall, input)
  if (whole.kind === 'unpriced') return whole
  const last = rest === 0 ? undefined : priceCall(candidate, rest, input)
  if (last?.kind === 'unpriced') return last
  const sum = (one: bigint, other: bigint | undefined): bigint => one * BigInt(full) + (other ?? 0n)
  const unbounded = whole.maxNanoUsd === null || last?.maxNanoUsd === null
  const paidAhead = whole.marginalNanoUsd !== undefined || last?.marginalNanoUsd !== undefined
  return {
    calls: full + (last ? 1 : 0),
    minNanoUsd: sum(whole.minNanoUsd, last?.minNanoUsd),
    expectedNanoUsd: sum(whole.expectedNanoUsd, last?.expectedNanoUsd),
    maxNanoUsd: unbounded ? null : sum(whole.maxNanoUsd ?? 0n, last?.maxNanoUsd ?? 0n),
    ...(paidAhead && { marginalNanoUsd: sum(marginalOf(whole), last && marginalOf(last)) }),
  }
}

const cutEstimate = (cutter: Candidate, { request, promptClass, snapshot }: PlanInput) =>
  estimate(
    ...experienceKeys(cutter, { ...request, operation: 'remove_background' }, promptClass).map((key) =>
      snapshot.experience?.get(key),
    ),
  )

/** Of cutting every picture out: by the first choice, and at most by the dearest of those that may have to. */
function withCutOut(total: RequestTotal, { cutOut }: Candidate, input: PlanInput): RequestTotal | Unpriced {
  if (!cutOut) return total
  const images = BigInt(input.request.n)
  let most: bigint | null = 0n
  let first: QuoteTotals | undefined
  for (const cutter of cutOut) {
    const quote = priceCall(cutter, 1, cutOutInput(cutter, input))
    if (quote.kind === 'unpriced') return quote
    first ??= quote
    most = most === null || quote.maxNanoUsd === null ? null : quote.maxNanoUsd > most ? quote.maxNanoUsd : most
  }
  if (!first) return total
  const { marginalNanoUsd, maxNanoUsd } = total
  const isPaidAhead = marginalNanoUsd !== undefined || first.marginalNanoUsd !== undefined
  return {
    ...total,
    minNanoUsd: total.minNanoUsd + first.minNanoUsd * images,
    expectedNanoUsd: total.expectedNanoUsd + first.expectedNanoUsd * images,
    maxNanoUsd: maxNanoUsd === null || most === null ? null : maxNanoUsd + most * images,
    ...(isPaidAhead && { marginalNanoUsd: (marginalNanoUsd ?? total.expectedNanoUsd) + marginalOf(first) * images }),
  }
}

function cutOutInput({ settings: { size } }: Candidate, input: PlanInput): PlanInput {
  const image = { role: 'image', sha256: '', bytes: 0, mediaType: 'image/png', ...size } as const
  return { ...input, request: cutOutRequest(input.request, image) }
}

/** What the call is compared by: the month's plan where it has a price, else what the call would cost now. */
function choosingPrice(
  candidate: Candidate,
  total: RequestTotal,
  input: PlanInput,
): { readonly priceNanoUsd: bigint; readonly shadowNanoUsd?: bigint } {
  const { volumes, lots, planned, ...snapshot } = input.snapshot
  const price = planned?.get(candidate.offer.id)
  if (!price) return { priceNanoUsd: total.marginalNanoUsd ?? total.expectedNanoUsd }
  const list = volumes || lots ? requestTotal(candidate, { ...input, snapshot }) : total
  const listNanoUsd = 'missing' in list ? total.expectedNanoUsd : list.expectedNanoUsd
  const priceNanoUsd = BigInt(Math.round(Number(listNanoUsd) * price.factor))
  return { priceNanoUsd, shadowNanoUsd: BigInt(Math.round(Number(priceNanoUsd) * price.shadowShare)) }
}

const marginalOf = ({ expectedNanoUsd, marginalNanoUsd = expectedNanoUsd }: QuoteTotals): bigint => marginalNanoUsd

function priceCall(
  candidate: Candidate,
  n: number,
  { request, prices, promptComplexity, nowUs, snapshot }: PlanInput,
): QuoteTotals | Unpriced {
  const call = n === candidate.settings.n ? candidate : { ...candidate, settings: { ...candidate.settings, n } }
  const lots = snapshot.lots?.get(candidate.offer.id)
  const volumes = snapshot.volumes && volumesOf(prices, candidate.offer, snapshot.volumes)
  return quoteTotals(prices, { candidate: call, request, promptComplexity, atUs: nowUs, ...volumes, ...(lots && { lots }) })
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
