/** Attempts on a common time axis, and each in words. */
import type { AttemptWire } from '../../../../src/contract/records.ts'
import { exactUsd } from '../../lib/money.ts'
import { counted } from '../../lib/numbers.ts'
import { sizeText } from '../../lib/size.ts'
import { formatDuration } from '../../lib/time.ts'

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

/** What was called for and how it went: `primary, settled; 2 of 3 pictures; medium, 800x600; took 1.2 s`. */
export function callText(attempt: AttemptWire): string {
  const { images_made: made, images_wanted: wanted, duration_ms: took, first_byte_ms: first, http_status: status } = attempt
  return [
    `${attempt.kind}, ${attempt.state}`,
    wanted > 0 &&
      (attempt.settled_at === null ? `for ${counted(wanted, 'picture')}` : `${made} of ${counted(wanted, 'picture')}`),
    settingsOf(attempt.settings),
    took !== null && `took ${formatDuration(took)}`,
    first !== null && `first byte after ${formatDuration(first)}`,
    status !== null && `HTTP ${status}`,
  ]
    .filter(Boolean)
    .join('; ')
}

/** Its promise, its charges, and what they are of: `expected $0.08; charged $0.08; billed: yes; 2 images.out`. */
export const moneyText = (attempt: AttemptWire): string =>
  [
    `expected ${exactUsd(attempt.expected_usd)}`,
    attempt.settled_at === null && `${exactUsd(attempt.held_usd)} held`,
    `charged ${exactUsd(attempt.total_usd)}`,
    attempt.billed !== null && `billed: ${attempt.billed}`,
    ...Object.entries(attempt.usage).map(([meter, quantity]) => `${quantity} ${meter}`),
  ]
    .filter(Boolean)
    .join('; ')

/** What the offer was asked for; how many stands beside it. */
function settingsOf({ n: _, ...settings }: AttemptWire['settings']): string {
  const parts = Object.entries(settings).flatMap(([name, value]) => {
    if (value === null || value === false) return []
    const text = sizeText(value) ?? (typeof value === 'string' ? value : undefined)
    return text === undefined ? [`${name} ${JSON.stringify(value)}`] : [text]
  })
  return parts.join(', ')
}
