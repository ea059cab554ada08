/** The books in the URL, and what their tables show. Months are UTC. */
import type { ExploreResponse } from '../../../../src/contract/insight.ts'
import type { ClosedMonthWire } from '../../../../src/contract/months.ts'
import { focusPath } from '../../api/paths.ts'

export const tabNames = ['months', 'report', 'unknown', 'imports', 'exports'] as const
export type BooksTab = (typeof tabNames)[number]

export interface BooksSearch {
  readonly tab?: BooksTab
  /** Of the report, `2026-10`. */
  readonly month?: string
}

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/

export function parseBooksSearch(search: Record<string, unknown>): BooksSearch {
  const tab = tabNames.find((name) => name === search['tab'])
  const { month } = search
  return {
    ...(tab && tab !== 'months' && { tab }),
    ...(typeof month === 'string' && MONTH.test(month) && { month }),
  }
}

/** Months up to that of `now`, the newest first. */
export function monthsUntil(now: number, count: number): readonly string[] {
  const date = new Date(now)
  const newest = date.getUTCFullYear() * 12 + date.getUTCMonth()
  return Array.from({ length: count }, (_, back) => {
    const month = newest - back
    return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`
  })
}

export interface MonthRow {
  readonly month: string
  readonly state: 'under way' | 'open' | 'closed' | 'cut off' | 'closed before'
  /** By the seal where it is closed, else by the sums so far; null: nothing is in it. */
  readonly totalUsd: string | null
  readonly closed: ClosedMonthWire | undefined
  /** It is next to be closed; absent: it cannot be. `with`: earlier months that close with it. */
  readonly close?: { readonly with: readonly string[] }
}

/** Every month that holds money or is closed, the newest first. They close in order, and the first one closes all before it. */
export function selectMonths(
  closed: readonly ClosedMonthWire[],
  spend: Pick<ExploreResponse, 'rows'> | undefined,
  now: number,
): readonly MonthRow[] {
  const [current = ''] = monthsUntil(now, 1)
  const sums = new Map(
    (spend?.rows ?? []).flatMap(({ at, cost_usd }) => (at === null ? [] : [[at.slice(0, 7), cost_usd] as const])),
  )
  const byMonth = new Map(closed.map((each) => [each.month, each]))
  const months = [...new Set([current, ...sums.keys(), ...byMonth.keys()])].sort()
  const [first] = [...byMonth.keys()].sort()
  const stateOf = (month: string): MonthRow['state'] => {
    const each = byMonth.get(month)
    if (each) return each.seal ? 'closed' : 'cut off'
    if (first !== undefined && month < first) return 'closed before'
    return month === current ? 'under way' : 'open'
  }
  const open = months.filter((month) => stateOf(month) === 'open')
  const cutOff = months.some((month) => stateOf(month) === 'cut off')
  const closeOf = (month: string): MonthRow['close'] => {
    if (stateOf(month) === 'cut off') return { with: [] }
    if (cutOff || stateOf(month) !== 'open') return undefined
    if (first === undefined) return { with: open.filter((each) => each < month) }
    return month === open[0] ? { with: [] } : undefined
  }
  const rows = months.map((month): MonthRow => {
    const [each, close] = [byMonth.get(month), closeOf(month)]
    const totalUsd = each?.seal?.total_usd ?? sums.get(month) ?? null
    return { month, state: stateOf(month), totalUsd, closed: each, ...(close && { close }) }
  })
  return rows.reverse()
}

export const exportVersions = ['1.3', '1.2'] as const
export const exportFormats = ['csv', 'jsonl', 'parquet'] as const

export interface ExportAsked {
  readonly from: string
  /** The last day, included, as people say it. */
  readonly until: string
  readonly version: (typeof exportVersions)[number]
  readonly format: (typeof exportFormats)[number]
  readonly sandbox: boolean
}

const DAY_MS = 86_400_000
const MAX_DAYS = 400

/** What is wrong with the days of an export; undefined: nothing. */
export function exportProblem({ from, until }: Pick<ExportAsked, 'from' | 'until'>): string | undefined {
  const days = (Date.parse(until) - Date.parse(from)) / DAY_MS + 1
  if (!Number.isFinite(days)) return 'Take a first and a last day.'
  if (days < 1) return 'The last day is before the first.'
  return days > MAX_DAYS ? `One file holds ${MAX_DAYS} days at most.` : undefined
}

/** Where the file is. The API's `to` is the day after the last. */
export function exportUrl({ from, until, version, format, sandbox }: ExportAsked): string {
  const to = new Date(Date.parse(until) + DAY_MS).toISOString().slice(0, 10)
  return `${focusPath}?${new URLSearchParams({ from, to, version, format, sandbox: String(sandbox) })}`
}
