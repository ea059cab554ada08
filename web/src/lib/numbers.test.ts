import { describe, expect, it } from 'vitest'
import { counted, formatBytes, formatCompact, formatCount, formatShare } from './numbers.ts'

describe('numbers', () => {
  it.each([
    [0, '0%'],
    [0.0004, '<0.1%'],
    [-0.0004, '\u2212<0.1%'],
    [0.1234, '12.3%'],
    [-0.5, '\u221250.0%'],
    [1, '100%'],
    [null, 'none'],
    [Number.NaN, 'none'],
  ])('the share %s is written %s', (share, text) => {
    expect(formatShare(share)).toBe(text)
  })

  it('counts have groups, and short forms only where digits do not matter', () => {
    expect(formatCount(1_204_332)).toBe('1,204,332')
    expect(formatCompact(999)).toBe('999')
    expect(formatCompact(1_204_332)).toBe('1.2M')
    expect(counted(1, 'request')).toBe('1 request')
    expect(counted(2, 'entry', 'entries')).toBe('2 entries')
  })

  it.each([
    [480, '480 B'],
    [1_400_000, '1.4 MB'],
    [2e15, '2000.0 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})
