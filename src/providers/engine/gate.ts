/** A limit on the calls of one account that run at once, for servers that make one picture at a time. First come, first served. */
import { HalftoneError } from '../../core/error.ts'

export interface Gate {
  /** Calls inside and before it. */
  readonly count: number
  readonly places: { readonly total: number; readonly running: number; readonly waiting: number }
  /**
   * Resolves with the function that leaves it. Rejects with a `HalftoneError` when the signal aborts first (`cancelled`) or the
   * wait is longer than `timeoutMs` (`provider_timeout`): nothing was sent then.
   */
  enter(signal: AbortSignal, timeoutMs: number): Promise<() => void>
}

export function createGate(places: number): Gate {
  let inside = 0
  const waiting = new Set<() => void>()
  const leave = (): void => {
    const [next] = waiting
    if (next) next()
    else inside--
  }
  const once = (): (() => void) => {
    let isInside = true
    return () => {
      if (isInside) leave()
      isInside = false
    }
  }
  return {
    get count() {
      return inside + waiting.size
    },
    get places() {
      return { total: places, running: inside, waiting: waiting.size }
    },
    enter(signal, timeoutMs) {
      if (signal.aborted) return Promise.reject(left())
      if (inside < places) {
        inside++
        return Promise.resolve(once())
      }
      return new Promise((resolve, reject) => {
        const settle = (): void => {
          waiting.delete(called)
          clearTimeout(timer)
          signal.removeEventListener('abort', aborted)
        }
        const called = (): void => {
          settle()
          resolve(once())
        }
        const aborted = (): void => {
          settle()
          reject(left())
        }
        const timer = setTimeout(() => {
          settle()
          reject(
            new HalftoneError('provider_timeout', `No place was free within ${timeoutMs} ms; other calls were before this one.`),
          )
        }, timeoutMs)
        signal.addEventListener('abort', aborted, { once: true })
        waiting.add(called)
      })
    },
  }
}

const left = (): HalftoneError => new HalftoneError('cancelled', 'The call was cancelled while it waited for its turn.')
