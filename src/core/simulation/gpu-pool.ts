/**
 * Rented GPUs under the virtual clock: each makes one picture after the other, people who wait before work that may wait. They are started and
 * given back at full hours, every started hour is paid, and the first minutes of a start make nothing.
 */
import type { EventQueue } from './event-queue.ts'
import { pictureMs, type RentedGpus } from './gpu-world.ts'
import { type Answer, ERROR_SHARE, failed } from './provider.ts'
import { between, luckOf, normalOf } from './random.ts'
import { HOUR_US } from './time.ts'

/** Where a request stands among others. */
export interface PoolPlace {
  /** 0: somebody waits. Above: work that may wait, lower numbers first. */
  readonly rank: number
  /** Not begun by then it is given back, to be made elsewhere. */
  readonly untilUs: number
}

interface PoolJob extends PoolPlace {
  readonly requestId: number
  readonly attempt: number
  readonly pictures: number
  done(answer: Answer, atUs: number): void
}

/** What can be seen from outside. */
export interface PoolView {
  /** Milliseconds until a picture that somebody waits for would be begun if it came now; Infinity while no GPU is ready. */
  waitMs(nowUs: number): number
}

/** Who decides on the GPUs. */
export interface GpuOperator {
  /** Called once, before anything else. */
  watch(view: PoolView): void
  /** GPUs that shall run in the hour that begins now. */
  gpus(hourUs: number): number
  /** Of a request that it sends to the pool. */
  place(requestId: number, nowUs: number): PoolPlace
}

export interface GpuUse {
  /** Of the month. */
  readonly paidHours: number
  readonly starts: number
  readonly nanoUsd: number
  /** Of the paid time, the share in which pictures were made. */
  readonly busyShare: number
  readonly pictures: number
  /** Requests that were given back because no GPU had time for them. */
  readonly givenBack: number
}

export interface PoolTerms {
  readonly seed: number
  /** Tells its luck from that of others. */
  readonly index: number
  readonly rented: RentedGpus
  /** Full hours between which there may be GPUs. */
  readonly fromUs: number
  readonly untilUs: number
  /** From here on hours are counted and paid. */
  readonly paidFromUs: number
}

export interface GpuPool extends PoolView {
  submit(job: PoolJob, nowUs: number): void
  use(): GpuUse
}

interface Gpu {
  readonly readyUs: number
  busyUntilUs: number
  isLeaving: boolean
}

interface Waiting {
  readonly job: PoolJob
  readonly sinceUs: number
  begunUs: number | undefined
  /** Pictures not begun. */
  left: number
  made: number
  isOver: boolean
}

/** A request that was begun is looked at again so often, lest it stays with a pool that runs no more. */
const LOOK_AGAIN_US = 60_000_000

