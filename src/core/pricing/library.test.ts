import { describe, expect, test } from 'vitest'
import * as shipped from '../../../prices/index.js'
import { bookOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { formatUsd, type HalftoneError, listOffers, loadPriceBook, type Order, quote, settle } from './library.ts'

const at = '2026-11-22'
const order = { offer: 'acme:acme/one', size: '1024x1024', at } as const
const acme = bookOf([
  skuOf(),
  skuOf({ id: 'acme/two', model: 'acme/two', rates: [rateOf({ id: 'two', price: '0.05' })] }),
  skuOf({ id: 'batch', tier: 'batch', rates: [rateOf({ id: 'batch', price: '0.02' })] }),
])
const other = bookOf(
  [skuOf({ rates: [rateOf({ price: '0.03' })] }), skuOf({ id: 'any', model: 'acme/v*', rates: [rateOf({ id: 'v' })] })],
  {
    provider: 'other',
  },
)
const prices = loadPriceBook({ books: [acme, other] })

const failure = (run: () => unknown): HalftoneError => {
  try {
    run()
  } catch (error) {
    return error as HalftoneError
  }
  throw new Error('It did not fail.')
}
const quoted = (more: Partial<Order> | object, from = prices) => {
  const answer = quote(from, { ...order, ...more } as Order)
  return answer.kind === 'priced' ? `${answer.offer} $${formatUsd(answer.expectedNanoUsd)}` : answer.reason
}

describe('loadPriceBook', () => {
  test('reads one book alone', () => {
    expect(quoted({}, loadPriceBook(acme))).toBe('acme:acme/one $0.04')
  })

  test('reads the shipped books whole, and finds something for the plainest order', () => {
    const book = loadPriceBook(shipped)
    expect(quoted({ offer: 'openai:openai/gpt-image-2', quality: 'high' }, book)).toMatch(
      /^openai:openai\/gpt-image-2 \$0\.2\d+$/,
    )
    expect(listOffers(book).length).toBeGreaterThan(400)
  })

  test('names every problem with its path', () => {
    const broken = { ...acme, unit: 7, skus: [{ ...skuOf(), rates: [{ ...rateOf(), price: 0.04 }] }] }
    expect(failure(() => loadPriceBook(broken))).toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^acme\.unit: expected a text\nacme\.skus\[0\]\.rates\[0\]\.price: expected a decimal/),
    })
  })

  test('an overlay replaces the book for the models it names, and its mistakes are named', () => {
    const mine = bookOf([skuOf({ rates: [rateOf({ price: '0.01' })] })])
    const own = loadPriceBook({ books: [acme], overlays: { acme: mine } })
    expect([quoted({}, own), quoted({ offer: 'acme:acme/two' }, own)]).toEqual(['acme:acme/one $0.01', 'acme:acme/two $0.05'])
    expect(failure(() => loadPriceBook({ books: [], overlays: { acme: {} } })).message).toContain('overlays.acme.unit: missing')
  })

  test('the same books have the same hash, and any other price another', () => {
    const dearer = bookOf([skuOf({ rates: [rateOf({ price: '0.041' })] })])
    expect(loadPriceBook(structuredClone(acme)).hash).toBe(loadPriceBook(acme).hash)
    expect(loadPriceBook(dearer).hash).not.toBe(loadPriceBook(bookOf()).hash)
  })

  test('a currency without its conversion is unpriced', () => {
    const yen = bookOf([skuOf()], { unit: 'JPY' })
    const conversion = { currency: 'JPY', usd: '0.006', source: 'test', effectiveFrom: '2020-01-01' }
    expect(quoted({}, loadPriceBook(yen))).toContain('No conversion from JPY')
    expect(quoted({}, loadPriceBook({ books: [yen], fx: { rates: [conversion] } }))).toBe('acme:acme/one $0.00024')
  })
})

