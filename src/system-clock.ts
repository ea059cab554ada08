/** The real clock. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './ports/clock.ts'

/** Wall time that never runs backwards within the process, from the monotonic clock. */
export const systemClock: Clock = {
  nowUs: () => Math.round((performance.timeOrigin + performance.now()) * 1_000),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
}
