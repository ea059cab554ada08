/**
 * The product's own routing in the simulated world: `plan()` over a snapshot of health, experience, corrected ratings and volumes, and the
 * month's plan beside it. Every other policy is this one with another order of candidates, so that all have the same information.
 */
import type { Candidate, Offer } from '../offer.ts'
import { askedFor, createDifficultyGate, type DifficultyGate, isEasy, rated } from '../planning/difficulty.ts'
import { type CompiledPrices, expectedTotal } from '../pricing/index.ts'
import { type VolumeIndex, volumeKey } from '../pricing/volumes.ts'
import {
  createExperienceBook,
  createPlanMemo,
  type ExperienceBook,
  type ExperienceView,
  experienceKeys,
  noExperience,
  type PlanMemo,
  type Policy,
  plan,
  reduceExperience,
  type Snapshot,
} from '../routing/index.ts'
import { fadeLatencies } from '../routing/learning/experience.ts'
import { correctedQuality, type FloorEvidence, reduceFloorEvidence } from '../routing/learning/quality.ts'
import { wholeUnits } from '../usage.ts'
import { classes, type RequestClass } from './classes.ts'
import type { FinishedAttempt, FullPlan, Rating, SimulatedPolicy } from './engine.ts'
import { createHealth, type Health } from './health.ts'
import { createKnownPrices, type KnownPrices } from './known-prices.ts'
import { createMonthPlanner, type MonthPlanner } from './month-planner.ts'
import { healthKey, type Oracle, trueExperience, trueHealth, trueRatings } from './oracle.ts'
import { isRefused } from './provider.ts'
import { createRandom } from './random.ts'
import { HOUR_US, MONTH_START_US } from './time.ts'
import type { Arrival, RequestTemplate } from './workload.ts'
import { isOffered, type World } from './world.ts'

export interface RouterOptions {
  readonly name: string
  /** Only the product does: the lower floor where the prompt allows it, prices by the month's plan. */
  readonly planned: boolean
  /** Offers of the batch lane may be chosen where the deadline allows it. */
  readonly batch: boolean
  /** Another order of the same candidates; absent: the plan's own. */
  readonly order?: (plan: FullPlan, arrival: Arrival, experience: ExperienceView) => FullPlan
  /** Things that are not hidden from it: for telling what hiding them costs. */
  readonly oracle?: Oracle
}

/** How long a plan is used again for requests of the same kind while nothing has changed. */
const PLAN_LIFE_US = 900_000_000
/** Ratings are estimates: a floor is compared with the rating less this. */
const RATING_MARGIN = 12

interface State {
  readonly world: World
  readonly options: RouterOptions
  readonly policies: readonly Policy[]
  readonly prices: KnownPrices
  readonly health: Health
  readonly experience: ExperienceBook
  readonly ratings: Map<string, FloorEvidence>
  quality: ReadonlyMap<string, number>
  /** Absent where an oracle tells every request something else. */
  readonly memo: PlanMemo | undefined
  readonly bought: Map<string, number>
  readonly planner: MonthPlanner | undefined
  readonly random: () => number
  gate: DifficultyGate
  plans: Map<string, FullPlan | undefined>
  snapshot: Snapshot | undefined
  madeUs: number
  madeBy: CompiledPrices | undefined
  fadedUs: number
  healthVersion: number
  healthKey: string
}

export function createRouter(world: World, options: RouterOptions): SimulatedPolicy {
  const random = createRandom(Math.imul(world.seed + 3, 0x27d4eb2f))
  const prices = options.oracle?.prices ? createKnownPrices(world, 0) : createKnownPrices(world)
  const state: State = {
    world,
    options,
    policies: classes.map((kind) => policyOf(kind, options)),
    prices,
    health: createHealth(random),
    experience: createExperienceBook(),
    ratings: new Map(),
    quality: new Map(world.deployments.map(({ terms }) => [terms.model, terms.quality - RATING_MARGIN])),
    memo: options.oracle ? undefined : createPlanMemo(),
    bought: new Map(),
    planner: options.planned ? createMonthPlanner(world) : undefined,
    random,
    gate: createDifficultyGate(),
    plans: new Map(),
    snapshot: undefined,
    madeUs: Number.NEGATIVE_INFINITY,
    madeBy: undefined,
    fadedUs: 0,
    healthVersion: -1,
    healthKey: '',
  }
  return {
    name: options.name,
    plan: (arrival, nowUs) => planFor(state, arrival, nowUs),
    dispatched: (offer, nowUs) => state.health.dispatched(offer, nowUs),
    finished: (attempt) => learn(state, attempt),
    rated: (rating) => learnRating(state, rating),
  }
}

const level = (floor: number): string => `rated ${floor}`
const floors = [...new Set(classes.flatMap(({ floor, hardFloor = floor }) => [floor, hardFloor]))]
const levels: ReadonlyMap<string, number> = new Map(floors.map((floor) => [level(floor), floor]))

