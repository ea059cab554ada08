/** Spans of time in the URL: a preset, or two days. Days are UTC, as everywhere in Halftone. */

export const presets = ['today', '24h', '7d', '30d', '90d', 'month', 'last-month', 'all'] as const
export type Preset = (typeof presets)[number]

/** In the URL: `period=30d`, or `from=2026-11-01&to=2026-11-22`, both days included. */
export interface PeriodSearch {
  readonly period?: Preset
  readonly from?: string
  readonly to?: string
}

export interface Bounds {
  /** ISO times, from included and until excluded; undefined: open. */
  readonly since: string | undefined
  readonly until: string | undefined
}

export const presetTexts: Readonly<Record<Preset, string>> = {
  today: 'Today',
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  month: 'This month',
  'last-month': 'Last month',
  all: 'All time',
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The period of a URL; what does not fit is left out. Two days win over a preset. */
export function parsePeriod(search: Record<string, unknown>): PeriodSearch {
  const [from, to] = [dayOf(search['from']), dayOf(search['to'])]
  if (from !== undefined || to !== undefined) {
    return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  }
  const period = presets.find((known) => known === search['period'])
  return period ? { period } : {}
}

const dayOf = (value: unknown): string | undefined =>
  typeof value === 'string' && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined

/** The times a period stands for. Hours are cut to the minute, so that a query keeps its cache key for a while. */
export function boundsOf(search: PeriodSearch, fallback: Preset, now: number): Bounds {
  if (search.from !== undefined || search.to !== undefined) {
    return {
      since: search.from && iso(Date.parse(search.from)),
      until: search.to && iso(Date.parse(search.to) + DAY_MS),
    }
  }
  const day = now - (now % DAY_MS)
  const date = new Date(now)
  const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
  switch (search.period ?? fallback) {
    case 'today':
      return { since: iso(day), until: undefined }
    case '24h':
      return { since: iso(now - (now % 60_000) - DAY_MS), until: undefined }
    case '7d':
      return { since: iso(day - 6 * DAY_MS), until: undefined }
    case '30d':
      return { since: iso(day - 29 * DAY_MS), until: undefined }
    case '90d':
      return { since: iso(day - 89 * DAY_MS), until: undefined }
    case 'month':
      return { since: iso(month), until: undefined }
    case 'last-month':
      return { since: iso(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1)), until: iso(month) }
    case 'all':
      return { since: undefined, until: undefined }
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** `7 days`, or `2026-11-01 to 2026-11-22`. */
export function periodText(search: PeriodSearch, fallback: Preset): string {
  if (search.from !== undefined || search.to !== undefined) return `${search.from ?? 'the start'} to ${search.to ?? 'now'}`
  return presetTexts[search.period ?? fallback]
}
