/**
 * Runs rented GPUs from what a gateway sees: counts what is asked for, plans the coming hours every six, and says of each request whether it goes
 * to the pool, at once or into its queue.
 */
import { forecastHours, type HourlyCounts } from '../planning/forecast-hours.ts'
import { type GpuDemand, type GpuPlan, type GpuTerms, planGpus } from '../planning/gpu.ts'
import { HOUR_US } from './time.ts'

/** Requests that are alike in what they cost elsewhere and how long they may take. */
export interface PoolLine {
  readonly key: string
  /** Somebody waits for it. */
  readonly isUrgent: boolean
  /** From the request to its last picture. */
  readonly deadlineMs: number
}

interface Asked {
  readonly line: PoolLine
  readonly pictures: number
  /** Nano-USD that each picture costs elsewhere. */
  readonly savedNanoUsd: number
  /** When it came; it may be asked again later. */
  readonly cameUs: number
  readonly nowUs: number
}

/** Where it stands in the pool's queue, and whether there is time enough for the batch lane when it is given back. */
export interface Placed {
  readonly rank: number
  readonly untilUs: number
  readonly isLong: boolean
}

export interface GpuManager {
  /** Counts a request that the pool could make, and says whether it shall; undefined: elsewhere. `waitMs`: see `PoolView`. */
  asked(request: Asked, waitMs: number): Placed | undefined
  /** So many pictures left the pool's queue, made or given back. */
  left(key: string, pictures: number): void
  /** At each full hour: GPUs for the hour that begins. */
  gpus(hourUs: number): number
}

interface State {
  readonly line: PoolLine
  readonly firstHour: number
  readonly counts: number[]
  /** By hour as `counts`: pictures that were sent to wait for the pool. */
  readonly held: number[]
  savedNanoUsd: number
  /** Pictures that wait for the pool. */
  waiting: number
}

const PLANNED_HOURS = 36
const REPLAN_HOURS = 6
/** Without a week of demand no hour is known. */
const HISTORY_HOURS = 168
/** Weight of the last request in what a picture costs elsewhere. */
const LATEST = 0.02
/** Of a deadline, what an answer may take as it is expected; and the time of one picture, with what it may take longer. */
const DEADLINE_SHARE = 0.9
const SLOW_PICTURE = 1.2
/** Work that may wait a day is given back so long before its deadline: by a batch lane in time, or by a lane that answers at once. */
const BATCH_RESERVE_MS = 12 * 3_600_000
const RESERVE_MS = 2 * 3_600_000
/** Of the pictures that are planned for later hours, so many may be counted on. */
const RELIABLE = 0.9

