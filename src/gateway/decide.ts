/** From the state of this moment to core's plan. */

import type { OfferId } from '../core/offer.ts'
import type { PromptClass } from '../core/prompt/features.ts'
import {
  type Experience,
  type OfferHealth,
  type Plan,
  type PlanInput,
  type Policy,
  plan,
  resolveModel,
} from '../core/routing/index.ts'
import type { ExecuteInput } from './execution.ts'
import type { GatewayState } from './state.ts'

export interface DecideInput {
  readonly input: Pick<ExecuteInput, 'request' | 'options' | 'caller'>
  readonly state: GatewayState
  readonly health: ReadonlyMap<OfferId, OfferHealth>
  readonly policy: Policy
  readonly experience: ReadonlyMap<string, Experience>
  /** 0 to 1, from the prompt features. */
  readonly promptComplexity: number
  readonly promptClass: PromptClass
  /** 0 to 1, drawn once per request. */
  readonly random: number
  readonly nowUs: number
  readonly hardBudget: boolean
}

export const decide = (input: DecideInput): Plan => plan(planInputOf(input))

/** What core's plan works from. */
export function planInputOf({
  input,
  state,
  health,
  experience,
  policy,
  promptComplexity,
  promptClass,
  random,
  nowUs,
  hardBudget,
}: DecideInput): PlanInput {
  const { allowedModels } = input.caller
  return {
    request: input.request,
    options: input.options,
    policy,
    snapshot: {
      offers: state.offers,
      health,
      experience,
      quality: state.quality,
      qualityLevels: state.qualityLevels,
      ...(allowedModels && { allowedModels }),
    },
    prices: state.prices,
    promptComplexity,
    promptClass,
    random,
    nowUs,
    hardBudget,
  }
}

/** What the `model` of a request stands for. Throws `model_not_found`, `model_retired` or `model_ambiguous`. */
export const policyOf = (model: string, state: GatewayState, nowUs: number): Policy =>
  resolveModel(model, {
    offers: state.offers,
    routes: state.routes,
    aliases: state.aliases,
    direct: state.direct,
    today: new Date(nowUs / 1_000).toISOString().slice(0, 10),
  })

/** The same policy over every offer and quality, without floor: for quotes that show what else there is. */
export function everything({ filter, floor: _floor, ...policy }: Policy): Policy {
  return { ...policy, ...(filter?.quality && { filter: { quality: filter.quality } }), everyQuality: true, fallback: true }
}
