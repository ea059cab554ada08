/** The rates of a book one by one: what each costs, since when, from where, and how long ago somebody looked. */
import { DAY_US, dateUs } from './dates.ts'
import { modelMatches } from './match.ts'
import type { PriceBook, Range, Rate, Sku, Source, When } from './price-book.ts'
import { STALE_AFTER_DAYS } from './summary.ts'

/** One dated rate of one sku, as people compare it. Dates are ISO, UTC. */
export interface RateRow {
  /** The book's provider, or the configured name of an overlay. */
  readonly provider: string
  readonly sku: string
  readonly model: string
  readonly region: string | null
  readonly tier: string | null
  readonly rateId: string
  readonly meter: string
  /** The conditions as text; empty when it always applies. */
  readonly when: string
  /** Exact decimal in `unit`, for `per` units of the meter. */
  readonly price: string
  readonly unit: string
  readonly per: string
  readonly tiers: string | null
  readonly effectiveFrom: string
  /** Exclusive; null: still valid. */
  readonly effectiveTo: string | null
  readonly retiredAt: string | null
  readonly source: Source
  readonly ageDays: number
  /** Nobody compared it with its source for more than `STALE_AFTER_DAYS`. */
  readonly stale: boolean
  readonly adjustments: readonly string[]
}

export interface UnpricedRow {
  readonly provider: string
  readonly model: string
  readonly reason: string
}

/** Every rate of a book in book order; ages count from the given instant (microseconds UTC). */
export function rateRows(book: PriceBook, nowUs: number, provider: string = book.provider): RateRow[] {
  return book.skus.flatMap((sku) => sku.rates.map((rate) => rateRow({ book, sku, rate, nowUs, provider })))
}

function rateRow(at: { book: PriceBook; sku: Sku; rate: Rate; nowUs: number; provider: string }): RateRow {
  const { book, sku, rate, nowUs, provider } = at
  const source = rate.source ?? sku.source ?? book.source
  const ageDays = Math.max(0, Math.floor((nowUs - (dateUs(source.checkedAt) ?? 0)) / DAY_US))
  return {
    provider,
    sku: sku.id,
    model: sku.model,
    region: sku.region ?? null,
    tier: sku.tier ?? null,
    rateId: rate.id,
    meter: rate.meter,
    when: conditionWords(rate.when ?? {}),
    price: rate.price,
    unit: book.unit,
    per: rate.per ?? '1',
    tiers: rate.tiers ? tiersText(rate.tiers) : null,
    effectiveFrom: rate.effectiveFrom,
    effectiveTo: rate.effectiveTo ?? null,
    retiredAt: sku.retiredAt ?? null,
    source,
    ageDays,
    stale: ageDays > STALE_AFTER_DAYS,
    adjustments: (sku.adjustments ?? []).map((adjustment) => adjustment.description),
  }
}

/** `quality high, size 1024x1024 or 1024x1536, steps 1 to 4`. */
export function conditionWords(when: When): string {
  const entries = Object.entries(when).filter(([, value]) => value !== undefined)
  return entries.map(([key, value]) => words(key, value as string | boolean | readonly string[] | Range)).join(', ')
}

function words(key: string, value: string | boolean | readonly string[] | Range): string {
  const name = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  if (typeof value === 'boolean') return value ? `with ${name}` : `no ${name}`
  if (typeof value === 'string') return `${name} ${value}`
  if (!isRange(value)) return `${name} ${[...value].sort().join(' or ')}`
  if (value.min === undefined) return `${name} up to ${value.max}`
  return value.max === undefined ? `${name} from ${value.min}` : `${name} ${value.min} to ${value.max}`
}

const isRange = (value: readonly string[] | Range): value is Range => !Array.isArray(value)

const tiersText = ({ mode, scope, steps }: NonNullable<Rate['tiers']>): string =>
  `${mode} by ${scope}: ${steps.map(({ from, price }) => `${price} from ${from}`).join(', ')}`

export const unpricedRows = (book: PriceBook, provider: string = book.provider): UnpricedRow[] =>
  (book.unpriced ?? []).map(({ model, reason }) => ({ provider, model, reason }))

/** Whether the rate is in force at an instant (ISO date). */
export const isInForce = (
  { effectiveFrom, effectiveTo }: Pick<RateRow, 'effectiveFrom' | 'effectiveTo'>,
  date: string,
): boolean => effectiveFrom <= date && (effectiveTo === null || date < effectiveTo)

/**
 * Whether what somebody typed means this model of this provider: `publisher/name` (a trailing `*` matches the rest), the name
 * alone, a provider, or `provider:publisher/name`.
 */
export function means(typed: string, { provider, model }: { readonly provider: string; readonly model: string }): boolean {
  if (typed === provider) return true
  const colon = typed.indexOf(':')
  if (colon > 0) return typed.slice(0, colon) === provider && means(typed.slice(colon + 1), { provider: '', model })
  if (modelMatches(typed, model) || (model.includes('/') && modelMatches(model, typed))) return true
  return !typed.includes('/') && model.slice(model.indexOf('/') + 1) === typed
}

/** Every dated rate of the models meant, each condition's rates in the order of their dates: prices through time. */
export function priceHistory(rows: readonly RateRow[], typed: string): RateRow[] {
  return rows
    .filter((row) => means(typed, row))
    .sort(
      (a, b) =>
        compare(a.provider, b.provider) ||
        compare(a.sku, b.sku) ||
        compare(a.meter, b.meter) ||
        compare(a.when, b.when) ||
        compare(a.effectiveFrom, b.effectiveFrom),
    )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