describe('quote', () => {
  test('an offer is quoted as it is named: region, tier and all', () => {
    expect([quoted({}), quoted({ offer: 'acme:acme/one+batch' })]).toEqual(['acme:acme/one $0.04', 'acme:acme/one+batch $0.02'])
    expect(quoted({ offer: 'acme:acme/one+flex' })).toContain('No price is known for acme/one on tier flex at acme')
  })

  test('a model is quoted where it is cheapest without a tier', () => {
    expect(quoted({ offer: undefined, model: 'acme/one' })).toBe('other:acme/one $0.03')
    expect(quoted({ offer: undefined, model: 'acme/two' })).toBe('acme:acme/two $0.05')
  })

  test('a model that matches a pattern is found', () => {
    expect(quoted({ offer: undefined, model: 'acme/v2' })).toBe('other:acme/v2 $0.04')
  })

  test('where prices are equal the publisher itself is quoted', () => {
    const same = { ...acme, provider: 'aaa' }
    expect(quoted({ offer: undefined, model: 'acme/one' }, loadPriceBook({ books: [same, acme] }))).toBe('acme:acme/one $0.04')
  })

  test('a retired model is quoted by offer, for old ledgers, and not by model', () => {
    const retired = loadPriceBook(bookOf([skuOf({ retiredAt: '2026-05-01' })]))
    expect(quoted({}, retired)).toBe('acme:acme/one $0.04')
    expect(quoted({ offer: undefined, model: 'acme/one' }, retired)).toBe('No book sells acme/one at this date.')
    expect(quoted({ offer: undefined, model: 'acme/one', at: '2026-04-30' }, retired)).toBe('acme:acme/one $0.04')
  })

  test('nobody sells it: unpriced, not zero', () => {
    expect(quote(prices, { model: 'acme/nine', size: '1024x1024', at })).toEqual({
      kind: 'unpriced',
      missing: [],
      reason: 'No book sells acme/nine at this date.',
      offer: 'acme/nine',
    })
  })

  test('everything a price may depend on reaches it', () => {
    const rates = [
      rateOf({ id: 'plain', price: '1' }),
      rateOf({ id: 'edit', price: '2', when: { operation: 'edit' } }),
      rateOf({ id: 'steps', price: '3', when: { steps: { min: 30 } } }),
      rateOf({ id: 'negative', price: '4', when: { negativePrompt: true } }),
      rateOf({ id: 'mask', price: '5', when: { operation: 'edit', mask: true } }),
      rateOf({ id: 'webp', price: '6', when: { format: 'webp' } }),
      rateOf({ id: 'clear', price: '7', when: { background: 'transparent', format: 'png' } }),
      rateOf({ id: 'vivid', price: '8', when: { style: 'vivid', format: 'png' } }),
      rateOf({ id: 'partial', meter: 'images.partial', price: '0.5' }),
      rateOf({ id: 'in', meter: 'images.in', price: '0.1' }),
    ]
    const tight = skuOf({ id: 'free', model: 'acme/free', rates: [rateOf({ id: 'free' })] })
    const free = { kind: 'freeUnits', id: 'f', meter: 'images.out', quantity: '5', scope: 'month', description: 'Free' } as const
    const one = (rate: string) =>
      loadPriceBook(bookOf([skuOf({ rates: rates.filter(({ id }) => ['plain', 'partial', 'in', rate].includes(id)) })]))
    expect(quoted({ inputs: ['512x512'] }, one('edit'))).toBe('acme:acme/one $2.10')
    expect(quoted({ steps: 30 }, one('steps'))).toBe('acme:acme/one $3.00')
    expect(quoted({ negativePrompt: 'blur' }, one('negative'))).toBe('acme:acme/one $4.00')
    expect(quoted({ inputs: ['9x9', { width: 9, height: 9, role: 'mask' }] }, one('mask'))).toBe('acme:acme/one $5.10')
    expect(quoted({ format: 'webp' }, one('webp'))).toBe('acme:acme/one $6.00')
    expect(quoted({ background: 'transparent' }, one('clear'))).toBe('acme:acme/one $7.00')
    expect(quoted({ style: 'vivid' }, one('vivid'))).toBe('acme:acme/one $8.00')
    expect(quoted({ partialImages: 2, n: 2 }, one('none'))).toBe('acme:acme/one $4.00')
    const book = loadPriceBook(bookOf([{ ...tight, adjustments: [free] }]))
    expect(quoted({ offer: 'acme:acme/free', n: 2, monthToDate: { 'images.out': 4 } }, book)).toBe('acme:acme/free $0.04')
  })

  test.each([
    ['size', { size: '1024' }, 'a size such as 1024x1024'],
    ['size', { size: { width: 10.5, height: 10 } }, 'a size such as'],
    ['inputs', { inputs: ['wide'] }, 'a size such as'],
    ['quality', { quality: 'best' }, 'one of low, medium, high'],
    ['operation', { operation: 'paint' }, 'one of generate, edit'],
    ['format', { format: 'bmp' }, 'one of png, jpeg'],
    ['n', { n: 0 }, 'a whole number from 1'],
    ['steps', { steps: 1.5 }, 'a whole number from 1'],
    ['at', { at: 'soon' }, 'a Date or ISO text'],
    ['at', { at: undefined }, 'a Date or ISO text'],
    ['offer', { offer: 'acme/one' }, 'provider:publisher/name'],
    ['monthToDate', { monthToDate: { pictures: 1 } }, 'a meter: requests'],
    ['monthToDate.images.out', { monthToDate: { 'images.out': -1 } }, 'a number from 0'],
    ['monthToDate.images.out', { monthToDate: { 'images.out': 1e-7 } }, 'at most 6 decimals'],
  ])('a bad %s is refused by name', (param, bad, words) => {
    expect(failure(() => quoted(bad))).toMatchObject({ code: 'invalid_value', param, message: expect.stringContaining(words) })
  })
})

