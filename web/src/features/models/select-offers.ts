/** The offers on your traffic: rows, filters and the drawing of cost against quality, from what the API answers. Pure. */
import type { InsightModels } from '../../../../src/contract/insight.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { definedOnly, joinValues, textOf, valuesOf } from '../../lib/filters.ts'
import { type InsightSearch, parseInsightSearch } from '../../lib/insight-period.ts'
import { axisUsd, exactUsd, plotUsd } from '../../lib/money.ts'
import type { ChartPoint } from '../../ui/chart/chart-data.ts'
import type { DataSort } from '../../ui/data-table.tsx'

export type OfferRow = InsightModels['data'][number]

export interface ModelsSearch extends InsightSearch {
  readonly q?: string
  /** Several, by commas. */
  readonly provider?: string
  readonly place?: string
  readonly used?: 'all'
  readonly sort?: string
  /** The chosen offer, and with it the sheet that is open. */
  readonly offer?: string
}

export const places = ['frontier', 'dominated', 'unrated'] as const
export type Place = (typeof places)[number]

export const placeTexts: Readonly<Record<Place, string>> = {
  frontier: 'On the frontier',
  dominated: 'Beaten',
  unrated: 'Not rated',
}

export function parseModelsSearch(search: Record<string, unknown>): ModelsSearch {
  const sort = textOf(search['sort'], 40)
  return {
    ...parseInsightSearch(search),
    ...definedOnly({
      q: textOf(search['q']),
      provider: joinValues(valuesOf(search['provider'])),
      place: joinValues(valuesOf(search['place']).filter((value) => places.some((known) => known === value))),
      used: search['used'] === 'all' ? ('all' as const) : undefined,
      sort: sort && /^-?[a-z0-9]+$/.test(sort) && sort !== usualSort ? sort : undefined,
      offer: textOf(search['offer']),
    }),
  }
}

const usualSort = '-spend'

/** `-spend` in the URL is the largest first. */
export const sortOf = ({ sort = usualSort }: ModelsSearch): DataSort => ({
  column: sort.replace(/^-/, ''),
  descending: sort.startsWith('-'),
})
export const sortText = ({ column, descending }: DataSort): string => `${descending ? '-' : ''}${column}`

/** One row per offer and quality tier: a tier is another product. */
export const rowId = ({ offer, quality }: Pick<OfferRow, 'offer' | 'quality'>): string => `${offer}\n${quality ?? ''}`

export const isUsed = ({ attempts, spend_usd: spend }: OfferRow): boolean => attempts > 0 || parseUsd(spend) !== 0n

