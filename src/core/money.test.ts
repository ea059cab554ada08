import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divideHalfEven, formatUsd, parseDecimal, parseUsd } from './money.ts'

describe('parseDecimal', () => {
  it.each([
    ['0.0336', 336n, 4],
    ['5', 5n, 0],
    ['-0.10', -10n, 2],
    ['00.5', 5n, 1],
  ])('reads %s exactly', (text, units, scale) => {
    expect(parseDecimal(text)).toEqual({ units, scale })
  })

  it.each(['', ' 1', '1e3', '+1', '.5', '1.', '1,5', '0x1', 'NaN', '--1', '1.2.3'])('refuses "%s"', (text) => {
    expect(() => parseDecimal(text)).toThrow(expect.objectContaining({ code: 'invalid_decimal' }))
  })
})

describe('divideHalfEven', () => {
  it.each([
    [5n, 2n, 2n],
    [7n, 2n, 4n],
    [-5n, 2n, -2n],
    [-7n, 2n, -4n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [-2n, 3n, -1n],
    [0n, 7n, 0n],
  ])('%s / %s = %s', (numerator, denominator, expected) => {
    expect(divideHalfEven(numerator, denominator)).toBe(expected)
  })

  it('is never further than half a unit from the exact quotient', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 20n }), (n, d) => {
        const error = divideHalfEven(n, d) * d - n
        expect((error < 0n ? -error : error) * 2n <= d).toBe(true)
      }),
    )
  })
})

describe('USD text', () => {
  it.each([
    [0n, '0.00'],
    [1n, '0.000000001'],
    [53_000_000n, '0.053'],
    [-40_000_000n, '-0.04'],
    [25_000_000_000n, '25.00'],
  ])('%s nano-USD is written %s', (amount, text) => {
    expect(formatUsd(amount)).toBe(text)
  })

  it('is read back to the same amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (amount) => {
        expect(parseUsd(formatUsd(amount))).toBe(amount)
        expect(parseUsd(formatUsd(amount, 0))).toBe(amount)
      }),
    )
  })

  it('refuses to round what is finer than a nano-dollar', () => {
    expect(() => parseUsd('0.0000000001')).toThrow(expect.objectContaining({ code: 'invalid_decimal' }))
  })
})
