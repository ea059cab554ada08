import { describe, expect, test } from 'vitest'
import { bookOf, capabilities, offerOf, rateOf, skuOf, source } from '../../../test/support/pricing.ts'
import { type LintInput, type LintReport, type LintRule, lintPrices, lintRules } from './lint.ts'
import type { PriceBook, Rate, Sku } from './price-book.ts'

const token = (id: string, meter: Rate['meter'], price: string): Rate => rateOf({ id, meter, price, per: '1000000' })
const sized = (id: string, pixels: { min?: number; max?: number }, price: string): Rate => rateOf({ id, price, when: { pixels } })

/** Two providers that sell the same weights, one by the picture and one by tokens, and nothing to complain about. */
const acme = (): PriceBook =>
  bookOf([
    skuOf({
      weights: 'one-weights',
      rates: [sized('one/small', { max: 1_500_000 }, '0.01'), sized('one/large', { min: 1_500_001 }, '0.02')],
    }),
    skuOf({
      id: 'acme/two',
      model: 'acme/two',
      weights: 'two-weights',
      rates: [
        token('two/in', 'tokens.text.in', '5'),
        token('two/cached', 'tokens.text.in.cached', '0.5'),
        token('two/out', 'tokens.image.out', '30'),
      ],
      estimates: [
        { meter: 'tokens.text.in', scope: 'request', form: 'promptBytes', expected: '4', source: 'measured' },
        { meter: 'tokens.text.in.cached', scope: 'request', form: 'constant', expected: '0', source: 'measured' },
        { meter: 'tokens.image.out', scope: 'image', form: 'constant', expected: '1000', max: '2000', source: 'measured' },
      ],
      adjustments: [
        { id: 'two/batch', kind: 'multiplier', description: 'Batch', factor: '0.5' },
        { id: 'two/markup', kind: 'percent', description: 'Markup', percent: '5.5' },
        { id: 'two/fee', kind: 'add', description: 'Fee', amount: '0.001', per: 'request' },
      ],
    }),
  ])

const officialOfOther = { ...source, url: 'https://docs.other.example/credits' } as const

const other = (): PriceBook =>
  bookOf([skuOf({ id: 'other/one', weights: 'one-weights', rates: [rateOf({ id: 'other/one', price: '1.25' })] })], {
    provider: 'other',
    unit: 'credit',
    creditUnit: { price: '0.01', currency: 'USD', source: officialOfOther },
    source: { ...source, url: 'https://github.com/other/sdk' },
  })

const large = { width: 2048, height: 1024 }
const offers = [
  offerOf('acme/one', 'acme', {
    capabilities: { ...capabilities, sizes: { kind: 'list', sizes: [capabilities.defaultSize, large] } },
  }),
  offerOf('acme/two', 'acme'),
]

const good = (changes: Partial<LintInput> = {}, book = acme(), second = other()): LintInput => ({
  files: [
    { name: 'acme.json', json: book },
    { name: 'other.json', json: second },
  ],
  fx: { rates: [] },
  offers,
  ownHosts: { acme: ['example.com'], other: ['other.example', 'github.com/other'] },
  today: '2026-11-22',
  ...changes,
})

/** A copy of a book with one sku changed. */
const withSku = (book: PriceBook, index: number, change: (sku: Sku) => Sku): PriceBook => ({
  ...book,
  skus: book.skus.map((sku, at) => (at === index ? change(sku) : sku)),
})
const withRate = (book: PriceBook, id: string, change: Partial<Rate>): PriceBook => ({
  ...book,
  skus: book.skus.map((sku) => ({ ...sku, rates: sku.rates.map((rate) => (rate.id === id ? { ...rate, ...change } : rate)) })),
})
const addRates = (book: PriceBook, index: number, ...rates: Rate[]): PriceBook =>
  withSku(book, index, (sku) => ({ ...sku, rates: [...sku.rates, ...rates] }))

const summary = ({ findings }: LintReport) => findings.map(({ rule, place }) => `${rule} ${place}`)

