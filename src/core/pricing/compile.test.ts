import { describe, expect, it } from 'vitest'
import { bookOf, inputOf, offerOf, pricesOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { compilePriceBooks, quoteCandidate } from './index.ts'
import type { Rate, Sku } from './price-book.ts'

const compileSku = (sku: Partial<Sku>) => () => pricesOf(bookOf([skuOf(sku)]))
const withRates = (...rates: Partial<Rate>[]) =>
  compileSku({ rates: rates.map((rate, index) => rateOf({ id: `rate-${index}`, ...rate })) })
const invalid = (text: string | RegExp) =>
  expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(text) })

describe('a book is refused', () => {
  it.each<[rule: string, compile: () => unknown, message: RegExp]>([
    [
      'when rates of one condition overlap',
      withRates({}, { effectiveFrom: '2026-06-01' }),
      /rate-0 and rate-1 overlap; set effectiveTo/,
    ],
    [
      'when their dates leave a gap',
      withRates({ effectiveTo: '2026-05-01' }, { effectiveFrom: '2026-06-01' }),
      /no price between rate-0 .* and rate-1/,
    ],
    [
      'when two rates are equally specific for one candidate',
      withRates({ when: { quality: 'high' } }, { when: { size: '1024x1024' } }),
      /equally specific/,
    ],
    [
      'when ranges of pixels overlap',
      withRates({ when: { pixels: { max: 1_000_000 } } }, { when: { pixels: { min: 1_000_000 } } }),
      /equally specific/,
    ],
    ['when a meter does not exist', withRates({ meter: 'images.sideways' as never }), /unknown meter "images.sideways"/],
    ['when a price is not a decimal', withRates({ price: '4e-2' }), /rate-0.price: "4e-2" is not a plain decimal/],
    ['when a price is negative', withRates({ price: '-1' }), /must not be negative/],
    ['when "per" is zero', withRates({ per: '0' }), /per: must be above 0/],
    ['when a date does not exist', withRates({ effectiveFrom: '2026-02-30' }), /not an ISO date/],
    ['when a rate ends before it begins', withRates({ effectiveTo: '2025-01-01' }), /after effectiveFrom/],
    ['when a rate id is used twice', withRates({ id: 'same' }, { id: 'same', meter: 'requests' }), /used twice/],
    [
      'when tiers do not start at zero',
      withRates({ tiers: { mode: 'volume', scope: 'request', steps: [{ from: '5', price: '1' }] } }),
      /must start at 0/,
    ],
    [
      'when tiers do not ascend',
      withRates({
        tiers: {
          mode: 'volume',
          scope: 'request',
          steps: [
            { from: '0', price: '1' },
            { from: '0', price: '2' },
          ],
        },
      }),
      /must ascend/,
    ],
    [
      'when two skus sell the same',
      () => pricesOf(bookOf([skuOf(), skuOf({ id: 'other', rates: [rateOf({ id: 'r2' })] })])),
      /other: same model, region and tier as acme\/one/,
    ],
    ['when its unit is not a currency and has no price', () => pricesOf(bookOf(undefined, { unit: 'points' })), /creditUnit/],
    [
      'when two estimates are equally specific',
      compileSku({
        estimates: [
          { meter: 'gpu.seconds', scope: 'image', form: 'constant', expected: '1', source: 's' },
          { meter: 'gpu.seconds', scope: 'image', form: 'perMegapixel', expected: '1', source: 's' },
        ],
      }),
      /estimates\[0\] and \[1\]/,
    ],
    [
      'when a complexity estimate has no bounds',
      compileSku({ estimates: [{ meter: 'gpu.seconds', scope: 'image', form: 'promptComplexity', expected: '1', source: 's' }] }),
      /needs min and max/,
    ],
    [
      'when a discount exceeds the price',
      compileSku({ adjustments: [{ id: 'd', kind: 'percent', percent: '-101', description: 'x' }] }),
      /above 100 %/,
    ],
  ])('%s', (_rule, compile, message) => {
    expect(compile).toThrow(invalid(message))
  })

  it('naming the file, or the place in the configuration', () => {
    const broken = bookOf([skuOf({ rates: [rateOf({ price: 'x' })] })])
    expect(() => pricesOf(broken)).toThrow(invalid(/^prices\/acme.json: acme\/one: rate/))
    const overlays = [{ provider: 'mine', book: broken, hash: 'h' }]
    expect(() => compilePriceBooks({ books: [], fx: [], overlays })).toThrow(invalid(/^providers.mine.prices: acme\/one: rate/))
  })

  it('with every problem at once', () => {
    expect(withRates({ price: 'x' }, { id: 'rate-1', per: 'y' })).toThrow(invalid(/rate-0.price.*\n.*rate-1.per/))
  })
})