export function createGpuManager(terms: GpuTerms): GpuManager {
  const states = new Map<string, State>()
  const meanMs = 3_600_000 / terms.picturesPerHour
  let plan: (GpuPlan & { readonly fromHour: number; readonly order: readonly string[] }) | undefined
  let lastGpus = 0

  /** How long a picture may wait for a GPU: the less it saves against others, the sooner it makes room for them. */
  function patienceMs({ line, savedNanoUsd }: State): number {
    const most = Math.max(1, ...[...states.values()].filter((each) => each.line.isUrgent).map((each) => each.savedNanoUsd))
    const worth = Math.sqrt(Math.max(0, savedNanoUsd) / most)
    return worth * Math.max(0, DEADLINE_SHARE * line.deadlineMs - SLOW_PICTURE * meanMs)
  }

  function demandOf(state: State, hour: number): GpuDemand {
    const { line, savedNanoUsd } = state
    const perHour = forecastHours(state satisfies HourlyCounts, hour, PLANNED_HOURS)
    // On average half a picture that may wait is under way when somebody comes.
    if (line.isUrgent) return { kind: 'urgent', perHour, savedNanoUsd, places: Math.max(0, patienceMs(state) / meanMs - 0.5) }
    const patienceHours = Math.max(1, Math.floor((line.deadlineMs - RESERVE_MS) / 3_600_000) - 1)
    return { kind: 'deferrable', perHour, savedNanoUsd, patienceHours, waiting: waitingByAge(state, hour) }
  }

  function replan(hour: number): void {
    const known = [...states.values()].filter(({ firstHour }) => hour - firstHour >= HISTORY_HOURS)
    const order = known.map(({ line }) => line.key)
    const demands = known.map((state) => demandOf(state, hour))
    plan = { ...planGpus({ terms, demands, hours: PLANNED_HOURS, running: lastGpus }), fromHour: hour, order }
  }

  /** Hours from now on in which pictures of a line will have been made, beside those that wait already; undefined: not in the plan. */
  function turnOf({ line, waiting }: State, pictures: number, nowUs: number): number | undefined {
    const row = plan?.made[plan.order.indexOf(line.key)]
    if (!plan || !row) return undefined
    const now = nowUs / HOUR_US - plan.fromHour
    let ahead = waiting + pictures
    for (let hour = Math.max(0, Math.floor(now)); hour < row.length; hour += 1) {
      const share = Math.min(1, hour + 1 - now)
      ahead -= (row[hour] ?? 0) * share * RELIABLE
      if (ahead <= 0) return hour + 1 - now
    }
    return undefined
  }

  function placeDeferrable(state: State, { pictures, cameUs, nowUs }: Asked): Placed | undefined {
    const turn = turnOf(state, pictures, nowUs)
    if (turn === undefined) return undefined
    const { deadlineMs } = state.line
    const untilUs = (reserveMs: number): number => cameUs + (deadlineMs - reserveMs) * 1_000
    const madeUs = nowUs + turn * HOUR_US
    const isLong = madeUs > untilUs(BATCH_RESERVE_MS)
    if (madeUs > untilUs(RESERVE_MS)) return undefined
    const better = [...states.values()].filter(({ line, savedNanoUsd }) => !line.isUrgent && savedNanoUsd > state.savedNanoUsd)
    return { rank: 1 + better.length, untilUs: untilUs(isLong ? RESERVE_MS : BATCH_RESERVE_MS), isLong }
  }

  return {
    asked(request, waitMs) {
      const { line, pictures, savedNanoUsd, nowUs } = request
      const hour = Math.floor(nowUs / HOUR_US)
      const state: State = states.get(line.key) ?? { line, firstHour: hour, counts: [], held: [], savedNanoUsd, waiting: 0 }
      states.set(line.key, state)
      state.savedNanoUsd += LATEST * (savedNanoUsd - state.savedNanoUsd)
      const index = hour - state.firstHour
      while (state.counts.length <= index) {
        state.counts.push(0)
        state.held.push(0)
      }
      // What is asked again was counted when it came.
      if (Math.floor(request.cameUs / HOUR_US) === hour) state.counts[index] = (state.counts[index] ?? 0) + pictures
      if (line.isUrgent) {
        const patience = patienceMs(state)
        return waitMs <= patience ? { rank: 0, untilUs: nowUs + (patience + meanMs) * 1_000, isLong: false } : undefined
      }
      const placed = placeDeferrable(state, request)
      if (!placed) return undefined
      state.waiting += pictures
      state.held[index] = (state.held[index] ?? 0) + pictures
      return placed
    },
    left(key, pictures) {
      const state = states.get(key)
      if (state && !state.line.isUrgent) state.waiting = Math.max(0, state.waiting - pictures)
    },
    gpus(hourUs) {
      const hour = Math.round(hourUs / HOUR_US)
      if (!plan || hour - plan.fromHour >= REPLAN_HOURS) replan(hour)
      lastGpus = plan?.gpus[hour - plan.fromHour] ?? 0
      return lastGpus
    },
  }
}

/** Who came first goes first, so that those who still wait are the last that came. */
function waitingByAge({ held, waiting, firstHour }: State, hour: number): number[] {
  const ages: number[] = [0]
  for (let left = waiting, index = hour - 1 - firstHour; left > 0 && index >= 0; index -= 1) {
    const here = Math.min(left, held[index] ?? 0)
    ages.push(here)
    left -= here
  }
  return ages
}
