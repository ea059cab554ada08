/** Which offers a request gets: with its group, in its turn, within soft budgets, and as its quote or its route on trial says. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { urgencyOf } from '../core/limits/queue.ts'
import type { Warning } from '../core/offer.ts'
import { drawOf } from '../core/planning/easy-floor.ts'
import { type PromptFeatures, promptFeatures } from '../core/prompt/features.ts'
import { deadlineClasses } from '../core/routing/deadline-class.ts'
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
import type { BudgetRecord } from '../ports/ledger.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { BudgetIndex } from './budget-index.ts'
import { type Baseline, baselineOf, type DecideInput, decide, everything, planAlone, planInputOf, policyOf } from './decide.ts'
import { nothingEligible } from './decision.ts'
import type { ExecuteInput } from './execution.ts'
import type { ExperienceFeed } from './experience-feed.ts'
import { createExplorer } from './explorer.ts'
import { type Consistency, createGroups, type LookedAfter } from './groups.ts'
import type { HealthFeed } from './health-feed.ts'
import type { MonthPlanFeed, MonthPlanView } from './month-plan.ts'
import { createObservers, type Observers, observationToJson, type Watched } from './observe.ts'
import type { Corrections, QualityView } from './quality-feed.ts'
import { pinPlan, type QuotePin, type QuotePins } from './quote-pin.ts'
import type { UsablePlan } from './result.ts'
import { keepToSoftBudgets } from './soft-budget.ts'
import type { GatewayServices, GatewayState } from './state.ts'
import { createWaitingRoom } from './waiting-room.ts'

/** Longest wait for room; an economy request would rather be asked again than hold a connection for hours. */
const MOST_WAIT_MS = 30_000

export type PlannedInput = Pick<ExecuteInput, 'request' | 'options' | 'caller'> & {
  /** Instead of what `model` of the request means: a route that is not in force. */
  readonly policy?: Policy
}

/** `all` ignores the policy's choice of offers; `lanes` as well what answers in its own time. */
export type Choice = 'named' | 'all' | 'lanes'

export interface TrialRow {
  /** What its route is called in records. */
  readonly route: string
  readonly observation: JsonObject
}

/** What a request gets, and what has to be known of the choice afterwards. */
export interface Chosen {
  readonly plan: UsablePlan
  /** In force for its model when it came. */
  readonly policy: Policy
  readonly nowUs: number
  readonly features: PromptFeatures
  /** Of the request, the key and the project. */
  readonly tags: Readonly<Record<string, string>>
  /** Budgets that it counts towards. */
  readonly scopes: readonly BudgetRecord[]
  readonly warnings: readonly Warning[]
  /** Gives its place at the first offer back, once it is dispatched or over: others that choose meanwhile count it. */
  readonly release: () => void
  readonly pin?: QuotePin
  readonly consistency?: Consistency
  /** Of its group. */
  readonly seed?: number
  readonly explored?: Explored
  readonly trial?: TrialRow
  readonly baseline?: Baseline
  readonly monthPlan?: MonthPlanView
  /** What stood against products when it was chosen. */
  readonly corrections?: Corrections
}

export interface Chooser {
  /**
   * Under the id that the request will have. Throws `no_eligible_offer` and its kin when nothing can serve it, `overloaded` when too many
   * wait, `draining` on a node that stops.
   */
  choose(asked: ExecuteInput, state: GatewayState, requestId: string): Promise<Chosen>
  /** A chosen request is over: its group goes on. */
  ended(asked: ExecuteInput): void
  /** Somebody who waits may go on. */
  wake(): void
  /** Plan without running: what a quote shows. */
  plan(input: PlannedInput, choose: Choice): Plan
  /** What the request would get now: of a group its look and what that costs. Nothing is waited for or taken. */
  planInGroup(input: PlannedInput): Promise<LookedAfter>
  /** What each constraint of the request, its options and its policy costs. */
  relax(input: PlannedInput): Relaxed
  /** How a route of mode observe is doing. */
  readonly trialOf: Observers['trialOf']
}

export interface ChooserOptions {
  readonly services: GatewayServices
  readonly current: () => GatewayState
  readonly budgets: BudgetIndex
  readonly health: HealthFeed
  readonly experience: ExperienceFeed
  readonly quality: QualityView
  readonly quotes: QuotePins
  /** Absent: offers are compared by what they cost at the moment. */
  readonly monthPlan?: Pick<MonthPlanFeed, 'view'>
  readonly isDraining: () => boolean
}

export const shuttingDown = (): HalftoneError =>
  new HalftoneError('draining', 'This node is shutting down.', { retryAfterMs: 1_000 })

