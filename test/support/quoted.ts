/** Quotes of a price book with one sku. */
import { expect } from 'vitest'
import { expectedTotal, quoteCandidate, quoteTotals } from '../../src/core/pricing/index.ts'
import type { Adjustment, FxRate, Rate, Sku } from '../../src/core/pricing/price-book.ts'
import type { PricedQuote } from '../../src/core/pricing/types.ts'
import { bookOf, type InputOptions, inputOf, pricesOf, rateOf, skuOf } from './pricing.ts'

/** The quote of one sku; it must be priced, and the fast totals must agree with it. */
export const quoteSku = (
  sku: Partial<Sku>,
  options: InputOptions = {},
  fx: readonly FxRate[] = [],
  unit = 'USD',
): PricedQuote => {
  const prices = pricesOf(bookOf([skuOf(sku)], { unit }), fx)
  const quote = quoteCandidate(prices, inputOf(options))
  if (quote.kind !== 'priced') throw new Error(quote.reason)
  // Asked of a fresh book, so that the totals do not read the itemised quote from memory.
  const totals = quoteTotals(pricesOf(bookOf([skuOf(sku)], { unit }), fx), inputOf(options))
  const { minNanoUsd, expectedNanoUsd, maxNanoUsd } = quote
  expect(totals).toMatchObject({ minNanoUsd, expectedNanoUsd, maxNanoUsd })
  expect(expectedTotal(prices, inputOf(options))).toBe(expectedNanoUsd)
  return quote
}

/** What one rate makes of a request, in nano-USD. */
export const totalOf = (rate: Partial<Rate>, options: InputOptions = {}) =>
  quoteSku({ rates: [rateOf(rate)] }, options).expectedNanoUsd

export const percent = (id: string, value: string): Adjustment => ({ id, kind: 'percent', percent: value, description: 'markup' })
