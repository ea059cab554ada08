import { describe, expect, it } from 'vitest'
import type { ClosedMonthWire } from '../../../../src/contract/months.ts'
import { exportProblem, exportUrl, monthsUntil, parseBooksSearch, selectMonths } from './select-books.ts'

const NOW = Date.parse('2026-01-15T00:00:00Z')
const seal = { charges: 3, total_usd: '1.5', sandbox_usd: '0', sha256: 'abc' }
const closed = (month: string, change: Partial<ClosedMonthWire> = {}): ClosedMonthWire => ({
  object: 'closed_month',
  month,
  closed_at: '2026-01-03T00:00:00Z',
  closed_by: 'admin',
  forced: false,
  unknown_attempts: [],
  seal,
  ...change,
})
const spend = (...months: readonly (readonly [string, string])[]) => ({
  rows: months.map(([month, cost_usd]) => ({ at: `${month}-01T00:00:00.000Z`, cost_usd }) as never),
})

describe('the books', () => {
  it.each([
    [
      { tab: 'report', month: '2026-10' },
      { tab: 'report', month: '2026-10' },
    ],
    [{ tab: 'months', month: '2026-13' }, {}],
    [{ tab: 'else', month: 202_610 }, {}],
  ])('what of a URL fits is taken: %o', (search, parsed) => expect(parseBooksSearch(search)).toEqual(parsed))

  it('months go back over the turn of the year', () => expect(monthsUntil(NOW, 3)).toEqual(['2026-01', '2025-12', '2025-11']))

  it('a closed month has the total of its seal, an open one that of the sums, and what is before the first is closed with it', () => {
    const rows = selectMonths(
      [closed('2025-10')],
      spend(['2026-01', '9'], ['2025-12', '4'], ['2025-11', '2'], ['2025-10', '99'], ['2025-09', '1']),
      NOW,
    )
    expect(rows.map(({ month, state, totalUsd, close }) => [month, state, totalUsd, close?.with])).toEqual([
      ['2026-01', 'under way', '9', undefined],
      ['2025-12', 'open', '4', undefined],
      ['2025-11', 'open', '2', []],
      ['2025-10', 'closed', '1.5', undefined],
      ['2025-09', 'closed before', '1', undefined],
    ])
  })

  it('the first month to be closed takes those before it along, and one that was cut off has to be closed before any other', () => {
    const open = spend(['2025-12', '4'], ['2025-11', '2'], ['2025-10', '1'])
    expect(selectMonths([], open, NOW).map(({ month, close }) => [month, close?.with])).toEqual([
      ['2026-01', undefined],
      ['2025-12', ['2025-10', '2025-11']],
      ['2025-11', ['2025-10']],
      ['2025-10', []],
    ])
    const cut = selectMonths([closed('2025-10'), closed('2025-11', { seal: null })], open, NOW)
    expect(cut.map(({ month, state, close }) => [month, state, close?.with])).toEqual([
      ['2026-01', 'under way', undefined],
      ['2025-12', 'open', undefined],
      ['2025-11', 'cut off', []],
      ['2025-10', 'closed', undefined],
    ])
  })

  it('the month under way is there before anything is in it', () => {
    expect(selectMonths([], undefined, NOW)).toEqual([
      { month: '2026-01', state: 'under way', totalUsd: null, closed: undefined },
    ])
  })

  it.each([
    ['2026-01-01', '2026-01-31', undefined],
    ['2026-01-01', '2026-01-01', undefined],
    ['2026-01-02', '2026-01-01', 'The last day is before the first.'],
    ['', '2026-01-01', 'Take a first and a last day.'],
    ['2025-01-01', '2026-02-05', 'One file holds 400 days at most.'],
  ])('an export from %s to %s', (from, until, problem) => expect(exportProblem({ from, until })).toBe(problem))

  it('the last day of an export is in it', () => {
    expect(exportUrl({ from: '2026-01-01', until: '2026-01-31', version: '1.3', format: 'csv', sandbox: false })).toBe(
      '/v1/halftone/exports/focus?from=2026-01-01&to=2026-02-01&version=1.3&format=csv&sandbox=false',
    )
  })
})
