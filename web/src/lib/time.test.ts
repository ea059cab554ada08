import { describe, expect, it } from 'vitest'
import { formatAge, formatDuration, formatMoment } from './time.ts'

describe('times as shown', () => {
  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1_000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_400, '59 min 59 s'],
    [3_600_000, '1 h 00 min'],
    [90_061_000, '25 h 01 min'],
    [180_000_000, '2 d 2 h'],
  ])('a duration of %d ms has one unit that fits', (milliseconds, shown) => {
    expect(formatDuration(milliseconds)).toBe(shown)
  })

  const now = Date.parse('2026-11-22T12:00:00Z')
  it.each([
    ['2026-11-22T11:59:55Z', 'just now'],
    ['2026-11-22T12:00:30Z', 'just now'],
    ['2026-11-22T11:59:15Z', '45 s ago'],
    ['2026-11-22T11:01:00Z', '59 min ago'],
    ['2026-11-22T02:00:00Z', '10 h ago'],
    ['2026-11-20T12:00:00Z', '2026-11-20'],
  ])('an age is never negative and turns into a date after a day: %s', (iso, shown) => {
    expect(formatAge(iso, now)).toBe(shown)
  })

  it('a moment is UTC to the millisecond', () => {
    expect(formatMoment('2026-11-22T14:05:09.123456Z')).toBe('2026-11-22 14:05:09.123 UTC')
  })
})
