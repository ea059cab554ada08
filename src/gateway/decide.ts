/** From the state of this moment to core's plan. */
import { HalftoneError } from '../core/error.ts'
import { candidateKey, type OfferId } from '../core/offer.ts'
import { bothRequired } from '../core/offer-facts.ts'
import { gateFeaturesOf, withEasyFloor } from '../core/planning/easy-floor.ts'
import type { PromptFeatures } from '../core/prompt/features.ts'
import type { Quality } from '../core/request.ts'
import {
  type ExperienceView,
  type OfferHealth,
  type Plan,
  type PlanInput,
  type PlanMemo,
  type Policy,
  plan,
  resolveModel,
} from '../core/routing/index.ts'
import type { ExecuteInput } from './execution.ts'
import type { MonthPlanView } from './month-plan.ts'
import type { Purchases } from './purchases.ts'
import type { QualityView } from './quality-feed.ts'
import type { GatewayState } from './state.ts'

export interface DecideInput {
  readonly input: Pick<ExecuteInput, 'request' | 'options' | 'caller'>
  readonly state: GatewayState
  readonly health: ReadonlyMap<OfferId, OfferHealth>
  readonly policy: Policy
  readonly experience: ExperienceView
  readonly quality: QualityView
  readonly features: PromptFeatures
  /** 0 to 1, drawn once per request. */
  readonly random: number
  /** 0 to 1, out of the request's id: it decides where only a part of its kind may use the lower floor. */
  readonly draw: number
  /** What was said about pictures is left aside: what is there already has to be matched. */
  readonly keepsLook?: boolean
  readonly nowUs: number
  readonly hardBudget: boolean
  readonly purchases: Pick<Purchases, 'view' | 'inputsFor'>
  /** The plan of the month, where there is one. */
  readonly monthPlan?: MonthPlanView
  readonly memo?: PlanMemo
}

/** The plan of the model asked for, and behind it those of the models the client falls back to. */
export function decide(input: DecideInput): Plan {
  const { fallbackModels = [] } = input.input.options
  const first = plan(planInputOf(input))
  return fallbackModels.reduce((before, model) => {
    const policy = requiring(policyOf(model, input.state, input.nowUs), input.policy)
    return append(before, plan(planInputOf({ ...input, policy })))
  }, first)
}

/** What the first choice requires holds for what is fallen back to. */
function requiring(policy: Policy, { require: first }: Policy): Policy {
  const both = bothRequired(first, policy.require)
  return both ? { ...policy, require: both } : policy
}

/** Under one policy, without the models that the client falls back to. */
export const planAlone = (input: DecideInput): Plan => plan(planInputOf(input))

/** What the request would have cost under the policy that savings are measured against. */
export interface Baseline {
  readonly name: string
  readonly offer: OfferId
  readonly quality?: Quality
  readonly expectedNanoUsd: bigint
}

/**
 * The route's baseline for this request, at the prices of this moment; undefined when the route declares none, or when the baseline
 * could not have served the request. Its price is its quote: failures that it might have had are not counted as savings.
 */
export function baselineOf(input: DecideInput): Baseline | undefined {
  const { baseline } = input.policy
  if (baseline === undefined) return undefined
  const options = { allowUnsupported: true, bodyMetadata: true }
  const policy = policyOfBaseline(baseline, input)
  if (!policy) return undefined
  const decided = plan(planInputOf({ ...input, policy, hardBudget: false, input: { ...input.input, options } }))
  if (decided.kind === 'none') return undefined
  const [{ candidate, total }] = decided.attempts
  return {
    name: baseline,
    offer: candidate.offer.id,
    ...(candidate.settings.quality && { quality: candidate.settings.quality }),
    expectedNanoUsd: total.expectedNanoUsd,
  }
}

/** A model that was retired since, or is configured no more, only ends the comparison: requests have nothing to do with it. */
function policyOfBaseline(baseline: string, { state, nowUs }: DecideInput): Policy | undefined {
  try {
    return policyOf(baseline, state, nowUs)
  } catch (error) {
    if (error instanceof HalftoneError) return undefined
    throw error
  }
}

function append(before: Plan, after: Plan): Plan {
  if (after.kind === 'none') return before
  // What the first choice could not do is still worth telling; the policy that serves is the one that decides on retries.
  if (before.kind === 'none') return { ...after, eliminated: [...before.eliminated, ...after.eliminated] }
  const known = new Set(before.attempts.map(({ candidate }) => candidateKey(candidate)))
  const more = after.attempts.filter(({ candidate }) => !known.has(candidateKey(candidate)))
  const [best, ...rest] = before.attempts
  return { ...before, policy: { ...before.policy, fallback: true }, attempts: [best, ...rest, ...more] }
}

/** Only of servers where something is ahead. */
function aheadOf({ providers }: Pick<GatewayState, 'providers'>): ReadonlyMap<string, number> {
  const jobs = new Map<string, number>()
  for (const [name, provider] of providers) {
    const ahead = provider.ahead?.() ?? 0
    if (ahead > 0) jobs.set(name, ahead)
  }
  return jobs
}

/** What core's plan works from. */
export function planInputOf({
  input,
  state,
  health,
  experience,
  policy,
  quality,
  features,
  random,
  draw,
  keepsLook,
  nowUs,
  hardBudget,
  purchases,
  monthPlan,
  memo,
}: DecideInput): PlanInput {
  const { request, options, caller } = input
  const { allowedModels } = caller
  const corrections = keepsLook ? undefined : quality.correctionsFor(caller.projectId)
  const gate = quality.gateOf(policy.route)
  return {
    request,
    options,
    policy: withEasyFloor(policy, { request, options, features: gateFeaturesOf(features), gate, draw }),
    snapshot: {
      offers: state.offers,
      health,
      experience,
      quality: state.quality,
      qualityLevels: state.qualityLevels,
      ...(corrections && { corrections }),
      ahead: aheadOf(state),
      ...(allowedModels && { allowedModels }),
      ...purchases.view(),
      ...(monthPlan && { planned: monthPlan.prices }),
    },
    prices: state.prices,
    promptComplexity: features.complexity,
    promptClass: features.promptClass,
    random,
    nowUs,
    hardBudget,
    ...(memo && { memo }),
  }
}

/** What the `model` of a request stands for. Throws `model_not_found`, `model_retired` or `model_ambiguous`. */
export const policyOf = (model: string, state: GatewayState, nowUs: number): Policy =>
  resolveModel(model, {
    offers: state.offers,
    routes: state.routes,
    brokenRoutes: state.brokenRoutes,
    aliases: state.aliases,
    direct: state.direct,
    today: new Date(nowUs / 1_000).toISOString().slice(0, 10),
  })

/** The same policy over every offer and quality, without floor: for quotes that show what else there is. */
export function everything({ filter, floor: _floor, easyFloor: _easyFloor, ...policy }: Policy): Policy {
  return { ...policy, ...(filter?.quality && { filter: { quality: filter.quality } }), everyQuality: true, fallback: true }
}
