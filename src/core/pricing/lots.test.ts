import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawLots, drawOutside, type Lot, marginalOf } from './lots.ts'

const lot = (id: string, more: Partial<Lot> = {}): Lot => ({
  id,
  kind: 'prepaidCredits',
  startsUs: 0,
  expiresUs: 1_000,
  meter: null,
  capacity: 100n,
  remaining: 100n,
  paidNanoUsd: 100n,
  ...more,
})
const money = (totalNanoUsd: bigint, atUs = 10) => ({ totalNanoUsd, usage: { 'images.out': 4_000_000n }, atUs })
const drawn = (lots: readonly Lot[], total: bigint, atUs?: number) =>
  drawLots(lots, money(total, atUs)).draws.map(({ lotId, drawn: units }) => `${lotId}:${units}`)

describe('drawing on lots', () => {
  test.each([
    ['the lot that expires first', [lot('late', { expiresUs: 900 }), lot('soon', { expiresUs: 500 })], 60n, ['soon:60']],
    ['the next one when the first is empty', [lot('a', { expiresUs: 500, remaining: 20n }), lot('b')], 60n, ['a:20', 'b:40']],
    ['one without an end last', [lot('endless', { expiresUs: null }), lot('ends')], 150n, ['ends:100', 'endless:50']],
    ['the older of two that end together', [lot('young', { startsUs: 5 }), lot('old')], 10n, ['old:10']],
    ['no more than there is', [lot('a', { remaining: 7n })], 60n, ['a:7']],
    ['none that has not begun or is over', [lot('over', { expiresUs: 10 }), lot('not-yet', { startsUs: 11 })], 60n, []],
    ['nothing for a free call', [lot('a')], 0n, []],
  ] as const)('takes %s', (_name, lots, total, expected) => {
    expect(drawn(lots, total)).toEqual(expected)
  })

  test('a lot of a quantity covers its share of the whole charge, and money pays the rest', () => {
    const hour = lot('hour', { meter: 'images.out', capacity: 3_000_000n, remaining: 3_000_000n, paidNanoUsd: 30n })
    expect(drawLots([lot('cash', { capacity: 10n, remaining: 10n }), hour], money(80n))).toEqual({
      draws: [
        { lotId: 'hour', drawn: 3_000_000n, coveredNanoUsd: 60n, effectiveNanoUsd: 30n },
        { lotId: 'cash', drawn: 10n, coveredNanoUsd: 10n, effectiveNanoUsd: 100n },
      ],
      uncoveredNanoUsd: 10n,
    })
  })

  test('a call without a price still uses up a quantity', () => {
    const hour = lot('hour', { meter: 'images.out', capacity: 9_000_000n, remaining: 9_000_000n })
    expect(drawLots([hour], money(0n)).draws).toMatchObject([{ drawn: 4_000_000n, coveredNanoUsd: 0n }])
  })

  test('covered parts add up to the charge, and effective parts to what was paid for an emptied lot', () => {
    const amounts = fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(amounts, fc.bigInt({ min: 1n, max: 5_000n }), fc.bigInt({ min: 0n, max: 9_999n }), (totals, capacity, paid) => {
        let open = lot('a', { capacity, remaining: capacity, paidNanoUsd: paid })
        let effective = 0n
        for (const total of totals) {
          const { draws, uncoveredNanoUsd } = drawLots([open], money(total))
          expect(draws.reduce((sum, draw) => sum + draw.coveredNanoUsd, uncoveredNanoUsd)).toBe(total)
          for (const draw of draws) {
            effective += draw.effectiveNanoUsd
            open = { ...open, remaining: open.remaining - draw.drawn }
          }
        }
        effective += drawOutside(open, open.remaining).effectiveNanoUsd
        expect(effective).toBe(paid)
      }),
    )
  })

  test('splitting a call over a lot of a quantity draws the same units', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 50n }),
        fc.bigInt({ min: 1n, max: 50n }),
        fc.bigInt({ min: 0n, max: 60n }),
        (a, b, remaining) => {
          const hour = lot('hour', { meter: 'images.out', capacity: 60n, remaining })
          const once = drawLots([hour], { totalNanoUsd: (a + b) * 7n, usage: { 'images.out': a + b }, atUs: 1 })
          const first = drawLots([hour], { totalNanoUsd: a * 7n, usage: { 'images.out': a }, atUs: 1 })
          const left = { ...hour, remaining: remaining - (first.draws[0]?.drawn ?? 0n) }
          const second = drawLots([left], { totalNanoUsd: b * 7n, usage: { 'images.out': b }, atUs: 1 })
          expect(first.uncoveredNanoUsd + second.uncoveredNanoUsd).toBe(once.uncoveredNanoUsd)
        },
      ),
    )
  })
})

describe('the marginal price', () => {
  test.each([
    ['is nothing while a lot that ends lasts', [lot('a')], 60n, 0n],
    ['is the price beyond it', [lot('a', { remaining: 20n })], 60n, 40n],
    ['is what an endless lot cost to buy', [lot('a', { expiresUs: null, paidNanoUsd: 80n })], 50n, 40n],
    ['is the price without lots', [], 60n, 60n],
  ] as const)('%s', (_name, lots, total, expected) => {
    expect(marginalOf(lots, money(total))).toBe(expected)
  })
})
