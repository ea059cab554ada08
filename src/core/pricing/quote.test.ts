import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  atUs,
  bookOf,
  type InputOptions,
  imageOf,
  inputOf,
  offerOf,
  pricesOf,
  rateOf,
  skuOf,
} from '../../../test/support/pricing.ts'
import { expectedTotal, quoteCandidate, quoteTotals } from './index.ts'
import type { Adjustment, FxRate, Rate, Sku } from './price-book.ts'
import type { PricedQuote } from './types.ts'

const quoteSku = (sku: Partial<Sku>, options: InputOptions = {}, fx: readonly FxRate[] = [], unit = 'USD'): PricedQuote => {
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
const totalOf = (rate: Partial<Rate>, options: InputOptions = {}) => quoteSku({ rates: [rateOf(rate)] }, options).expectedNanoUsd
const percent = (id: string, value: string): Adjustment => ({ id, kind: 'percent', percent: value, description: 'markup' })

describe('golden amounts, worked out by hand', () => {
  it.each<[rule: string, nanoUsd: bigint, rate: Partial<Rate>, options: InputOptions]>([
    ['3 images at $0.04', 120_000_000n, {}, { settings: { n: 3 } }],
    ['1.048576 megapixels at $0.02, unrounded', 20_971_520n, { meter: 'megapixels.out', price: '0.02' }, {}],
    ['rounded up to 2 megapixels', 40_000_000n, { meter: 'megapixels.out', price: '0.02', roundUpTo: '1' }, {}],
    [
      'each of 2 images rounded up by itself: 2 x 2 megapixels',
      80_000_000n,
      { meter: 'megapixels.out', price: '0.02', roundUpTo: '1' },
      { settings: { n: 2 } },
    ],
    [
      'a quarter megapixel with a minimum of one',
      20_000_000n,
      { meter: 'megapixels.out', price: '0.02', min: '1' },
      { settings: { size: { width: 512, height: 512 } } },
    ],
    [
      'input pixels rounded up together: 0.5 + 0.6 -> 2',
      40_000_000n,
      { meter: 'megapixels.in', price: '0.02', roundUpTo: '1' },
      { request: { inputs: [imageOf(1000, 500), imageOf(1000, 600, 'reference'), imageOf(9999, 9999, 'mask')] } },
    ],
    ['one call at $0.005 whatever n', 5_000_000n, { meter: 'requests', price: '0.005' }, { settings: { n: 4 } }],
    ['28 steps x 2 images at $0.0001', 5_600_000n, { meter: 'steps', price: '0.0001' }, { settings: { n: 2, steps: 28 } }],
    [
      '2 input images at $0.003',
      6_000_000n,
      { meter: 'images.in', price: '0.003' },
      { request: { inputs: [imageOf(8, 8), imageOf(8, 8)] } },
    ],
    ['half to even: 2.5 nano -> 2', 2n, { meter: 'requests', price: '0.0000000025' }, {}],
    ['half to even: 3.5 nano -> 4', 4n, { meter: 'requests', price: '0.0000000035' }, {}],
    ['a price per 3 images', 13_333_333n, { price: '0.04', per: '3' }, {}],
  ])('%s', (_rule, nanoUsd, rate, options) => {
    expect(totalOf(rate, options)).toBe(nanoUsd)
  })

  it('converts once, after multiplying: 3 images at EUR 0.035 x 1.0837', () => {
    const fx = [{ currency: 'EUR', usd: '1.0837', source: 'ECB', effectiveFrom: '2026-01-01' }]
    const quote = quoteSku({ rates: [rateOf({ price: '0.035' })] }, { settings: { n: 3 } }, fx, 'EUR')
    // 3 x 0.035 = 0.105 EUR; 0.105 x 1.0837 = 0.1137885 USD
    expect(quote.lines).toMatchObject([
      { amountNanoUsd: 113_788_500n, nativeAmount: '0.105', nativeUnit: 'EUR', fxRate: '1.0837', fxSource: 'ECB (2026-01-01)' },
    ])
  })

  it('converts credits by their own price: 6.5 credits per image at $0.01', () => {
    const book = bookOf([skuOf({ rates: [rateOf({ price: '6.5' })] })], {
      unit: 'credits',
      creditUnit: { price: '0.01', currency: 'USD', source: { url: 'u', kind: 'official', checkedAt: '2026-11-01' } },
    })
    expect(quoteCandidate(pricesOf(book), inputOf())).toMatchObject({
      expectedNanoUsd: 65_000_000n,
      lines: [{ nativeAmount: '6.5', nativeUnit: 'credits', fxRate: '0.01' }],
    })
  })
})

describe('what cannot be priced fails closed', () => {
  it.each<[rule: string, sku: Partial<Sku>, options: InputOptions, missing: string[]]>([
    [
      'a quality without a rate',
      { rates: [rateOf({ when: { quality: 'low' } })] },
      { settings: { quality: 'high' } },
      ['images.out'],
    ],
    ['steps that the candidate does not set', { rates: [rateOf({ meter: 'steps' })] }, {}, ['steps']],
    ['a metered rate without an estimate', { rates: [rateOf({ meter: 'gpu.seconds' })] }, {}, ['gpu.seconds']],
    [
      'a quality that only the estimate of partial images covers',
      {
        rates: [rateOf({ meter: 'tokens.image.out' })],
        estimates: [
          { meter: 'tokens.image.out', when: { quality: 'low' }, scope: 'image', form: 'constant', expected: '9', source: 's' },
          { meter: 'tokens.image.out', scope: 'image', form: 'perPartial', expected: '100', source: 's' },
        ],
      },
      { settings: { quality: 'high' } },
      ['tokens.image.out'],
    ],
    [
      'a meter that is expected but has no rate',
      { estimates: [{ meter: 'tokens.svg.out', scope: 'image', form: 'constant', expected: '9', source: 's' }] },
      {},
      ['tokens.svg.out'],
    ],
  ])('%s', (_rule, sku, options, missing) => {
    const prices = pricesOf(bookOf([skuOf(sku)]))
    expect(quoteCandidate(prices, inputOf(options))).toMatchObject({ kind: 'unpriced', missing })
    expect(expectedTotal(prices, inputOf(options))).toBeUndefined()
  })

  it.each<[rule: string, fx: readonly FxRate[]]>([
    ['a currency without any conversion', []],
    [
      'a currency whose conversion has ended',
      [{ currency: 'EUR', usd: '1.1', source: 's', effectiveFrom: '2026-01-01', effectiveTo: '2026-02-01' }],
    ],
    ['a currency whose conversion has not begun', [{ currency: 'EUR', usd: '1.1', source: 's', effectiveFrom: '2027-01-01' }]],
  ])('%s', (_rule, fx) => {
    const prices = pricesOf(bookOf([skuOf()], { unit: 'EUR' }), fx)
    expect(quoteCandidate(prices, inputOf())).toMatchObject({ kind: 'unpriced', reason: expect.stringContaining('EUR') })
  })
})

describe('metered quantities', () => {
  const tokens = (more: object = {}): Partial<Sku> => ({
    rates: [rateOf({ id: 'out', meter: 'tokens.image.out', price: '30', per: '1000000', ...more })],
    estimates: [{ meter: 'tokens.image.out', scope: 'image', form: 'constant', expected: '1000', min: '800', source: 'table' }],
  })

  it('have no maximum without a sourced one', () => {
    expect(quoteSku(tokens())).toMatchObject({ minNanoUsd: 24_000_000n, expectedNanoUsd: 30_000_000n, maxNanoUsd: null })
  })

  it("take the rate's maximum per image and per request, whichever is lower", () => {
    const rate = { maxQuantity: { perImage: '1500', perRequest: '4000', source: 'cap' } }
    expect(quoteSku(tokens(rate)).maxNanoUsd).toBe(45_000_000n)
    expect(quoteSku(tokens(rate), { settings: { n: 4 } }).maxNanoUsd).toBe(120_000_000n)
  })

  it('say why minimum and maximum differ, and nothing where they do not', () => {
    expect(quoteSku(tokens()).spread).toEqual([expect.stringMatching(/tokens.image.out .* no known maximum.* table/)])
    expect(quoteSku({}).spread).toEqual([])
  })

  it.each([
    ['characters, rounded up', 'promptChars', '4', 'abcde', 2n],
    ['UTF-8 bytes, rounded up', 'promptBytes', '4', 'é猫😀', 3n],
    ['nothing for an empty prompt', 'promptChars', '4', '', 0n],
  ] as const)('count the prompt by %s', (_rule, form, expected, prompt, tokensIn) => {
    const quote = quoteSku(
      {
        rates: [rateOf({ meter: 'tokens.text.in', price: '1' })],
        estimates: [{ meter: 'tokens.text.in', scope: 'request', form, expected, source: 's' }],
      },
      { request: { prompt } },
    )
    expect(quote.expectedUsage['tokens.text.in']).toBe(tokensIn * 1_000_000n)
  })

  it.each([
    [0, 1_000_000_000n],
    [0.5, 1_500_000_000n],
    [1, 2_000_000_000n],
    [7, 2_000_000_000n],
  ])('follow complexity %s between minimum and maximum', (promptComplexity, expected) => {
    const quote = quoteSku(
      {
        rates: [rateOf({ meter: 'tokens.text.out', price: '1' })],
        estimates: [
          {
            meter: 'tokens.text.out',
            scope: 'request',
            form: 'promptComplexity',
            expected: '1500',
            min: '1000',
            max: '2000',
            source: 's',
          },
        ],
      },
      { pricing: { promptComplexity } },
    )
    expect(quote.expectedUsage['tokens.text.out']).toBe(expected)
    expect([quote.minNanoUsd, quote.maxNanoUsd]).toEqual([1_000_000_000_000n, 2_000_000_000_000n])
  })

  it('add up over their drivers: image, inputs and partial images', () => {
    const estimates = [
      { meter: 'tokens.image.out', scope: 'image', form: 'constant', expected: '1000', source: 's' },
      { meter: 'tokens.image.out', scope: 'image', form: 'perPartial', expected: '100', source: 's' },
      { meter: 'tokens.image.out', scope: 'request', form: 'perInput', expected: '7', source: 's' },
    ] as const
    const quote = quoteSku(
      { rates: [rateOf({ meter: 'tokens.image.out', price: '1' })], estimates },
      { settings: { n: 2 }, request: { stream: true, partialImages: 3, inputs: [imageOf(8, 8)] } },
    )
    expect(quote.expectedUsage['tokens.image.out']).toBe((2_000n + 600n + 7n) * 1_000_000n)
  })
})

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
