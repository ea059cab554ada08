/** The product with rented GPUs: the router's plan for each request, with the pool before or after its offers as the manager decides. */
import { classes, type RequestClass } from './classes.ts'
import type { FullPlan, SimulatedPolicy } from './engine.ts'
import { createGpuManager, type Placed, type PoolLine } from './gpu-manager.ts'
import type { PoolView } from './gpu-pool.ts'
import { type Variants, variantsOf } from './gpu-variants.ts'
import type { GpuWorld } from './gpu-world.ts'
import { createRouter, isLower } from './router.ts'
import type { RequestTemplate } from './workload.ts'

export function productWithGpus(world: GpuWorld): SimulatedPolicy {
  const router = createRouter(world, { name: 'halftone with GPUs', planned: true, batch: true })
  const manager = createGpuManager(world.rented.terms)
  const places = new Map<number, Placed>()
  const known = new WeakMap<FullPlan, Variants>()
  let view: PoolView | undefined
  const pool = world.pool.offer
  const variants = (made: FullPlan, { request }: RequestTemplate): Variants => {
    const found = known.get(made) ?? variantsOf(made, pool.id, request.n)
    known.set(made, found)
    return found
  }
  return {
    ...router,
    plan(arrival, nowUs) {
      const { template, atUs: cameUs, id } = arrival
      const made = router.plan(arrival, nowUs)
      if (!made) return undefined
      const { elsewhere, pooled, long, priceElsewhere } = variants(made, template)
      if (!pooled) return elsewhere
      if (!elsewhere) {
        const { deadlineMs } = lineOf(made, template)
        places.set(id, { rank: 0, untilUs: cameUs + deadlineMs * 1_000, isLong: false })
        return pooled
      }
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
