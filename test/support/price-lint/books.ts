/** Two price books without a fault, and how to put one fault into them. */
import type { LintInput, LintRule } from '../../../src/core/pricing/lint.ts'
import type { PriceBook, Rate, Sku } from '../../../src/core/pricing/price-book.ts'
import { bookOf, capabilities, offerOf, rateOf, skuOf, source } from '../pricing.ts'

export const token = (id: string, meter: Rate['meter'], price: string): Rate => rateOf({ id, meter, price, per: '1000000' })
const sized = (id: string, pixels: { min?: number; max?: number }, price: string): Rate => rateOf({ id, price, when: { pixels } })

/** Two providers that sell the same weights, one by the picture and one by tokens, and nothing to complain about. */
export const acme = (): PriceBook =>
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

export const officialOfOther = { ...source, url: 'https://docs.other.example/credits' } as const

export const other = (): PriceBook =>
  bookOf([skuOf({ id: 'other/one', weights: 'one-weights', rates: [rateOf({ id: 'other/one', price: '1.25' })] })], {
    provider: 'other',
    unit: 'credit',
    creditUnit: { price: '0.01', currency: 'USD', source: officialOfOther },
    source: { ...source, url: 'https://github.com/other/sdk' },
  })

const large = { width: 2048, height: 1024 }
export const offers = [
  offerOf('acme/one', 'acme', {
    capabilities: { ...capabilities, sizes: { kind: 'list', sizes: [capabilities.defaultSize, large] } },
  }),
  offerOf('acme/two', 'acme'),
]

export const good = (changes: Partial<LintInput> = {}, book = acme(), second = other()): LintInput => ({
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
export const withSku = (book: PriceBook, index: number, change: (sku: Sku) => Sku): PriceBook => ({
  ...book,
  skus: book.skus.map((sku, at) => (at === index ? change(sku) : sku)),
})
export const withRate = (book: PriceBook, id: string, change: Partial<Rate>): PriceBook => ({
  ...book,
  skus: book.skus.map((sku) => ({ ...sku, rates: sku.rates.map((rate) => (rate.id === id ? { ...rate, ...change } : rate)) })),
})
export const addRates = (book: PriceBook, index: number, ...rates: Rate[]): PriceBook =>
  withSku(book, index, (sku) => ({ ...sku, rates: [...sku.rates, ...rates] }))

/** One fault, and the one finding it must be. */
export interface Planted {
  readonly rule: LintRule
  readonly what: string
  readonly input: LintInput
  readonly place: string
  readonly message: RegExp
}