describe('conditions', () => {
  const prices = pricesOf(
    bookOf([
      skuOf({
        rates: [
          rateOf({ id: 'any', price: '0.01' }),
          rateOf({ id: 'high', price: '0.02', when: { quality: ['high', 'hd'] } }),
          rateOf({ id: 'high-big', price: '0.03', when: { quality: 'high', pixels: { min: 2_000_000 } } }),
          rateOf({ id: 'high-edit', price: '0.05', when: { quality: 'high', operation: 'edit', mask: true } }),
        ],
      }),
    ]),
  )
  it.each([
    ['the general rate applies where nothing else does', {}, {}, 'any'],
    ['a list matches any of its values', { quality: 'hd' }, {}, 'high'],
    ['the most specific rate wins', { quality: 'high', size: { width: 2000, height: 2000 } }, {}, 'high-big'],
    ['a condition that is not met does not count', { quality: 'high' }, { operation: 'edit' }, 'high'],
  ] as const)('%s', (_rule, settings, request, rateId) => {
    const quote = quoteCandidate(prices, inputOf({ settings, request }))
    expect(quote).toMatchObject({ lines: [{ rateId }] })
  })
})

describe('dates', () => {
  const prices = pricesOf(
    bookOf([
      skuOf({
        rates: [
          rateOf({ id: 'old', price: '0.04', effectiveTo: '2026-06-01' }),
          rateOf({ id: 'new', price: '0.03', effectiveFrom: '2026-06-01' }),
        ],
      }),
    ]),
  )
  it.each([
    ['before the change the old rate applies', '2026-05-31T23:59:59.999Z', 'old'],
    ['from the first instant of the change the new one', '2026-06-01T00:00:00.000Z', 'new'],
  ])('%s', (_rule, at, rateId) => {
    expect(quoteCandidate(prices, inputOf({ pricing: { atUs: Date.parse(at) * 1000 } }))).toMatchObject({ lines: [{ rateId }] })
  })

  it('before the first rate nothing is priced', () => {
    const quote = quoteCandidate(prices, inputOf({ pricing: { atUs: Date.parse('2025-12-31') * 1000 } }))
    expect(quote).toMatchObject({ kind: 'unpriced', missing: ['images.out'] })
  })

  it('rates that ended can be left out', () => {
    const current = compilePriceBooks({
      books: [
        {
          book: bookOf([
            skuOf({
              rates: [rateOf({ id: 'old', effectiveTo: '2026-06-01' }), rateOf({ id: 'new', effectiveFrom: '2026-06-01' })],
            }),
          ]),
          hash: 'h',
        },
      ],
      fx: [],
      atUs: Date.parse('2026-07-01') * 1000,
    })
    const before = inputOf({ pricing: { atUs: Date.parse('2026-05-01') * 1000 } })
    expect(quoteCandidate(current, before).kind).toBe('unpriced')
  })
})

