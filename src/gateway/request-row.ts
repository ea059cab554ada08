/** The ledger's row of a request, as it is inserted with its first attempt. */
import { createHmac } from 'node:crypto'
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import { type AppliedFloor, gateFeaturesOf } from '../core/planning/easy-floor.ts'
import type { PromptFeatures } from '../core/prompt/features.ts'
import { gapRank } from '../core/prompt/gap.ts'
import { gapWeights } from '../core/prompt/gap-weights.ts'
import { sizeClassOf } from '../core/request.ts'
import type { NewRequest } from '../ports/ledger.ts'
import { inputAssets } from './assets.ts'
import type { Chosen } from './chooser.ts'
import { decisionToJson } from './decision.ts'
import type { ExecuteInput } from './execution.ts'
import { exploredToJson } from './explorer.ts'
import { floorOf, floorToJson } from './floor.ts'
import { consistencyToJson } from './groups.ts'
import type { QuotePin } from './quote-pin.ts'
import type { GatewayState } from './state.ts'

const DAY_US = 86_400_000_000

export interface RequestRowInput {
  readonly id: string
  readonly input: ExecuteInput
  readonly fingerprint: string
  readonly chosen: Omit<Chosen, 'release' | 'scopes' | 'warnings'>
  /** Names what was learned up to then. */
  readonly experience: string
  readonly state: GatewayState
  readonly promptHmacKey: Uint8Array
}

export function requestRow({ id, input, fingerprint, chosen, experience, state, promptHmacKey }: RequestRowInput): NewRequest {
  const { plan, nowUs, features, tags, pin, consistency, explored, trial, baseline, monthPlan, corrections } = chosen
  const { request, caller } = input
  const [{ candidate: first }] = plan.attempts
  const floor = floorOf(plan.policy, input, state)
  return {
    id,
    createdUs: nowUs,
    keyId: caller.keyId,
    projectId: caller.projectId,
    operation: request.operation,
    model: request.model,
    route: trial?.route ?? plan.policy.route,
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
      ...decisionToJson(plan, state, {
        experience,
        ...(baseline && { baseline }),
        ...(monthPlan && { monthPlan }),
        ...(corrections && { corrections }),
      }),
      ...(floor && { floor: floorToJson(floor, plan.policy) }),
      ...(pin && { quote: pinToJson(pin) }),
      ...(consistency && { consistency: consistencyToJson(consistency) }),
      ...(explored && { explored: exploredToJson(explored) }),
      ...(trial && { observation: trial.observation }),
    },
    inputs: inputAssets(input, nowUs),
    ...floorPart(chosen, floor),
    ...(caller.recordsTtlDays !== undefined && { recordExpiresUs: nowUs + caller.recordsTtlDays * DAY_US }),
    ...(baseline && { baseline: { name: baseline.name, expectedNanoUsd: baseline.expectedNanoUsd } }),
    ...(request.attribution.endCustomer !== undefined && { endCustomer: request.attribution.endCustomer }),
    ...(request.attribution.group !== undefined && { group: request.attribution.group }),
  }
}

/** What is said about the pictures later is about this floor. */
function floorPart(
  { plan, features }: Pick<Chosen, 'plan' | 'features'>,
  floor: AppliedFloor | undefined,
): Pick<NewRequest, 'qualityFloor' | 'promptGate'> {
  if (!floor) return {}
  const { gated } = plan.policy
  return { qualityFloor: floor.name, ...(gated && { promptGate: { ...gated, features: gateFeaturesOf(features) } }) }
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
