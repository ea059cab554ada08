/** A job of many such pictures as the quote answers it: what all of them cost on each candidate, and whether they are there in time. */
import type { JobCandidateWire, JobQuoteWire } from '../../../../src/contract/quote.ts'
import { shortUsd } from '../../lib/money.ts'
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
  /** Why it would not be chosen for one picture; empty: the route would choose among it. */
  readonly apart: string
  readonly frontier: boolean
  readonly reasons: readonly string[]
}

export interface JobView {
  readonly rows: readonly JobRow[]
  /** Candidates beyond those that are shown. */
  readonly more: number
}

const SHOWN = 5
/** What waiting longer would save. */
const LATE_SHOWN = 2

/** Those that the route may choose first, each cheapest first; a few that would be late at the end. */
export function selectJob({ candidates, deadline_ms: deadline }: JobQuoteWire): JobView {
  const sorted = candidates.toSorted((a, b) => Number(b.eligible) - Number(a.eligible))
  const late = sorted.filter(({ in_time }) => in_time === 'no').slice(0, LATE_SHOWN)
  const shown = [...sorted.filter(({ in_time }) => in_time !== 'no').slice(0, SHOWN), ...late]
  return { rows: shown.map((candidate) => rowOf(candidate, deadline !== null)), more: sorted.length - shown.length }
}

function rowOf(candidate: JobCandidateWire, hasDeadline: boolean): JobRow {
  const { offer, min_usd: min, max_usd: max, in_time: inTime, duration_ms: duration, eligible, frontier, reasons } = candidate
  const range = max === null ? `from ${shortUsd(min)}, no upper bound known` : `${shortUsd(min)} to ${shortUsd(max)}`
  const product = productText({ ...candidate, finishing: [] })
  return {
    key: `${offer} ${product}`,
    offer,
    product,
    expectedUsd: candidate.expected_usd,
    range: min === max ? '' : range,
    time: timeText(inTime, duration, hasDeadline),
    late: inTime === 'no',
    apart: eligible ? '' : candidate.lane === 'standard' ? 'not a choice of the route' : 'in its own time',
    frontier,
    reasons,
  }
}

function timeText(inTime: JobCandidateWire['in_time'], duration: number | null, hasDeadline: boolean): string {
  const takes = duration === null ? undefined : `takes about ${formatDuration(duration)}, if its provider keeps up`
  if (inTime === 'no') return takes === undefined ? 'too late' : `too late: ${takes}`
  if (takes !== undefined) return takes
  return hasDeadline && inTime === 'unknown' ? 'nobody knows whether it is in time' : 'time not known'
}
