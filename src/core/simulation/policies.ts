/** The policies of the benchmark: the product, and what it is compared with under the same information and events. */
import { type ExperienceView, experienceKeys, type PlannedAttempt } from '../routing/index.ts'
import { estimate, meanLatencyMs } from '../routing/learning/estimate.ts'
import { expectedLatencyMs } from '../routing/strategies/strategy.ts'
import { classes, type RequestClass } from './classes.ts'
import type { FullPlan, SimulatedPolicy } from './engine.ts'
import { shareInTime } from './latency-share.ts'
import type { Oracle } from './oracle.ts'
import { luckOf } from './random.ts'
import { createRouter } from './router.ts'
import { DAY_US, MONTH_DAYS, MONTH_START_US } from './time.ts'
import type { Arrival } from './workload.ts'
import { canMake, type Deployment, isOffered, isOut, listPrice, refusalChance, trueQuality, type World } from './world.ts'

/** The router with everything it has: month's plan, tiers, minimum, prompts that need less. */
export const productPolicy = (world: World, oracle?: Oracle): SimulatedPolicy =>
  createRouter(world, { name: 'halftone', planned: true, batch: true, ...(oracle && { oracle }) })

/** Cheapest by the prices of the moment, batch lane included: the rule that is hard to beat. */
export const cheapestWithBatch = (world: World): SimulatedPolicy =>
  createRouter(world, { name: 'cheapest with batch', planned: false, batch: true, order: byExpectedPrice })

export const cheapestAtOnce = (world: World): SimulatedPolicy =>
  createRouter(world, { name: 'cheapest list price', planned: false, batch: false, order: byExpectedPrice })

export const roundRobin = (world: World): SimulatedPolicy => {
  let turn = 0
  const order = (plan: FullPlan): FullPlan => {
    turn += 1
    const start = turn % plan.attempts.length
    return reordered(plan, [...plan.attempts.slice(start), ...plan.attempts.slice(0, start)])
  }
  return createRouter(world, { name: 'round robin', planned: false, batch: false, order })
}

export const byLatency = (world: World): SimulatedPolicy => {
  const order = (plan: FullPlan, { template }: Arrival, experience: ExperienceView): FullPlan =>
    sorted(plan, ({ candidate }) => {
      const keys = experienceKeys(candidate, template.request, template.features.promptClass)
      return expectedLatencyMs(meanLatencyMs(estimate(...keys.map((key) => experience.get(key)))))
    })
  return createRouter(world, { name: 'latency', planned: false, batch: false, order })
}

/** By the text-token price of the listing, as gateways rank image offers today: most list none, and none is taken for 0. */
export const byTokenPrice = (world: World): SimulatedPolicy => {
  const tokenPrice = (offer: string): number => {
    const index = world.deployments.findIndex((each) => each.offer.id === offer)
    return luckOf(world.seed, index, -3, 0) < 0.5 ? 0 : luckOf(world.seed, index, -3, 1)
  }
  return createRouter(world, {
    name: 'token price',
    planned: false,
    batch: false,
    order: (plan) => sorted(plan, ({ candidate }) => tokenPrice(candidate.offer.id)),
  })
}

/** Everything at one provider while it is up, others only where it cannot: the best such provider in hindsight. */
export const singleProvider = (world: World, provider: string): SimulatedPolicy =>
  createRouter(world, {
    name: `only ${provider}`,
    planned: false,
    batch: false,
    order: (plan) => {
      const byPrice = byExpectedPrice(plan)
      return reordered(
        byPrice,
        byPrice.attempts.toSorted((a, b) => own(a, provider) - own(b, provider)),
      )
    },
  })

const own = ({ candidate }: PlannedAttempt, provider: string): number => (candidate.offer.provider === provider ? 0 : 1)

/**
 * The benchmark's reference: one deployment per workload, chosen with the whole month known; others by price where it fails. It keeps the
 * floors and deadlines of every kind of request of its workload.
 */
export const staticChoice = (world: World): SimulatedPolicy => fixedChoice(world, 'best fixed choice', ({ workload }) => workload)

/** A finer reference than the benchmark asks for: one deployment per kind of request. */
export const staticChoicePerKind = (world: World): SimulatedPolicy =>
  fixedChoice(world, 'best fixed choice per kind', ({ id }) => id)

function fixedChoice(world: World, name: string, groupOf: (kind: RequestClass) => string): SimulatedPolicy {
  const chosen = classes.map((kind) => {
    const members = [...classes.keys()].filter((index) => groupOf(classes[index] as RequestClass) === groupOf(kind))
    return bestFixed(world, members)?.offer.id
  })
  return createRouter(world, {
    name,
    planned: false,
    batch: true,
    order: (plan, { template }) => {
      const byPrice = byExpectedPrice(plan)
      const first = chosen[template.classIndex]
      return reordered(
        byPrice,
        byPrice.attempts.toSorted((a, b) => Number(b.candidate.offer.id === first) - Number(a.candidate.offer.id === first)),
      )
    },
  })
}

const SAMPLES = MONTH_DAYS * 4

/** The cheapest for all these classes together, by their shares of the pictures. */
function bestFixed(world: World, members: readonly number[]): Deployment | undefined {
  let best: { readonly deployment: Deployment; readonly price: number } | undefined
  for (const deployment of world.deployments) {
    const price = members.reduce((sum, index) => {
      const kind = classes[index] as RequestClass
      return sum + kind.share * (fixedPrice(world, deployment, kind, index) ?? Number.POSITIVE_INFINITY)
    }, 0)
    if (price < (best?.price ?? Number.POSITIVE_INFINITY)) best = { deployment, price }
  }
  return best?.deployment
}

/** Mean list price of the month, refusals included; undefined where floor and deadline are not kept nearly always. */
function fixedPrice(world: World, deployment: Deployment, kind: RequestClass, classIndex: number): number | undefined {
  if (!canMake(deployment, kind)) return undefined
  let sum = 0
  let usable = 0
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const atUs = MONTH_START_US + ((sample + 0.5) / SAMPLES) * MONTH_DAYS * DAY_US
    if (!isOffered(deployment, atUs) || isOut(world, deployment, atUs)) continue
    if (trueQuality(world, deployment, classIndex, atUs) < (kind.hardFloor ?? kind.floor)) continue
    if (shareInTime(world, deployment, kind, atUs) < 0.95) continue
    usable += 1
    sum += listPrice(world, deployment, kind.edge, atUs)
  }
  if (usable < 0.93 * SAMPLES) return undefined
  const topics = ['artifacts', 'food', 'people', 'animals', 'outdoor'] as const
  const refusal = topics.reduce((total, topic) => total + refusalChance(world, deployment, topic), 0) / topics.length
  return sum / usable / (1 - refusal)
}

const priced = new WeakMap<FullPlan, FullPlan>()

function byExpectedPrice(plan: FullPlan): FullPlan {
  const known = priced.get(plan)
  if (known) return known
  const made = sorted(plan, ({ total }) => Number(total.expectedNanoUsd))
  priced.set(plan, made)
  return made
}

const sorted = (plan: FullPlan, value: (attempt: PlannedAttempt) => number): FullPlan =>
  reordered(
    plan,
    plan.attempts
      .map((attempt) => ({ attempt, at: value(attempt) }))
      .sort((a, b) => a.at - b.at)
      .map(({ attempt }) => attempt),
  )

function reordered(plan: FullPlan, attempts: readonly PlannedAttempt[]): FullPlan {
  const [first, ...rest] = attempts
  return first ? { ...plan, attempts: [first, ...rest] } : plan
}
