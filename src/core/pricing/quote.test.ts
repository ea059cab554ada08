import { describe, expect, it } from 'vitest'
import { bookOf, type InputOptions, imageOf, inputOf, pricesOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { quoteSku, totalOf } from '../../../test/support/quoted.ts'
import { expectedTotal, quoteCandidate } from './index.ts'
import type { FxRate, Rate, Sku } from './price-book.ts'

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
