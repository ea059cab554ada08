import { describe, expect, it } from 'vitest'
import { editRate, type RateEdit } from './by-hand.ts'
import type { PriceBook, Rate } from './price-book.ts'

const source = { url: 'https://acme.example/prices', kind: 'official', checkedAt: '2026-01-01' } as const
const rate = (changes: Partial<Rate> = {}): Rate => ({
  id: 'brush',
  meter: 'images.out',
  price: '0.04',
  effectiveFrom: '2026-01-01',
  ...changes,
})
const bookOf = (...rates: readonly Rate[]): PriceBook => ({
  provider: 'acme',
  unit: 'USD',
  source,
  skus: [{ id: 'brush', model: 'acme/brush', rates, billedPolicy: {} as never }],
})
const edit: RateEdit = { rateId: 'brush', price: '0.05', effectiveFrom: '2026-11-01', sourceUrl: 'https://acme.example/new' }
const ratesOf = (book: PriceBook) => book.skus.flatMap(({ rates }) => rates)

describe('a rate changed by hand', () => {
  it('ends the day before and goes on at the new price under an id of its own, with the new source', () => {
    expect(ratesOf(editRate(bookOf(rate()), edit, '2026-11-22'))).toEqual([
      rate({ effectiveTo: '2026-11-01' }),
      rate({
        id: 'brush@2026-11-01',
        price: '0.05',
        effectiveFrom: '2026-11-01',
        source: { url: 'https://acme.example/new', kind: 'official', checkedAt: '2026-11-22' },
      }),
    ])
  })

  it('from its own first day is replaced, never under the same id: charges name rates', () => {
    const [only, ...rest] = ratesOf(editRate(bookOf(rate()), { ...edit, effectiveFrom: '2026-01-01' }, '2026-11-22'))
    expect([only?.id, only?.price, rest]).toEqual(['brush@2026-01-01', '0.05', []])
  })

  it('takes another id where that one was given before', () => {
    const other = rate({ id: 'brush@2026-11-01', when: { quality: 'high' } })
    expect(ratesOf(editRate(bookOf(rate(), other), edit, '2026-11-22')).map(({ id }) => id)).toContain('brush@2026-11-01.2')
  })

  it('without a price ends on that day, and keeps its own end when it has a price', () => {
    const { price: _, sourceUrl: __, ...end } = edit
    expect(ratesOf(editRate(bookOf(rate()), end, '2026-11-22'))).toEqual([rate({ effectiveTo: '2026-11-01' })])
    expect(ratesOf(editRate(bookOf(rate({ effectiveTo: '2026-12-01' })), edit, '2026-11-22')).at(-1)?.effectiveTo).toBe(
      '2026-12-01',
    )
  })

  it.each([
    ['before it began', rate(), { effectiveFrom: '2025-12-31' }, 'effective_from'],
    ['after it ended', rate({ effectiveTo: '2026-06-01' }), {}, 'effective_from'],
    [
      'where tiers decide',
      rate({ tiers: { mode: 'volume', scope: 'month', steps: [{ from: '0', price: '1' }] } }),
      {},
      'rate_id',
    ],
    ['that is not there', rate({ id: 'other' }), {}, 'rate_id'],
  ] as const)('is refused %s', (_, of, changes, param) => {
    expect(() => editRate(bookOf(of), { ...edit, ...changes }, '2026-11-22')).toThrow(expect.objectContaining({ param }))
  })
})
