import { describe, expect, it } from 'vitest'
import { exampleRate as rate } from './example-rate.ts'
import { isInForce, placeOf, rateText, safeUrl, stepsOf } from './rates.ts'

describe('a price in words', () => {
  it.each([
    [{}, '$0.04 per image'],
    [{ meter: 'tokens.image.out', per: '1000000', price: '30' }, '$30 per million image tokens made'],
    [{ unit: 'credits', price: '4' }, '4 credits per image'],
    [{ meter: 'tokens.visual', per: '1000' }, '$0.04 per 1,000 visual tokens'],
    [{ meter: 'unheard.of' }, '$0.04 per unheard.of'],
  ] as const)('%j reads %s', (changes, text) => {
    expect(rateText(rate(changes))).toBe(text)
  })
})

describe('a dated price', () => {
  it.each([
    ['before its first day', '2025-12-31', false],
    ['on its first day', '2026-01-01', true],
    ['on its last day', '2026-05-31', true],
    ['on the day that is excluded', '2026-06-01', false],
  ])('is in force or not %s', (_, day, expected) => {
    expect(isInForce(rate({ effective_to: '2026-06-01' }), day)).toBe(expected)
  })

  it('ends with the model that is sold no more', () => {
    expect(isInForce(rate({ retired_at: '2026-03-01' }), '2026-03-01')).toBe(false)
  })

  it('is a step of the line of what it prices, oldest first', () => {
    const later = rate({ rate_id: 'brush@2', price: '0.05', effective_from: '2026-06-01' })
    const first = rate({ effective_to: '2026-06-01' })
    expect(placeOf(later)).toBe(placeOf(first))
    expect(placeOf(rate({ when: 'quality high' }))).not.toBe(placeOf(first))
    expect(stepsOf([later, first]).map(({ from, text }) => [from, text])).toEqual([
      ['2026-01-01', '$0.04'],
      ['2026-06-01', '$0.05'],
    ])
  })
})

it.each(['javascript:alert(1)', 'data:text/html,x', 'prices.pdf', ''])('a source such as %s is no link', (url) => {
  expect(safeUrl(url)).toBeUndefined()
})
