/** The time and the money that a page about the past looks at, in its URL and in the API's words. */
import type { InsightPeriod } from '../../../src/core/insight/terms.ts'
import { type PeriodSearch, type Preset, parsePeriod } from './period.ts'

export interface InsightSearch extends PeriodSearch {
  /** Absent: real money, or the sandbox where nothing else is configured. */
  readonly money?: 'real' | 'sandbox'
}

export const insightPresets = ['today', '7d', '30d', '90d', 'month', 'last-month'] as const satisfies readonly Preset[]
type InsightPreset = (typeof insightPresets)[number]
export const usualPeriod: InsightPreset = '30d'

/** A range without a first day begins so many days before its last one. */
const USUAL_DAYS = 30
const DAY_MS = 86_400_000

export function parseInsightSearch(search: Record<string, unknown>): InsightSearch {
  const { period, from, to } = parsePeriod(search)
  const money = search['money']
  return {
    ...(insightPresets.some((known) => known === period) && period !== usualPeriod && period && { period }),
    ...(from && { from }),
    ...(to && { to }),
    ...((money === 'real' || money === 'sandbox') && { money }),
  }
}

export interface InsightAsked {
  readonly period?: InsightPeriod
  readonly from?: string
  readonly to?: string
  readonly sandbox?: boolean
}

/** What to ask the API for. */
export function askedOf({ period, from, to, money }: InsightSearch): InsightAsked {
  const sandbox = money === undefined ? {} : { sandbox: money === 'sandbox' }
  if (from === undefined && to === undefined) return { period: apiPeriods[presetOf(period)], ...sandbox }
  const first = from ?? new Date(Date.parse(to ?? '') - (USUAL_DAYS - 1) * DAY_MS).toISOString().slice(0, 10)
  return { from: first, ...(to && { to }), ...sandbox }
}

const presetOf = (period: Preset | undefined): InsightPreset => insightPresets.find((known) => known === period) ?? usualPeriod

const apiPeriods: Readonly<Record<InsightPreset, InsightPeriod>> = {
  today: 'today',
  '7d': '7d',
  '30d': '30d',
  '90d': '90d',
  month: 'month',
  'last-month': 'last_month',
}

/** `2026-10-24 to 2026-11-22`, both included; one day is named once. */
export function daysText({ from, to }: { readonly from: string; readonly to: string }): string {
  const first = from.slice(0, 10)
  const last = new Date(Date.parse(to) - 1).toISOString().slice(0, 10)
  return first === last ? first : `${first} to ${last}`
}
