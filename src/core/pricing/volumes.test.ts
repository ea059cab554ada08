import { describe, expect, test } from 'vitest'
import { bookOf, inputOf, offerOf, pricesOf, rateOf, settleOf, skuOf } from '../../../test/support/pricing.ts'
import { quoteCandidate, quoteTotals } from './quote.ts'
import { settleCharges } from './settle.ts'
import type { Quote } from './types.ts'
import { volumeKey, volumesOf } from './volumes.ts'

const steps = [
  { from: '0', price: '0.05' },
  { from: '100', price: '0.04' },
]
const tiered = (scope: 'request' | 'month' | 'contract', more = {}) =>
  pricesOf(bookOf([skuOf({ rates: [rateOf({ tiers: { mode: 'graduated', scope, steps } })], ...more })]))
const totalsOnly = (quote: Quote) =>
  quote.kind === 'priced'
    ? { minNanoUsd: quote.minNanoUsd, expectedNanoUsd: quote.expectedNanoUsd, maxNanoUsd: quote.maxNanoUsd }
    : quote
const images = (count: bigint) => ({ 'images.out': count * 1_000_000n })

describe('volumes to date', () => {
  const index = new Map([
    [volumeKey('acme', 'one'), { monthToDate: images(7n) }],
    [volumeKey('acme', 'shared'), { monthToDate: images(9n) }],
  ])
  test.each([
    ['those of its own sku', tiered('month', { id: 'one' }), 'acme', images(7n)],
    ['those of the group it counts with', tiered('month', { id: 'one', volumeGroup: 'shared' }), 'acme', images(9n)],
    ['none at another account', tiered('month', { id: 'one' }), 'other', undefined],
    ['none where no price depends on them', tiered('request', { id: 'one' }), 'acme', undefined],
  ] as const)('are %s', (_name, prices, provider, expected) => {
    const offer = offerOf('acme/one', provider, { providerType: 'acme' })
    expect(volumesOf(prices, offer, index).monthToDate).toEqual(expected)
  })

  test('the scope of the tier decides which count moves the price', () => {
    const volumes = { monthToDate: images(500n), contractToDate: images(1n) }
    const cost = (scope: 'request' | 'month' | 'contract') => {
      const quote = quoteCandidate(tiered(scope), { ...inputOf(), ...volumes })
      return quote.kind === 'priced' ? [quote.expectedNanoUsd, quote.listNanoUsd] : quote
    }
    expect(cost('month')).toEqual([40_000_000n, 50_000_000n])
    expect(cost('contract')).toEqual([50_000_000n, undefined])
    expect(cost('request')).toEqual([50_000_000n, undefined])
  })

  test('a settled line names the volume it was priced at, and pricing at it again gives the same', () => {
    const prices = tiered('month')
    const settled = settleCharges(prices, { ...settleOf(), monthToDate: images(99n), imagesMade: 1 })
    expect(settled.kind === 'charged' && settled.lines.map((line) => line.volumeBefore)).toEqual(['99'])
    expect(settled.kind === 'charged' && settled.consumed.usage).toEqual(images(1n))
    expect(settleCharges(prices, { ...settleOf(), monthToDate: images(99n), imagesMade: 1 })).toEqual(settled)
  })

  test('totals follow the volume up and down, and are those of the itemised quote at each', () => {
    const freeUnits = [{ id: 'free', kind: 'freeUnits', meter: 'images.out', quantity: '3', scope: 'month' }] as const
    for (const prices of [tiered('month'), tiered('contract'), tiered('month', { adjustments: freeUnits })]) {
      // One offer, so that what was worked out for it before is at hand.
      const first = inputOf()
      for (const count of [0n, 2n, 99n, 100n, 99n, 500n, 0n]) {
        const input = { ...first, monthToDate: images(count), contractToDate: images(count) }
        const quote = quoteCandidate(prices, input)
        expect(quote.kind).toBe('priced')
        expect(quoteTotals(prices, input)).toMatchObject(totalsOnly(quote))
        expect(quoteTotals(prices, first)).toMatchObject(totalsOnly(quoteCandidate(prices, first)))
      }
    }
  })

  test('a line whose price depends on no volume names none', () => {
    const settled = settleCharges(tiered('request'), { ...settleOf(), monthToDate: images(99n) })
    expect(settled.kind === 'charged' && settled.lines.every((line) => line.volumeBefore === undefined)).toBe(true)
  })

  test('a reported cost counts its units all the same', () => {
    const reportedCost = { amount: '0.05', unit: 'USD', source: 'usage.cost' }
    const settled = settleCharges(tiered('month'), { ...settleOf(), reportedCost })
    expect(settled.kind === 'charged' && settled.consumed.usage).toEqual(images(1n))
  })
})

describe('the maximum of a quote', () => {
  test('does without free units of the month, which other calls may use up first', () => {
    const free = {
      id: 'free',
      kind: 'freeUnits',
      description: 'Free',
      meter: 'images.out',
      quantity: '10',
      scope: 'month',
    } as const
    const quote = quoteCandidate(pricesOf(bookOf([skuOf({ adjustments: [free] })])), inputOf())
    expect(quote).toMatchObject({
      expectedNanoUsd: 0n,
      maxNanoUsd: 40_000_000n,
      spread: [expect.stringMatching(/bought before/)],
    })
  })

  test('is that of a dearer step that other calls may reach first, and never of one that was passed', () => {
    const dearer = [
      { from: '0', price: '0.01' },
      { from: '100', price: '0.05' },
      { from: '200', price: '0.02' },
    ]
    const prices = pricesOf(bookOf([skuOf({ rates: [rateOf({ tiers: { mode: 'graduated', scope: 'month', steps: dearer } })] })]))
    const maximum = (before: bigint) => {
      const quote = quoteCandidate(prices, { ...inputOf(), monthToDate: images(before) })
      return quote.kind === 'priced' && quote.maxNanoUsd
    }
    expect([maximum(0n), maximum(150n), maximum(500n)]).toEqual([50_000_000n, 50_000_000n, 20_000_000n])
  })
})

describe('GPU time', () => {
  const pool = (measure: 'wallTime' | 'provider') =>
    pricesOf(
      bookOf([
        skuOf({
          rates: [],
          gpuPool: { pricePerGpuHour: '3.6', billing: 'busy', measure, throughput: [{ imagesPerSecond: '0.5' }] },
        }),
      ]),
    )
  const cost = (measure: 'wallTime' | 'provider', more: object) => {
    const settled = settleCharges(pool(measure), { ...settleOf(), ...more })
    return settled.kind === 'charged' ? [settled.totalNanoUsd, settled.provenance] : settled
  }
  test.each([
    ['the wall time of the call, where that stands for it', 'wallTime', { wallMs: 1_500 }, [1_500_000n, 'metered']],
    [
      'what the provider says before wall time',
      'wallTime',
      { wallMs: 1_500, usage: { 'gpu.seconds': 1_000_000n } },
      [1_000_000n, 'metered'],
    ],
    ['never the wall time where the provider is to say', 'provider', { wallMs: 1_500 }, [2_000_000n, 'estimated']],
  ] as const)('is %s', (_name, measure, more, expected) => {
    expect(cost(measure, more)).toEqual(expected)
  })
})
