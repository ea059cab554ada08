/** Faults in what a book says things cost: units, prices that are missing, and prices that do not fit together. */
import type { PriceBook } from '../../../src/core/pricing/price-book.ts'
import { offerOf, rateOf, skuOf, source } from '../pricing.ts'
import { acme, addRates, good, offers, officialOfOther, other, type Planted, withRate, withSku } from './books.ts'

export const plantedInAmounts: readonly Planted[] = [
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