interface Planted {
  readonly rule: LintRule
  readonly what: string
  readonly input: LintInput
  readonly place: string
  readonly message: RegExp
}

const planted: readonly Planted[] = [
  {
    rule: 'schema',
    what: 'a key that does not exist',
    input: good({}, { ...acme(), curency: 'USD' } as PriceBook),
    place: 'acme.json',
    message: /curency: unknown key/,
  },
  {
    rule: 'schema',
    what: 'a price that is a number',
    input: good({}, withRate(acme(), 'two/in', { price: 5 as unknown as string })),
    place: 'acme.json',
    message: /skus\[1\]\.rates\[0\]\.price/,
  },
  {
    rule: 'schema',
    what: 'a conversion without a source',
    input: good({ fx: { rates: [{ currency: 'EUR', usd: '1.1', effectiveFrom: '2026-01-01' }] } }),
    place: 'fx.json',
    message: /source: missing/,
  },
  {
    rule: 'schema',
    what: 'two conversions at once',
    input: good({
      fx: { rates: ['1.1', '1.2'].map((usd) => ({ currency: 'EUR', usd, source: 'ECB', effectiveFrom: '2026-01-01' })) },
    }),
    place: 'fx.json',
    message: /overlap/,
  },
  {
    rule: 'file',
    what: 'a file named after another provider',
    input: good({
      files: [
        { name: 'acme.json', json: acme() },
        { name: 'another.json', json: other() },
      ],
    }),
    place: 'another.json',
    message: /book of other/,
  },
  {
    rule: 'file',
    what: 'a second book of a provider',
    input: good({
      files: ['acme.json', 'other.json', 'other.json'].map((name) => ({ name, json: name === 'acme.json' ? acme() : other() })),
    }),
    place: 'other.json',
    message: /second book/,
  },
  {
    rule: 'consistency',
    what: 'rates that overlap in time',
    input: good({}, addRates(acme(), 1, { ...token('two/out-2', 'tokens.image.out', '20'), effectiveFrom: '2026-06-01' })),
    place: 'acme.json',
    message: /two\/out and two\/out-2 overlap/,
  },
  {
    rule: 'consistency',
    what: 'a gap between two dates',
    input: good(
      {},
      addRates(withRate(acme(), 'two/out', { effectiveTo: '2026-05-01' }), 1, {
        ...token('two/out-2', 'tokens.image.out', '20'),
        effectiveFrom: '2026-06-01',
      }),
    ),
    place: 'acme.json',
    message: /close the gap/,
  },
  {
    rule: 'consistency',
    what: 'two rates that are equally specific',
    input: good({}, addRates(acme(), 0, rateOf({ id: 'one/edit', when: { size: '1024x1024' }, price: '0.05' }))),
    place: 'acme.json',
    message: /equally specific/,
  },
  {
    rule: 'consistency',
    what: 'an id used twice',
    input: good({}, withRate(acme(), 'two/cached', { id: 'two/in' })),
    place: 'acme.json',
    message: /used twice/,
  },
  {
    rule: 'hole',
    what: 'a pixel between two ranges',
    input: good({}, withRate(acme(), 'one/large', { when: { pixels: { min: 1_500_002 } } })),
    place: 'acme.json one/small',
    message: /1500001 pixels have no price/,
  },
  {
    rule: 'conversion',
    what: 'a currency that converts only next year',
    input: good(
      { fx: { rates: [{ currency: 'CNY', usd: '0.14', source: 'https://ecb.europa.eu', effectiveFrom: '2027-01-01' }] } },
      acme(),
      {
        ...withSku(other(), 0, (sku) => ({ ...sku, weights: 'third-weights', model: 'other/one' })),
        creditUnit: { price: '0.01', currency: 'CNY', source: officialOfOther },
      },
    ),
    place: 'other.json',
    message: /CNY has no conversion for 2026-11-22/,
  },
  {
    rule: 'source',
    what: 'a source that is not a page',
    input: good(
      {},
      withSku(acme(), 0, (sku) => ({ ...sku, source: { url: 'the sales team', kind: 'secondary', checkedAt: '2026-11-01' } })),
    ),
    place: 'acme.json acme/one',
    message: /"the sales team" is not a web address/,
  },
  {
    rule: 'source',
    what: 'a check in the future',
    input: good({}, withRate(acme(), 'two/in', { source: { ...source, checkedAt: '2026-11-23' } })),
    place: 'acme.json two/in',
    message: /still to come/,
  },
  {
    rule: 'official',
    what: 'an official price from somebody else',
    input: good({}, withRate(acme(), 'two/in', { source: { ...source, url: 'https://blog.example.org/example.com' } })),
    place: 'acme.json two/in',
    message: /not a page of acme \(example\.com\)/,
  },
  {
    rule: 'official',
    what: "a host that only ends like the provider's",
    input: good({}, withRate(acme(), 'two/in', { source: { ...source, url: 'https://notexample.com/prices' } })),
    place: 'acme.json two/in',
    message: /not a page of acme/,
  },
  {
    rule: 'official',
    what: "another project on the provider's shared host",
    input: good({}, acme(), { ...other(), source: { ...source, url: 'https://github.com/other-fan/prices' } }),
    place: 'other.json',
    message: /not a page of other/,
  },
  {
    rule: 'stale',
    what: 'a source read 46 days ago',
    input: good({}, withRate(acme(), 'two/in', { source: { ...source, checkedAt: '2026-10-07' } })),
    place: 'acme.json two/in',
    message: /1 rate last checked 46 days ago/,
  },
  {
    rule: 'unit',
    what: 'dollars per thousand written as per million',
    input: good({}, withRate(acme(), 'two/out', { price: '0.03' })),
    place: 'acme.json two/out',
    message: /makes \$0\.03 for a million of tokens\.image\.out/,
  },
  {
    rule: 'unit',
    what: 'dollars per million written as per thousand',
    input: good({}, withRate(acme(), 'two/out', { per: '1000' })),
    place: 'acme.json two/out',
    message: /\$30000 for a million/,
  },
  {
    rule: 'unit',
    what: 'cents written as dollars',
    input: good({}, addRates(acme(), 1, rateOf({ id: 'two/edit', meter: 'images.in', price: '4' }))),
    place: 'acme.json two/edit',
    message: /\$4 for one of images\.in/,
  },
  {
    rule: 'unit',
    what: 'one tier in cents',
    input: good(
      {},
      addRates(
        acme(),
        1,
        rateOf({
          id: 'two/edit',
          meter: 'images.in',
          price: '0.04',
          tiers: {
            mode: 'graduated',
            scope: 'month',
            steps: [
              { from: '0', price: '0.04' },
              { from: '100', price: '3' },
            ],
          },
        }),
      ),
    ),
    place: 'acme.json two/edit',
    message: /\$3 for one/,
  },
  {
    rule: 'unit',
    what: 'a credit that costs dollars and is worth cents',
    input: good({}, acme(), {
      ...withSku(other(), 0, (sku) => ({ ...sku, rates: [rateOf({ id: 'other/one', price: '0.004' })] })),
      creditUnit: { price: '3', currency: 'USD', source: officialOfOther },
      source: { ...source, url: 'https://other.example' },
    } as PriceBook),
    place: 'other.json creditUnit',
    message: /dollars and cents/,
  },
  {
    rule: 'unit',
    what: 'a percentage written as a factor',
    input: good(
      {},
      withSku(acme(), 1, (sku) => ({
        ...sku,
        adjustments: [{ id: 'two/batch', kind: 'multiplier', description: 'Batch', factor: '50' }],
      })),
    ),
    place: 'acme.json two/batch',
    message: /0\.5, not 50/,
  },
  {
    rule: 'unit',
    what: 'a factor written as a percentage',
    input: good(
      {},
      withSku(acme(), 1, (sku) => ({
        ...sku,
        adjustments: [{ id: 'two/m', kind: 'percent', description: 'Markup', percent: '0.055' }],
      })),
    ),
    place: 'acme.json two/m',
    message: /five percent is 5/,
  },
  {
    rule: 'unit',
    what: 'a fee in cents',
    input: good(
      {},
      withSku(acme(), 1, (sku) => ({
        ...sku,
        adjustments: [{ id: 'two/f', kind: 'add', description: 'Fee', amount: '5', per: 'request' }],
      })),
    ),
    place: 'acme.json two/f',
    message: /cents/,
  },
  {
    rule: 'free',
    what: 'a price of nothing',
    input: good({}, addRates(acme(), 1, rateOf({ id: 'two/edit', meter: 'images.in', price: '0.00' }))),
    place: 'acme.json two/edit',
    message: /costs nothing/,
  },
  {
    rule: 'cached',
    what: 'a cache read that costs more',
    input: good({}, withRate(acme(), 'two/cached', { price: '6' })),
    place: 'acme.json two/cached',
    message: /1\.2 times two\/in/,
  },
  {
    rule: 'coverage',
    what: 'a size without a price',
    input: good(
      {},
      withSku(acme(), 0, (sku) => ({ ...sku, rates: sku.rates.slice(0, 1) })),
    ),
    place: 'acme.json acme:acme/one',
    message: /generate 2048x1024 png and 2 more settings: No rate for images\.out/,
  },
  {
    rule: 'coverage',
    what: 'an offer the book does not know',
    input: good({ offers: [...offers, offerOf('acme/three', 'acme')] }),
    place: 'acme.json acme:acme/three',
    message: /No price is known for acme\/three/,
  },
  {
    rule: 'coverage',
    what: 'an estimate of every call whose rate was forgotten',
    input: good(
      {},
      withSku(acme(), 1, (sku) => ({ ...sku, rates: sku.rates.slice(1) })),
    ),
    place: 'acme.json acme:acme/two',
    message: /No rate for tokens\.text\.in/,
  },
  {
    rule: 'coverage',
    what: 'an offer that is priced and declared unpriced',
    input: good({}, { ...acme(), unpriced: [{ model: 'acme/tw*', reason: 'not published' }] }),
    place: 'acme.json acme:acme/two',
    message: /drop one of the two/,
  },
  {
    rule: 'weights',
    what: 'one model with two ids',
    input: good(
      {},
      withSku(acme(), 1, (sku) => ({ ...sku, model: 'acme/two', aliases: [] })),
      {
        ...other(),
        skus: [
          ...other().skus,
          skuOf({ id: 'other/two', model: 'acme/two', weights: 'weights-two', rates: [rateOf({ id: 'other/two', price: '4' })] }),
        ],
      },
    ),
    place: 'other.json other/two',
    message: /"weights-two" here and "two-weights" elsewhere/,
  },
  ...['10', '0.1', '100', '0.01'].map((factor) => ({
    rule: 'outlier' as const,
    what: `the same weights at ${factor} times the price`,
    input: good({}, acme(), withRate(other(), 'other/one', { price: String(Number((1.25 * Number(factor)).toFixed(4))) })),
    place: 'acme.json acme/one',
    message: /weights one-weights, generate 1024x1024: acme\.json acme\/one \$0\.01, other\.json other\/one \$/,
  })),
  {
    rule: 'blind',
    what: 'shared weights whose prices have nothing in common',
    input: good({}, acme(), withRate(other(), 'other/one', { when: { size: '64x64' } })),
    place: 'prices',
    message: /1 weights are sold by several providers, and no two prices could be compared/,
  },
  {
    rule: 'count',
    what: 'fewer rates than promised',
    input: good({ atLeast: { rates: 7, providers: 2, groups: 1 } }),
    place: 'prices',
    message: /6 rates; 7 are promised/,
  },
  {
    rule: 'count',
    what: 'fewer providers than promised',
    input: good({ atLeast: { rates: 6, providers: 3, groups: 1 } }),
    place: 'prices',
    message: /2 providers; 3 are promised/,
  },
  {
    rule: 'count',
    what: 'no weights to compare, because every id was lost',
    input: good(
      { offers: [], atLeast: { rates: 6, providers: 2, groups: 1 } },
      { ...acme(), skus: acme().skus.map(({ weights: _weights, ...sku }) => sku) },
      { ...other(), skus: other().skus.map(({ weights: _weights, ...sku }) => ({ ...sku, model: 'other/one' })) },
    ),
    place: 'prices',
    message: /0 weights compared between providers; 1 are promised/,
  },
]

