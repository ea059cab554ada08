/** What the page of budgets, keys, projects and lots shows, from what the API answers. Amounts stay exact text. */
import type { BudgetWire, KeyWire } from '../../../../src/contract/admin.ts'
import type { ExploreResponse } from '../../../../src/contract/insight.ts'
import { budgetThresholds } from '../../../../src/core/budget/pace.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import type { Body } from '../../api/paths.ts'
import { textOf } from '../../lib/filters.ts'
import { perMille, shortUsd } from '../../lib/money.ts'
import { counted } from '../../lib/numbers.ts'
import { type Names, scopeText } from '../people/names.ts'

export const tabNames = ['budgets', 'keys', 'projects', 'prepaid'] as const
export type BudgetsTab = (typeof tabNames)[number]

export interface BudgetsSearch {
  readonly tab?: BudgetsTab
  /** The key whose sheet is open. */
  readonly key?: string
  /** Revoked keys too. */
  readonly revoked?: true
}

export function parseBudgetsSearch(search: Record<string, unknown>): BudgetsSearch {
  const tab = tabNames.find((name) => name === search['tab'])
  const key = textOf(search['key'])
  return {
    ...(tab && tab !== 'budgets' && { tab }),
    ...(key !== undefined && { key }),
    ...((search['revoked'] === true || search['revoked'] === 'true') && { revoked: true as const }),
  }
}

export interface BurnBar {
  /** Places on a bar of 0 to 1000. */
  readonly spent: number
  readonly held: number
  /** Where the whole limit is; the bar goes beyond it when what was used or is foreseen does. */
  readonly limit: number
  readonly thresholds: readonly { readonly percent: number; readonly at: number; readonly passed: boolean }[]
  readonly forecast: number | null
}

export interface BudgetRow {
  readonly budget: BudgetWire
  readonly title: string
  readonly what: string
  readonly used: string
  readonly share: string
  readonly tone: 'ink' | 'warn' | 'bad'
  readonly bar: BurnBar
  readonly outlook: { readonly tone: 'ink' | 'warn' | 'bad'; readonly text: string }
  readonly readOnly: string | null
}

/** Budgets, most used first. Held money counts as used: that is how the gateway admits requests. */
export function selectBudgetRows(budgets: readonly BudgetWire[], names: Names, now: number): readonly BudgetRow[] {
  const used = (budget: BudgetWire) => parseUsd(budget.spent_usd) + parseUsd(budget.held_usd)
  return [...budgets]
    .sort((left, right) => right.used_share - left.used_share || (left.id < right.id ? -1 : 1))
    .map((budget) => {
      const limit = parseUsd(budget.limit_usd)
      const percent = Number((used(budget) * 100n) / limit)
      const tone = percent >= 100 ? 'bad' : percent >= 80 ? 'warn' : 'ink'
      return {
        budget,
        title: scopeText(budget, names),
        what: `${periodTexts[budget.period]}, ${budget.hard ? 'hard' : 'soft'}`,
        used: `${shortUsd(budget.spent_usd)} spent of ${shortUsd(budget.limit_usd)}`,
        share: `${percent}%`,
        tone,
        bar: barOf(budget),
        outlook: outlookOf(budget, now),
        readOnly: readOnlyReason(budget.managed_by),
      }
    })
}

export const periodTexts = { day: 'per day', month: 'per month', total: 'in total' } as const

export const readOnlyReason = (managedBy: 'api' | 'file' | 'environment'): string | null =>
  ({
    api: null,
    file: 'Set in halftone.yaml; change it there.',
    environment: 'Set by an environment variable; change it there.',
  })[managedBy]

/** Most that is drawn beyond the limit, as a share of it: what is further out stands at the edge. */
const MOST_BEYOND = 1.5

function barOf(budget: BudgetWire): BurnBar {
  const limit = parseUsd(budget.limit_usd)
  const [spent, held] = [parseUsd(budget.spent_usd), parseUsd(budget.held_usd)]
  const forecast = budget.forecast_usd === null ? null : parseUsd(budget.forecast_usd)
  const furthest = [limit, spent + held, forecast ?? 0n].reduce((most, each) => (each > most ? each : most))
  const most = (limit * BigInt(MOST_BEYOND * 100)) / 100n
  const whole = furthest > most ? most : furthest
  const at = (amount: bigint) => perMille(amount, whole)
  return {
    spent: at(spent),
    held: at(spent + held) - at(spent),
    limit: at(limit),
    thresholds: budgetThresholds.map((percent) => ({
      percent,
      at: at((limit * BigInt(percent)) / 100n),
      passed: (spent + held) * 100n >= limit * BigInt(percent),
    })),
    forecast: forecast === null ? null : at(forecast),
  }
}

