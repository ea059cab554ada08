/** The gateway: from a normalized request to an answer, with idempotency, joining of retries, limits and drain. */
import { HalftoneError } from '../core/error.ts'
import type { RateLimit } from '../core/limits/bucket.ts'
import { urgencyOf } from '../core/limits/queue.ts'
import type { Offer, Warning } from '../core/offer.ts'
import { promptFeatures } from '../core/prompt/features.ts'
import {
  createPlanMemo,
  type Explored,
  type OfferHealth,
  observationOf,
  observedName,
  type Plan,
  type Policy,
  type Relaxed,
  relax,
} from '../core/routing/index.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import type { Tracer } from '../ports/tracer.ts'
import { keep } from './assets.ts'
import type { BudgetIndex } from './budget-index.ts'
import type { FinishedCall } from './conclude.ts'
import { withDeadline } from './deadline.ts'
import { type Baseline, baselineOf, type DecideInput, decide, everything, planAlone, planInputOf, policyOf } from './decide.ts'
import { nothingEligible } from './decision.ts'
import type { ExecuteInput, ExecuteResult } from './execution.ts'
import type { ExperienceFeed } from './experience-feed.ts'
import { createExplorer } from './explorer.ts'
import type { Feedback } from './feedback.ts'
import { fingerprintOf } from './fingerprint.ts'
import { createGroups, type LookedAfter } from './groups.ts'
import type { HealthFeed } from './health-feed.ts'
import { createInFlight, type InFlight } from './in-flight.ts'
import { createKeyRates } from './key-rates.ts'
import type { MonthPlanFeed, MonthPlanView } from './month-plan.ts'
import { createObservers, type Observers, observationToJson, type Watched } from './observe.ts'
import { pinPlan, type QuotePins } from './quote-pin.ts'
import { createHedges } from './race.ts'
import { createRecentTries, type RecentTries } from './recent-tries.ts'
import { createRepeats, joinKey } from './repeats.ts'
import { requestRow, type TrialRow } from './request-row.ts'
import type { CallContext } from './run-call.ts'
import { runRequest } from './run-request.ts'
import { keepToSoftBudgets } from './soft-budget.ts'
import type { GatewayServices, GatewayState } from './state.ts'
import { createWaitingRoom } from './waiting-room.ts'

export interface Gateway {
  /** Make pictures. Rejects with a `HalftoneError`; whatever was billed is in the ledger either way. */
  execute(input: ExecuteInput): Promise<ExecuteResult>
  /** Plan without running: what a quote shows. */
  plan(input: PlannedInput, choose: Choice): Plan
  /** What the request would get now: of a group its look and what that costs. Nothing is waited for or taken. */
  planInGroup(input: PlannedInput): Promise<LookedAfter>
  /** What each constraint of the request, its options and its policy costs. */
  relax(input: PlannedInput): Relaxed
  readonly quotes: QuotePins
  /** How a route of mode observe is doing. */
  readonly trialOf: Observers['trialOf']
  readonly recentTries: RecentTries
  readonly inFlight: InFlight
  /** Told the id whenever a request starts or ends. */
  onRequest(listener: (requestId: string) => void): () => void
  /** Stop accepting; resolves when every running request has ended, or after `timeoutMs` with how many have not. */
  drain(timeoutMs: number): Promise<number>
}

export type PlannedInput = Pick<ExecuteInput, 'request' | 'options' | 'caller'> & {
  /** Instead of what `model` of the request means: a route that is not in force. */
  readonly policy?: Policy
}

/** `all` ignores the policy's choice of offers; `lanes` as well what answers in its own time. */
export type Choice = 'named' | 'all' | 'lanes'

