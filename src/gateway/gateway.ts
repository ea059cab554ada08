/** The gateway: from a normalized request to an answer, with idempotency, joining of retries, limits and drain. */
import { HalftoneError } from '../core/error.ts'
import type { RateLimit } from '../core/limits/bucket.ts'
import type { Offer } from '../core/offer.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import { keep } from './assets.ts'
import { type Chooser, type ChooserOptions, createChooser, shuttingDown } from './chooser.ts'
import type { FinishedCall } from './conclude.ts'
import { withDeadline } from './deadline.ts'
import type { ExecuteInput, ExecuteResult } from './execution.ts'
import type { Feedback } from './feedback.ts'
import { fingerprintOf } from './fingerprint.ts'
import { createInFlight, type InFlight } from './in-flight.ts'
import { createKeyRates } from './key-rates.ts'
import { createPurse } from './purse.ts'
import { createHedges } from './race.ts'
import { createRecentTries, type RecentTries } from './recent-tries.ts'
import { createRepeats, joinKey } from './repeats.ts'
import { requestRow } from './request-row.ts'
import { createReuse } from './reuse.ts'
import type { CallContext } from './run-call.ts'
import { runRequest } from './run-request.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface Gateway extends Pick<Chooser, 'plan' | 'planInGroup' | 'relax' | 'trialOf'> {
  /** Make pictures. Rejects with a `HalftoneError`; whatever was billed is in the ledger either way. */
  execute(input: ExecuteInput): Promise<ExecuteResult>
  readonly quotes: ChooserOptions['quotes']
  readonly recentTries: RecentTries
  readonly inFlight: InFlight
  /** Told the id whenever a request starts or ends. */
  onRequest(listener: (requestId: string) => void): () => void
  /** Stop accepting; resolves when every running request has ended, or after `timeoutMs` with how many have not. */
  drain(timeoutMs: number): Promise<number>
}

export interface GatewayOptions extends Omit<ChooserOptions, 'isDraining'> {
  readonly feedback: Feedback
  /** Key of the prompt HMACs, from the data folder, so that equal prompts stay comparable across restarts. */
  readonly promptHmacKey: Uint8Array
  /** Told of every call that has ended, before it is settled. */
  onCall?(call: FinishedCall, route: string): void
  /** Told of every request that was answered with pictures. */
  onAnswer?(facts: AnswerFacts): void
}

export interface AnswerFacts {
  readonly route: string
  readonly costNanoUsd: bigint
  /** Of the route's declared baseline; absent: it has none. */
  readonly baselineNanoUsd?: bigint
}

/** What a request holds until it ends. */
interface Ownership {
  readonly letProvidersGo: () => void
  /** It runs, and gives back by itself. */
  handedOver: boolean
}

const IDEMPOTENCY_US = 24 * 3_600 * 1_000_000