function policyOf(kind: RequestClass, { batch }: RouterOptions): Policy {
  return {
    route: kind.id,
    objective: 'cost',
    floor: level(kind.hardFloor ?? kind.floor),
    deadlineMs: kind.deadlineMs,
    // A late picture costs ten times its price; what people wait for is worth that by the second.
    latenessNanoUsdPerSecond: kind.interactive ? 100_000_000n : 0n,
    maxAttempts: 6,
    retries: 1,
    fallback: true,
    fallbackOnRefusal: true,
    payTwice: 'onUnknown',
    ...(batch && !kind.interactive && { everyLane: true }),
  }
}

const options = { allowUnsupported: false, bodyMetadata: true } as const

function planFor(state: State, arrival: Arrival, nowUs: number): FullPlan | undefined {
  refresh(state, nowUs)
  const { template } = arrival
  const easy =
    state.options.planned &&
    classes[template.classIndex]?.hardFloor !== undefined &&
    (state.options.oracle?.difficulty ? !template.hard : isEasy(state.gate, template.features, state.random()))
  if (state.options.planned) {
    state.gate =
      classes[template.classIndex]?.hardFloor === undefined
        ? state.gate
        : askedFor(state.gate, template.features, template.request.n)
    state.planner?.asked(template, easy, nowUs)
  }
  const key = `${template.classIndex}/${template.features.promptClass}/${easy}`
  let made = state.plans.get(key)
  if (!made && !state.plans.has(key)) {
    made = makePlan(state, template, easy, nowUs)
    state.plans.set(key, made)
  }
  if (made && state.options.oracle?.luck) made = withoutRefusals(state.world, made, arrival)
  return made && state.options.order ? state.options.order(made, arrival, state.experience) : made
}

/** Offers whose filter lets this very call pass first. */
function withoutRefusals(world: World, made: FullPlan, { id, template }: Arrival): FullPlan {
  const refused = ({ candidate }: FullPlan['attempts'][number]): number => {
    const deployment = world.deployments.find(({ offer }) => offer === candidate.offer)
    return deployment && isRefused(world, deployment, template, id, 0) ? 1 : 0
  }
  const [first, ...rest] = made.attempts.toSorted((a, b) => refused(a) - refused(b))
  return first ? { ...made, attempts: [first, ...rest] } : made
}

/** What the snapshot says to a policy from which these things are not hidden. */
function told(state: State, { classIndex, request, features }: RequestTemplate, nowUs: number): Snapshot {
  const { world, options } = state
  const snapshot = state.snapshot as Snapshot
  const { refusals, quality } = options.oracle ?? {}
  const experience = createExperienceBook(snapshot.experience)
  for (const deployment of refusals ? world.deployments : []) {
    const { offer } = deployment
    const resolved = { offer, settings: { size: request.size, format: 'png', n: 1 } } as Candidate
    const [narrow] = experienceKeys(resolved, request, features.promptClass)
    experience.set(narrow, trueExperience(world, deployment, features.promptClass, nowUs))
  }
  return { ...snapshot, experience, ...(quality && { quality: trueRatings(world, classIndex, nowUs) }) }
}

function makePlan(state: State, template: RequestTemplate, easy: boolean, nowUs: number): FullPlan | undefined {
  const kind = classes[template.classIndex] as RequestClass
  const policy = state.policies[template.classIndex] as Policy
  const made = plan({
    request: template.request,
    options,
    policy: easy ? { ...policy, floor: level(kind.floor) } : policy,
    snapshot: state.options.oracle ? told(state, template, nowUs) : (state.snapshot as Snapshot),
    prices: state.prices.at(nowUs),
    promptComplexity: template.features.complexity,
    promptClass: template.features.promptClass,
    nowUs,
    hardBudget: false,
    ...(state.memo && { memo: state.memo }),
  })
  return made.kind === 'plan' ? made : undefined
}

function healthVersionOf(state: State, nowUs: number): number {
  const key = healthKey(state.world, nowUs)
  if (key === state.healthKey) return state.healthVersion
  state.healthKey = key
  return state.healthVersion + 1
}

