import { describe, expect, test } from 'vitest'
import { atUs, bookOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { diffDates, diffRates, percentText } from './diff.ts'
import type { Rate } from './price-book.ts'
import { conditionWords, means, priceHistory, rateRows } from './rate-rows.ts'

const rows = (...rates: Rate[]) => rateRows(bookOf([skuOf({ rates })]), atUs)
const old = rateOf({ id: 'old', price: '0.04', effectiveFrom: '2026-01-01', effectiveTo: '2026-07-01' })
const now = rateOf({ id: 'now', price: '0.036', effectiveFrom: '2026-07-01' })

describe('the difference of two books', () => {
  test('names added, ended and changed rates, with the percentage of the unit price', () => {
    const high = rateOf({ id: 'high', when: { quality: 'high' }, price: '0.1' })
    const low = rateOf({ id: 'low', when: { quality: 'low' }, price: '0.01' })
    const changes = diffRates(rows(rateOf(), high), rows(rateOf({ price: '0.05' }), low))
    expect(changes.map(({ kind, when, percent }) => ({ kind, when, percent }))).toEqual([
      { kind: 'changed', when: '', percent: '+25' },
      { kind: 'ended', when: 'quality high', percent: null },
      { kind: 'added', when: 'quality low', percent: null },
    ])
  })

  test('is empty for equal books, and for the same price of another quantity or under another id', () => {
    expect(diffRates(rows(old, now), rows(old, now))).toEqual([])
    expect(diffRates(rows(rateOf({ price: '30', per: '1000000' })), rows(rateOf({ id: 'b', price: '0.00003' })))).toEqual([])
  })

  test('tells an end, another source and other tiers without a change of price', () => {
    const source = { url: 'https://example.com/new', kind: 'derived', checkedAt: '2026-11-02' } as const
    const [change] = diffRates(rows(rateOf()), rows(rateOf({ effectiveTo: '2026-12-01', source })))
    expect(change).toMatchObject({ kind: 'changed', percent: '0' })
    expect(change?.details).toEqual([
      'ends: none -> 2026-12-01',
      'confidence: official -> derived',
      'source: https://example.com/prices -> https://example.com/new',
    ])
  })

  test('between two dates is what is in force on the one day against the other', () => {
    const changes = diffDates(rows(old, now), '2026-06-01', '2026-11-01')
    expect(changes).toMatchObject([{ kind: 'changed', percent: '-10', before: { rateId: 'old' }, after: { rateId: 'now' } }])
    expect(diffDates(rows(old, now), '2026-07-01', '2026-11-01')).toEqual([])
    expect(diffDates(rows(old, now), '2025-12-31', '2026-01-01')).toMatchObject([{ kind: 'added' }])
  })

  test('has no percentage from nothing or across units', () => {
    expect(diffRates(rows(rateOf({ price: '0' })), rows(rateOf()))).toMatchObject([{ percent: null }])
    const euro = rateRows(bookOf([skuOf()], { unit: 'EUR' }), atUs)
    expect(diffRates(rows(rateOf()), euro)).toMatchObject([{ percent: null, details: ['unit: USD -> EUR'] }])
  })

  test.each([
    [{ n: 3n, d: 4n }, '-25'],
    [{ n: 4n, d: 3n }, '+33.33'],
    [{ n: 1_000_001n, d: 1_000_000n }, '+<0.01'],
    [{ n: 2n, d: 1n }, '+100'],
    [{ n: 11n, d: 10n }, '+10'],
  ])('writes %o as %s', (ratio, text) => expect(percentText(ratio)).toBe(text))
})

describe('rates one by one', () => {
  test('carry source, age and staleness: 45 days are fresh, 46 are not', () => {
    const checked = (checkedAt: string) => rows(rateOf({ source: { url: 'https://a.example', kind: 'derived', checkedAt } }))[0]
    expect(checked('2026-10-08')).toMatchObject({ ageDays: 45, stale: false, source: { kind: 'derived' } })
    expect(checked('2026-10-07')).toMatchObject({ ageDays: 46, stale: true })
  })

  test('history is every dated rate of a model, each condition in the order of its dates', () => {
    expect(priceHistory(rows(now, old), 'acme/one').map(({ rateId }) => rateId)).toEqual(['old', 'now'])
    expect(priceHistory(rows(now, old), 'acme/two')).toEqual([])
  })

  test.each(['acme', 'acme/one', 'one', 'acme/o*', 'acme:acme/one', 'acme:one'])('%s means acme/one at acme', (typed) => {
    expect(means(typed, { provider: 'acme', model: 'acme/one' })).toBe(true)
    expect(means(typed, { provider: 'other', model: 'other/two' })).toBe(false)
  })

  test('a pattern over every model is found by its provider alone', () => {
    expect(means('acme/one', { provider: 'other', model: '*' })).toBe(false)
    expect(means('other', { provider: 'other', model: '*' })).toBe(true)
  })

  test('conditions are words', () => {
    expect(conditionWords({ quality: ['low', 'high'], steps: { min: 1, max: 4 }, mask: true, pixels: { min: 10 } })).toBe(
      'quality high or low, steps 1 to 4, with mask, pixels from 10',
    )
  })
})