export function createGateway(options: GatewayOptions): Gateway {
  const { services, current, budgets, health, experience } = options
  const inFlight = createInFlight()
  const repeats = createRepeats(services, inFlight)
  const keyRates = createKeyRates(services.clock)
  const hedges = createHedges()
  const listeners = new Set<(requestId: string) => void>()
  let draining = false
  const chooser = createChooser({ ...options, isDraining: () => draining })
  const reuse = createReuse({ services, repeats, plan: chooser.plan })
  const notify = (requestId: string): void => {
    for (const listener of listeners) listener(requestId)
  }

  async function execute(input: ExecuteInput): Promise<ExecuteResult> {
    const state = current()
    const letProvidersGo = services.holds.take(state.providers)
    const ownership: Ownership = { letProvidersGo, handedOver: false }
    try {
      return await admit(input, state, ownership)
    } finally {
      // A request that never ran gives everything back here; one that runs does so when it ends.
      if (!ownership.handedOver) {
        letProvidersGo()
        await disposeInputs(input)
      }
    }
  }

  async function admit(input: ExecuteInput, state: GatewayState, ownership: Ownership): Promise<ExecuteResult> {
    if (draining) throw shuttingDown()
    if (!services.disk.mayDispatch()) {
      throw new HalftoneError('storage_full', 'The disk of the ledger is nearly full; nothing is dispatched.', {
        retryAfterMs: 30_000,
      })
    }
    const fingerprint = fingerprintOf(input)
    const repeated = input.sdkRetry > 0 ? await repeats.joinEarlier(input, fingerprint) : undefined
    if (repeated) return repeated
    const cameUs = services.clock.nowUs()
    return reuse.sharedOr(input, state, fingerprint, () =>
      begin(withoutWait(input, services.clock.nowUs() - cameUs), state, fingerprint, ownership),
    )
  }

  /** What counts towards the limits of its key and of this node. */
  async function begin(
    input: ExecuteInput,
    state: GatewayState,
    fingerprint: string,
    ownership: Ownership,
  ): Promise<ExecuteResult> {
    if (draining) throw shuttingDown()
    if (inFlight.size >= state.settings.maxConcurrentRequests) {
      throw new HalftoneError('overloaded', `${inFlight.size} requests are running, the limit of this node.`, {
        retryAfterMs: 1_000,
      })
    }
    keyRates.take(input.caller.keyId, keyLimit(state, input.caller.keyId), input.request.n)
    return run(input, state, fingerprint, ownership)
  }

  async function run(
    asked: ExecuteInput,
    state: GatewayState,
    fingerprint: string,
    ownership: Ownership,
  ): Promise<ExecuteResult> {
    const { request, caller } = asked
    const requestId = services.newId()
    const chosen = await chooser.choose(asked, state, requestId)
    const { plan, policy, features, nowUs, pin, consistency, scopes, release } = chosen
    const { promptClass } = features
    const [{ candidate: first }] = plan.attempts
    const input = withSeed(withoutWait(asked, services.clock.nowUs() - nowUs), first.offer, chosen.seed)
    const leftRunning: Promise<void>[] = []
    const context: CallContext = {
      services,
      state,
      health,
      input,
      requestId,
      promptComplexity: features.complexity,
      onFinished(call, operation = request.operation) {
        experience.finished(call, { operation }, promptClass)
        options.feedback.made(call, input)
        options.onCall?.(call, policy.route)
      },
      budgetIds: scopes.map((budget) => budget.id),
      onDispatch: release,
      hedges: hedges.begin(plan.policy),
      paysTwice: plan.policy.payTwice === 'onUnknown',
      onLeftRunning: (call) => void leftRunning.push(call),
      onBudgetReached: (id) => budgets.reached(id, first.offer.sandbox),
      notes: [...chosen.warnings],
      sandbox: first.offer.sandbox,
      jitter: services.random(),
      purse: createPurse({ pin, maxCostNanoUsd: input.options.maxCostNanoUsd ?? plan.policy.maxCostNanoUsd }),
      ...(consistency && { consistency }),
    }
    const newRequest = requestRow({
      id: requestId,
      input,
      fingerprint,
      chosen,
      experience: `${services.node.id}/${services.node.epoch}/${experience.version()}`,
      state,
      promptHmacKey: options.promptHmacKey,
    })
    const { baseline } = newRequest
    ownership.handedOver = true
    const running = runRequest({
      context,
      plan,
      newRequest,
      ...(input.idempotencyKey !== undefined && {
        idempotency: { scope: `${caller.keyId}:${input.idempotencyKey}`, fingerprint, expiresUs: nowUs + IDEMPOTENCY_US },
      }),
      async onReserved() {
        notify(requestId)
        options.feedback.began(input)
        if (caller.assetTtlDays > 0 && services.disk.mayStore())
          await Promise.all(input.inputs.map(({ body }) => storeInput(services, body)))
      },
    })
    running.then(
      ({ summary: { costNanoUsd } }) =>
        options.onAnswer?.({
          route: policy.route,
          costNanoUsd,
          ...(baseline && { baselineNanoUsd: baseline.expectedNanoUsd }),
        }),
      () => undefined,
    )
    const end = async (): Promise<void> => {
      inFlight.remove(requestId)
      ownership.letProvidersGo()
      await disposeInputs(input)
      notify(requestId)
    }
    const tracked = running.finally(async () => {
      release()
      chooser.ended(asked)
      if (leftRunning.length === 0) return end()
      // What runs on after the answer still reads the inputs, and a drain waits for it.
      notify(requestId)
      Promise.all(leftRunning)
        .then(end)
        .catch((err: unknown) => services.log.error({ err, requestId }, 'the inputs of a hedged request could not be given back'))
    })
    inFlight.add({
      requestId,
      joinKey: joinKey(caller, fingerprint),
      ended: tracked.then(
        () => undefined,
        () => undefined,
      ),
    })
    return withDeadline(input, tracked, requestId).catch((error: unknown) => repeats.onIdempotent(error))
  }

  return {
    execute,
    plan: chooser.plan,
    planInGroup: chooser.planInGroup,
    relax: chooser.relax,
    quotes: options.quotes,
    trialOf: chooser.trialOf,
    recentTries: createRecentTries(services.ledger.read, services.clock),
    inFlight,
    onRequest(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async drain(timeoutMs) {
      draining = true
      chooser.wake()
      // The timer would keep the process alive after everything has finished.
      const finished = new AbortController()
      const timeUp = services.clock.sleep(timeoutMs, finished.signal).catch(() => undefined)
      await Promise.race([inFlight.idle(), timeUp])
      finished.abort()
      return inFlight.size
    },
  }
}

/** The seed of its group, where the client states none and the offer takes one. */
function withSeed(input: ExecuteInput, { capabilities }: Offer, seed: number | undefined): ExecuteInput {
  const { request } = input
  if (seed === undefined || request.seed !== undefined || !capabilities.parameters.includes('seed')) return input
  return { ...input, request: { ...request, seed } }
}

/** What a request has waited counts towards its deadline. */
function withoutWait(input: ExecuteInput, waitedUs: number): ExecuteInput {
  const { deadlineMs } = input.options
  if (deadlineMs === undefined || waitedUs < 1_000) return input
  return { ...input, options: { ...input.options, deadlineMs: Math.max(1, deadlineMs - Math.round(waitedUs / 1_000)) } }
}

const keyLimit = ({ settings }: GatewayState, keyId: string): RateLimit | undefined =>
  settings.keyLimits.get(keyId) ?? settings.defaultKeyLimit

const disposeInputs = async ({ inputs }: ExecuteInput): Promise<void> => {
  await Promise.all(inputs.map(({ body }) => body.dispose()))
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
