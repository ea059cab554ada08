/** Conversions to USD: dated, sourced, and absent rather than guessed. */
import { HalftoneError } from '../error.ts'
import { parseDecimal } from '../money.ts'
import type { FxSpan, FxTable, UnitPrice } from './compiled.ts'
import { dateUs, FOREVER_US } from './dates.ts'
import { decimalText, type Fraction, fromDecimal, multiply, ONE, reduce } from './fraction.ts'
import type { FxRate, PriceBook } from './price-book.ts'

const USD_SPAN: FxSpan = { fromUs: 0, toUs: FOREVER_US, usd: ONE, text: '1', source: 'identity' }

/** Raises `config_invalid` when two conversions of a currency overlap. Gaps are allowed: inside one, nothing is priced. */
export function compileFx(rates: readonly FxRate[]): FxTable {
  const byCurrency = new Map<string, FxSpan[]>([['USD', [USD_SPAN]]])
  for (const rate of rates) {
    if (rate.currency === 'USD') throw new HalftoneError('config_invalid', 'fx: USD needs no conversion; remove it.')
    const spans = byCurrency.get(rate.currency) ?? []
    spans.push({
      fromUs: dateUs(rate.effectiveFrom) ?? 0,
      toUs: rate.effectiveTo === undefined ? FOREVER_US : (dateUs(rate.effectiveTo) ?? FOREVER_US),
      usd: fromDecimal(parseDecimal(rate.usd)),
      text: rate.usd,
      source: `${rate.source} (${rate.effectiveFrom})`,
    })
    byCurrency.set(rate.currency, spans)
  }
  for (const [currency, spans] of byCurrency) {
    spans.sort((a, b) => a.fromUs - b.fromUs)
    spans.forEach((span, index) => {
      const next = spans[index + 1]
      if (next && next.fromUs < span.toUs) {
        throw new HalftoneError('config_invalid', `fx: two rates for ${currency} overlap; end one where the next begins.`)
      }
    })
  }
  return { byCurrency }
}

export const fxAt = (fx: FxTable, currency: string, atUs: number): FxSpan | undefined =>
  fx.byCurrency.get(currency)?.find((span) => span.fromUs <= atUs && atUs < span.toUs)

/** What one unit of a book is worth in its currency. */
export function unitPriceOf(book: PriceBook): UnitPrice {
  const { creditUnit, unit } = book
  if (!creditUnit) return currencyPrice(unit, book.source.url)
  return {
    unit,
    currency: creditUnit.currency,
    price: fromDecimal(parseDecimal(creditUnit.price)),
    source: creditUnit.source.url,
  }
}

/** A unit that is a currency itself. */
export const currencyPrice = (currency: string, source: string): UnitPrice => ({ unit: currency, currency, price: ONE, source })

/** A conversion of one native unit, ready for a charge line. */
export interface UnitRate {
  readonly usd: Fraction
  readonly text: string
  readonly source: string
}

/** USD per unit at an instant; undefined when no rate is dated there. */
export function unitRateAt(fx: FxTable, unit: UnitPrice, atUs: number): UnitRate | undefined {
  const span = fxAt(fx, unit.currency, atUs)
  return span && unitRate(unit, span)
}

export function unitRate(unit: UnitPrice, span: FxSpan): UnitRate {
  const credit = unit.unit !== unit.currency
  const usd = reduce(multiply(unit.price, span.usd))
  return {
    usd,
    text: credit ? decimalText(usd) : span.text,
    source: credit ? `${unit.source}${span.text === '1' ? '' : `; ${span.source}`}` : span.source,
  }
}
