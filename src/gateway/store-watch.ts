/** Whether the store that all nodes share takes pictures: told by those that are stored, and asked when none are. */
import { HalftoneError } from '../core/error.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { StoreFailure } from './alert-sources.ts'

export interface WatchedStore extends BlobStore {
  /** Rejects when it cannot be reached, or refuses. Costs one call. */
  check(): Promise<unknown>
  /** The same by writing, reading and deleting something of its own. */
  probe(): Promise<unknown>
}

export interface StoreWatch {
  /** The store, with its pictures looked at as they are put. Closing it ends the watch. */
  readonly blobs: BlobStore
  /** Asks it now. Rejects as the store does. */
  check(): Promise<void>
  /** Undefined: it takes pictures, as far as is known. */
  failure(): StoreFailure | undefined
}

/** How often a store is asked that no picture tells of. */
const EVERY_MS = 60_000

export function startStoreWatch(store: WatchedStore, clock: Clock, everyMs = EVERY_MS): StoreWatch {
  const stop = new AbortController()
  let failure: StoreFailure | undefined
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const result = await work
      failure = undefined
      return result
    } catch (error) {
      if (isOfStore(error)) failure = { sinceUs: failure?.sinceUs ?? clock.nowUs(), why: error.message }
      throw error
    }
  }
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(everyMs, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      // A list says nothing of a key that may not write, or of a quota: what failed is over when something can be written.
      await told(failure ? store.probe() : store.check()).catch(() => undefined)
    }
  })()
  return {
    blobs: {
      ...store,
      put: (body) => told(store.put(body)),
      async close() {
        stop.abort()
        await store.close()
        await loop
      },
    },
    check: async () => void (await told(store.check())),
    failure: () => failure,
  }
}

/** Not of the bytes that were to be stored. */
const isOfStore = (error: unknown): error is HalftoneError =>
  error instanceof HalftoneError && ['storage_unavailable', 'storage_failed', 'storage_full'].includes(error.code)
