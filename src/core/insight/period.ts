/** The days a question is about, and those before them that they are compared with. Whole UTC days; the last may be under way. */
import { periodEndUs, periodStartUs } from '../budget/period.ts'
import { HalftoneError } from '../error.ts'
import type { InsightPeriod } from './terms.ts'

const DAY_US = 86_400_000_000
/** Two years: what a question may span. */
const MOST_DAYS = 731

export interface Period {
  readonly name: InsightPeriod | 'custom'
  readonly fromUs: number
  /** The first microsecond after it. */
  readonly toUs: number
}

interface Asked {
  readonly period?: InsightPeriod | undefined
  /** ISO days. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Throws `invalid_value` for days that are out of order, too many, or given beside a name. */
export function resolvePeriod({ period, from, to }: Asked, nowUs: number): Period {
  const today = periodStartUs('day', nowUs)
  const tomorrow = today + DAY_US
  if (from === undefined && to === undefined) return namedPeriod(period ?? '30d', today, tomorrow)
  if (period !== undefined) throw invalid('Give either "period" or "from" and "to".', 'period')
  if (from === undefined) throw invalid('"to" needs "from".', 'from')
  const fromUs = dayUs(from, 'from')
  const toUs = to === undefined ? tomorrow : dayUs(to, 'to') + DAY_US
  if (toUs <= fromUs) throw invalid('"to" lies before "from".', 'to')
  if (toUs - fromUs > MOST_DAYS * DAY_US) throw invalid(`A period has at most ${MOST_DAYS} days.`, 'from')
  return { name: 'custom', fromUs, toUs }
}

const lengths = { today: 1, '7d': 7, '30d': 30, '90d': 90 } as const

function namedPeriod(name: InsightPeriod, today: number, tomorrow: number): Period {
  if (name === 'month') return { name, fromUs: periodStartUs('month', today), toUs: tomorrow }
  if (name === 'last_month') {
    const toUs = periodStartUs('month', today)
    return { name, fromUs: periodStartUs('month', toUs - 1), toUs }
  }
  return { name, fromUs: tomorrow - lengths[name] * DAY_US, toUs: tomorrow }
}

/**
 * As many days just before; of a month the same days of the month before, as far as it has them: from the 1st to the same day, or whole.
 */
export function previousPeriod({ name, fromUs, toUs }: Period): Period {
  if (name !== 'month' && name !== 'last_month') return { name: 'custom', fromUs: fromUs - (toUs - fromUs), toUs: fromUs }
  const start = periodStartUs('month', fromUs - 1)
  const end = periodEndUs('month', start) ?? fromUs
  return { name: 'custom', fromUs: start, toUs: name === 'month' ? Math.min(end, start + (toUs - fromUs)) : end }
}

export const daysOf = ({ fromUs, toUs }: Pick<Period, 'fromUs' | 'toUs'>): number => Math.round((toUs - fromUs) / DAY_US)

function dayUs(text: string, param: string): number {
  const ms = Date.parse(`${text}T00:00:00Z`)
  if (!Number.isFinite(ms)) throw invalid(`"${param}" is not a day such as 2026-11-22.`, param)
  return ms * 1_000
}

const invalid = (message: string, param: string): HalftoneError => new HalftoneError('invalid_value', message, { param })