export function createGpuPool(pool: PoolTerms, queue: EventQueue, operator: Pick<GpuOperator, 'watch' | 'gpus'>): GpuPool {
  const { seed, rented } = pool
  const { terms, spread, startUpSeconds } = rented
  const meanMs = pictureMs(rented)
  const gpus = new Set<Gpu>()
  const lines = new Map<number, Waiting[]>()
  const counts = { paidHours: 0, starts: 0, overrunUs: 0, busyUs: 0, pictures: 0, givenBack: 0 }
  let drawn = 0
  const luck = (kind: number): number => luckOf(seed, drawn, pool.index, -kind)

  function nextWaiting(): Waiting | undefined {
    for (const rank of [...lines.keys()].sort((a, b) => a - b)) {
      const line = lines.get(rank) ?? []
      while (line[0] && (line[0].isOver || line[0].left === 0)) line.shift()
      if (line[0]) return line[0]
    }
    return undefined
  }

  function work(gpu: Gpu, nowUs: number): void {
    if (!gpus.has(gpu) || nowUs < gpu.readyUs || nowUs < gpu.busyUntilUs) return
    if (gpu.isLeaving) {
      gpus.delete(gpu)
      return
    }
    const next = nextWaiting()
    if (!next) return
    next.begunUs ??= nowUs
    next.left -= 1
    drawn += 1
    const tookUs = Math.round(meanMs * Math.exp(spread * normalOf(luck(1), luck(2))) * 1_000)
    gpu.busyUntilUs = nowUs + tookUs
    if (nowUs >= pool.paidFromUs) {
      counts.busyUs += tookUs
      counts.pictures += 1
    }
    queue.at(gpu.busyUntilUs, (atUs) => {
      finish(next, atUs)
      work(gpu, atUs)
    })
  }

  function finish(waiting: Waiting, atUs: number): void {
    waiting.made += 1
    const { job, begunUs = atUs, sinceUs } = waiting
    if (waiting.made < job.pictures || waiting.isOver) return
    waiting.isOver = true
    // What may wait has been sent when it is begun: its wait says nothing about how quick the pool is.
    const afterMs = (atUs - (job.rank === 0 ? sinceUs : begunUs)) / 1_000
    const isFailed = luckOf(seed, job.requestId, pool.index, job.attempt * 8 + 5) < ERROR_SHARE
    job.done(isFailed ? lost('provider_error', afterMs) : { afterMs, billed: true }, atUs)
  }

  function giveBack(waiting: Waiting, nowUs: number): void {
    if (waiting.isOver) return
    waiting.isOver = true
    counts.givenBack += 1
    waiting.job.done(lost('provider_rate_limited', (nowUs - waiting.sinceUs) / 1_000), nowUs)
  }

  function expire(waiting: Waiting, nowUs: number): void {
    if (waiting.isOver) return
    if (waiting.begunUs === undefined || gpus.size === 0) giveBack(waiting, nowUs)
    else queue.at(nowUs + LOOK_AGAIN_US, (atUs) => expire(waiting, atUs))
  }

  function start(hourUs: number): void {
    drawn += 1
    const readyUs = hourUs + Math.round(between(() => luck(3), ...startUpSeconds) * 1e6)
    const gpu: Gpu = { readyUs, busyUntilUs: readyUs, isLeaving: false }
    gpus.add(gpu)
    if (hourUs >= pool.paidFromUs) counts.starts += 1
    queue.at(readyUs, (atUs) => work(gpu, atUs))
  }

  /** A full hour: who goes finishes the picture under way, and that is paid by the second. */
  function beginHour(hourUs: number): void {
    const isLast = hourUs >= pool.untilUs
    const wanted = isLast ? 0 : Math.min(terms.mostGpus, operator.gpus(hourUs))
    const staying = [...gpus].filter(({ isLeaving }) => !isLeaving).sort((a, b) => a.busyUntilUs - b.busyUntilUs)
    for (const gpu of staying.slice(0, Math.max(0, staying.length - wanted))) {
      gpu.isLeaving = true
      if (hourUs > pool.paidFromUs) counts.overrunUs += Math.max(0, gpu.busyUntilUs - hourUs)
      work(gpu, hourUs)
    }
    for (let more = staying.length; more < wanted; more += 1) start(hourUs)
    if (hourUs >= pool.paidFromUs) counts.paidHours += wanted
    if (wanted === 0) for (const waiting of lines.get(0) ?? []) if (waiting.begunUs === undefined) giveBack(waiting, hourUs)
    if (!isLast) queue.at(hourUs + HOUR_US, beginHour)
    else for (const line of lines.values()) for (const waiting of line) giveBack(waiting, hourUs)
  }

  const view: PoolView = {
    waitMs(nowUs) {
      const free = [...gpus]
        .filter(({ isLeaving, readyUs }) => !isLeaving && readyUs <= nowUs)
        .map(({ busyUntilUs }) => Math.max(0, busyUntilUs - nowUs) / 1_000)
      if (free.length === 0) return Number.POSITIVE_INFINITY
      let ahead = (lines.get(0) ?? []).reduce((sum, { isOver, left }) => sum + (isOver ? 0 : left), 0)
      for (; ahead > 0; ahead -= 1) free[earliest(free)] = (free[earliest(free)] ?? 0) + meanMs
      return free[earliest(free)] ?? Number.POSITIVE_INFINITY
    },
  }
  operator.watch(view)
  queue.at(pool.fromUs, beginHour)
  return {
    ...view,
    submit(job, nowUs) {
      const waiting: Waiting = { job, sinceUs: nowUs, begunUs: undefined, left: job.pictures, made: 0, isOver: false }
      const line = lines.get(job.rank) ?? []
      lines.set(job.rank, line)
      line.push(waiting)
      queue.at(Math.max(nowUs, job.untilUs), (atUs) => expire(waiting, atUs))
      for (const gpu of gpus) work(gpu, nowUs)
    },
    use: () => ({
      paidHours: counts.paidHours,
      starts: counts.starts,
      nanoUsd: terms.hourNanoUsd * (counts.paidHours + counts.overrunUs / HOUR_US),
      busyShare: counts.paidHours === 0 ? 0 : counts.busyUs / (counts.paidHours * HOUR_US + counts.overrunUs),
      pictures: counts.pictures,
      givenBack: counts.givenBack,
    }),
  }
}

/** Not to be tried here again: there is somebody else who surely has time. */
function lost(code: 'provider_error' | 'provider_rate_limited', afterMs: number): Answer {
  const answer = failed(code, afterMs)
  return { ...answer, ...(answer.failure && { failure: { ...answer.failure, retryable: false } }) }
}

function earliest(times: readonly number[]): number {
  let found = 0
  for (const [index, time] of times.entries()) if (time < (times[found] ?? Number.POSITIVE_INFINITY)) found = index
  return found
}
