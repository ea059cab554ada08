/**
 * What stands for every request of one kind as long as the offers and their prices do: which offers the route and the key allow, what each of them would
 * be asked for, and why others cannot serve. What changes from request to request (health, prices by volume, experience) is left to `plan`.
 */
import type { Candidate, Offer, OfferId } from '../offer.ts'
import { candidateKey, changedSuffix } from '../offer.ts'
import { type FactRequirement, factProblem } from '../offer-facts.ts'
import type { CompiledPrices } from '../pricing/compiled.ts'
import { mayCostLessApart } from '../pricing/rules.ts'
import type { ImageRequest, Quality, RequestOptions } from '../request.ts'
import { type Resolved, type ResolveOptions, resolveCandidate } from './candidate.ts'
import { resolveCutOut } from './cut-out.ts'
import { resolveEnlarged } from './enlarge.ts'
import { type Call, callOf } from './request-total.ts'
import { isRetired } from './resolve.ts'
import { type Kept, nothingKept } from './scored.ts'
import type { Elimination, Policy, Reason } from './types.ts'

/** All of a policy that decides what stands. */
export type StandingPolicy = Pick<Policy, 'route' | 'filter' | 'floor' | 'everyLane' | 'everyQuality' | 'viaAlias' | 'enlarge'>
/** All of a request's options that do. */
export type StandingOptions = Pick<
  RequestOptions,
  'floor' | 'only' | 'ignore' | 'allowUnsupported' | 'fit' | 'upscale' | 'convert'
>

export interface StandingInput {
  readonly offers: readonly Offer[]
  readonly prices: CompiledPrices
  readonly request: ImageRequest
  readonly policy: StandingPolicy
  readonly options: StandingOptions
  readonly allowedModels: readonly string[] | undefined
  /** Of the route and of the request together. */
  readonly required: FactRequirement | undefined
  /** ISO date. */
  readonly today: string
}

/** What a route sees of an offer: that it is out of the question or cannot serve, or what it would be asked for, at each quality. */
export interface Standing {
  readonly offerId: OfferId
  /** It is out of the question, healthy or not. */
  readonly isOut: boolean
  readonly elimination: Elimination | undefined
  /** Index of the slot; -1: it has none. */
  readonly together: number
  /** Of the same, one picture to a call, where that may cost less; else -1. */
  readonly apart: number
}

/** A candidate with everything that does not change, and what was last made of it. */
export interface Slot {
  /** Among all slots of its kind of request. */
  readonly index: number
  readonly offerId: OfferId
  readonly candidate: Candidate
  /** Of `Snapshot.quality`: its own, and that of its model at this quality. */
  readonly qualityKeys: readonly [own: string, model: string]
  /** The calls that the whole request takes: so many full ones, and one for the rest. */
  readonly full: Call
  readonly fullCalls: number
  readonly rest: Call | undefined
  readonly kept: Kept
}

export interface PlanFacts extends Pick<StandingInput, 'policy' | 'options' | 'allowedModels' | 'required' | 'today'> {
  readonly realOffers: boolean
  /** Offers are named, and one of them at least answers promptly. */
  readonly namesPrompt: boolean
}

export const planFacts = (offers: readonly Offer[], input: Omit<PlanFacts, 'realOffers' | 'namesPrompt'>): PlanFacts => ({
  ...input,
  realOffers: offers.some((offer) => !offer.sandbox),
  namesPrompt: offers.some((offer) => answersPromptly(offer) && input.policy.filter?.offers?.includes(offer.id)),
})

/** Offers that may change pictures after they were made; they are held to everything but the route's choice of makers. */
export interface Helpers {
  readonly cutters: readonly Offer[]
  readonly upscalers: readonly Offer[]
}

export interface Stands {
  /** In the order of the offers, and made one after the other: every decision looks at all of them. */
  readonly standings: readonly Standing[]
  /** Of all standings. */
  readonly slots: readonly Slot[]
}

export function standingsOf(input: StandingInput, helpers: Helpers): Stands {
  const facts = planFacts(input.offers, input)
  const slots: Slot[] = []
  const found = input.offers.flatMap((offer): readonly (Choice & Pick<Standing, 'offerId' | 'isOut'>)[] => {
    const reason = standingProblem(offer, facts)
    if (reason) return [{ offerId: offer.id, isOut: true, ...noChoice({ offer: offer.id, ...reason }) }]
    const candidates = qualitiesToTry(offer, input).flatMap((quality) => candidatesOf(offer, quality, input, helpers))
    return candidates.map((each) => ({
      offerId: offer.id,
      isOut: false,
      ...('elimination' in each ? noChoice(each.elimination) : choiceOf(each.candidate, input, slots)),
    }))
  })
  // Once more, side by side.
  const standings = found.map(({ offerId, isOut, elimination, together, apart }) => ({
    offerId,
    isOut,
    elimination,
    together,
    apart,
  }))
  return { standings, slots }
}

