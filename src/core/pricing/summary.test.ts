import { describe, expect, it } from 'vitest'
import { atUs, bookOf, capabilities, offerOf, pricesOf, rateOf, skuOf, source } from '../../../test/support/pricing.ts'
import { rateSummary, staleness } from './index.ts'

const offer = offerOf('acme/one', 'acme', {
  capabilities: { ...capabilities, qualities: ['low', 'high'], defaultQuality: 'low' },
})

describe('rateSummary', () => {
  it.each([
    ['one price for all', [rateOf()], '$0.04 per image', 'image'],
    [
      'cheapest to dearest setting',
      [
        rateOf({ id: 'l', price: '0.006', when: { quality: 'low' } }),
        rateOf({ id: 'h', price: '0.2107', when: { quality: 'high' } }),
      ],
      '$0.006-$0.211 per image',
      'image',
    ],
    ['only what is priced', [rateOf({ price: '0.2', when: { quality: 'high' } })], '$0.20 per image', 'image'],
    [
      'another form is named',
      [rateOf({ meter: 'megapixels.out', price: '0.02', roundUpTo: '1' })],
      '$0.04 per image, by megapixels',
      'megapixel',
    ],
    [
      'several forms are mixed',
      [rateOf(), rateOf({ id: 'c', meter: 'requests', price: '0.01' })],
      '$0.05 per image, by several meters',
      'mixed',
    ],
  ] as const)('%s', (_rule, rates, text, form) => {
    expect(rateSummary(pricesOf(bookOf([skuOf({ rates })])), offer, atUs)).toMatchObject({ text, form })
  })

  it('prices steps by the count that the offer runs when nobody names one', () => {
    const counted = offerOf('acme/one', 'acme', { capabilities: { ...capabilities, steps: { default: 4, min: 1, max: 8 } } })
    const rates = [rateOf({ meter: 'steps', price: '0.00035' })]
    const text = '$0.0014 per image, by steps'
    expect(rateSummary(pricesOf(bookOf([skuOf({ rates })])), counted, atUs)).toMatchObject({ text, form: 'step' })
  })

  it('has nothing to say where nothing is priced', () => {
    expect(rateSummary(pricesOf(), offerOf('other/x'), atUs)).toBeUndefined()
    expect(rateSummary(pricesOf(bookOf(undefined, { unit: 'EUR' })), offer, atUs)).toBeUndefined()
  })
})

describe('staleness', () => {
  it('counts from the oldest source in a book', () => {
    const old = rateOf({ source: { ...source, checkedAt: '2026-08-14' } })
    const prices = pricesOf(bookOf([skuOf({ rates: [old] })]))
    expect(staleness(prices, atUs)).toEqual([{ provider: 'acme', checkedAt: '2026-08-14', ageDays: 100, stale: true }])
    expect(staleness(prices, atUs, 100)).toMatchObject([{ stale: false }])
  })
})
