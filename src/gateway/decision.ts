/** The stored decision, and the error when no offer can serve. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import { boughtStepOf, type Candidate, describeFinishing, type OfferId } from '../core/offer.ts'
import { formatSize } from '../core/request.ts'
import type { Elimination, OfferHealth, Plan, Score } from '../core/routing/index.ts'
import type { Baseline } from './decide.ts'
import { correctionToJson } from './floor.ts'
import type { MonthPlanView } from './month-plan.ts'
import type { Corrections } from './quality-feed.ts'
import type { GatewayState } from './state.ts'

const KEPT_CANDIDATES = 5
const KEPT_ELIMINATIONS = 12

/** What it was decided on, besides the state. */
export interface DecisionBasis {
  readonly baseline?: Baseline
  readonly monthPlan?: MonthPlanView
  /** What was said about pictures and stands against products. */
  readonly corrections?: Corrections
  /** What was learned up to then: node, its start, and how much it had learned since. */
  readonly experience: string
}

/** Bounded, whatever the number of offers: top candidates, counts by reason, some eliminations by name. */
export function decisionToJson(
  decision: Extract<Plan, { kind: 'plan' }>,
  state: GatewayState,
  { baseline, monthPlan, corrections, experience }: DecisionBasis,
): JsonObject {
  // Plans of a month that no candidate's price depends on have nothing to explain.
  const planned = decision.attempts.some(({ candidate }) => monthPlan?.prices.has(candidate.offer.id)) ? monthPlan : undefined
  return {
    route: decision.policy.route,
    objective: decision.policy.objective,
    priceBook: state.prices.hash,
    snapshot: { config: state.configId, ...routeVersionOf(decision.policy.route, state), experience },
    ...(planned && { monthPlan: planned.id }),
    candidates: decision.attempts.slice(0, KEPT_CANDIDATES).map(({ candidate, total, score, allIn }) => ({
      offer: candidate.offer.id,
      size: formatSize(candidate.settings.size),
      quality: candidate.settings.quality ?? null,
      ...((candidate.finishing || boughtStepOf(candidate)) && { finishing: describeFinishing(candidate) }),
      expectedUsd: formatUsd(total.expectedNanoUsd),
      maxUsd: total.maxNanoUsd === null ? null : formatUsd(total.maxNanoUsd),
      score,
      // What it was compared by, where the plan of the month says so; `expectedUsd` is what is charged.
      ...(allIn && planned?.prices.has(candidate.offer.id) && { plannedUsd: roundedUsd(allIn.priceNanoUsd) }),
      ...(allIn && scoreToJson(allIn)),
      ...(corrections && feedbackPart(candidate, corrections)),
    })),
    ...(baseline && {
      baseline: {
        name: baseline.name,
        offer: baseline.offer,
        quality: baseline.quality ?? null,
        expectedUsd: formatUsd(baseline.expectedNanoUsd),
      },
    }),
    eliminatedCounts: countReasons(decision.eliminated),
    eliminated: decision.eliminated
      .filter(isTelling)
      .slice(0, KEPT_ELIMINATIONS)
      .map(({ offer, reason, detail, param }) => ({ offer, reason, detail, param: param ?? null })),
  }
}

const feedbackPart = (candidate: Candidate, corrections: Corrections): JsonObject => {
  const feedback = correctionToJson(candidate, corrections)
  return feedback ? { feedback } : {}
}

/** Who defined the route, and its version where routes have one; nothing for a model that was named. */
function routeVersionOf(route: string, { routeEntries }: GatewayState): JsonObject {
  const entry = routeEntries.get(route)
  return entry ? { managedBy: entry.managedBy, ...(entry.stored && { routeVersion: entry.stored.version }) } : {}
}