describe('price lint', () => {
  test('a good book has no finding, and everything was looked at', () => {
    expect(lintPrices(good({ atLeast: { rates: 6, providers: 2, groups: 1 } }))).toEqual({
      findings: [],
      rates: 6,
      providers: 2,
      byConfidence: { official: 6, secondary: 0, derived: 0, assumption: 0 },
      groupsCompared: 1,
      offersChecked: 2,
      candidatesChecked: 9,
      candidatesUnpriced: 0,
    })
  })

  test.each(planted)('$rule: $what is exactly that finding', ({ rule, input, place, message }) => {
    const report = lintPrices(input)
    expect(summary(report)).toEqual([`${rule} ${place}`])
    expect(report.findings[0]?.message).toMatch(message)
    expect(report.findings[0]?.severity).toBe(rule === 'stale' || rule === 'conversion' ? 'warning' : 'error')
  })

  test('every rule has a planted error', () => {
    expect([...new Set(planted.map(({ rule }) => rule))].sort()).toEqual(Object.keys(lintRules).sort())
  })

  test('what a book declares unpriced is counted, not reported', () => {
    const three = offerOf('acme/three', 'acme')
    const report = lintPrices(
      good({ offers: [three] }, { ...acme(), unpriced: [{ model: 'acme/three', reason: 'not published' }] }),
    )
    expect(report).toMatchObject({ findings: [], candidatesChecked: 3, candidatesUnpriced: 3 })
  })

  test('what is consumed under a condition and never priced is declared unpriced for that condition', () => {
    const svg = offerOf('acme/two', 'acme', { capabilities: { ...capabilities, formats: ['png', 'svg'] } })
    const book = withSku(acme(), 1, (sku) => ({
      ...sku,
      estimates: [
        ...(sku.estimates ?? []),
        {
          meter: 'tokens.svg.out',
          when: { format: 'svg' },
          scope: 'image',
          form: 'constant',
          expected: '1000',
          source: 'measured',
        },
      ],
    }))
    expect(lintPrices(good({ offers: [svg] }, book))).toMatchObject({ findings: [], candidatesChecked: 6, candidatesUnpriced: 3 })
  })

  test('prices that are no longer asked for do not go stale', () => {
    const old = { ...source, checkedAt: '2025-01-01' }
    const book = withSku(acme(), 1, (sku) => ({ ...sku, retiredAt: '2026-01-01', source: old }))
    expect(lintPrices(good({ offers: [] }, book)).findings).toEqual([])
  })

  test('a difference that was looked into is no slip, until it grows', () => {
    const dear = withRate(other(), 'other/one', { price: '7' })
    const knownSpreads = { 'one-weights': { upTo: 8, reason: 'another region' } }
    expect(summary(lintPrices(good({}, acme(), dear)))).toEqual(['outlier acme.json acme/one'])
    expect(lintPrices(good({ knownSpreads }, acme(), dear)).findings).toEqual([])
    const dearer = withRate(other(), 'other/one', { price: '8.75' })
    expect(summary(lintPrices(good({ knownSpreads }, acme(), dearer)))).toEqual(['outlier acme.json acme/one'])
  })

  test('rates of books that are not counted are checked all the same', () => {
    const book = withRate(acme(), 'two/out', { price: '0.03' })
    expect(lintPrices(good({ uncounted: ['acme'] }, book))).toMatchObject({
      rates: 1,
      providers: 1,
      findings: [{ rule: 'unit' }],
    })
  })
})
