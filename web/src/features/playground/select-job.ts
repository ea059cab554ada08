/** A job of many such pictures as the quote answers it: what all of them cost on each candidate, and whether they are there in time. */
import type { JobCandidateWire, JobQuoteWire } from '../../../../src/contract/quote.ts'
import { exactUsd } from '../../lib/money.ts'
import { formatDuration } from '../../lib/time.ts'
import { productText } from '../candidates/select-candidates.ts'

const HOUR_MS = 3_600_000

/** Times one can ask for; nothing: it does not matter when. */
export const withinChoices = [
  { hours: 1, label: 'an hour' },
  { hours: 6, label: '6 hours' },
  { hours: 24, label: 'a day' },
  { hours: 72, label: '3 days' },
  { hours: 168, label: 'a week' },
] as const

export const isWithin = (hours: unknown): hours is number => withinChoices.some((choice) => choice.hours === hours)

/** The question behind the fields. */
export const jobOf = (count: number, hours: number | undefined) => ({
  count,
  ...(hours === undefined ? {} : { deadline_ms: hours * HOUR_MS }),
})

export interface JobRow {
  readonly key: string
  readonly offer: string
  readonly product: string
  readonly expectedUsd: string
  /** `$90 to $120`; empty: it is exact. */
  readonly range: string
  readonly time: string
  readonly late: boolean
  /** The route would choose among it. */
  readonly eligible: boolean
  readonly frontier: boolean
  readonly reasons: readonly string[]
}

export interface JobView {
  readonly rows: readonly JobRow[]
  /** Candidates beyond those that are shown. */
  readonly more: number
}

const SHOWN = 5

/** Cheapest first, late ones at the end; those that the route may choose before the others. */
export function selectJob({ candidates, deadline_ms: deadline }: JobQuoteWire): JobView {
  const late = ({ in_time }: JobCandidateWire) => Number(in_time === 'no')
  const sorted = candidates.toSorted((a, b) => late(a) - late(b) || Number(b.eligible) - Number(a.eligible))
  return {
    rows: sorted.slice(0, SHOWN).map((candidate) => rowOf(candidate, deadline !== null)),
    more: Math.max(0, sorted.length - SHOWN),
  }
}

function rowOf(candidate: JobCandidateWire, hasDeadline: boolean): JobRow {
  const { offer, min_usd: min, max_usd: max, in_time: inTime, duration_ms: duration, eligible, frontier, reasons } = candidate
  const range = max === null ? `from ${exactUsd(min)}, no upper bound known` : `${exactUsd(min)} to ${exactUsd(max)}`
  const product = productText({ ...candidate, finishing: [] })
  return {
    key: `${offer} ${product}`,
    offer,
    product,
    expectedUsd: candidate.expected_usd,
    range: min === max ? '' : range,
    time: timeText(inTime, duration, hasDeadline),
    late: inTime === 'no',
    eligible,
    frontier,
    reasons,
  }
}

function timeText(inTime: JobCandidateWire['in_time'], duration: number | null, hasDeadline: boolean): string {
  const takes = duration === null ? undefined : `takes about ${formatDuration(duration)}`
  if (inTime === 'no') return takes === undefined ? 'too late' : `too late: ${takes}`
  if (takes !== undefined) return takes
  return hasDeadline && inTime === 'unknown' ? 'nobody knows whether it is in time' : 'time not known'
}
