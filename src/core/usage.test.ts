import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDecimal } from './money.ts'
import { addUsage, formatQuantity, MICRO, wholeUnits } from './usage.ts'

describe('quantities', () => {
  it.each([
    [0n, '0'],
    [MICRO, '1'],
    [1_048_576n, '1.048576'],
    [-1_500_000n, '-1.5'],
    [7_024_000_000n, '7024'],
  ])('%s micro-units are written %s', (quantity, text) => {
    expect(formatQuantity(quantity)).toBe(text)
  })

  it('are written exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (quantity) => {
        const { units, scale } = parseDecimal(formatQuantity(quantity))
        expect(units * 10n ** BigInt(6 - scale)).toBe(quantity)
      }),
    )
  })

  it('count whole units in millionths', () => {
    expect(wholeUnits(3)).toBe(3_000_000n)
  })
})

describe('addUsage', () => {
  it('adds meter by meter and keeps a zero apart from an absent meter', () => {
    expect(addUsage({ 'images.out': 1n, steps: 0n }, { 'images.out': 2n, requests: 5n })).toEqual({
      'images.out': 3n,
      steps: 0n,
      requests: 5n,
    })
    expect(addUsage()).toEqual({})
  })
})