describe('which sku sells an offer', () => {
  const one = (id: string, price: string, more: Partial<Sku> = {}): Sku => skuOf({ id, rates: [rateOf({ id, price })], ...more })
  const prices = pricesOf(
    bookOf(
      [
        one('family', '0.01', { model: 'acme/*' }),
        one('exact', '0.02', { aliases: ['acme/one-2026-01-01'] }),
        one('eu', '0.03', { region: 'eu' }),
        one('batch', '0.04', { tier: 'batch' }),
      ],
      { unpriced: [{ model: 'other/secret*', reason: 'Nobody knows.' }] },
    ),
  )
  it.each([
    ['an exact model before a pattern', offerOf('acme/one'), 'exact'],
    ['a pattern where no model is named', offerOf('acme/two'), 'family'],
    ['an alias as the model itself', offerOf('acme/one-2026-01-01'), 'exact'],
    ['a region before any region', offerOf('acme/one', 'acme', { region: 'eu' }), 'eu'],
    ['any region where the region has no sku', offerOf('acme/one', 'acme', { region: 'us' }), 'exact'],
    ['the sku of the service tier', offerOf('acme/one', 'acme', { tier: 'batch' }), 'batch'],
  ])('%s', (_rule, offer, rateId) => {
    expect(quoteCandidate(prices, inputOf({ offer }))).toMatchObject({ lines: [{ rateId }] })
  })

  it('an unknown tier is unpriced, never the standard price', () => {
    const quote = quoteCandidate(prices, inputOf({ offer: offerOf('acme/one', 'acme', { tier: 'priority' }) }))
    expect(quote).toMatchObject({ kind: 'unpriced', reason: expect.stringContaining('tier priority') })
  })

  it('a model known to have no price says why', () => {
    expect(quoteCandidate(prices, inputOf({ offer: offerOf('other/secret-1') }))).toMatchObject({ reason: 'Nobody knows.' })
  })

  it('a provider without a book is unpriced', () => {
    expect(quoteCandidate(prices, inputOf({ offer: offerOf('acme/one', 'nobody') })).kind).toBe('unpriced')
  })

  it("the operator's overlay replaces the book for its provider only", () => {
    const overlaid = compilePriceBooks({
      books: [{ book: bookOf(), hash: 'book' }],
      fx: [],
      overlays: [{ provider: 'mine', book: bookOf([one('overlay', '0.005')]), hash: 'overlay' }],
    })
    const mine = offerOf('acme/one', 'mine', { providerType: 'acme' })
    expect(quoteCandidate(overlaid, inputOf({ offer: mine }))).toMatchObject({
      lines: [{ rateId: 'overlay', priceBook: 'overlay' }],
    })
    expect(quoteCandidate(overlaid, inputOf())).toMatchObject({ lines: [{ rateId: 'acme/one/image', priceBook: 'book' }] })
    expect(quoteCandidate(overlaid, inputOf({ offer: offerOf('acme/two', 'mine', { providerType: 'acme' }) })).kind).toBe(
      'unpriced',
    )
  })
})

describe('the fingerprint of the prices', () => {
  const hashOf = (hash: string, usd = '1.1') =>
    compilePriceBooks({
      books: [{ book: bookOf(), hash }],
      fx: [{ currency: 'EUR', usd, source: 's', effectiveFrom: '2026-01-01' }],
    }).hash
  it('changes with a book and with a conversion, and with nothing else', () => {
    expect(hashOf('a')).toBe(hashOf('a'))
    expect(hashOf('a')).not.toBe(hashOf('b'))
    expect(hashOf('a')).not.toBe(hashOf('a', '1.2'))
  })
})

describe('a sku in a currency of its own', () => {
  it('is converted from that, whatever the book is written in', () => {
    const abroad = { currency: 'EUR', region: 'eu', rates: [rateOf({ id: 'abroad', price: '1' })] }
    const fx = [{ currency: 'EUR', usd: '1.25', source: 'test', effectiveFrom: '2020-01-01' }]
    const prices = pricesOf(bookOf([skuOf({ rates: [rateOf({ price: '1' })] }), skuOf({ id: 'acme/one@eu', ...abroad })]), fx)
    const offer = offerOf('acme/one', 'acme')
    const at = (region: string | undefined) => quoteCandidate(prices, inputOf({ offer: { ...offer, ...(region && { region }) } }))
    expect(at(undefined)).toMatchObject({ expectedNanoUsd: 1_000_000_000n, lines: [{ nativeUnit: 'USD' }] })
    expect(at('eu')).toMatchObject({ expectedNanoUsd: 1_250_000_000n, lines: [{ nativeUnit: 'EUR', nativeAmount: '1' }] })
  })
})
