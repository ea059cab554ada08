/** Long work that lets pictures through: the event loop gets its turn between slices. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../ports/clock.ts'

const SLICE_MS = 10

export interface Turns {
  /** At once while the slice lasts; then after everything else that waited. Rejects once the signal is aborted. */
  next(): Promise<void>
  /** Steps that need nobody, one after the other; the value is what they return. */
  through<Value>(steps: Generator<undefined, Value>): Promise<Value>
}

export function createTurns(clock: Pick<Clock, 'monotonicMs'>, signal: AbortSignal): Turns {
  let endsMs = clock.monotonicMs() + SLICE_MS
  const isOver = (): boolean => clock.monotonicMs() >= endsMs
  const rest = async (): Promise<void> => {
    signal.throwIfAborted()
    await setImmediate()
    endsMs = clock.monotonicMs() + SLICE_MS
  }
  return {
    next: async () => {
      if (isOver()) await rest()
    },
    async through(steps) {
      for (;;) {
        const step = steps.next()
        if (step.done) return step.value
        if (isOver()) await rest()
      }
    },
  }
}