/** What the filters leave. Offers nobody called are listed on demand. */
export function selectRows(rows: readonly OfferRow[], search: ModelsSearch): readonly OfferRow[] {
  const words = (search.q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const providers = valuesOf(search.provider)
  const wanted = valuesOf(search.place)
  return rows.filter(
    (row) =>
      (search.used === 'all' || isUsed(row)) &&
      (providers.length === 0 || providers.includes(row.provider)) &&
      (wanted.length === 0 || (row.place !== null && wanted.includes(row.place))) &&
      words.every((word) => `${row.offer} ${row.quality ?? ''}`.toLowerCase().includes(word)),
  )
}

export const providersOf = (rows: readonly OfferRow[]): readonly string[] =>
  [...new Set(rows.map(({ provider }) => provider))].sort()

/** `flux.2-max · high`: the model without its publisher, and the tier. */
export const shortName = ({ model, quality }: Pick<OfferRow, 'model' | 'quality'>): string =>
  `${model.slice(model.indexOf('/') + 1)}${quality ? ` \u00b7 ${quality}` : ''}`

export interface Frontier {
  readonly points: readonly ChartPoint[]
  /** The offers nobody beats, from the cheapest to the best. */
  readonly path: readonly ChartPoint[]
  readonly best: readonly OfferRow[]
  readonly unrated: readonly OfferRow[]
  /** The row a point stands for, by the point's name. */
  readonly byName: ReadonlyMap<string, OfferRow>
}

/** Cost per image on your traffic against the lower bound of the public prior; the API says who is on the frontier. */
export function selectFrontier(rows: readonly OfferRow[]): Frontier {
  const rated = rows.filter((row) => row.quality_score !== null && row.cost_per_image_usd !== null && isPositive(row))
  const names = uniqueNames(rated)
  const pointOf = (row: OfferRow): ChartPoint => ({
    x: plotUsd(row.cost_per_image_usd ?? '0'),
    y: row.quality_score ?? 0,
    ...(row.quality_prior && {
      spread: [row.quality_prior.score - row.quality_prior.margin, row.quality_prior.score + row.quality_prior.margin] as const,
    }),
    text: `quality ${qualityText(row)}, ${exactUsd(row.cost_per_image_usd ?? '0')} an image`,
    name: names.get(row) ?? shortName(row),
    series: row.place === 'frontier' ? placeTexts.frontier : placeTexts.dominated,
  })
  const best = rated.filter(({ place }) => place === 'frontier').sort(byCost)
  return {
    points: rated.map(pointOf),
    path: best.map(pointOf),
    best,
    unrated: rows.filter(({ place }) => place === 'unrated').sort(byCost),
    byName: new Map(rated.map((row) => [names.get(row) ?? '', row])),
  }
}

const isPositive = ({ cost_per_image_usd: cost }: OfferRow): boolean => cost !== null && parseUsd(cost) > 0n

function byCost(left: OfferRow, right: OfferRow): number {
  const difference = parseUsd(left.cost_per_image_usd ?? '0') - parseUsd(right.cost_per_image_usd ?? '0')
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Two providers that sell one model are told apart by the provider. */
function uniqueNames(rows: readonly OfferRow[]): ReadonlyMap<OfferRow, string> {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(shortName(row), (counts.get(shortName(row)) ?? 0) + 1)
  return new Map(
    rows.map((row) => [row, (counts.get(shortName(row)) ?? 0) > 1 ? `${shortName(row)} (${row.provider})` : shortName(row)]),
  )
}

/** `1187`, `1196 ± 9`, or `not rated`. */
export function qualityText({
  quality_score: score,
  quality_prior: prior,
}: Pick<OfferRow, 'quality_score' | 'quality_prior'>): string {
  if (prior) return `${Math.round(prior.score)} \u00b1 ${Math.round(prior.margin)}`
  return score === null ? 'not rated' : String(Math.round(score))
}

export const costAxis = (x: ChartPoint['x']): string => axisUsd(Number(x))

export interface HealthText {
  readonly text: string
  readonly tone: 'good' | 'warn' | 'bad' | 'muted'
}

/** Health now, in words. `now` is milliseconds. */
export function healthText(row: Pick<OfferRow, 'health' | 'configured'>, now: number): HealthText {
  if (!row.configured) return { text: 'not configured', tone: 'muted' }
  if (!row.health) return { text: 'not called yet', tone: 'muted' }
  const { state, blocked_until: until, in_flight: running } = row.health
  if (state === 'open') return { text: 'resting after failures', tone: 'bad' }
  if (state === 'half_open') return { text: 'trying again', tone: 'warn' }
  if (until !== null && Date.parse(until) > now) return { text: 'waiting for its limit', tone: 'warn' }
  return { text: running > 0 ? `well, ${running} running` : 'well', tone: 'good' }
}

export const csvHeader = [
  'offer',
  'quality',
  'images',
  'attempts',
  'spend_usd',
  'cost_per_image_usd',
  'cost_per_accepted_usd',
  'success_share',
  'refusal_share',
  'acceptance_share',
  'coverage',
  'latency_p50_ms',
  'latency_p95_ms',
  'quality_score',
  'place',
  'list_price',
  'price_checked_at',
] as const

export const csvRow = (row: OfferRow): readonly (string | number | null)[] => csvHeader.map((name) => row[name])
