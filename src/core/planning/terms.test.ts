import { describe, expect, test } from 'vitest'
import { bookOf, offerOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { compilePriceBooks } from '../pricing/compile.ts'
import type { Lot } from '../pricing/lots.ts'
import type { Sku, Tiers } from '../pricing/price-book.ts'
import { volumeKey } from '../pricing/volumes.ts'
import { monthTerms } from './terms.ts'

const NOW_US = Date.parse('2026-11-22') * 1_000
const tiers: Tiers = {
  mode: 'volume',
  scope: 'month',
  steps: [
    { from: '0', price: '0.05' },
    { from: '100', price: '0.02' },
  ],
}
const lot = (more: Partial<Lot>): Lot => ({
  id: 'lot',
  kind: 'minimumSpend',
  startsUs: Date.parse('2026-11-01') * 1_000,
  expiresUs: Date.parse('2026-12-01') * 1_000,
  meter: null,
  capacity: 100n,
  remaining: 40n,
  paidNanoUsd: 100n,
  ...more,
})

function termsOf(sku: Partial<Sku>, lots: readonly Lot[] = []) {
  const own = skuOf({ id: 'sku', rates: [rateOf({ id: 'rate', tiers })], ...sku })
  const offer = offerOf(own.model)
  const book = bookOf([own])
  const prices = compilePriceBooks({
    books: [{ book, hash: 'shipped' }],
    fx: [],
    overlays: [{ provider: offer.provider, book, hash: 'own' }],
  })
  const volumes = new Map([[volumeKey(offer.provider, 'sku'), { monthToDate: { 'images.out': 30_000_000n } }]])
  return monthTerms({ offers: [offer], prices, volumes, lots: new Map([[offer.id, lots]]), nowUs: NOW_US })
}

describe('the terms of the month', () => {
  test('tiers are factors of the first price, with what was bought so far', () => {
    const steps = [
      { from: 0, factor: 1 },
      { from: 100, factor: 0.4 },
    ]
    expect(termsOf({}).tiers).toMatchObject([{ mode: 'volume', steps, bought: 30 }])
  })

  test('a minimum of the month counts with what is left of it, and only until it is met', () => {
    expect(termsOf({}, [lot({})]).minimums).toMatchObject([{ unspentNanoUsd: 40 }])
    expect(termsOf({}, [lot({ remaining: 0n })])).toMatchObject({ minimums: [], tiers: [{ bought: 30 }] })
  })

  test.each<readonly [string, Partial<Sku>, readonly Lot[]]>([
    ['tiers of a contract', { rates: [rateOf({ tiers: { ...tiers, scope: 'contract' } })] }, []],
    ['tiers of another meter', { rates: [rateOf({ meter: 'megapixels.out', tiers })] }, []],
    [
      'rates whose tiers differ',
      {
        rates: [
          rateOf({ tiers }),
          rateOf({ id: 'large', when: { size: '2048x2048' }, tiers: { ...tiers, steps: tiers.steps.slice(0, 1) } }),
        ],
      },
      [],
    ],
    [
      'free units',
      {
        adjustments: [{ id: 'free', kind: 'freeUnits', description: 'five', meter: 'images.out', quantity: '5', scope: 'month' }],
      },
      [],
    ],
    ['credits that are paid for', {}, [lot({ kind: 'prepaidCredits', expiresUs: null })]],
    ['a minimum of a longer contract', {}, [lot({ startsUs: Date.parse('2026-01-01') * 1_000 })]],
  ])('%s: the price of the moment stays', (_name, sku, lots) => {
    expect(termsOf(sku, lots)).toEqual({ tiers: [], minimums: [] })
  })
})
