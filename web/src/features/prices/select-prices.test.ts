import { describe, expect, it } from 'vitest'
import type { PriceListWire, PriceRateWire } from '../../../../src/contract/prices.ts'
import { exampleRate } from '../../lib/example-rate.ts'
import {
  changeLines,
  parsePricesSearch,
  placeText,
  selectBooks,
  selectRate,
  selectRates,
  selectUnpriced,
  typedPrice,
} from './select-prices.ts'

const day = '2026-11-22'
const rate = (id: string, changes: Partial<PriceRateWire> = {}) => exampleRate({ rate_id: id, ...changes })
const list: PriceListWire = {
  object: 'price_list',
  version: day,
  origin: 'shipped',
  rates: [
    rate('old', { effective_to: '2026-06-01' }),
    rate('now', { price: '0.05', effective_from: '2026-06-01', age_days: 60, stale: true, confidence: 'secondary' }),
    rate('high', { when: 'quality high' }),
    rate('now', { provider: 'other', model: 'other/pen', sku: 'pen' }),
  ],
  unpriced: [{ provider: 'acme', model: 'acme/pencil', reason: 'nobody says' }],
}

describe('the book', () => {
  it('counts what is in force today', () => {
    expect(selectBooks(list, day)).toEqual([
      { provider: 'acme', models: 1, rates: 2, stale: 1, unpriced: 1, oldest: 60, official: 1 },
      { provider: 'other', models: 1, rates: 1, stale: 0, unpriced: 0, oldest: 21, official: 1 },
    ])
  })

  it.each([
    [{}, ['now', 'high', 'now']],
    [{ show: 'all' as const }, ['old', 'now', 'high', 'now']],
    [{ show: 'stale' as const }, ['now']],
    [{ show: 'unpriced' as const }, []],
    [{ q: 'brush HIGH' }, ['high']],
    [{ provider: 'other' }, ['now']],
  ])('is narrowed by %j', (search, ids) => {
    expect(selectRates(list, search, day).map(({ rate_id: id }) => id)).toEqual(ids)
  })

  it('lists what has no price beside, but not among the stale', () => {
    expect(selectUnpriced(list, { q: 'pencil' })).toHaveLength(1)
    expect(selectUnpriced(list, { show: 'stale' })).toEqual([])
  })

  it('finds a rate in its own book, with every step of its line', () => {
    const found = selectRate(list, { rate: 'now', book: 'acme' })
    expect([found?.rate.price, found?.line.map(({ rate_id: id }) => id)]).toEqual(['0.05', ['old', 'now']])
    expect(selectRate(list, { rate: 'gone' })).toBeUndefined()
  })

  it('names the place of a rate', () => {
    expect(placeText(rate('x', { region: 'eu', tier: '*', when: 'quality high' }))).toBe('acme/brush, in eu, quality high')
  })
})

it('the URL keeps what fits', () => {
  expect(parsePricesSearch({ tab: 'correct', since: '2026-11-01', show: 'all', rate: 'r', book: 'b', provider: 'a,b' })).toEqual({
    tab: 'correct',
    since: '2026-11-01',
    show: 'all',
    rate: 'r',
    book: 'b',
    provider: 'a,b',
  })
  expect(parsePricesSearch({ tab: 'book', since: 'soon', show: 'x', q: '' })).toEqual({})
})

it('a change says what was and what is, with dates and percent', () => {
  const [before, after] = [rate('now', { effective_to: day }), rate('next', { price: '0.05', effective_from: day })]
  const change = {
    provider: 'acme',
    model: 'acme/brush',
    sku: 'brush',
    meter: 'images.out',
    when: 'quality high',
    details: ['ends'],
  }
  const lines = changeLines({
    changes: [
      { ...change, kind: 'changed', before: rate('now'), after: before, percent: '0' },
      { ...change, kind: 'added', before: null, after, percent: null },
      { ...change, kind: 'changed', before, after, percent: '+25' },
    ],
  })
  expect(lines.map(({ title, before: was, after: is, percent }) => [title, was, is, percent])).toEqual([
    ['acme/brush, quality high', '$0.04 per image from 2026-01-01', '$0.04 per image from 2026-01-01 until 2026-11-22', null],
    ['acme/brush, quality high', null, '$0.05 per image from 2026-11-22', null],
    ['acme/brush, quality high', '$0.04 per image from 2026-01-01 until 2026-11-22', '$0.05 per image from 2026-11-22', '+25 %'],
  ])
})

it.each([
  ['0.04', '0.04'],
  [' $1 ', '1'],
  ['1,5', undefined],
  ['-1', undefined],
  ['', undefined],
  ['1e3', undefined],
])('a typed price %j is sent as %j', (text, sent) => {
  expect(typedPrice(text)).toBe(sent)
})
