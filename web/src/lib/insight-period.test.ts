import { describe, expect, it } from 'vitest'
import { askedOf, daysText, parseInsightSearch } from './insight-period.ts'

describe('the time and the money of a page about the past', () => {
  it.each([
    [{}, {}],
    [{ period: '30d' }, {}],
    [
      { period: '7d', money: 'sandbox' },
      { period: '7d', money: 'sandbox' },
    ],
    [{ period: '24h', money: 'both' }, {}],
    [{ period: 'all' }, {}],
    [{ from: '2026-11-01', period: '7d' }, { from: '2026-11-01' }],
  ])('%o is read as %o', (search, read) => {
    expect(parseInsightSearch(search)).toEqual(read)
  })

  it.each([
    [{}, { period: '30d' }],
    [{ period: 'last-month' }, { period: 'last_month' }],
    [{ money: 'real' }, { period: '30d', sandbox: false }],
    [
      { from: '2026-11-01', to: '2026-11-03', money: 'sandbox' },
      { from: '2026-11-01', to: '2026-11-03', sandbox: true },
    ],
    [{ to: '2026-11-30' }, { from: '2026-11-01', to: '2026-11-30' }],
  ] as const)('%o asks the API for %o', (search, asked) => {
    expect(askedOf(search)).toEqual(asked)
  })

  it('names both days, and one day once', () => {
    expect(daysText({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-03T00:00:00.000Z' })).toBe('2026-11-01 to 2026-11-02')
    expect(daysText({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T00:00:00.000Z' })).toBe('2026-11-01')
  })
})
