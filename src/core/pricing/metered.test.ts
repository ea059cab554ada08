import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { billedPolicy, NOW_US, offerOf, requestOf } from '../../../test/support/routing.ts'
import { wordsEstimate, wordsRate } from '../../../test/support/words-price.ts'
import { compilePriceBooks, type PriceBook } from './index.ts'
import { addMetered, type MeteredTotals, meteredOf } from './metered.ts'
import { quoteTotals } from './quote.ts'
import { requestFacts, rulesFor } from './rules.ts'

const picture = { id: 'picture', meter: 'images.out', price: '0.03', effectiveFrom: '2026-01-01' }
const offer = offerOf('one', 'words')
const settings = { size: { width: 1024, height: 1024 }, format: 'png', n: 3 } as const
const candidate = { offer, settings, warnings: [] }

function pricesOf(sku: object) {
  const book = {
    provider: 'acme',
    unit: 'USD',
    source: { url: 'https://prices.example', kind: 'assumption', checkedAt: '2026-11-01' },
    skus: [{ id: 'words', model: 'acme/words', billedPolicy, rates: [picture, wordsRate], estimates: [wordsEstimate], ...sku }],
  } as unknown as PriceBook
  return compilePriceBooks({ books: [{ book, hash: 'test' }], fx: [], atUs: NOW_US })
}

/** The totals of so many calls, by plain numbers; undefined where these are not enough. */
function meteredBy(sku: object, prompt: string, calls: number): MeteredTotals | undefined {
  const prices = pricesOf(sku)
  const request = requestOf({ prompt, n: 3 })
  const rules = rulesFor(prices, { candidate, request, promptComplexity: 0.5, atUs: NOW_US })
  const metered = 'kind' in rules ? undefined : meteredOf(rules, settings.n)
  const totals = { expected: 0, min: 0, max: 0 }
  return metered && addMetered(metered, requestFacts(prices, request), calls, totals) ? totals : undefined
}

describe('prices that follow the words', () => {
  test('come to what the rules say, to the last nano-USD', () => {
    const lengths = fc.constantFrom('0.7', '2', '3.9', '4')
    const counting = fc.record(
      {
        form: fc.constantFrom('promptChars', 'promptBytes'),
        scope: fc.constantFrom('request', 'image'),
        expected: lengths,
        min: lengths,
        max: lengths,
      },
      { requiredKeys: ['form', 'scope', 'expected'] },
    )
    const rate = fc.record({
      price: fc.constantFrom('5', '0.000333333333', '17.77'),
      per: fc.constantFrom('1', '1000', '1000000'),
    })
    let told = 0
    fc.assert(
      fc.property(
        counting,
        rate,
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.integer({ min: 1, max: 9 }),
        (form, price, prompt, calls) => {
          const { min: _min, max: _max, ...bare } = wordsEstimate
          const sku = { rates: [picture, { ...wordsRate, ...price }], estimates: [{ ...bare, ...form }] }
          const whole = quoteTotals(pricesOf(sku), {
            candidate,
            request: requestOf({ prompt, n: 3 }),
            promptComplexity: 0.5,
            atUs: NOW_US,
          })
          if (whole.kind !== 'priced') throw new Error(whole.reason)
          const times = (nano: bigint): number => Number(nano * BigInt(calls))
          const made = meteredBy(sku, prompt, calls)
          if (!made) return
          told += 1
          expect(made).toEqual({
            expected: times(whole.expectedNanoUsd),
            min: times(whole.minNanoUsd),
            max: whole.maxNanoUsd === null ? Number.NaN : times(whole.maxNanoUsd),
          })
        },
      ),
    )
    // The others need more than plain numbers.
    expect(told).toBeGreaterThan(50)
  })

  test.each([
    ['round up', { rates: [picture, { ...wordsRate, roundUpTo: '1000' }] }],
    ['are charged at least for so much', { rates: [picture, { ...wordsRate, min: '1000' }] }],
    ['have a greatest quantity', { rates: [picture, { ...wordsRate, maxQuantity: { perRequest: '4000', source: 'test' } }] }],
    [
      'follow how difficult they are',
      { estimates: [{ ...wordsEstimate, form: 'promptComplexity', expected: '40', min: '10', max: '90' }] },
    ],
    [
      'follow pictures as well',
      { estimates: [wordsEstimate, { ...wordsEstimate, form: 'constant', expected: '9', min: '9', max: '9' }] },
    ],
    ['have a fee on top', { adjustments: [{ id: 'fee', kind: 'percent', percent: '5', description: 'fee' }] }],
    ['do not matter', { rates: [picture], estimates: [] }],
  ])('are not told by plain numbers where they %s', (_, sku) => {
    expect(meteredBy({}, 'a red fox', 1)).toBeDefined()
    expect(meteredBy(sku, 'a red fox', 1)).toBeUndefined()
  })

  test('are not told by plain numbers that would be rounded', () => {
    const dear = { rates: [picture, { ...wordsRate, price: '900', per: '1' }] }
    expect(meteredBy(dear, 'x'.repeat(10_000), 1)).toBeDefined()
    expect(meteredBy(dear, 'x'.repeat(10_000), 9)).toBeUndefined()
    expect(meteredBy(dear, 'x'.repeat(100_000), 1)).toBeUndefined()
  })
})
