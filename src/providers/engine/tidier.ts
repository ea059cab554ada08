/** Deletes what finished work left at its provider, once the result had time to be put on record. */
import type { Clock } from '../../ports/clock.ts'

export interface Tidier {
  /** `work` may fail; nobody is told. */
  later(work: () => Promise<unknown>): void
  /** Whatever still waits is done at once. */
  close(): Promise<void>
}

/** A result whose files are gone could not be fetched again by the start after a crash. */
const ON_RECORD_MS = 30_000

export function createTidier(clock: Clock): Tidier {
  const closing = new AbortController()
  const waiting = new Set<Promise<unknown>>()
  return {
    later(work) {
      const task = clock
        .sleep(ON_RECORD_MS, closing.signal)
        .catch(() => undefined)
        .then(work)
        .catch(() => undefined)
        .finally(() => waiting.delete(task))
      waiting.add(task)
    },
    async close() {
      closing.abort()
      await Promise.all(waiting)
    },
  }
}