function outlookOf(budget: BudgetWire, now: number): BudgetRow['outlook'] {
  const share = budget.used_share
  const again = budget.resets_at === null ? '' : ` It starts again ${momentText(budget.resets_at, now)}.`
  if (share >= 1) {
    const what = budget.hard ? 'The limit is reached: requests are refused.' : 'The limit is passed; requests go on.'
    return { tone: 'bad', text: what + again }
  }
  if (budget.forecast_usd === null) {
    return { tone: 'ink', text: budget.period === 'total' ? 'Never starts again.' : `Too early for a forecast.${again}` }
  }
  if (share === 0) return { tone: 'ink', text: `Nothing is used.${again}` }
  const forecast = shortUsd(budget.forecast_usd)
  if (budget.breach_at !== null)
    return { tone: 'warn', text: `Reaches its limit ${momentText(budget.breach_at, now)} at this pace (${forecast} foreseen).` }
  return { tone: 'ink', text: `Heading for ${forecast} at this pace.${again}` }
}

/** `in 5 h`, `on 2026-12-01`. */
export function momentText(iso: string, now: number): string {
  const minutes = Math.round((Date.parse(iso) - now) / 60_000)
  if (minutes < 1) return 'now'
  if (minutes < 90) return `in ${minutes} min`
  if (minutes < 48 * 60) return `in ${Math.round(minutes / 60)} h`
  return `on ${iso.slice(0, 10)}`
}

/** What each value of the one dimension grouped by has spent; keys of another time are in it too. */
export const selectSpend = (explored: ExploreResponse | undefined): ReadonlyMap<string, string> =>
  new Map((explored?.rows ?? []).flatMap(({ key, other, cost_usd }) => (other ? [] : [[key[0] ?? '', cost_usd] as const])))

/** `5/min, 20 images/min`, or that there is no limit. */
export function rateText({ requests_per_minute: requests, images_per_minute: images }: KeyWire): string {
  const parts = [requests !== null && `${requests} requests/min`, images !== null && `${images} images/min`].filter(Boolean)
  return parts.length > 0 ? parts.join(', ') : 'no limit'
}

/** `a=b` lines; throws nothing: what is no pair is told by its line. */
export function parseTagLines(text: string): { readonly tags: Record<string, string>; readonly problem: string | undefined } {
  const tags: Record<string, string> = {}
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const at = line.indexOf('=')
    if (at < 1) return { tags, problem: `Write name=value: "${line.trim().slice(0, 40)}"` }
    tags[line.slice(0, at).trim()] = line.slice(at + 1).trim()
  }
  return { tags, problem: undefined }
}

export const tagLines = (tags: Readonly<Record<string, string>>): string =>
  Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

/** How prompts of a project are kept, as people read it. */
export const promptModes = {
  full: 'kept as written',
  hmac: 'as a keyed hash: equal ones can be recognised, none can be read',
  none: 'not kept',
} as const satisfies Readonly<Record<Body<'putProject'>['prompt_mode'] & string, string>>

export const keptText = (days: number | null): string => (days === null ? 'for good' : counted(days, 'day'))

/** Whole days as people type them; null: left empty where that may be; undefined: they are none. */
export function parseDays(text: string, least: number, most: number, mayBeEmpty: boolean): number | null | undefined {
  const typed = text.trim()
  if (typed === '') return mayBeEmpty ? null : undefined
  const days = /^\d{1,5}$/.test(typed) ? Number(typed) : Number.NaN
  return days >= least && days <= most ? days : undefined
}

interface TypedDays {
  readonly images: string
  readonly content: string
  readonly records: string
}

/** What the form says of retention; undefined: something is no number of days. Of a new project what is left empty is left out. */
export function retentionBody(
  typed: TypedDays,
  isNew: boolean,
): Pick<Body<'putProject'>, 'asset_ttl_days' | 'content_ttl_days' | 'records_ttl_days'> | undefined {
  const images = parseDays(typed.images, 0, 3650, false)
  const content = parseDays(typed.content, 1, 3650, true)
  const records = parseDays(typed.records, 1, 36_500, true)
  if (images == null || content === undefined || records === undefined) return undefined
  return {
    asset_ttl_days: images,
    ...((content !== null || !isNew) && { content_ttl_days: content }),
    ...((records !== null || !isNew) && { records_ttl_days: records }),
  }
}

/** An amount as people type it, `12,50` apart; undefined: it is none. */
export const usdOf = (text: string): string | undefined => {
  const amount = text.trim().replace(/^\$/, '')
  return /^\d{1,9}(\.\d{1,9})?$/.test(amount) ? amount : undefined
}

/** `Team shop, month` as `team-shop-month`. */
export const idFrom = (...parts: readonly string[]): string =>
  parts
    .filter(Boolean)
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 64)

/** Remaining of the capacity of a lot, 0 to 1000. Decimal text of any scale. */
export function lotPerMille({ remaining, capacity }: { readonly remaining: string; readonly capacity: string }): number {
  const scaled = (text: string): bigint => {
    const [whole = '0', fraction = ''] = text.split('.')
    return BigInt(whole + fraction.padEnd(9, '0'))
  }
  return perMille(scaled(remaining), scaled(capacity))
}
