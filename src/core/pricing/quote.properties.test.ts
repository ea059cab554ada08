import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atUs, bookOf, inputOf, offerOf, pricesOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { percent, quoteSku, totalOf } from '../../../test/support/quoted.ts'
import { expectedTotal, quoteCandidate } from './index.ts'
import type { Sku } from './price-book.ts'

describe('properties', () => {
  const price = fc.tuple(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 9 })).map(([units, scale]) => {
    const digits = units.toString().padStart(scale + 1, '0')
    return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  })
  const settings = fc.record({
    n: fc.integer({ min: 1, max: 10 }),
    size: fc.record({ width: fc.integer({ min: 64, max: 4096 }), height: fc.integer({ min: 64, max: 4096 }) }),
  })
  const skus: fc.Arbitrary<Partial<Sku>> = fc
    .record({ image: price, pixel: price, token: price, markup: fc.integer({ min: -50, max: 50 }) })
    .map(({ image, pixel, token, markup }) => ({
      rates: [
        rateOf({ id: 'i', price: image }),
        rateOf({ id: 'p', meter: 'megapixels.out', price: pixel, roundUpTo: '0.25' }),
        rateOf({ id: 't', meter: 'tokens.text.in', price: token, per: '1000' }),
      ],
      estimates: [
        { meter: 'tokens.text.in', scope: 'request', form: 'promptBytes', expected: '4', min: '9', max: '1', source: 's' },
      ],
      adjustments: [percent('m', `${markup}`), { id: 'x', kind: 'multiplier', factor: '0.3', description: 'x' }],
    }))

  it('lines sum to the total; minimum, expected and maximum are in order; the fast total agrees', () => {
    fc.assert(
      fc.property(skus, settings, fc.string(), (sku, chosen, prompt) => {
        const quote = quoteSku(sku, { settings: chosen, request: { prompt } })
        expect(quote.lines.reduce((sum, line) => sum + line.amountNanoUsd, 0n)).toBe(quote.expectedNanoUsd)
        expect(quote.minNanoUsd).toBeLessThanOrEqual(quote.expectedNanoUsd)
        expect(quote.maxNanoUsd).toBeGreaterThanOrEqual(quote.expectedNanoUsd)
      }),
    )
  })

  it('a linear price splits: the parts of n cost what n costs', () => {
    fc.assert(
      fc.property(price, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (text, a, b) => {
        const cost = (n: number) => totalOf({ price: text }, { settings: { n } })
        expect(cost(a) + cost(b)).toBe(cost(a + b))
      }),
    )
  })

  it('one price book answers interleaved candidates as a fresh one does', () => {
    const sku = skuOf({
      rates: [
        rateOf({ id: 'l', price: '0.01', when: { quality: 'low' } }),
        rateOf({ id: 'h', price: '0.1', when: { quality: 'high' } }),
      ],
    })
    const kept = pricesOf(bookOf([sku]))
    const offer = offerOf()
    fc.assert(
      fc.property(fc.constantFrom('low', 'high', 'max'), settings, fc.boolean(), (quality, chosen, stream) => {
        const options = { offer, settings: { ...chosen, quality }, request: { stream } } as const
        expect(quoteCandidate(kept, inputOf(options))).toEqual(quoteCandidate(pricesOf(bookOf([sku])), inputOf(options)))
      }),
    )
  })

  it('a price pinned earlier stays what it was', () => {
    const rates = [rateOf({ id: 'a', effectiveTo: '2026-11-22' }), rateOf({ id: 'b', price: '0.5', effectiveFrom: '2026-11-22' })]
    const prices = pricesOf(bookOf([skuOf({ rates })]))
    const at = (us: number) => expectedTotal(prices, inputOf({ pricing: { atUs: us } }))
    expect([at(atUs - 1), at(atUs), at(atUs - 1)]).toEqual([40_000_000n, 500_000_000n, 40_000_000n])
  })
})
