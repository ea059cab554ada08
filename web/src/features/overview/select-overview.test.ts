import { describe, expect, it } from 'vitest'
import type { BudgetWire, OverviewWire } from '../../../../src/contract/admin.ts'
import { namesOf, noNames } from '../people/names.ts'
import { selectBudgets, selectNow } from './select-overview.ts'

const budget = (change: Partial<BudgetWire>): BudgetWire => ({
  id: 'b',
  scope: 'global',
  scope_value: '',
  period: 'day',
  limit_usd: '10',
  hard: true,
  managed_by: 'api',
  spent_usd: '0',
  held_usd: '0',
  remaining_usd: '10',
  used_share: 0,
  forecast_usd: null,
  forecast_method: null,
  breach_at: null,
  resets_at: null,
  ...change,
})

const overview: OverviewWire = {
  object: 'overview',
  today_usd: '1.5',
  month_usd: '20',
  held_usd: '0.04',
  unknown_usd: '0',
  requests_today: 3,
  images_today: 4,
  sandbox: true,
  budgets: [],
  acceptance: {
    since: '2026-11-01T00:00:00.000Z',
    images: 40,
    accepted: 0,
    rejected: 0,
    coverage: 0,
    cost_usd: '20',
    cost_per_accepted_usd: null,
  },
}

describe('the money beside every page', () => {
  it('held money stands there only while there is some', () => {
    expect(selectNow(overview).map(({ label }) => label)).toEqual(['Today', 'This month', 'Held'])
    expect(selectNow({ ...overview, held_usd: '0.00' }).map(({ label }) => label)).toEqual(['Today', 'This month'])
  })

  it('unknown money asks for attention only when there is some', () => {
    expect(selectNow(overview).some((figure) => figure.attention)).toBe(false)
    const unknown = selectNow({ ...overview, unknown_usd: '0.01' }).find((figure) => figure.attention)
    expect(unknown?.label).toBe('Unknown')
  })

  it('held money counts as used', () => {
    expect(selectBudgets([budget({ spent_usd: '6', held_usd: '3', remaining_usd: '1' })], noNames)[0]).toMatchObject({
      perMille: 900,
      tone: 'warn',
      text: '$1.00 left of $10.00',
      name: 'The whole gateway, per day',
    })
  })

  it('the most used budget comes first, and a spent one is marked', () => {
    const names = namesOf([{ id: 'k1', name: 'web' }], [])
    const rows = selectBudgets(
      [
        budget({ id: 'calm', spent_usd: '1' }),
        budget({ id: 'over', scope: 'key', scope_value: 'k1', spent_usd: '12', hard: false }),
      ],
      names,
    )
    expect(rows.map((row) => [row.id, row.tone])).toEqual([
      ['over', 'bad'],
      ['calm', 'ink'],
    ])
    expect(rows[0]).toMatchObject({ name: 'Key web, per day', scopeId: 'k1' })
  })

  it('a budget of zero does not divide by zero', () => {
    expect(selectBudgets([budget({ limit_usd: '0', spent_usd: '1' })], noNames)[0]?.perMille).toBe(0)
  })
})
