import { HalftoneError } from '../core/error.ts'
import { compilePriceBooks } from '../core/pricing/compile.ts'
import type { PriceBook, Rate, Sku } from '../core/pricing/price-book.ts'
import type { Meter } from '../core/usage.ts'
import type { ProviderEntry } from './provider-entry.ts'
import type { Findings } from './resolve-context.ts'
import { type PriceOverlay, simpleMeters } from './schema-prices.ts'

const ALWAYS = '1970-01-01'

/** What is billed when nothing says otherwise: success, and whatever cannot be known to be free. */
const defaultBilledPolicy = {
  success: '1',
  refusedBefore: '0',
  refusedAfter: 'unknown',
  providerError: '0',
  timeout: 'unknown',
  cancelled: 'unknown',
} as const satisfies Sku['billedPolicy']

/** The operator's own prices as a price book whose faults are told where they stand; the file is its source. */
export const ownPrices = (entry: ProviderEntry, prices: Readonly<Record<string, PriceOverlay>>): PriceBook =>
  checkedBook(entry, overlayBook(entry, prices))

/** What only the price compiler knows: overlapping rates, gaps in dates, ids used twice. */
function checkedBook({ name, found }: ProviderEntry, book: PriceBook): PriceBook {
  const path = ['providers', name, 'prices']
  const faults = book.skus.filter((sku) => compileFault(found, [...path, sku.model], { ...book, skus: [sku] }))
  if (faults.length === 0) compileFault(found, path, book)
  return book
}

function compileFault(found: Findings, path: readonly string[], book: PriceBook): boolean {
  try {
    compilePriceBooks({ books: [], fx: [], overlays: [{ provider: book.provider, book, hash: '' }] })
    return false
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    found.problem(path, `cannot be used: ${error.message.replace(/\.$/, '')}`, 'Correct the rates.')
    return true
  }
}

function overlayBook({ name, type, context }: ProviderEntry, prices: Readonly<Record<string, PriceOverlay>>): PriceBook {
  return {
    provider: type,
    unit: 'USD',
    source: {
      url: `providers.${name}.prices`,
      kind: 'assumption',
      checkedAt: context.pricesCheckedAt,
      note: "The operator's own price.",
    },
    skus: Object.entries(prices).map(([model, price]) => overlaySku(name, model, price)),
  }
}

function overlaySku(provider: string, model: string, price: PriceOverlay): Sku {
  const id = price.id ?? `config:${provider}:${model}`
  const { effectiveFrom = ALWAYS, rates, billedPolicy = defaultBilledPolicy, ...rest } = price
  const amounts = Object.entries(simpleMeters) as [keyof typeof simpleMeters, Meter][]
  const short = amounts.flatMap(([key, meter]): Rate[] => {
    const amount = price[key]
    // The amount is part of the id: charges name the rate, so another amount must be another rate.
    return amount === undefined ? [] : [{ id: `${id}:${meter}=${amount}@${effectiveFrom}`, meter, price: amount, effectiveFrom }]
  })
  const others = Object.fromEntries(Object.entries(rest).filter(([key]) => !(key in simpleMeters))) as Partial<Sku>
  return { ...others, id, model, rates: rates ?? short, billedPolicy }
}
