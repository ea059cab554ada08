/** The price book as pages show it: books, filters, and the form of a change. Pure. */
import type { PriceChangeWire } from '../../../../src/contract/price-changes.ts'
import type { PriceListWire, PriceRateWire } from '../../../../src/contract/prices.ts'
import { definedOnly, joinValues, textOf, valuesOf } from '../../lib/filters.ts'
import { isInForce, placeOf, rateText } from '../../lib/rates.ts'

export const tabs = ['book', 'changes', 'sets', 'correct'] as const
export type PriceTab = (typeof tabs)[number]

export interface PricesSearch {
  readonly tab?: PriceTab
  readonly q?: string
  readonly provider?: string
  readonly show?: 'all' | 'stale' | 'unpriced'
  /** The rate whose sheet is open, and the book it is in. */
  readonly rate?: string
  readonly book?: string
  /** First day of a correction of the past. */
  readonly since?: string
}

const shows = ['all', 'stale', 'unpriced'] as const

export function parsePricesSearch(search: Record<string, unknown>): PricesSearch {
  const tab = tabs.find((known) => known === search['tab'])
  const since = textOf(search['since'], 10)
  return definedOnly({
    tab: tab === 'book' ? undefined : tab,
    q: textOf(search['q']),
    provider: joinValues(valuesOf(search['provider'])),
    show: shows.find((known) => known === search['show']),
    rate: textOf(search['rate']),
    book: textOf(search['book']),
    since: since && /^\d{4}-\d{2}-\d{2}$/.test(since) ? since : undefined,
  })
}

export interface BookRow {
  readonly provider: string
  readonly models: number
  /** In force today. */
  readonly rates: number
  readonly stale: number
  readonly unpriced: number
  /** Days since the oldest source was looked at; null: no rate is in force. */
  readonly oldest: number | null
  readonly official: number
}

/** One row per book, in the order of their names. */
export function selectBooks({ rates, unpriced }: PriceListWire, day: string): readonly BookRow[] {
  const names = [...new Set([...rates, ...unpriced].map(({ provider }) => provider))].sort()
  return names.map((provider) => {
    const its = rates.filter((rate) => rate.provider === provider && isInForce(rate, day))
    return {
      provider,
      models: new Set(its.map(({ model }) => model)).size,
      rates: its.length,
      stale: its.filter(({ stale }) => stale).length,
      unpriced: unpriced.filter((row) => row.provider === provider).length,
      oldest: its.length === 0 ? null : Math.max(...its.map(({ age_days: age }) => age)),
      official: its.filter(({ confidence }) => confidence === 'official').length,
    }
  })
}

export const isNarrowed = ({ q, provider, show }: PricesSearch): boolean =>
  q !== undefined || provider !== undefined || show !== undefined

/** Rates that the filters leave; those in force unless all are wanted. */
export function selectRates(list: PriceListWire, search: PricesSearch, day: string): readonly PriceRateWire[] {
  if (search.show === 'unpriced') return []
  const fits = matcher(search)
  return list.rates.filter(
    (rate) =>
      (search.show === 'all' || isInForce(rate, day)) &&
      (search.show !== 'stale' || rate.stale) &&
      fits(rate.provider, `${rate.provider} ${rate.model} ${rate.sku} ${rate.when}`),
  )
}

export const selectUnpriced = (list: PriceListWire, search: PricesSearch): PriceListWire['unpriced'] => {
  const fits = matcher(search)
  return search.show === 'stale' ? [] : list.unpriced.filter((row) => fits(row.provider, `${row.provider} ${row.model}`))
}

function matcher({ q = '', provider }: PricesSearch): (provider: string, text: string) => boolean {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  const providers = valuesOf(provider)
  return (name, text) =>
    (providers.length === 0 || providers.includes(name)) && words.every((word) => text.toLowerCase().includes(word))
}

/** The rate of the sheet, and every step of the same price line. */
export function selectRate(
  { rates }: PriceListWire,
  { rate: id, book }: PricesSearch,
): { readonly rate: PriceRateWire; readonly line: readonly PriceRateWire[] } | undefined {
  const rate = rates.find((each) => each.rate_id === id && (book === undefined || each.provider === book))
  return rate && { rate, line: rates.filter((each) => placeOf(each) === placeOf(rate)) }
}

export const rateKey = ({ provider, rate_id: id }: Pick<PriceRateWire, 'provider' | 'rate_id'>): string => `${provider}\n${id}`

/** `acme/brush, size 1024x1024`. */
export const placeText = ({ model, when, region, tier }: Pick<PriceRateWire, 'model' | 'when' | 'region' | 'tier'>): string =>
  [model, region && region !== '*' ? `in ${region}` : '', tier && tier !== '*' ? tier : '', when].filter(Boolean).join(', ')

export interface ChangeLine {
  readonly kind: 'added' | 'ended' | 'changed'
  readonly title: string
  readonly before: string | null
  readonly after: string | null
  readonly percent: string | null
  readonly details: readonly string[]
}

/** What a change does, line by line. */
export const changeLines = ({ changes }: Pick<PriceChangeWire, 'changes'>): readonly ChangeLine[] =>
  changes.map((change) => ({
    kind: change.kind,
    title: [change.model, change.when].filter(Boolean).join(', '),
    before: change.before && `${rateText(change.before)} from ${change.before.effective_from}${until(change.before)}`,
    after: change.after && `${rateText(change.after)} from ${change.after.effective_from}${until(change.after)}`,
    percent: change.percent === null || change.percent === '0' ? null : `${change.percent} %`,
    details: change.details,
  }))

const until = ({ effective_to: to }: PriceRateWire): string => (to === null ? '' : ` until ${to}`)

/** A price as somebody typed it, in the API's form; undefined: it is no amount. */
export function typedPrice(text: string): string | undefined {
  const plain = text.trim().replace(/^\$/, '')
  return /^\d{1,12}(\.\d{1,18})?$/.test(plain) ? plain : undefined
}