/** A new snapshot after a while, and at once when an offer's health or a price changed. */
function refresh(state: State, nowUs: number): void {
  const { oracle } = state.options
  const known = state.prices.at(nowUs)
  const version = oracle?.health ? healthVersionOf(state, nowUs) : state.health.version(nowUs)
  const whole = !state.snapshot || nowUs - state.madeUs >= PLAN_LIFE_US || known !== state.madeBy
  if (!whole && version === state.healthVersion) return
  state.healthVersion = version
  state.plans = new Map()
  const { world, planner } = state
  const health = oracle?.health ? trueHealth(world, nowUs) : state.health.view(nowUs)
  if (!whole && state.snapshot) {
    state.snapshot = { ...state.snapshot, health, quality: state.quality }
    return
  }
  state.madeUs = nowUs
  state.madeBy = known
  fade(state, nowUs)
  const base: Snapshot = {
    offers: offeredAt(state, nowUs),
    health,
    quality: state.quality,
    qualityLevels: levels,
    experience: state.experience,
    volumes: volumesOf(state),
  }
  // The month is planned by list prices, since tiers are what the plan decides on, and is longer than an outage.
  const { volumes: _volumes, ...atList } = base
  state.snapshot = { ...atList, health: new Map() }
  const planned = oracle?.plan ?? planner?.prices(nowUs, known, (template, easy) => makePlan(state, template, easy, nowUs))
  state.snapshot = planned ? { ...base, planned } : base
}

/** The same list until something is offered or withdrawn. */
function offeredAt(state: State, nowUs: number): readonly Offer[] {
  const offers = state.world.deployments.filter((each) => isOffered(each, nowUs)).map(({ offer }) => offer)
  const known = state.snapshot?.offers
  return known && known.length === offers.length && known.every((each, index) => each === offers[index]) ? known : offers
}

function volumesOf({ world, bought }: State): VolumeIndex {
  return new Map(
    world.deployments
      .filter(({ terms, lane }) => lane === 'sync' && terms.tiers)
      .map(({ offer }) => [
        volumeKey(offer.provider, offer.id),
        { monthToDate: { 'images.out': wholeUnits(bought.get(offer.id) ?? 0) } },
      ]),
  )
}

/** Timings count half after so long. */
const FADE_US = 6 * HOUR_US

function fade(state: State, nowUs: number): void {
  if (nowUs - state.fadedUs < FADE_US) return
  state.fadedUs = nowUs
  for (const [key, past] of state.experience) state.experience.set(key, fadeLatencies(past, 0.5))
}

/** Of one picture, before volume tiers. */
function listNanoUsdOf(state: State, candidate: Candidate, { request, features }: RequestTemplate, nowUs: number): number {
  const list = expectedTotal(state.prices.at(nowUs), { candidate, request, promptComplexity: features.complexity, atUs: nowUs })
  return Number(list ?? 0n) / candidate.settings.n
}

function learn(state: State, attempt: FinishedAttempt): void {
  const { plan: made, candidate, n, template, answer, nowUs, dispatchedUs } = attempt
  const planned = made.attempts[candidate]
  if (!planned) return
  const { failure, billed, afterMs } = answer
  const { offer } = planned.candidate
  const { request, features } = template
  state.health.finished(offer.id, failure, nowUs)
  if (billed && dispatchedUs >= MONTH_START_US) {
    state.bought.set(offer.id, (state.bought.get(offer.id) ?? 0) + n)
    state.planner?.billed(offer.id, n, listNanoUsdOf(state, planned.candidate, template, nowUs) * n)
  }
  if (failure?.code === 'provider_rate_limited' || failure?.code === 'provider_not_found') return
  if (!failure && state.world.deployments.some((each) => each.lane === 'pool' && each.offer === offer))
    state.planner?.pooled(template, isLower(made, template), n)
  const kind = !failure ? 'succeeded' : failure.code === 'content_refused' ? 'refused' : 'failed'
  const seen = { kind, billed, ...(!failure && { latencyMs: afterMs }) } as const
  for (const key of experienceKeys(planned.candidate, request, features.promptClass))
    state.experience.set(key, reduceExperience(state.experience.get(key) ?? noExperience, seen))
}

/** The plan was made for a prompt that needs less. */
export function isLower({ policy }: FullPlan, { classIndex }: RequestTemplate): boolean {
  const kind = classes[classIndex]
  return kind?.hardFloor !== undefined && policy.floor === level(kind.floor)
}

function learnRating(state: State, { plan: made, template, deployment, accepted }: Rating): void {
  const kind = classes[template.classIndex]
  if (!kind) return
  const lower = isLower(made, template)
  // Under the lower floor a rejection may be the prompt's doing: then it is the gate that learns.
  const weak = lower && deployment.terms.quality < (kind.hardFloor ?? 0)
  if (kind.hardFloor !== undefined) state.gate = rated(state.gate, template.features, weak, accepted)
  const floor = lower ? kind.floor : (kind.hardFloor ?? kind.floor)
  const { model, quality } = deployment.terms
  const evidence = reduceFloorEvidence(state.ratings.get(model) ?? new Map(), floors, floor, accepted)
  state.ratings.set(model, evidence)
  const corrected = correctedQuality(quality - RATING_MARGIN, evidence)
  if (state.quality.get(model) !== corrected) state.quality = new Map(state.quality).set(model, corrected)
}
