/** The gateway: from a normalized request to an answer, with idempotency, joining of retries, limits and drain. */
import { createHmac } from 'node:crypto'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { promptFeatures } from '../core/prompt/features.ts'
import { sizeClassOf } from '../core/request.ts'
import { type Plan, type Policy, plan, resolveModel, type Snapshot } from '../core/routing/index.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import type { NewRequest } from '../ports/ledger.ts'
import { inputAssets, keep } from './assets.ts'
import type { BudgetIndex } from './budget-index.ts'
import { decisionToJson, nothingEligible } from './decision.ts'
import type { Caller, ExecuteInput, ExecuteResult } from './execution.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { HealthFeed } from './health-feed.ts'
import { createInFlight, type InFlight } from './in-flight.ts'
import { replayRequest } from './replay.ts'
import type { CallContext } from './run-call.ts'
import { IdempotentRequest, runRequest } from './run-request.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface Gateway {
  /** Make pictures. Rejects with a `HalftoneError`; whatever was billed is in the ledger either way. */
  execute(input: ExecuteInput): Promise<ExecuteResult>
  /** Plan without running: what a quote shows. `all` ignores the policy's choice of offers. */
  plan(input: Pick<ExecuteInput, 'request' | 'options' | 'caller'>, choose: 'named' | 'all'): Plan
  readonly inFlight: InFlight
  /** Told the id whenever a request starts or ends. */
  onRequest(listener: (requestId: string) => void): () => void
  /** Stop accepting; resolves when every running request has ended, or after `timeoutMs` with how many have not. */
  drain(timeoutMs: number): Promise<number>
}

export interface GatewayOptions {
  readonly services: GatewayServices
  readonly current: () => GatewayState
  readonly budgets: BudgetIndex
  readonly health: HealthFeed
  /** Key of the prompt HMACs, from the data folder, so that equal prompts stay comparable across restarts. */
  readonly promptHmacKey: Uint8Array
}

/** SDK retries come within minutes of the call they repeat. */
const JOIN_WINDOW_US = 10 * 60 * 1_000_000
const IDEMPOTENCY_US = 24 * 3_600 * 1_000_000

