/** Faults in what a book is: its shape, its file, its dates and ranges, its currency, its sources. */
import type { PriceBook } from '../../../src/core/pricing/price-book.ts'
import { rateOf, source } from '../pricing.ts'
import { acme, addRates, good, officialOfOther, other, type Planted, token, withRate, withSku } from './books.ts'

export const plantedInBooks: readonly Planted[] = [
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
]
