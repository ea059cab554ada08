/** Where a request heard about on the event stream belongs in the pages already loaded. */
import type { RequestSummaryWire } from '../../../src/contract/records.ts'
import { parseUsd } from '../../../src/core/money.ts'
import { valuesOf } from '../lib/filters.ts'
import type { Answer } from './paths.ts'

/** The query of a list of requests, as the API has it; lists of values are one text with commas. */
export interface RequestFilters {
  readonly outcome?: string
  readonly operation?: string
  readonly model?: string
  readonly offer?: string
  readonly provider?: string
  readonly route?: string
  readonly size?: string
  readonly quality?: string
  readonly prompt_class?: string
  readonly project_id?: string
  readonly key_id?: string
  readonly group?: string
  readonly end_customer?: string
  readonly tag?: string
  readonly since?: string
  readonly until?: string
  readonly min_cost_usd?: string
  readonly max_cost_usd?: string
  readonly search?: string
}

export type RequestPage = Answer<'listRequests'>

/**
 * Pages with `summary` put in: replaced where it already is, removed where it no longer matches, else inserted by its id
 * (ids are in time order). A request older than everything loaded is left for the page it will come with.
 */
export function mergeSummary(
  pages: readonly RequestPage[],
  summary: RequestSummaryWire,
  filters: RequestFilters = {},
): RequestPage[] {
  const wanted = matchesFilters(summary, filters)
  const known = pages.some((page) => page.data.some((row) => row.id === summary.id))
  if (known) return pages.map((page) => ({ ...page, data: replaceOrRemove(page.data, summary, wanted) }))
  if (!wanted || !isTold(filters)) return [...pages]
  const at = pages.findIndex((page, index) => {
    const oldest = page.data.at(-1)
    return oldest === undefined || summary.id > oldest.id || (index === pages.length - 1 && !page.next_cursor)
  })
  return pages.map((page, index) =>
    index === at ? { ...page, data: [...page.data, summary].sort((left, right) => (left.id < right.id ? 1 : -1)) } : page,
  )
}

/** Whether a summary has everything the list is narrowed by; a new request that cannot be judged waits for the next reading. */
const isTold = ({ size, quality, prompt_class }: RequestFilters): boolean => (size ?? quality ?? prompt_class) === undefined

/** Whether a list narrowed so would have this request, as far as its summary tells: of the offers called it has the last. */
export function matchesFilters(summary: RequestSummaryWire, filters: RequestFilters): boolean {
  const isOneOf = (list: string | undefined, ...values: (string | null | undefined)[]) =>
    list === undefined || valuesOf(list).some((wanted) => values.includes(wanted))
  const [provider, model] = summary.offer?.split(/:(.*)/s) ?? []
  return (
    isOneOf(filters.outcome, summary.outcome) &&
    isOneOf(filters.operation, summary.operation) &&
    isOneOf(filters.route, summary.route) &&
    isOneOf(filters.offer, summary.offer) &&
    isOneOf(filters.provider, provider) &&
    isOneOf(filters.model, summary.model, model) &&
    isSame(filters.project_id, summary.project_id) &&
    isSame(filters.key_id, summary.key_id) &&
    isSame(filters.group, summary.group) &&
    isSame(filters.end_customer, summary.end_customer) &&
    hasTag(summary, filters.tag) &&
    isWithin(summary, filters) &&
    hasText(summary, filters.search)
  )
}

const isSame = (wanted: string | undefined, value: string | null): boolean => wanted === undefined || wanted === value

function hasTag({ tags }: RequestSummaryWire, tag: string | undefined): boolean {
  if (tag === undefined) return true
  const at = tag.indexOf('=')
  const key = tag.slice(0, at)
  return Object.hasOwn(tags, key) && tags[key] === tag.slice(at + 1)
}

function isWithin(summary: RequestSummaryWire, { since, until, min_cost_usd: min, max_cost_usd: max }: RequestFilters): boolean {
  const created = Date.parse(summary.created_at)
  if (since !== undefined && created < Date.parse(since)) return false
  if (until !== undefined && created >= Date.parse(until)) return false
  const cost = parseUsd(summary.cost_usd)
  return (min === undefined || cost >= parseUsd(min)) && (max === undefined || cost <= parseUsd(max))
}

function hasText(summary: RequestSummaryWire, text: string | undefined): boolean {
  if (text === undefined) return true
  const parts = [summary.id, summary.group, summary.end_customer, summary.prompt, JSON.stringify(summary.tags)]
  return parts.some((part) => part?.toLowerCase().includes(text.toLowerCase()))
}

function replaceOrRemove(
  rows: readonly RequestSummaryWire[],
  summary: RequestSummaryWire,
  wanted: boolean,
): RequestSummaryWire[] {
  return rows.flatMap((row) => {
    if (row.id !== summary.id) return [row]
    return wanted ? [newer(row, summary)] : []
  })
}

/** A finished row never goes back to running: events and the list's answer can cross on the way. */
const newer = (row: RequestSummaryWire, summary: RequestSummaryWire): RequestSummaryWire =>
  row.finished_at !== null && summary.finished_at === null ? row : summary
