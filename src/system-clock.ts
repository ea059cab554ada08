/** The real clock. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './ports/clock.ts'

export interface ClockSources {
  /** What the machine takes for the time of day; it may be set. */
  wallMs(): number
  /** Never runs backwards, and stands still while the machine sleeps. */
  steadyMs(): number
}

/** Less is the wall clock being slewed, or read at another moment. */
const JUMP_MS = 1_000

/** Microseconds of wall time that never run backwards, and catch up with the wall where the machine slept. */
export function createWallClock({ wallMs, steadyMs }: ClockSources): () => number {
  let offsetMs = wallMs() - steadyMs()
  return () => {
    const steady = steadyMs()
    const jumpMs = wallMs() - (steady + offsetMs)
    if (jumpMs >= JUMP_MS) offsetMs += jumpMs
    return Math.round((steady + offsetMs) * 1_000)
  }
}

const performanceMs = (): number => performance.now()

export const systemClock: Clock = {
  nowUs: createWallClock({ wallMs: Date.now, steadyMs: performanceMs }),
  monotonicMs: performanceMs,
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
}
