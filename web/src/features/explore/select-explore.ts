/** Explore in its URL, and the question to the API that it stands for. Pure. */
import {
  type InsightDimension,
  type InsightGrain,
  type InsightMeasure,
  insightDimensions,
  insightGrains,
  insightMeasures,
  isTagDimension,
} from '../../../../src/core/insight/terms.ts'
import type { Body } from '../../api/paths.ts'
import { definedOnly, textOf } from '../../lib/filters.ts'
import { askedOf, type InsightSearch, parseInsightSearch } from '../../lib/insight-period.ts'

export const shows = ['bars', 'lines', 'pivot', 'table'] as const
export type Show = (typeof shows)[number]

/** Filters stand beside the named fields, one per dimension: `model=a,b`, `tag:campaign=summer`. */
export interface ExploreSearch extends InsightSearch {
  /** The dimension in the rows; `none`: everything together. Absent: the model. */
  readonly rows?: string
  readonly cols?: string
  readonly grain?: InsightGrain
  readonly measure?: InsightMeasure
  readonly show?: Show
  /** The saved view this began from. */
  readonly view?: string
  readonly [filter: string]: string | undefined
}

export const usualRows = 'model'
export const usualMeasure = 'cost_usd'
export const usualShow = 'bars'

export const isDimension = (name: string): name is InsightDimension =>
  insightDimensions.some((known) => known === name) || (isTagDimension(name) && name.length <= 68)

export function parseExploreSearch(search: Record<string, unknown>): ExploreSearch {
  const one = <Word extends string>(name: string, words: readonly Word[], usual?: Word) => {
    const found = words.find((word) => word === search[name])
    return found === usual ? undefined : found
  }
  const asked = textOf(search['rows'], 68)
  const rows = asked !== undefined && (asked === 'none' || isDimension(asked)) ? asked : usualRows
  const cols = textOf(search['cols'], 68)
  const filters = Object.keys(search)
    .filter(isDimension)
    .slice(0, 8)
    .flatMap((name) => {
      const values = valuesIn(search[name])
      return values.length > 0 ? [[name, joinExact(values)] as const] : []
    })
  return {
    ...parseInsightSearch(search),
    ...definedOnly({
      rows: rows === usualRows ? undefined : rows,
      cols: cols !== undefined && isDimension(cols) && cols !== rows ? cols : undefined,
      grain: one('grain', insightGrains),
      measure: one<InsightMeasure>('measure', insightMeasures, usualMeasure),
      show: one<Show>('show', shows, usualShow),
      view: textOf(search['view'], 64),
    }),
    ...Object.fromEntries(filters),
  }
}

/** How a list in the URL says that a request has none. */
const NONE = '(none)'
const MAX_VALUES = 50

/** Values of any text in one parameter: a comma inside a value is escaped, and none has a word. */
export const joinExact = (values: readonly string[]): string =>
  values.map((value) => (value === '' ? NONE : value.replaceAll('%', '%25').replaceAll(',', '%2C'))).join(',')

export function valuesIn(parameter: unknown): readonly string[] {
  const text = typeof parameter === 'number' || typeof parameter === 'boolean' ? String(parameter) : parameter
  if (typeof text !== 'string' || text === '') return []
  const values = text.split(',').map((value) => (value === NONE ? '' : value.replaceAll('%2C', ',').replaceAll('%25', '%')))
  return [...new Set(values)].filter((value) => value.length <= 256).slice(0, MAX_VALUES)
}

/** The dimensions in the rows and columns, in this order. */
export function groupsOf({ rows = usualRows, cols }: ExploreSearch): readonly InsightDimension[] {
  return [rows, cols].filter((name): name is InsightDimension => name !== undefined && isDimension(name))
}

export const filtersIn = (search: ExploreSearch): readonly (readonly [name: InsightDimension, values: readonly string[]])[] =>
  Object.entries(search).flatMap(([name, value]) => {
    const values = isDimension(name) ? valuesIn(value) : []
    return isDimension(name) && values.length > 0 ? [[name, values] as const] : []
  })

/** Kept in the URL when everything else is cleared: what is asked, not of what. */
export function withoutFilters(search: ExploreSearch): ExploreSearch {
  const kept = Object.entries(search).filter(([name]) => !isDimension(name))
  return Object.fromEntries(kept)
}

/** The same question with one dimension less. */
export function withoutColumns({ cols: _, ...search }: ExploreSearch): ExploreSearch {
  return search
}

/** Series that have a colour each; the API puts the rest into one exact `other`. */
const CHART_GROUPS = 7
const LIST_GROUPS = 40
const TABLE_GROUPS = 500

export function bodyOf(search: ExploreSearch): Body<'insightExplore'> {
  const { grain = 'none', measure = usualMeasure } = search
  const isChart = isDrawn(search)
  const filters: Record<string, string[]> = {}
  for (const [name, values] of filtersIn(search)) filters[name] = [...values]
  return {
    ...askedOf(search),
    group_by: [...groupsOf(search)],
    grain,
    filters,
    measures: ['cost_usd', ...(measure === 'cost_usd' ? [] : [measure])],
    sort: measure,
    order: 'desc',
    limit: isChart ? CHART_GROUPS : showOf(search) === 'bars' ? LIST_GROUPS : TABLE_GROUPS,
  }
}

export const showOf = ({ show = usualShow }: ExploreSearch): Show => show

/** Drawn against time, with a colour per group. */
export const isDrawn = (search: ExploreSearch): boolean =>
  search.grain !== undefined && (showOf(search) === 'bars' || showOf(search) === 'lines')

/** Only these can be stacked and summed up; the others are ratios and quantiles. */
export const isAdditive = (measure: InsightMeasure): boolean =>
  ['cost_usd', 'images', 'requests', 'attempts', 'accepted'].includes(measure)

const names: Readonly<Record<(typeof insightDimensions)[number], string>> = {
  model: 'Model',
  provider: 'Provider',
  offer: 'Offer',
  route: 'Route',
  operation: 'Operation',
  size: 'Size',
  quality: 'Quality',
  project: 'Project',
  key: 'Key',
  end_customer: 'End customer',
  group: 'Group',
  outcome: 'Outcome',
  prompt_class: 'Prompt class',
}
export const dimensionName = (name: string): string =>
  isTagDimension(name) ? `Tag ${name.slice(4)}` : name in names ? names[name as keyof typeof names] : name

export const measureNames: Readonly<Record<InsightMeasure, string>> = {
  cost_usd: 'Spend',
  images: 'Images',
  requests: 'Requests',
  attempts: 'Attempts',
  cost_per_image_usd: 'Cost per image',
  success_share: 'Success',
  accepted: 'Accepted',
  latency_p50_ms: 'Latency p50',
  latency_p95_ms: 'Latency p95',
}
export { insightDimensions, insightGrains, insightMeasures }