/** Of a standing. */
type Choice = Pick<Standing, 'elimination' | 'together' | 'apart'>

const noChoice = (elimination: Elimination): Choice => ({ elimination, together: -1, apart: -1 })

/** As the offer makes it, and smaller and enlarged by another where that is a way. */
function candidatesOf(
  offer: Offer,
  quality: Quality | undefined,
  input: StandingInput,
  { cutters, upscalers }: Helpers,
): readonly Resolved[] {
  const { request, policy } = input
  const options: ResolveOptions = {
    ...input.options,
    allowUnsupported: input.options.allowUnsupported || policy.viaAlias === true,
    ...(quality !== undefined && { quality }),
  }
  const straight = resolve(offer, request, cutters, options)
  const enlarged = upscalers.length === 0 ? undefined : resolveEnlarged(offer, request, options, upscalers)
  if (!enlarged) return [straight]
  return 'elimination' in straight ? [{ candidate: enlarged }] : [straight, { candidate: enlarged }]
}

/** Its slots are added to `slots`. */
function choiceOf(candidate: Candidate, input: StandingInput, slots: Slot[]): Choice {
  const add = (each: Candidate): number => slots.push(slotOf(each, slots.length, input)) - 1
  const together = add(candidate)
  const isOneCall = candidate.settings.n === 1 || !mayCostLessApart(input.prices, candidate.offer)
  const apart = isOneCall ? -1 : add({ ...candidate, settings: { ...candidate.settings, n: 1 } })
  return { elimination: undefined, together, apart }
}

const resolve = (offer: Offer, request: ImageRequest, cutters: readonly Offer[], options: ResolveOptions): Resolved =>
  cutters.length === 0 || offer.capabilities.backgrounds.includes('transparent')
    ? resolveCandidate(offer, request, options)
    : resolveCutOut(offer, request, options, cutters)

function slotOf(candidate: Candidate, index: number, { request, prices }: StandingInput): Slot {
  const { n } = candidate.settings
  const left = request.n % n
  return {
    index,
    offerId: candidate.offer.id,
    candidate,
    qualityKeys: qualityKeysOf(candidate),
    full: callOf(candidate, n, prices),
    fullCalls: Math.floor(request.n / n),
    rest: left === 0 ? undefined : callOf(candidate, left, prices),
    kept: nothingKept(),
  }
}

/** The names of a score: the candidate's own, and its model's at exactly this quality tier. */
export function qualityKeysOf(candidate: Candidate): readonly [own: string, model: string] {
  const { offer, settings } = candidate
  const product = settings.quality ? `${offer.model}@${settings.quality}` : offer.model
  return [candidateKey(candidate), product + changedSuffix(candidate)]
}

/** Cheaper lanes are served when there is room: in minutes (`flex`), or within a day (`batch`). */
const answersPromptly = ({ tier }: Offer): boolean => tier !== 'batch' && tier !== 'flex'

/** `publisher/name`, one with a trailing `*`, or an offer id. */
const meansOffer = (model: string, offer: Offer): boolean =>
  model === offer.model || model === offer.id || (model.endsWith('*') && offer.model.startsWith(model.slice(0, -1)))

/** Reasons that depend neither on the request's settings nor on the moment, cheapest checks first. */
export function standingProblem(
  offer: Offer,
  { policy, options, allowedModels, required, today, realOffers, namesPrompt }: PlanFacts,
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
  if (allowedModels && !allowedModels.some((model) => model === offer.model || model === offer.id || model === policy.route)) {
    return { reason: 'model_not_allowed', detail: 'the key does not allow it' }
  }
  const missing = required && factProblem(offer.facts, required)
  return missing && { reason: missing.fact, detail: missing.detail }
}

/**
 * A quality tier is a product of its own. A stated quality is the only one; where none is stated a route with a floor chooses
 * among all of them, and everything else takes the offer's own default.
 */
function qualitiesToTry(offer: Offer, { request, policy }: StandingInput): readonly (Quality | undefined)[] {
  const stated = policy.filter?.quality ?? request.quality
  if (stated) return [stated]
  const every = policy.floor !== undefined || policy.everyQuality === true
  return every && offer.capabilities.qualities.length > 0 ? offer.capabilities.qualities : [undefined]
}
