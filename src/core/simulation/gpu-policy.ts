/** The product with rented GPUs: the router's plan for each request, with the pool before or after its offers as the manager decides. */
import type { PlannedAttempt } from '../routing/index.ts'
import { classes, type RequestClass } from './classes.ts'
import type { FullPlan, SimulatedPolicy } from './engine.ts'
import { createGpuManager, type Placed, type PoolLine } from './gpu-manager.ts'
import type { PoolView } from './gpu-pool.ts'
import type { GpuWorld } from './gpu-world.ts'
import { createRouter, isLower } from './router.ts'
import type { RequestTemplate } from './workload.ts'

/** One plan without the pool and with it first; `long`: after a wait that leaves no time for the batch lane. */
interface Variants {
  readonly elsewhere: FullPlan | undefined
  readonly pooled: FullPlan | undefined
  readonly long: FullPlan | undefined
  /** Nano-USD that one picture costs elsewhere. */
  readonly priceElsewhere: number
}

export function productWithGpus(world: GpuWorld): SimulatedPolicy {
  const router = createRouter(world, { name: 'halftone with GPUs', planned: true, batch: true })
  const manager = createGpuManager(world.rented.terms)
  const places = new Map<number, Placed>()
  const known = new WeakMap<FullPlan, Variants>()
  let view: PoolView | undefined
  const pool = world.pool.offer
  const variantsOf = (made: FullPlan, { request }: RequestTemplate): Variants => {
    const found = known.get(made) ?? variants(made, pool.id, request.n)
    known.set(made, found)
    return found
  }
  return {
    ...router,
    plan(arrival, nowUs) {
      const { template, atUs: cameUs, id } = arrival
      const made = router.plan(arrival, nowUs)
      if (!made) return undefined
      const { elsewhere, pooled, long, priceElsewhere } = variantsOf(made, template)
      if (!pooled || !elsewhere) return pooled ?? elsewhere
      const placed = manager.asked(
        { line: lineOf(made, template), pictures: template.request.n, savedNanoUsd: priceElsewhere, cameUs, nowUs },
        view?.waitMs(nowUs) ?? Number.POSITIVE_INFINITY,
      )
      if (!placed) return elsewhere
      places.set(id, placed)
      return placed.isLong ? long : pooled
    },
    finished(attempt) {
      const { plan, candidate, n, template, answer } = attempt
      const offer = plan.attempts[candidate]?.candidate.offer
      if (offer === pool) manager.left(lineOf(plan, template).key, n)
      // A request that is given back says nothing about the pool's health.
      if (offer !== pool || answer.failure?.code !== 'provider_rate_limited') router.finished(attempt)
    },
    gpus: {
      watch(shown) {
        view = shown
      },
      gpus: (hourUs) => manager.gpus(hourUs),
      place(requestId, nowUs) {
        const placed = places.get(requestId)
        places.delete(requestId)
        return placed ?? { rank: 0, untilUs: nowUs }
      },
    },
  }
}

function lineOf(made: FullPlan, template: RequestTemplate): PoolLine {
  const { id, interactive, deadlineMs } = classes[template.classIndex] as RequestClass
  return { key: isLower(made, template) ? `${id}, easy` : id, isUrgent: interactive, deadlineMs }
}

function variants(made: FullPlan, pool: string, pictures: number): Variants {
  const own = made.attempts.find(({ candidate }) => candidate.offer.id === pool)
  const others = made.attempts.filter((each) => each !== own)
  const atOnce = others.filter(({ candidate }) => candidate.offer.tier !== 'batch')
  const [cheapest] = others
  const priced = cheapest?.allIn
  return {
    elsewhere: planOf(made, others),
    pooled: own && planOf(made, [own, ...others]),
    long: own && planOf(made, [own, ...(atOnce.length > 0 ? atOnce : others)]),
    priceElsewhere: priced ? (priced.allInNanoUsd - priced.latenessNanoUsd) / pictures : 0,
  }
}

function planOf(made: FullPlan, attempts: readonly PlannedAttempt[]): FullPlan | undefined {
  const [first, ...rest] = attempts
  return first && { ...made, attempts: [first, ...rest] }
}