export function createChooser(options: ChooserOptions): Chooser {
  const { services, current, budgets, health, experience, quality } = options
  const groups = createGroups(services)
  const observers = createObservers(services)
  const explorer = createExplorer(services)
  const room = createWaitingRoom(services.clock)
  const memo = createPlanMemo()
  health.onRoom(() => room.wake())

  async function choose(asked: ExecuteInput, state: GatewayState, requestId: string): Promise<Chosen> {
    const { request, caller } = asked
    const tags = { ...caller.tags, ...request.attribution.tags }
    const scopes = budgets.for(caller, request.attribution.endCustomer, tags)
    const features = promptFeatures(request.prompt, request)
    const nowUs = services.clock.nowUs()
    const { quoteId } = asked.options
    const pin = quoteId === undefined ? undefined : options.quotes.check(quoteId, asked, nowUs)
    const { policy: routed, trial } = await observers.watch(request.model, state, nowUs)
    const policy = asked.options.economy ? { ...routed, ...deadlineClasses.economy } : routed
    const deciding: DecideInput = {
      input: asked,
      state,
      health: health.view(),
      experience: experience.view(),
      quality,
      policy,
      features,
      random: services.random(),
      draw: drawOf(requestId),
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
    if (options.isDraining()) throw shuttingDown()
    const { plan: planned, consistency } = held
    if (planned.kind === 'none') throw nothingEligible(planned, state, services.clock.nowUs(), health.view())
    const { sandbox } = planned.attempts[0].candidate.offer
    const reached = scopes.filter((budget) => !budget.hard && budgets.isReached(budget, sandbox))
    const kept = keepToSoftBudgets(planned, deciding, reached)
    // What was promised, has to match, is being compared or has to be cheap is no place to try things.
    const mayExplore = !pin && !consistency && !trial && reached.length === 0 && asked.options.order === undefined
    const { plan: usual, explored } = mayExplore ? explorer.consider(kept.plan) : { plan: kept.plan }
    const corrections = quality.correctionsFor(caller.projectId)
    const plan = pin ? pinned(planned, pin, asked, consistency) : usual
    return {
      plan,
      // In this very moment: whoever chooses next has to know.
      release: health.planned(plan.attempts[0].candidate.offer.id, request.n),
      policy,
      nowUs,
      features,
      tags,
      scopes,
      warnings: pin ? [] : [...kept.warnings, ...exploredWarning(explored)],
      ...(pin && { pin }),
      ...(consistency && { consistency }),
      ...(held.seed !== undefined && { seed: held.seed }),
      ...(explored && { explored }),
      ...(trial && { trial: trialOf(trial, planned, deciding) }),
      ...baselinePart(deciding),
      ...monthPlanPart(deciding),
      ...(corrections && { corrections }),
    }
  }

  /** A request that its quote refuses has made nothing, and decides nothing for its group. */
  function pinned(planned: UsablePlan, pin: QuotePin, asked: ExecuteInput, consistency: Consistency | undefined): UsablePlan {
    try {
      return pinPlan(planned, pin)
    } catch (error) {
      if (consistency?.role === 'first') groups.ended(asked)
      throw error
    }
  }

  /** Decide, and where only limits of our own stand in the way wait for a turn, as long as the request may take. */
  async function whenThereIsRoom(
    { policy, nowUs }: DecideInput,
    asking: ExecuteInput,
    decideNow: () => Promise<LookedAfter>,
  ): Promise<LookedAfter> {
    const deadlineMs = asking.options.deadlineMs ?? policy.deadlineMs
    const place = { id: services.newId(), urgency: urgencyOf(deadlineMs), signal: asking.clientGone }
    const untilUs = nowUs + Math.min(deadlineMs ?? MOST_WAIT_MS, MOST_WAIT_MS) * 1_000
    try {
      for (;;) {
        const held = await decideNow()
        const wakeUs = held.plan.kind === 'none' && !options.isDraining() ? roomAtUs(held.plan, health.view()) : undefined
        if (wakeUs === undefined || !(await room.turn({ ...place, untilUs, wakeUs }))) return held
        await asking.mayGoOn?.()
      }
    } finally {
      room.leave(place.id)
    }
  }

  /** Of a request that is only looked at: budgets do not stop it. */
  function preview(input: PlannedInput, choose: Choice): DecideInput {
    const state = current()
    const nowUs = services.clock.nowUs()
    const routed = input.policy ?? policyOf(input.request.model, state, nowUs)
    const named = input.options.economy ? { ...routed, ...deadlineClasses.economy } : routed
    const all = choose === 'named' ? named : everything(named)
    const features = promptFeatures(input.request.prompt, input.request)
    return {
      input,
      state,
      health: health.view(),
      experience: experience.view(),
      policy: choose === 'lanes' ? { ...all, everyLane: true } : all,
      quality,
      features,
      // Of a split of traffic the larger part is shown.
      random: 0.5,
      draw: 0.5,
      nowUs,
      hardBudget: false,
      purchases: services.purchases,
      memo,
      ...monthPlanPart(options),
    }
  }

  return {
    choose,
    ended: (asked) => groups.ended(asked),
    wake: () => room.wake(),
    plan: (input, choose) => decide(preview(input, choose)),
    planInGroup: (input) => groups.preview(preview(input, 'named')),
    relax: (input) => relax(planInputOf(preview(input, 'named'))),
    trialOf: (route, observing) => observers.trialOf(route, observing),
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