/** The parts of the all-in cost, rounded to what a reader can use; zero parts are left out. */
function scoreToJson({ success, observations, inVainNanoUsd, latenessNanoUsd, shadowNanoUsd, missChance }: Score): JsonObject {
  return {
    success: Number(success.toFixed(4)),
    observations: Number(observations.toFixed(1)),
    ...(inVainNanoUsd > 0 && { inVainUsd: roundedUsd(inVainNanoUsd) }),
    ...(latenessNanoUsd > 0 && { latenessUsd: roundedUsd(latenessNanoUsd) }),
    ...(shadowNanoUsd !== 0 && { shadowUsd: roundedUsd(shadowNanoUsd) }),
    ...(missChance > 0 && { missChance: Number(missChance.toFixed(4)) }),
  }
}

const roundedUsd = (nano: number): number => Number((nano / 1e9).toPrecision(4))

/** "Not in the route" says nothing a reader does not know. */
const isTelling = ({ reason }: Elimination): boolean => reason !== 'not_in_route'

/** That a lane answers in its own time is worth telling where nothing else stands in the way: who names a model means what answers promptly. */
function withoutSlowLanes(eliminated: readonly Elimination[]): readonly Elimination[] {
  const prompt = eliminated.filter(({ reason }) => reason !== 'lane')
  return prompt.length > 0 ? prompt : eliminated
}

function countReasons(eliminated: readonly Elimination[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { reason } of eliminated) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

/** The most useful error for a plan with no candidate: one reason when all agree, else the counts. */
export function nothingEligible(
  decision: Extract<Plan, { kind: 'none' }>,
  state: GatewayState,
  nowUs: number,
  health: ReadonlyMap<OfferId, OfferHealth>,
): HalftoneError {
  const telling = withoutSlowLanes(decision.eliminated.filter(isTelling))
  const reasons = new Set(telling.map(({ reason }) => reason))
  const [first] = telling
  if (!first) {
    return new HalftoneError(
      'no_eligible_offer',
      state.offers.length === 0 ? 'No provider is configured.' : `No offer matches ${decision.policy.route}.`,
      { param: 'model' },
    )
  }
  const detail = telling
    .slice(0, 3)
    .map((entry) => `${entry.offer}: ${entry.detail}`)
    .join('; ')
  if (reasons.size > 1) {
    const counts = Object.entries(countReasons(telling))
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', ')
    return new HalftoneError('no_eligible_offer', `No offer can serve this request (${counts}). ${detail}.`, {
      param: first.param ?? 'model',
    })
  }
  switch (first.reason) {
    case 'unhealthy': {
      const until = Math.min(...telling.map(({ offer }) => health.get(offer)?.blockedUntilUs ?? 0).filter((time) => time > nowUs))
      const retryAfterMs = Number.isFinite(until) ? Math.ceil((until - nowUs) / 1_000) : 10_000
      return new HalftoneError('provider_rate_limited', `Every offer is resting: ${detail}.`, { retryAfterMs })
    }
    case 'model_not_allowed':
      return new HalftoneError('model_not_allowed', 'This key may not use the model.', { param: 'model' })
    case 'unpriced':
      return new HalftoneError('unpriced', `${detail}. Set a price under providers.<name>.prices.`, { param: 'model' })
    case 'unbounded_cost':
      return new HalftoneError('unbounded_cost', `${detail}.`, { param: 'model' })
    case 'max_cost':
      return new HalftoneError('cost_limit_exceeded', `${detail}, above the max cost.`, { param: 'max_cost_usd' })
    case 'region':
    case 'retention':
    case 'training':
    case 'licence':
    case 'watermark':
      return new HalftoneError('no_eligible_offer', `No offer is known to be as required. ${detail}.`, {
        param: 'halftone.require',
      })
    case 'operation':
      return new HalftoneError('unsupported_parameter', `${detail}.`, { param: 'model' })
    default:
      return new HalftoneError(first.param ? 'unsupported_parameter' : 'no_eligible_offer', `${detail}.`, {
        param: first.param ?? 'model',
      })
  }
}
