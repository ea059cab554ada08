/** Something that other nodes change too, read again every few seconds, and at once after a change on this node. */
import type { Clock } from '../ports/clock.ts'
import type { GatewayLog } from './state.ts'

export interface Looking {
  /** Resolves when a look that began after this call has ended; rejects with what it failed with. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface LookingOptions {
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Pick<GatewayLog, 'error'>
  readonly everyMs: number
  /** What is logged, once, when looks begin to fail. */
  readonly failing: string
  look(): Promise<void>
}

/** Looks one after the other, the first after `everyMs` unless somebody asks before. */
export function keepLooking({ clock, log, everyMs, failing, look }: LookingOptions): Looking {
  const stop = new AbortController()
  let waiting: Promise<void> | undefined
  let tail: Promise<void> = Promise.resolve()
  /** A look that has not begun yet will see what everybody who waits for it has written. */
  function refresh(): Promise<void> {
    waiting ??= tail.then(() => {
      waiting = undefined
      return look()
    })
    tail = waiting.catch(() => undefined)
    return waiting
  }
  const loop = async (): Promise<void> => {
    let isFailing = false
    for (;;) {
      await clock.sleep(everyMs, stop.signal)
      await refresh().then(
        () => {
          isFailing = false
        },
        (err: unknown) => {
          if (!isFailing) log.error({ err }, failing)
          isFailing = true
        },
      )
    }
  }
  const running = loop().catch(() => undefined)
  return {
    refresh,
    async close() {
      stop.abort()
      await running
      await tail
    },
  }
}
