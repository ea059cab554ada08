import { describe, expect, test } from 'vitest'
import { dateUs } from './dates.ts'

describe('dateUs', () => {
  test.each([
    ['2026-11-22', '2026-11-22T00:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    ['2026-12-31T23:59:59Z', '2026-12-31T23:59:59Z'],
  ])('%s is %s', (text, instant) => {
    expect(dateUs(text)).toBe(Date.parse(instant) * 1000)
  })

  test.each([
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-1-1',
    '2026-01-01T24:00:00Z',
    '2026-01-01T10:60:00Z',
    '2026-01-01T10:00:00',
    '22/11/2026',
    '',
  ])('%j is not a date', (text) => {
    expect(dateUs(text)).toBeUndefined()
  })
})
