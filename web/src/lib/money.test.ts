import { describe, expect, it } from 'vitest'
import { axisUsd, changeShare, deltaUsd, exactUsd, perMille, plotUsd, shortUsd } from './money.ts'

describe('money as shown', () => {
  it.each([
    ['0', '$0.00'],
    ['0.042', '$0.042'],
    ['0.000000001', '$0.000000001'],
    ['-1.2', '\u2212$1.20'],
    ['999999999.999999999', '$999999999.999999999'],
  ])('exact keeps every digit: %s', (text, shown) => {
    expect(exactUsd(text)).toBe(shown)
  })

  it.each([
    ['0', '$0.00'],
    ['0.00009', '<$0.0001'],
    ['-0.00009', '\u2212<$0.0001'],
    ['0.04215', '$0.0422'],
    ['0.04225', '$0.0422'],
    ['0.99996', '$1.00'],
    ['9.312', '$9.31'],
    ['12345.678', '$12,345.68'],
    ['-1234567', '\u2212$1,234,567.00'],
  ])('short rounds half to even and never hides money: %s', (text, shown) => {
    expect(shortUsd(text)).toBe(shown)
  })

  it('a difference carries its sign, and none is said in words', () => {
    expect(deltaUsd('0.04', '0.053')).toBe('+$0.013')
    expect(deltaUsd('0.053', '0.04')).toBe('\u2212$0.013')
    expect(deltaUsd('1', '1.00')).toBe('same')
  })

  it('a meter stays between empty and full', () => {
    expect(perMille(1n, 3n)).toBe(333)
    expect(perMille(5n, 3n)).toBe(1000)
    expect(perMille(-1n, 3n)).toBe(0)
    expect(perMille(1n, 0n)).toBe(0)
  })

  it.each([
    [0, '$0'],
    [0.0412, '$0.041'],
    [0.1, '$0.10'],
    [0.996, '$1'],
    [12.345, '$12.35'],
    [8_400, '$8.4K'],
    [-2, '\u2212$2'],
  ])('an axis rounds %d to %s', (dollars, shown) => {
    expect(axisUsd(dollars)).toBe(shown)
  })

  it('change is a share of what was before, and none without it', () => {
    expect(changeShare('2', '2.5')).toBe(0.25)
    expect(changeShare('2', '1')).toBe(-0.5)
    expect(changeShare('0', '1')).toBeNull()
    expect(plotUsd('0.25')).toBe(0.25)
  })
})
