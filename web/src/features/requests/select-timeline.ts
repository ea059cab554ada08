/** Attempts on a common time axis. */
import type { AttemptWire } from '../../../../src/contract/records.ts'

export interface TimelineBar {
  readonly attempt: AttemptWire
  /** Start and length in per mille of the whole axis; a bar is always wide enough to see. */
  readonly start: number
  readonly width: number
  readonly running: boolean
}

const MIN_WIDTH = 8

/** Bars in order of their start. `now` closes what still runs. */
export function selectTimeline(
  attempts: readonly AttemptWire[],
  now: number,
): { readonly bars: readonly TimelineBar[]; readonly spanMs: number } {
  const spans = attempts
    .map((attempt) => {
      const start = Date.parse(attempt.created_at)
      return { attempt, start, end: endOf(attempt, start, now) }
    })
    .sort((left, right) => left.start - right.start || left.attempt.sequence - right.attempt.sequence)
  const first = Math.min(...spans.map((span) => span.start))
  const spanMs = spans.length === 0 ? 0 : Math.max(1, Math.max(...spans.map((span) => span.end)) - first)
  const bars = spans.map(({ attempt, start, end }) => {
    const width = Math.max(MIN_WIDTH, ((end - start) / spanMs) * 1000)
    return {
      attempt,
      start: Math.min(1000 - width, ((start - first) / spanMs) * 1000),
      width,
      running: attempt.settled_at === null,
    }
  })
  return { bars, spanMs }
}

function endOf(attempt: AttemptWire, start: number, now: number): number {
  if (attempt.duration_ms !== null) return start + attempt.duration_ms
  return attempt.settled_at === null ? Math.max(start, now) : Date.parse(attempt.settled_at)
}
