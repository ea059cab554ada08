/** The decision: which candidates may serve a request, in which order. Pure. */
import type { Offer, OfferId } from '../offer.ts'
import { bothRequired } from '../offer-facts.ts'
import type { CompiledPrices } from '../pricing/compiled.ts'
import type { PromptClass } from '../prompt/features.ts'
import type { ImageRequest, Operation, RequestOptions } from '../request.ts'
import { bidsOf } from './bids.ts'
import { mayCutOut } from './cut-out.ts'
import { mayEnlarge } from './enlarge.ts'
import { kindFrom, newKind, type PlanMemo, type RequestKind, sheetOf, termsOf } from './plan-memo.ts'
import type { Bid } from './scored.ts'
import { cheapestSplit, keptEntry, newEntry, type Scoring, scoringOf } from './scoring.ts'
import { planFacts, type Slot, type StandingInput, standingProblem } from './standing.ts'
import { strategies } from './strategies/index.ts'
import { defaultWeights, namesOf, type Ranked, type ScoredCandidate } from './strategies/strategy.ts'
import type { Elimination, OfferHealth, Plan, PlannedAttempt, Policy, Reason, Snapshot } from './types.ts'

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
  const named = (names: readonly string[], operation: Operation) => helpersOf(names, operation, input, asked, acceptOpen)
  const helpers = {
    cutters: policy.cutOut && mayCutOut(request) ? named(policy.cutOut, 'remove_background') : [],
    upscalers: policy.enlarge && mayEnlarge(request) ? named(policy.enlarge.by, 'upscale') : [],
  }
  return memo ? kindFrom(memo, asked, helpers, snapshot.experience) : newKind(asked, helpers)
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
    !healthProblem(input.snapshot.health.get(offer.id), input, acceptOpen)
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
  const sheet = sheetOf(kind, input.promptClass ?? 'other', input)
  const bids = bidsOf(kind, input, terms)
  const unhealthy = unhealthyOffers(input, acceptOpen)
  const { eligible, allInNanoUsd, eliminated } = weigh(kind, bids, scoringOf(input, terms, sheet), unhealthy)
  const ranked = strategies[policy.objective](eligible, {
    allInNanoUsd,
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

interface Weighed {
  readonly eligible: readonly ScoredCandidate[]
  /** Of each of them. */
  readonly allInNanoUsd: readonly number[]
  readonly eliminated: readonly Elimination[]
}

/** Who may serve, by its score, and why the others may not; both in the order of the offers. */
function weigh(
  { standings, slots }: RequestKind,
  bids: readonly (Bid | Reason)[],
  scoring: Scoring,
  unhealthy: ReadonlyMap<OfferId, Reason>,
): Weighed {
  const eliminated: Elimination[] = []
  const eligible: ScoredCandidate[] = []
  const allInNanoUsd: number[] = []
  let said: OfferId | undefined
  for (const standing of standings) {
    const { offerId, elimination } = standing
    const reason = standing.isOut || unhealthy.size === 0 ? undefined : unhealthy.get(offerId)
    if (reason) {
      // Once, however many qualities it has.
      if (said !== offerId) eliminated.push({ offer: offerId, ...reason })
      said = offerId
      continue
    }
    if (elimination) {
      eliminated.push(elimination)
      continue
    }
    const index = cheapestSplit(standing, bids)
    // Every slot has a bid.
    const bid = bids[index] as Bid | Reason
    const kept = keptEntry(index, bid, scoring)
    if (!kept && 'reason' in bid) {
      eliminated.push({ offer: offerId, ...bid })
      continue
    }
    // What has a kept entry has made a bid, and no slot is missing.
    eligible.push(kept ?? newEntry(slots[index] as Slot, bid as Bid, scoring))
    allInNanoUsd.push(scoring.sheet.allInNanoUsd[index] ?? 0)
  }
  return { eligible, allInNanoUsd, eliminated }
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

function unhealthyOffers(input: PlanInput, acceptOpen: boolean): ReadonlyMap<OfferId, Reason> {
  const found = new Map<OfferId, Reason>()
  for (const [id, health] of input.snapshot.health) {
    const problem = healthProblem(health, input, acceptOpen)
    if (problem) found.set(id, problem)
  }
  return found
}

function healthProblem(health: OfferHealth | undefined, { nowUs }: PlanInput, acceptOpen: boolean): Reason | undefined {
  if (!health) return undefined
  if (health.blockedUntilUs > nowUs) return { reason: 'unhealthy', detail: restingTexts[health.resting ?? 'asked'] }
  return health.state === 'open' && !acceptOpen ? { reason: 'unhealthy', detail: 'its breaker is open' } : undefined
}

const restingTexts = {
  asked: 'it asked to be left alone for a while',
  rate: 'its configured rate is used up',
  concurrency: 'it has as many calls as it bears',
} as const
