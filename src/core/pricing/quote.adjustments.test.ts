import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bookOf, type InputOptions, inputOf, pricesOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { percent, quoteSku } from '../../../test/support/quoted.ts'
import { expectedTotal, quoteCandidate } from './index.ts'
import type { Adjustment, Sku } from './price-book.ts'

describe('adjustments apply in order, each as its own line', () => {
  const amounts = (adjustments: Adjustment[], options: InputOptions = {}): bigint[] =>
    quoteSku({ adjustments }, options).lines.map((line) => line.amountNanoUsd)

  it.each<[rule: string, adjustments: Adjustment[], lines: bigint[]]>([
    ['a multiplier', [{ id: 'a', kind: 'multiplier', factor: '0.5', description: 'batch' }], [40_000_000n, -20_000_000n]],
    ['a percentage', [percent('a', '5.5')], [40_000_000n, 2_200_000n]],
    ['a percentage of a percentage', [percent('a', '10'), percent('b', '10')], [40_000_000n, 4_000_000n, 4_400_000n]],
    [
      'a fee per call',
      [{ id: 'a', kind: 'add', amount: '0.001', per: 'request', description: 'fee' }],
      [40_000_000n, 1_000_000n],
    ],
    ['a minimum', [{ id: 'a', kind: 'min', amount: '0.05', description: 'least' }], [40_000_000n, 10_000_000n]],
    ['a minimum that is met', [{ id: 'a', kind: 'min', amount: '0.01', description: 'least' }], [40_000_000n]],
    ['a maximum', [{ id: 'a', kind: 'max', amount: '0.03', description: 'most' }], [40_000_000n, -10_000_000n]],
    [
      'a fee before a multiplier is multiplied',
      [
        { id: 'a', kind: 'add', amount: '0.01', per: 'image', description: 'fee' },
        { id: 'b', kind: 'multiplier', factor: '2', description: 'priority' },
      ],
      [40_000_000n, 10_000_000n, 50_000_000n],
    ],
    ['a condition that is not met', [{ ...percent('a', '5'), when: { quality: 'high' } }], [40_000_000n]],
    [
      'free units',
      [{ id: 'a', kind: 'freeUnits', meter: 'images.out', quantity: '0.5', scope: 'request', description: 'free' }],
      [40_000_000n, -20_000_000n],
    ],
  ])('%s', (_rule, adjustments, lines) => {
    expect(amounts(adjustments)).toEqual(lines)
  })

  it('a fee per image counts images', () => {
    const fee: Adjustment = { id: 'a', kind: 'add', amount: '0.001', per: 'image', description: 'fee' }
    expect(amounts([fee], { settings: { n: 3 } })).toEqual([120_000_000n, 3_000_000n])
  })

  it('monthly free units end with what the month has used', () => {
    const free: Adjustment = {
      id: 'a',
      kind: 'freeUnits',
      meter: 'images.out',
      quantity: '10',
      scope: 'month',
      description: 'free',
    }
    const prices = pricesOf(bookOf([skuOf({ adjustments: [free] })]))
    const total = (used: bigint) =>
      expectedTotal(prices, inputOf({ settings: { n: 2 }, pricing: { monthToDate: { 'images.out': used * 1_000_000n } } }))
    expect([total(0n), total(9n), total(10n), total(50n)]).toEqual([0n, 40_000_000n, 80_000_000n, 80_000_000n])
  })
})

describe('tiers', () => {
  const steps = [
    { from: '0', price: '0.05' },
    { from: '10', price: '0.04' },
    { from: '100', price: '0.02' },
  ]
  const total = (mode: 'graduated' | 'volume', scope: 'request' | 'month', n: number, used = 0n) =>
    quoteCandidate(
      pricesOf(bookOf([skuOf({ rates: [rateOf({ tiers: { mode, scope, steps } })] })])),
      inputOf({ settings: { n }, pricing: { monthToDate: { 'images.out': used * 1_000_000n } } }),
    )

  it.each([
    ['graduated: the first ten, then the rest', 'graduated', 'request', 12, 0n, 580_000_000n],
    ['graduated over a month: each image at its own step', 'graduated', 'month', 12, 95n, 340_000_000n],
    ['volume: every image at the step that was reached', 'volume', 'request', 12, 0n, 480_000_000n],
    ['volume over a month', 'volume', 'month', 5, 95n, 100_000_000n],
    ['a scope of one request ignores the month', 'graduated', 'request', 1, 5_000n, 50_000_000n],
  ] as const)('%s', (_rule, mode, scope, n, used, expected) => {
    expect(total(mode, scope, n, used)).toMatchObject({ expectedNanoUsd: expected })
  })

  it('graduated: buying n and then m costs the same as buying both at once', () => {
    const prices = pricesOf(bookOf([skuOf({ rates: [rateOf({ tiers: { mode: 'graduated', scope: 'month', steps } })] })]))
    const cost = (n: number, used: number) =>
      expectedTotal(
        prices,
        inputOf({ settings: { n }, pricing: { monthToDate: { 'images.out': BigInt(used) * 1_000_000n } } }),
      ) ?? -1n
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 200 }),
        (n, m, used) => {
          expect(cost(n, used) + cost(m, used + n)).toBe(cost(n + m, used))
        },
      ),
    )
  })

  it('volume: the maximum covers the dearer step below a threshold', () => {
    const sku: Partial<Sku> = {
      rates: [
        rateOf({
          meter: 'gpu.seconds',
          tiers: {
            mode: 'volume',
            scope: 'request',
            steps: [
              { from: '0', price: '1' },
              { from: '10', price: '0.1' },
            ],
          },
        }),
      ],
      estimates: [{ meter: 'gpu.seconds', scope: 'request', form: 'constant', expected: '12', min: '2', max: '20', source: 's' }],
    }
    const quote = quoteSku(sku)
    expect(quote.expectedNanoUsd).toBe(1_200_000_000n)
    expect(quote.maxNanoUsd).toBe(9_999_999_000n)
    expect(quote.minNanoUsd).toBe(1_000_000_000n)
  })
})