describe('settle', () => {
  const tokens = loadPriceBook(
    bookOf([skuOf({ rates: [rateOf({ id: 'out', meter: 'tokens.image.out', price: '30', per: '1000000' })] })]),
  )
  const settled = (finished: Parameters<typeof settle>[2], book = prices) => {
    const answer = settle(book, { ...order, n: 2 }, finished)
    return answer.kind === 'charged' ? `${answer.provenance} $${formatUsd(answer.totalNanoUsd)}` : answer.kind
  }

  test('what was metered is charged', () => {
    expect(settled({ usage: { 'tokens.image.out': 4160 } }, tokens)).toBe('metered $0.1248')
    expect(settled({ usage: { 'tokens.image.out': '4160.5' } }, tokens)).toBe('metered $0.124815')
  })

  test('what the provider says it cost goes before', () => {
    expect(settled({ reportedCost: { amount: '0.07', unit: 'USD', source: 'usage.cost' } })).toBe('reported $0.07')
  })

  test('fewer images than ordered cost less; none reported means all', () => {
    expect([settled({}), settled({ images: 1, outcome: 'partial' })]).toEqual(['metered $0.08', 'metered $0.04'])
  })

  test('endings without a picture follow the billed policy', () => {
    expect(settled({ outcome: 'refused', stage: 'before' })).toBe('free')
    expect(settled({ outcome: 'refused', stage: 'after' })).toBe('estimated $0.08')
    expect(settled({ outcome: 'timeout' })).toBe('unknown')
  })

  test('a model nobody sells and a usage nobody prices are unpriced', () => {
    expect(settle(prices, { model: 'acme/nine', size: '9x9', at }).kind).toBe('unpriced')
    expect(settled({}, tokens)).toBe('unpriced')
  })
})

test('listOffers names every exact offer once, with region, tier and end', () => {
  const book = loadPriceBook(
    bookOf([
      skuOf({ region: 'eu', tier: 'batch', retiredAt: '2027-01-01' }),
      skuOf({ id: 'x', model: 'acme/*', rates: [rateOf({ id: 'x' })] }),
    ]),
  )
  const eu = {
    offer: 'acme:acme/one@eu+batch',
    provider: 'acme',
    model: 'acme/one',
    region: 'eu',
    tier: 'batch',
    retiredAt: '2027-01-01',
  }
  expect(listOffers(book)).toEqual([eu])
  expect(listOffers(book, 'acme/one').map(({ offer }) => offer)).toEqual([eu.offer, 'acme:acme/one'])
})
