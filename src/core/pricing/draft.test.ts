import { describe, expect, test } from 'vitest'
import { atUs, bookOf, inputOf, pricesOf, rateOf, settleOf, skuOf } from '../../../test/support/pricing.ts'
import { applyDraft, draftChanges, type PriceEvidence, shortest } from './draft.ts'
import { settleCharges } from './settle.ts'
import { checkBook } from './validate.ts'

const DAY = 86_400_000_000
const book = bookOf()
const books = [{ book, hash: 'hash-of-acme' }]
const ours = (n = 1) => {
  const settlement = settleCharges(pricesOf(book), settleOf({ settings: { n } }, { imagesMade: n }))
  return settlement.kind === 'charged' ? settlement.lines : []
}
/** At $0.04 an image; `reported` in USD per image. */
const evidence = (index: number, reported: number, more: Partial<PriceEvidence> = {}): PriceEvidence => ({
  attemptId: `a${index}`,
  requestId: `r${index}`,
  provider: 'acme',
  model: 'acme/one',
  atUs: atUs + index * DAY,
  reportedNanoUsd: BigInt(Math.round(reported * 1e9)),
  ours: ours(),
  ...more,
})
const repeated = (count: number, reported: number, more: Partial<PriceEvidence> = {}) =>
  Array.from({ length: count }, (_, index) => evidence(index, reported, more))

describe('a drafted price change', () => {
  test('follows from five alike reports of two requests, with the exact price and the day of the first', () => {
    expect(draftChanges(repeated(5, 0.036), books)).toEqual([
      {
        provider: 'acme',
        model: 'acme/one',
        priceBook: 'hash-of-acme',
        rates: [{ rateId: 'acme/one/image', meter: 'images.out', unit: 'USD', per: '1', price: '0.04', proposed: '0.036' }],
        ratio: '0.9',
        attempts: ['a0', 'a1', 'a2', 'a3', 'a4'],
        requests: 5,
        effectiveFrom: '2026-11-22',
      },
    ])
  })

  test.each([
    ['four attempts', repeated(4, 0.036)],
    ['one request', repeated(9, 0.036, { requestId: 'r' })],
    ['reports within 2 %', repeated(9, 0.0407)],
    ['reports that scatter', Array.from({ length: 9 }, (_, index) => evidence(index, 0.03 + index / 200))],
    [
      'a fee beside the rate',
      repeated(9, 0.036, { ours: [...ours(), ...ours().map((line) => ({ ...line, kind: 'adjustment' as const }))] }),
    ],
    ['a book that is not there', repeated(9, 0.036, { ours: ours().map((line) => ({ ...line, priceBook: 'other' })) })],
  ])('does not follow from %s', (_, given) => expect(draftChanges(given, books)).toEqual([]))

  test('counts what is alike since the last change, not what was before it', () => {
    const change = [...repeated(6, 0.04), ...[6, 7, 8, 9, 10].map((index) => evidence(index, 0.05))]
    expect(draftChanges(change, books)).toMatchObject([
      { ratio: '1.25', effectiveFrom: '2026-11-28', attempts: ['a6', 'a7', 'a8', 'a9', 'a10'] },
    ])
    expect(draftChanges(change.slice(0, -1), books)).toEqual([])
  })

  test('sees the same ratio through calls of different sizes', () => {
    const given = [1, 2, 3, 4, 5].map((n) => evidence(n, 0.048 * n, { ours: ours(n) }))
    expect(draftChanges(given, books)).toMatchObject([{ rates: [{ proposed: '0.048' }] }])
  })

  test.each([
    [{ n: 36_000_012n, d: 1_000_000_000n }, '0.036'],
    [{ n: 1n, d: 3n }, '0.3333'],
    [{ n: 5n, d: 1n }, '5'],
    [{ n: 7n, d: 100_000_000n }, '0.00000007'],
  ])('writes %o as %s', (value, text) => expect(shortest(value)).toBe(text))
})

describe('an accepted draft', () => {
  const [change] = draftChanges(repeated(5, 0.036), books)
  if (!change) throw new Error('no draft')

  test('ends the old rate on its day and begins a new one: the book is valid, the past keeps its price', () => {
    const changed = applyDraft(book, change, '2026-12-01')
    checkBook(changed, 'acme.json')
    expect(changed.skus[0]?.rates).toMatchObject([
      { id: 'acme/one/image', price: '0.04', effectiveTo: '2026-11-22' },
      {
        id: 'acme/one/image@2026-11-22',
        price: '0.036',
        effectiveFrom: '2026-11-22',
        source: { kind: 'derived', checkedAt: '2026-12-01' },
      },
    ])
    const cost = (at: number) => settleCharges(pricesOf(changed), { ...inputOf(), outcome: 'succeeded', billed: 'yes', atUs: at })
    expect(cost(atUs - 1)).toMatchObject({ totalNanoUsd: 40_000_000n })
    expect(cost(atUs)).toMatchObject({ totalNanoUsd: 36_000_000n })
  })

  test('takes the place of a rate that began no earlier, and never gives an id twice', () => {
    const late = bookOf([
      skuOf({
        rates: [rateOf({ id: 'x@2026-11-25' }), rateOf({ id: 'x', when: { quality: 'low' }, effectiveFrom: '2026-11-25' })],
      }),
    ])
    const changed = applyDraft(late, { ...change, rates: change.rates.map((rate) => ({ ...rate, rateId: 'x' })) }, '2026-12-01')
    expect(changed.skus[0]?.rates.map(({ id }) => id)).toEqual(['x@2026-11-25', 'x@2026-11-25.2'])
    checkBook(changed, 'acme.json')
  })
})