export function createGateway(options: GatewayOptions): Gateway {
  const { services, current, budgets, health } = options
  const inFlight = createInFlight()
  const listeners = new Set<(requestId: string) => void>()
  let draining = false
  const notify = (requestId: string): void => {
    for (const listener of listeners) listener(requestId)
  }

  async function execute(input: ExecuteInput): Promise<ExecuteResult> {
    const ownership = { handedOver: false }
    try {
      return await admit(input, ownership)
    } finally {
      // A request that never ran gives its input images back here; one that runs does so when it ends.
      if (!ownership.handedOver) await disposeInputs(input)
    }
  }

  async function admit(input: ExecuteInput, ownership: { handedOver: boolean }): Promise<ExecuteResult> {
    const state = current()
    if (draining) throw new HalftoneError('draining', 'This node is shutting down.', { retryAfterMs: 1_000 })
    if (!services.disk.mayDispatch()) {
      throw new HalftoneError('storage_full', 'The disk of the ledger is nearly full; nothing is dispatched.', {
        retryAfterMs: 30_000,
      })
    }
    const fingerprint = fingerprintOf(input)
    const repeated = input.sdkRetry > 0 ? await joinEarlier(input, fingerprint) : undefined
    if (repeated) return repeated
    if (inFlight.size >= state.settings.maxConcurrentRequests) {
      throw new HalftoneError('overloaded', `${inFlight.size} requests are running, the limit of this node.`, {
        retryAfterMs: 1_000,
      })
    }
    return run(input, state, fingerprint, ownership)
  }

  async function run(
    input: ExecuteInput,
    state: GatewayState,
    fingerprint: string,
    ownership: { handedOver: boolean },
  ): Promise<ExecuteResult> {
    const { request, caller } = input
    const tags = { ...caller.tags, ...request.attribution.tags }
    const scopes = budgets.for(caller, request.attribution.endCustomer, tags)
    const features = promptFeatures(request.prompt, request)
    const decision = decide(
      input,
      state,
      policyOf(input, state),
      scopes.some((budget) => budget.hard),
    )
    if (decision.kind === 'none') throw nothingEligible(decision, state, services.clock.nowUs(), health.view())
    const [{ candidate: first }] = decision.attempts
    const requestId = services.newId()
    const nowUs = services.clock.nowUs()
    const context: CallContext = {
      services,
      state,
      health,
      input,
      requestId,
      promptComplexity: features.complexity,
      budgetIds: scopes.map((budget) => budget.id),
      sandbox: first.offer.sandbox,
      jitter: services.random(),
    }
    const newRequest: NewRequest = {
      id: requestId,
      createdUs: nowUs,
      keyId: caller.keyId,
      projectId: caller.projectId,
      operation: request.operation,
      model: request.model,
      route: decision.policy.route,
      n: request.n,
      tags,
      fingerprint,
      sizeClass: sizeClassOf(first.settings.size),
      quality: first.settings.quality ?? '',
      promptClass: features.promptClass,
      sandbox: first.offer.sandbox,
      content: contentOf(input, features as unknown as JsonObject),
      decision: decisionToJson(decision, state),
      inputs: inputAssets(input, nowUs),
      ...(request.attribution.endCustomer !== undefined && { endCustomer: request.attribution.endCustomer }),
      ...(request.attribution.group !== undefined && { group: request.attribution.group }),
    }
    ownership.handedOver = true
    const running = runRequest({
      context,
      plan: decision,
      newRequest,
      ...(input.idempotencyKey !== undefined && {
        idempotency: { scope: `${caller.keyId}:${input.idempotencyKey}`, fingerprint, expiresUs: nowUs + IDEMPOTENCY_US },
      }),
      async onReserved() {
        notify(requestId)
        if (caller.assetTtlDays > 0 && services.disk.mayStore())
          await Promise.all(input.inputs.map(({ body }) => storeInput(services, body)))
      },
    })
    const tracked = running.finally(async () => {
      inFlight.remove(requestId)
      await disposeInputs(input)
      notify(requestId)
    })
    inFlight.add({
      requestId,
      joinKey: joinKey(caller, fingerprint),
      ended: tracked.then(
        () => undefined,
        () => undefined,
      ),
    })
    return withDeadline(input, tracked, requestId).catch((error: unknown) => onIdempotent(error))
  }

  /** The ledger refused the reservation because the key is known: answer from the first call, or say that it still runs. */
  async function onIdempotent(error: unknown): Promise<ExecuteResult> {
    if (!(error instanceof IdempotentRequest)) throw error
    const { requestId, sameFingerprint, finished } = error.result
    if (!sameFingerprint) {
      throw new HalftoneError('idempotency_mismatch', 'This Idempotency-Key was used for a different request.', { requestId })
    }
    if (finished) return replayRequest(services, requestId, 'hit')
    throw new HalftoneError('idempotency_in_progress', 'The first request with this Idempotency-Key is still running.', {
      requestId,
      retryAfterMs: 2_000,
    })
  }

  /** An SDK that timed out repeats a call that is running or done: it gets that one's answer. */
  async function joinEarlier(input: ExecuteInput, fingerprint: string): Promise<ExecuteResult | undefined> {
    const running = inFlight.find(joinKey(input.caller, fingerprint))
    if (running) await running.ended
    const earlier = await services.ledger.read.byFingerprint({
      keyId: input.caller.keyId,
      fingerprint,
      sinceUs: services.clock.nowUs() - JOIN_WINDOW_US,
    })
    if (!earlier) return undefined
    if (!earlier.finished) {
      throw new HalftoneError('idempotency_in_progress', 'The call that this retry repeats is still running.', {
        requestId: earlier.requestId,
        retryAfterMs: 2_000,
      })
    }
    const record = await services.ledger.read.request(earlier.requestId)
    // Failed without a bill: trying again is what the client wants.
    if (!record?.response) return undefined
    inFlight.countJoined(record.costNanoUsd)
    return replayRequest(services, earlier.requestId, 'joined')
  }

  function decide(
    input: Pick<ExecuteInput, 'request' | 'options' | 'caller'>,
    state: GatewayState,
    policy: Policy,
    hardBudget: boolean,
  ): Plan {
    const snapshot: Snapshot = {
      offers: state.offers,
      health: health.view(),
      quality: state.quality,
      qualityLevels: state.qualityLevels,
      ...(input.caller.allowedModels && { allowedModels: input.caller.allowedModels }),
    }
    return plan({
      request: input.request,
      options: input.options,
      policy,
      snapshot,
      prices: state.prices,
      promptComplexity: promptFeatures(input.request.prompt, input.request).complexity,
      nowUs: services.clock.nowUs(),
      hardBudget,
    })
  }

  const policyOf = ({ request }: Pick<ExecuteInput, 'request'>, state: GatewayState): Policy =>
    resolveModel(request.model, {
      offers: state.offers,
      routes: state.routes,
      aliases: state.aliases,
      direct: state.direct,
      today: new Date(services.clock.nowUs() / 1_000).toISOString().slice(0, 10),
    })

  const contentOf = ({ request, caller }: ExecuteInput, features: JsonObject): NewRequest['content'] => ({
    prompt: caller.promptMode === 'full' ? request.prompt : null,
    promptHmac:
      caller.promptMode === 'hmac' ? createHmac('sha256', options.promptHmacKey).update(request.prompt).digest('hex') : null,
    parameters: parametersOf(request),
    features,
  })

  return {
    execute,
    plan(input, choose) {
      const state = current()
      const policy = policyOf(input, state)
      return decide(input, state, choose === 'all' ? everything(policy) : policy, false)
    },
    inFlight,
    onRequest(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async drain(timeoutMs) {
      draining = true
      // The timer would keep the process alive after everything has finished.
      const finished = new AbortController()
      const timeUp = services.clock.sleep(timeoutMs, finished.signal).catch(() => undefined)
      await Promise.race([inFlight.idle(), timeUp])
      finished.abort()
      return inFlight.size
    },
  }
}

const disposeInputs = async ({ inputs }: ExecuteInput): Promise<void> => {
  await Promise.all(inputs.map(({ body }) => body.dispose()))
}

const joinKey = (caller: Caller, fingerprint: string): string => `${caller.keyId}:${fingerprint}`

/** The same policy over every offer, without floor: for quotes that show what else there is. */
function everything({ filter, floor: _floor, ...policy }: Policy): Policy {
  return { ...policy, ...(filter?.quality && { filter: { quality: filter.quality } }), fallback: true }
}

/** Parameters as asked for, without prompt, inputs and attribution, which have columns of their own. */
function parametersOf({
  prompt: _prompt,
  inputs: _inputs,
  attribution: _attribution,
  ...parameters
}: ExecuteInput['request']): JsonObject {
  return parameters as unknown as JsonObject
}

/** At the deadline the client gets its answer; the call runs on, is settled and can be replayed. */
async function withDeadline(input: ExecuteInput, running: Promise<ExecuteResult>, requestId: string): Promise<ExecuteResult> {
  const { deadlineMs } = input.options
  if (deadlineMs === undefined) return running
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `Not done within the deadline of ${deadlineMs} ms; the call was made and is being settled.`
      reject(new HalftoneError('provider_timeout', message, { requestId, billed: 'unknown', retryable: false }))
    }, deadlineMs)
  })
  // After the deadline nobody reads the pictures any more.
  running.then((result) => (timer ? undefined : result.dispose())).catch(() => undefined)
  try {
    return await Promise.race([running, expired])
  } finally {
    clearTimeout(timer)
    timer = undefined
  }
}

/** Its row is durable already, so its bytes need no holding beyond the moment in which they are stored. */
async function storeInput(services: GatewayServices, body: SpooledBody): Promise<void> {
  try {
    await keep(services, body)
    services.blobGuard.release(body.sha256)
  } catch (err) {
    services.log.error({ err }, 'an input image could not be stored; the request goes on without a copy')
  }
}
