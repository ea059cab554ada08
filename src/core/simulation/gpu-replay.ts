/**
 * What rented GPUs would have made of a trace: the hours that the planner would have rented, picture by picture under a virtual clock, beside the
 * same requests bought elsewhere. The first week only teaches the forecast, so that nothing is rented in it.
 */
import { createEventQueue } from './event-queue.ts'
import { createGpuManager, type PoolLine } from './gpu-manager.ts'
import { createGpuPool, type GpuUse } from './gpu-pool.ts'
import { priceOf, variantsOf } from './gpu-variants.ts'
import type { RentedGpus } from './gpu-world.ts'
import type { Decided } from './replay.ts'
import { HOUR_US } from './time.ts'

export interface GpuReplayInput {
  readonly rented: RentedGpus
  /** The offer that the GPUs make. */
  readonly offer: string
  /** Of the trace. */
  readonly firstUs: number
  readonly lastUs: number
}

export interface GpuReplayResult {
  readonly use: GpuUse
  /** Requests that the GPUs and another offer could serve; the others are left out. */
  readonly requests: number
  readonly pictures: number
  /** Of these pictures, made by the GPUs. */
  readonly made: number
  /** Nano-USD if all were bought elsewhere, and what they cost with GPUs, hours included. */
  readonly withoutNanoUsd: number
  readonly withNanoUsd: number
  /** Made by the GPUs after the policy's deadline. */
  readonly late: number
}

export interface GpuReplay {
  /** The next request in the order of time. */
  add(decided: Decided): void
  result(): GpuReplayResult
}

/** Shorter deadlines are those of somebody who waits; and who says nothing waits a minute. */
const DEFERRABLE_MS = 3 * 3_600_000
const USUAL_MS = 60_000

export function startGpuReplay({ rented, offer, firstUs, lastUs }: GpuReplayInput): GpuReplay {
  const queue = createEventQueue()
  const manager = createGpuManager(rented.terms)
  const fromUs = Math.floor(firstUs / HOUR_US) * HOUR_US
  const untilUs = (Math.floor(lastUs / HOUR_US) + 1) * HOUR_US
  const pool = createGpuPool({ seed: 1, index: 0, rented, fromUs, untilUs, paidFromUs: fromUs }, queue, {
    watch: () => {},
    gpus: (hourUs) => manager.gpus(hourUs),
  })
  const sums = { requests: 0, pictures: 0, made: 0, without: 0, elsewhere: 0, late: 0 }
  return {
    add({ row, plan }) {
      const { atUs, n } = row
      queue.runUntil(atUs)
      if (plan.kind !== 'plan') return
      const { elsewhere, pooled, long, priceElsewhere } = variantsOf(plan, offer, n)
      if (!pooled || !elsewhere) return
      const { deadlineMs = USUAL_MS } = plan.policy
      const line = lineOf(row, plan.policy.floor, deadlineMs)
      const requestId = sums.requests
      sums.requests += 1
      sums.pictures += n
      sums.without += priceOf(elsewhere.attempts[0])
      const placed = manager.asked(
        { line, pictures: n, savedNanoUsd: priceElsewhere, cameUs: atUs, nowUs: atUs },
        pool.waitMs(atUs),
      )
      if (!placed) {
        sums.elsewhere += priceOf(elsewhere.attempts[0])
        return
      }
      const fallback = (placed.isLong ? long : pooled)?.attempts[1] ?? elsewhere.attempts[0]
      const job = { ...placed, requestId, attempt: 0, pictures: n }
      pool.submit(
        {
          ...job,
          done({ failure }, doneUs) {
            manager.left(line.key, n)
            if (failure) sums.elsewhere += priceOf(fallback)
            else sums.made += n
            if (!failure && doneUs - atUs > deadlineMs * 1_000) sums.late += 1
          },
        },
        atUs,
      )
    },
    result() {
      queue.runUntil(Number.POSITIVE_INFINITY)
      const use = pool.use()
      const { requests, pictures, made, without, elsewhere, late } = sums
      return { use, requests, pictures, made, withoutNanoUsd: without, withNanoUsd: elsewhere + use.nanoUsd, late }
    },
  }
}

/** What costs the same elsewhere and may take as long. */
function lineOf({ operation, size }: Decided['row'], floor: string | undefined, deadlineMs: number): PoolLine {
  const key = [operation, size ? `${size.width}x${size.height}` : '', floor ?? '', deadlineMs].join('/')
  return { key, isUrgent: deadlineMs < DEFERRABLE_MS, deadlineMs }
}
