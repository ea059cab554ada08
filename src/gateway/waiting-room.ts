/** Requests that no offer has room for, on this node: they go on in order of urgency when a call ends or a rate allows it. */
import { HalftoneError } from '../core/error.ts'
import { join, leave, type Queue, type Urgency } from '../core/limits/queue.ts'
import type { Clock } from '../ports/clock.ts'

export interface WaitingRoom {
  /** Wait for a turn: true when it is worth looking again, false when `untilUs` has come. Throws `overloaded` when turned away. */
  turn(place: Place): Promise<boolean>
  /** The request goes on, or is given up. */
  leave(id: string): void
  /** Somebody may go on. */
  wake(): void
  readonly size: number
}

export interface Place {
  /** The same each time: it keeps its place while it looks. */
  readonly id: string
  readonly urgency: Urgency
  readonly untilUs: number
  /** When a rate allows the next call, if that is known. */
  readonly wakeUs: number
  readonly signal: AbortSignal
}

const CAPACITY = 1_000
const RETRY_AFTER_MS = 1_000

export function createWaitingRoom(clock: Pick<Clock, 'nowUs' | 'sleep'>, capacity = CAPACITY): WaitingRoom {
  let queue: Queue = []
  const callers = new Map<string, { resume(): void; turnAway(): void }>()

  return {
    async turn({ id, urgency, untilUs, wakeUs, signal }) {
      const nowUs = clock.nowUs()
      if (nowUs >= untilUs) return false
      if (!queue.some((waiting) => waiting.id === id)) {
        const joined = join(queue, { id, urgency, sinceUs: nowUs, untilUs }, capacity)
        queue = joined.queue
        if (joined.shed?.id === id) throw turnedAway()
        if (joined.shed) callers.get(joined.shed.id)?.turnAway()
      }
      const timer = new AbortController()
      try {
        await new Promise<void>((resolve, reject) => {
          callers.set(id, { resume: resolve, turnAway: () => reject(turnedAway()) })
          const waitMs = Math.max(1, Math.ceil((Math.min(untilUs, wakeUs) - nowUs) / 1_000))
          clock.sleep(waitMs, AbortSignal.any([timer.signal, signal])).then(resolve, () => resolve())
        })
      } finally {
        timer.abort()
        callers.delete(id)
      }
      return !signal.aborted && clock.nowUs() < untilUs
    },
    leave(id) {
      queue = leave(queue, id)
    },
    wake() {
      // In order: each looks before the next does.
      for (const { id } of queue) callers.get(id)?.resume()
    },
    get size() {
      return queue.length
    },
  }
}

const turnedAway = (): HalftoneError =>
  new HalftoneError('overloaded', 'No offer has room, and more urgent requests are waiting.', { retryAfterMs: RETRY_AFTER_MS })
