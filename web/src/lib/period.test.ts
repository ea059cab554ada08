import { describe, expect, it } from 'vitest'
import { boundsOf, parsePeriod, periodText } from './period.ts'

const now = Date.parse('2026-11-22T14:05:09.123Z')

describe('a period in the URL', () => {
  it.each([
    [{ period: '7d' }, { period: '7d' }],
    [{ period: 'soon' }, {}],
    [
      { from: '2026-11-01', to: '2026-11-02', period: '7d' },
      { from: '2026-11-01', to: '2026-11-02' },
    ],
    [{ from: '2026-13-99' }, {}],
    [{ from: 7 }, {}],
  ])('%o is read as %o', (search, period) => {
    expect(parsePeriod(search)).toEqual(period)
  })

  it.each([
    ['today', '2026-11-22T00:00:00.000Z', undefined],
    ['24h', '2026-11-21T14:05:00.000Z', undefined],
    ['7d', '2026-11-16T00:00:00.000Z', undefined],
    ['month', '2026-11-01T00:00:00.000Z', undefined],
    ['last-month', '2026-10-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z'],
    ['all', undefined, undefined],
  ] as const)('%s has its bounds in UTC', (period, since, until) => {
    expect(boundsOf({ period }, 'all', now)).toEqual({ since, until })
  })

  it('both days of a range are included', () => {
    expect(boundsOf({ from: '2026-11-01', to: '2026-11-01' }, 'all', now)).toEqual({
      since: '2026-11-01T00:00:00.000Z',
      until: '2026-11-02T00:00:00.000Z',
    })
  })

  it('says what it is', () => {
    expect(periodText({}, '30d')).toBe('30 days')
    expect(periodText({ from: '2026-11-01' }, '30d')).toBe('2026-11-01 to now')
  })
})