export interface GatewayOptions {
  readonly services: GatewayServices
  readonly current: () => GatewayState
  readonly budgets: BudgetIndex
  readonly health: HealthFeed
  readonly experience: ExperienceFeed
  readonly feedback: Feedback
  readonly quotes: QuotePins
  /** Absent: offers are compared by what they cost at the moment. */
  readonly monthPlan?: Pick<MonthPlanFeed, 'view'>
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

/** Longest wait for room; an economy request would rather be asked again than hold a connection for hours. */
const MOST_WAIT_MS = 30_000

const IDEMPOTENCY_US = 24 * 3_600 * 1_000_000

export function createGateway(options: GatewayOptions): Gateway {
  const { services, current, budgets, health, experience } = options
  const inFlight = createInFlight()
  const repeats = createRepeats(services, inFlight)
  const groups = createGroups(services)
  const observers = createObservers(services)
  const keyRates = createKeyRates(services.clock)
  const hedges = createHedges()
  const explorer = createExplorer(services)
  const room = createWaitingRoom(services.clock)
  const memo = createPlanMemo()
  health.onRoom(() => room.wake())
  const listeners = new Set<(requestId: string) => void>()
  let draining = false
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

  function refuseWhileDraining(): void {
    if (draining) throw new HalftoneError('draining', 'This node is shutting down.', { retryAfterMs: 1_000 })
  }

  async function admit(input: ExecuteInput, state: GatewayState, ownership: Ownership): Promise<ExecuteResult> {
    refuseWhileDraining()
    if (!services.disk.mayDispatch()) {
      throw new HalftoneError('storage_full', 'The disk of the ledger is nearly full; nothing is dispatched.', {
        retryAfterMs: 30_000,
      })
    }
    const fingerprint = fingerprintOf(input)
    const repeated = input.sdkRetry > 0 ? await repeats.joinEarlier(input, fingerprint) : undefined
    if (repeated) return repeated
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
    const tags = { ...caller.tags, ...request.attribution.tags }
    const scopes = budgets.for(caller, request.attribution.endCustomer, tags)
    const features = promptFeatures(request.prompt, request)
    const nowUs = services.clock.nowUs()
    const { quoteId } = asked.options
    const pin = quoteId === undefined ? undefined : options.quotes.check(quoteId, asked, nowUs)
    const { policy, trial } = await observers.watch(request.model, state, nowUs)
    const deciding: DecideInput = {
      input: asked,
      state,
      health: health.view(),
      experience: experience.view(),
      policy,
      promptComplexity: features.complexity,
      promptClass: features.promptClass,
      random: services.random(),
      nowUs,
      hardBudget: scopes.some((budget) => budget.hard),
      purchases: services.purchases,
      memo,
      ...monthPlanPart(options),
    }
    const again = () => ({ ...deciding, nowUs: services.clock.nowUs(), health: health.view() })
    const decideNow = () => whenThereIsRoom(deciding, asked, () => groups.decide(again(), asked.clientGone, again))
    const held = await (services.telemetry ? tracedPlan(services.telemetry.tracer, decideNow) : decideNow())
    // It may have waited for an earlier call, for a turn or for its group, and a drain waits only for what is under way.
    refuseWhileDraining()
    const { plan: planned, consistency } = held
    if (planned.kind === 'none') throw nothingEligible(planned, state, services.clock.nowUs(), health.view())
    const { sandbox } = planned.attempts[0].candidate.offer
    const reached = scopes.filter((budget) => !budget.hard && budgets.isReached(budget, sandbox))
    const kept = keepToSoftBudgets(planned, deciding, reached)
    // What was promised, has to match, is being compared or has to be cheap is no place to try things.
    const mayExplore = !pin && !consistency && !trial && reached.length === 0 && asked.options.order === undefined
    const { plan: usual, explored } = mayExplore ? explorer.consider(kept.plan) : { plan: kept.plan }
    const decision = pin ? pinPlan(planned, pin) : usual
    const [{ candidate: first }] = decision.attempts
    const release = health.planned(first.offer.id, request.n)
    const input = withSeed(withoutWait(asked, services.clock.nowUs() - nowUs), first.offer, held.seed)
    const requestId = services.newId()
    const leftRunning: Promise<void>[] = []
    const context: CallContext = {
      services,
      state,
      health,
      input,
      requestId,
      promptComplexity: features.complexity,
      onFinished(call, operation = request.operation) {
        experience.finished(call, { operation }, features.promptClass)
        options.feedback.made(call, input)
        options.onCall?.(call, policy.route)
      },
      budgetIds: scopes.map((budget) => budget.id),
      onDispatch: release,
      hedges: hedges.begin(decision.policy),
      paysTwice: decision.policy.payTwice === 'onUnknown',
      onLeftRunning: (call) => void leftRunning.push(call),
      onBudgetReached: (id) => budgets.reached(id, first.offer.sandbox),
      notes: pin ? [] : [...kept.warnings, ...exploredWarning(explored)],
      sandbox: first.offer.sandbox,
      jitter: services.random(),
      ...(pin && { pin }),
      ...(consistency && { consistency }),
    }
    const newRequest = requestRow({
      id: requestId,
      nowUs,
      input,
      tags,
      fingerprint,
      features,
      ...baselinePart(deciding),
      ...monthPlanPart(deciding),
      experience: `${services.node.id}/${services.node.epoch}/${experience.version()}`,
      decision,
      state,
      promptHmacKey: options.promptHmacKey,
      ...(pin && { pin }),
      ...(consistency && { consistency }),
      ...(explored && { explored }),
      ...(trial && { trial: trialOf(trial, planned, deciding) }),
    })
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
          ...(newRequest.baseline && { baselineNanoUsd: newRequest.baseline.expectedNanoUsd }),
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
      groups.ended(asked)
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

  /** Decide, and where only limits of our own stand in the way wait for a turn, as long as the request may take. */
  async function whenThereIsRoom(
    { policy, nowUs }: DecideInput,
    { options: { deadlineMs: asked }, clientGone }: ExecuteInput,
    decideNow: () => Promise<LookedAfter>,
  ): Promise<LookedAfter> {
    const deadlineMs = asked ?? policy.deadlineMs
    const place = { id: services.newId(), urgency: urgencyOf(deadlineMs), signal: clientGone }
    const untilUs = nowUs + Math.min(deadlineMs ?? MOST_WAIT_MS, MOST_WAIT_MS) * 1_000
    try {
      for (;;) {
        const held = await decideNow()
        const wakeUs = held.plan.kind === 'none' && !draining ? roomAtUs(held.plan, health.view()) : undefined
        if (wakeUs === undefined || !(await room.turn({ ...place, untilUs, wakeUs }))) return held
      }
    } finally {
      room.leave(place.id)
    }
  }

  /** Of a request that is only looked at: budgets do not stop it. */
  function preview(input: PlannedInput, choose: Choice): DecideInput {
    const state = current()
    const nowUs = services.clock.nowUs()
    const named = input.policy ?? policyOf(input.request.model, state, nowUs)
    const all = choose === 'named' ? named : everything(named)
    const features = promptFeatures(input.request.prompt, input.request)
    return {
      input,
      state,
      health: health.view(),
      experience: experience.view(),
      policy: choose === 'lanes' ? { ...all, everyLane: true } : all,
      promptComplexity: features.complexity,
      promptClass: features.promptClass,
      // Of a split of traffic the larger part is shown.
      random: 0.5,
      nowUs,
      hardBudget: false,
      purchases: services.purchases,
      memo,
      ...monthPlanPart(options),
    }
  }

  return {
    execute,
    plan: (input, choose) => decide(preview(input, choose)),
    planInGroup: (input) => groups.preview(preview(input, 'named')),
    relax: (input) => relax(planInputOf(preview(input, 'named'))),
    quotes: options.quotes,
    trialOf: (route, observing) => observers.trialOf(route, observing),
    recentTries: createRecentTries(services.ledger.read, services.clock),
    inFlight,
    onRequest(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async drain(timeoutMs) {
      draining = true
      room.wake()
      // The timer would keep the process alive after everything has finished.
      const finished = new AbortController()
      const timeUp = services.clock.sleep(timeoutMs, finished.signal).catch(() => undefined)
      await Promise.race([inFlight.idle(), timeUp])
      finished.abort()
      return inFlight.size
    },
  }
}

/** What was planned, as a part of the request's trace. */
const tracedPlan = (tracer: Tracer, decideNow: () => Promise<LookedAfter>): Promise<LookedAfter> =>
  tracer.part('plan', {}, async (part) => {
    const held = await decideNow()
    part.set({
      'halftone.plan.candidates': held.plan.kind === 'none' ? 0 : held.plan.attempts.length,
      'halftone.plan.eliminated': held.plan.eliminated.length,
      'halftone.offer': held.plan.kind === 'none' ? undefined : held.plan.attempts[0].candidate.offer.id,
    })
    return held
  })

/** What the other of the two, route and named model, would have done at this moment. */
function trialOf({ arm, route, observing, other }: NonNullable<Watched['trial']>, served: Plan, deciding: DecideInput): TrialRow {
  const shadow = other && planAlone({ ...deciding, policy: other })
  return {
    // Reports tell the two parts apart by the name of the route.
    route: arm === 'observed' ? observedName(route) : route,
    observation: observationToJson(observing.model, observationOf(arm, served, shadow)),
  }
}

const exploredWarning = (explored: Explored | undefined): readonly Warning[] =>
  explored
    ? [
        {
          code: 'explored',
          message: `${explored.offer} is tried instead of ${explored.insteadOf}, because little is known of it.`,
        },
      ]
    : []

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

/** When an offer that only rests for a limit of ours may serve again; undefined: none does. */
function roomAtUs({ eliminated }: Extract<Plan, { kind: 'none' }>, health: ReadonlyMap<string, OfferHealth>): number | undefined {
  const resting = eliminated.flatMap(({ offer, reason }) => {
    const seen = reason === 'unhealthy' ? health.get(offer) : undefined
    return seen?.resting ? [seen.blockedUntilUs] : []
  })
  return resting.length === 0 ? undefined : Math.min(...resting)
}

const baselinePart = (input: DecideInput): { readonly baseline?: Baseline } => {
  const baseline = baselineOf(input)
  return baseline ? { baseline } : {}
}

/** The same plan for the decision and for what is recorded of it. */
function monthPlanPart({ monthPlan }: { readonly monthPlan?: MonthPlanView | Pick<MonthPlanFeed, 'view'> }): {
  readonly monthPlan?: MonthPlanView
} {
  const plan = monthPlan && ('view' in monthPlan ? monthPlan.view() : monthPlan)
  return plan ? { monthPlan: plan } : {}
}

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
