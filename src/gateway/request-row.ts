/** The ledger's row of a request, as it is inserted with its first attempt. */
import { createHmac } from 'node:crypto'
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import type { PromptFeatures } from '../core/prompt/features.ts'
import { gapRank } from '../core/prompt/gap.ts'
import { gapWeights } from '../core/prompt/gap-weights.ts'
import { sizeClassOf } from '../core/request.ts'
import type { Explored } from '../core/routing/index.ts'
import type { NewRequest } from '../ports/ledger.ts'
import { inputAssets } from './assets.ts'
import type { Baseline } from './decide.ts'
import { decisionToJson } from './decision.ts'
import type { ExecuteInput } from './execution.ts'
import { exploredToJson } from './explorer.ts'
import { type Consistency, consistencyToJson } from './groups.ts'
import type { MonthPlanView } from './month-plan.ts'
import type { QuotePin } from './quote-pin.ts'
import type { UsablePlan } from './result.ts'
import type { GatewayState } from './state.ts'

const DAY_US = 86_400_000_000

export interface TrialRow {
  /** What its route is called in records. */
  readonly route: string
  readonly observation: JsonObject
}

export interface RequestRowInput {
  readonly id: string
  readonly nowUs: number
  readonly input: ExecuteInput
  /** Of the request, the key and the project. */
  readonly tags: Readonly<Record<string, string>>
  readonly fingerprint: string
  readonly features: PromptFeatures
  readonly baseline?: Baseline
  readonly monthPlan?: MonthPlanView
  /** Names what was learned up to then. */
  readonly experience: string
  readonly decision: UsablePlan
  readonly state: GatewayState
  readonly promptHmacKey: Uint8Array
  /** The quote it is held to. */
  readonly pin?: QuotePin
  /** It tries what little is known of. */
  readonly explored?: Explored
  /** Of a route on trial. */
  readonly trial?: TrialRow
  /** What it has to look like. */
  readonly consistency?: Consistency
}

export function requestRow({
  id,
  nowUs,
  input,
  tags,
  fingerprint,
  features,
  baseline,
  monthPlan,
  experience,
  decision,
  state,
  promptHmacKey,
  pin,
  consistency,
  explored,
  trial,
}: RequestRowInput): NewRequest {
  const { request, caller } = input
  const [{ candidate: first }] = decision.attempts
  return {
    id,
    createdUs: nowUs,
    keyId: caller.keyId,
    projectId: caller.projectId,
    operation: request.operation,
    model: request.model,
    route: trial?.route ?? decision.policy.route,
    n: request.n,
    tags,
    fingerprint,
    sizeClass: sizeClassOf(first.settings.size),
    quality: first.settings.quality ?? '',
    promptClass: features.promptClass,
    sandbox: first.offer.sandbox,
    content: {
      ...contentOf(input, features, promptHmacKey),
      ...(caller.contentTtlDays !== undefined && { expiresUs: nowUs + caller.contentTtlDays * DAY_US }),
    },
    decision: {
      ...decisionToJson(decision, state, { experience, ...(baseline && { baseline }), ...(monthPlan && { monthPlan }) }),
      ...(pin && { quote: pinToJson(pin) }),
      ...(consistency && { consistency: consistencyToJson(consistency) }),
      ...(explored && { explored: exploredToJson(explored) }),
      ...(trial && { observation: trial.observation }),
    },
    inputs: inputAssets(input, nowUs),
    ...(caller.recordsTtlDays !== undefined && { recordExpiresUs: nowUs + caller.recordsTtlDays * DAY_US }),
    ...(baseline && { baseline: { name: baseline.name, expectedNanoUsd: baseline.expectedNanoUsd } }),
    ...(request.attribution.endCustomer !== undefined && { endCustomer: request.attribution.endCustomer }),
    ...(request.attribution.group !== undefined && { group: request.attribution.group }),
  }
}

const pinToJson = ({ id, maxNanoUsd, expiresUs }: QuotePin): JsonObject => ({
  id,
  maxUsd: formatUsd(maxNanoUsd),
  expiresAt: new Date(expiresUs / 1_000).toISOString(),
})

/** The prompt as the project keeps it: whole, as a keyed hash, or not at all. */
const contentOf = ({ request, caller }: ExecuteInput, features: PromptFeatures, key: Uint8Array): NewRequest['content'] => ({
  prompt: caller.promptMode === 'full' ? request.prompt : null,
  promptHmac: caller.promptMode === 'hmac' ? createHmac('sha256', key).update(request.prompt).digest('hex') : null,
  parameters: parametersOf(request),
  // Plain numbers and texts; an interface has no index signature.
  features: { ...features, gapRank: gapRank(gapWeights, features, request.prompt) } as unknown as JsonObject,
})

/** Parameters as asked for, without prompt, inputs and attribution, which have columns of their own. */
function parametersOf({
  prompt: _prompt,
  inputs: _inputs,
  attribution: _attribution,
  ...parameters
}: ExecuteInput['request']): JsonObject {
  return parameters as unknown as JsonObject
}
