/** The requests page in the URL, the API's query it stands for, and what the rows show. */
import type { RequestSummaryWire } from '../../../../src/contract/records.ts'
import { outcomes } from '../../../../src/core/outcome.ts'
import { operations } from '../../../../src/core/request.ts'
import type { RequestFilters } from '../../api/select-live.ts'
import { definedOnly, joinValues, textOf, valuesOf } from '../../lib/filters.ts'
import { boundsOf, type PeriodSearch, parsePeriod } from '../../lib/period.ts'
import { formatDuration, formatMoment } from '../../lib/time.ts'
import { sourceOf } from '../imports/select-import.ts'

export const views = ['table', 'gallery'] as const
type View = (typeof views)[number]

/** Lists of values are one text with commas. */
export interface RequestsSearch extends PeriodSearch {
  readonly view?: View
  readonly q?: string
  readonly outcome?: string
  readonly operation?: string
  readonly model?: string
  readonly provider?: string
  readonly route?: string
  readonly size?: string
  readonly quality?: string
  readonly prompt_class?: string
  readonly project_id?: string
  readonly key_id?: string
  readonly group?: string
  readonly customer?: string
  readonly tag?: string
  readonly min?: string
  readonly max?: string
}

/** What of a URL fits; the rest is left out, so that a link made by hand still opens. */
export function parseRequestsSearch(search: Record<string, unknown>): RequestsSearch {
  const known = <Word extends string>(name: string, words: readonly Word[]) =>
    joinValues(valuesOf(search[name]).filter((value) => words.some((word) => word === value)))
  const list = (name: string) => joinValues(valuesOf(search[name]))
  const tag = textOf(search['tag'])
  return {
    ...parsePeriod(search),
    ...definedOnly({
      view: search['view'] === 'gallery' ? ('gallery' as const) : undefined,
      q: textOf(search['q'], MAX_SEARCH),
      outcome: known('outcome', outcomes),
      operation: known('operation', operations),
      model: list('model'),
      provider: list('provider'),
      route: list('route'),
      size: list('size'),
      quality: list('quality'),
      prompt_class: list('prompt_class'),
      project_id: textOf(search['project_id'], 64),
      key_id: textOf(search['key_id'], 64),
      group: textOf(search['group']),
      customer: textOf(search['customer']),
      tag: tag && /^[^=,]+=/.test(tag) ? tag : undefined,
      min: amountOf(search['min']),
      max: amountOf(search['max']),
    }),
  }
}

const MAX_SEARCH = 200
/** The API takes no shorter one: it would match nearly everything. */
const MIN_SEARCH = 2

const amountOf = (value: unknown): string | undefined => {
  const text = textOf(value, 20)
  return text && /^\d+(\.\d{1,9})?$/.test(text) ? text : undefined
}

/** The query of the list; an offer is a model with a colon. */
export function filtersOf(search: RequestsSearch, now: number): RequestFilters {
  const { since, until } = boundsOf(search, 'all', now)
  const models = valuesOf(search.model)
  return definedOnly({
    outcome: search.outcome,
    operation: search.operation,
    model: joinValues(models.filter((id) => !id.includes(':'))),
    offer: joinValues(models.filter((id) => id.includes(':'))),
    provider: search.provider,
    route: search.route,
    size: search.size,
    quality: search.quality,
    prompt_class: search.prompt_class,
    project_id: search.project_id,
    key_id: search.key_id,
    group: search.group,
    end_customer: search.customer,
    tag: search.tag,
    since,
    until,
    min_cost_usd: search.min,
    max_cost_usd: search.max,
    search: search.q !== undefined && search.q.length >= MIN_SEARCH ? search.q : undefined,
  })
}

/** Whether anything narrows the list; the view does not. */
export const isFiltered = ({ view: _, ...filters }: RequestsSearch): boolean => Object.keys(filters).length > 0

/** Without filters, in the same view. */
export const clearedSearch = ({ view }: RequestsSearch): RequestsSearch => (view ? { view } : {})

export const detailTabs = ['receipt', 'attempts', 'decision', 'lineage', 'details'] as const
export interface DetailSearch {
  readonly tab?: (typeof detailTabs)[number]
}

export function parseDetailSearch(search: Record<string, unknown>): DetailSearch {
  const tab = detailTabs.find((known) => known === search['tab'])
  return tab && tab !== 'receipt' ? { tab } : {}
}

type Prompted = Pick<RequestSummaryWire, 'prompt' | 'operation' | 'route'>

/** The prompt, or what stands in for it: where it was made elsewhere, where none is kept, and where the operation needs none. */
export function promptText({ prompt, operation, route }: Prompted): string {
  const source = sourceOf(route)
  if (source !== undefined) return `Imported from ${source}`
  if (prompt === null) return 'Prompt not kept'
  return prompt.trim() === '' ? `No prompt: ${operation.replaceAll('_', ' ')}` : prompt
}

/** Words of the gateway and not of the client. */
export const isStandIn = ({ prompt }: Pick<Prompted, 'prompt'>): boolean => prompt === null || prompt.trim() === ''

/** What is shown where the record was deleted after its time. */
export const deletedText = (at: string): string =>
  `The record was deleted after its time, ${formatMoment(at)}. Its receipt has what it cost.`

/** How long it took, or has been running at `now`. */
export function latencyText(request: Pick<RequestSummaryWire, 'latency_ms' | 'finished_at' | 'created_at'>, now: number): string {
  if (request.latency_ms !== null) return formatDuration(request.latency_ms)
  return request.finished_at === null ? formatDuration(Math.max(0, now - Date.parse(request.created_at))) : 'not measured'
}

/** `openai:openai/gpt-image-2` as provider and model, for two lines. */
export function splitOffer(offer: string): { readonly provider: string; readonly model: string } {
  const colon = offer.indexOf(':')
  return colon < 0 ? { provider: '', model: offer } : { provider: offer.slice(0, colon), model: offer.slice(colon + 1) }
}

export const csvHeader = [
  'id',
  'created_at',
  'outcome',
  'operation',
  'model',
  'offer',
  'route',
  'images',
  'attempts',
  'latency_ms',
  'cost_usd',
  'cost_status',
  'sandbox',
  'project_id',
  'key_id',
  'group',
  'end_customer',
  'tags',
  'prompt',
] as const

/** A row of the CSV; money with every digit, and none where no price is known. */
export const csvRow = (request: RequestSummaryWire): readonly (string | number | null)[] => [
  request.id,
  request.created_at,
  request.outcome,
  request.operation,
  request.model,
  request.offer,
  request.route,
  request.images_returned,
  request.attempts,
  request.latency_ms,
  request.cost_status === 'unpriced' ? null : request.cost_usd,
  request.cost_status,
  String(request.sandbox),
  request.project_id,
  request.key_id,
  request.group,
  request.end_customer,
  Object.entries(request.tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(' '),
  request.prompt,
]
