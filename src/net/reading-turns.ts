/**
 * Large answers that arrive faster than they can be decoded are read a few at a time, in the order of their first bytes. Read side
 * by side all of them are complete only at the very end, and until then every one takes memory or, beyond the budget, disk.
 *
 * What is shared is this process's own time: a turn ends with its answer, when nothing of it has come for some milliseconds, or
 * after a second. Nobody waits for a slow sender, a slow client or for memory.
 */
import type { Clock } from '../ports/clock.ts'

export interface ReadingTurns {
  /** A place among those who read, or in the queue. `begin` is called later, never from within another call of this object. */
  enter(begin: () => void): Turn
}

export interface Turn {
  /** It may read now; `begin` is not called. */
  readonly isFree: boolean
  /** Something was read. */
  touch(): void
  /** Nothing more is read, or will be; may be called twice. */
  end(): void
}

export interface ReadingTurnsOptions {
  /** Turns at the same time. */
  readonly places: number
  /** After this long the next one begins as well; who has begun reads on. */
  readonly turnMs: number
  readonly clock: Pick<Clock, 'monotonicMs'>
}

interface Entry {
  readonly begin: () => void
  untilMs: number
  lastReadMs: number
  /** Since the last look. */
  hasRead: boolean
}

/** A sender that is quiet for so long is not waiting for us. */
const QUIET_MS = 5

export function createReadingTurns({ places, turnMs, clock }: ReadingTurnsOptions): ReadingTurns {
  const reading = new Set<Entry>()
  /** In the order in which they came; a set forgets from the middle. */
  const waiting = new Set<Entry>()
  let isWatching = false

  const take = (entry: Entry): void => {
    entry.lastReadMs = clock.monotonicMs()
    entry.untilMs = entry.lastReadMs + turnMs
    reading.add(entry)
  }
  const advance = (): void => {
    for (const next of waiting) {
      if (reading.size >= places) break
      waiting.delete(next)
      take(next)
      // Whoever ended a turn may stand in the middle of its own parser, and two parsers cannot run inside one another.
      queueMicrotask(next.begin)
    }
    if (waiting.size === 0 || isWatching) return
    isWatching = true
    setTimeout(look, 1)
  }
  /** While somebody waits. A busy loop looks once per round, in which everyone who reads has had something to read. */
  function look(): void {
    isWatching = false
    const nowMs = clock.monotonicMs()
    for (const entry of reading) {
      if (entry.hasRead) entry.lastReadMs = nowMs
      entry.hasRead = false
      if (nowMs - entry.lastReadMs >= QUIET_MS || nowMs >= entry.untilMs) reading.delete(entry)
    }
    advance()
  }

  return {
    enter(begin) {
      const entry: Entry = { begin, untilMs: 0, lastReadMs: 0, hasRead: false }
      const isFree = reading.size < places && waiting.size === 0
      if (isFree) take(entry)
      else {
        waiting.add(entry)
        advance()
      }
      return {
        isFree,
        touch() {
          entry.hasRead = true
        },
        end() {
          if (!waiting.delete(entry) && reading.delete(entry)) advance()
        },
      }
    },
  }
}
