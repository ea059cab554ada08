import { describe, expect, it } from 'vitest'
import type { BudgetWire } from '../../../../src/contract/admin.ts'
import { namesOf } from '../people/names.ts'
import {
  idFrom,
  lotPerMille,
  momentText,
  parseBudgetsSearch,
  parseTagLines,
  rateText,
  retentionBody,
  selectBudgetRows,
  tagLines,
  usdOf,
} from './select-budgets.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const names = namesOf([{ id: 'k1', name: 'web' }], [{ id: 'p1', name: 'Shop' }])

function budgetOf(change: Partial<BudgetWire> = {}): BudgetWire {
  return {
    id: 'b',
    scope: 'global',
    scope_value: '',
    period: 'month',
    limit_usd: '100',
    hard: true,
    managed_by: 'api',
    spent_usd: '30',
    held_usd: '10',
    remaining_usd: '60',
    used_share: 0.4,
    forecast_usd: '80',
    forecast_method: 'linear_pace',
    breach_at: null,
    resets_at: '2026-12-01T00:00:00.000Z',
    ...change,
  }
}
const rowOf = (change: Partial<BudgetWire> = {}) => {
  const [row] = selectBudgetRows([budgetOf(change)], names, NOW)
  if (!row) throw new Error('there is a row for a budget')
  return row
}

describe('a budget', () => {
  it('held money counts as used, and is drawn behind what is spent', () => {
    const { share, bar, tone } = rowOf()
    expect([share, tone, bar.spent, bar.held, bar.limit, bar.forecast]).toEqual(['40%', 'ink', 300, 100, 1000, 800])
    expect(bar.thresholds.map(({ percent, at, passed }) => [percent, at, passed])).toEqual([
      [50, 500, false],
      [80, 800, false],
      [100, 1000, false],
    ])
  })

  it('beyond the limit the bar grows to half as much again, and no further', () => {
    expect(rowOf({ forecast_usd: '125' }).bar).toMatchObject({ limit: 800, forecast: 1000 })
    expect(rowOf({ spent_usd: '900', held_usd: '0', forecast_usd: '2000' }).bar).toMatchObject({
      limit: 666,
      spent: 1000,
      forecast: 1000,
    })
  })

  it.each<[string, Partial<BudgetWire>, string, string]>([
    ['on its way', {}, 'ink', 'Heading for $80.00 at this pace. It starts again on 2026-12-01.'],
    [
      'that will be passed',
      { forecast_usd: '120', breach_at: '2026-11-22T17:00:00.000Z' },
      'warn',
      'Reaches its limit in 5 h at this pace ($120.00 foreseen).',
    ],
    [
      'that is passed and hard',
      { used_share: 1 },
      'bad',
      'The limit is reached: requests are refused. It starts again on 2026-12-01.',
    ],
    [
      'that is passed and soft',
      { used_share: 1.2, hard: false },
      'bad',
      'The limit is passed; requests go on. It starts again on 2026-12-01.',
    ],
    ['of a young period', { forecast_usd: null }, 'ink', 'Too early for a forecast. It starts again on 2026-12-01.'],
    ['without an end', { period: 'total', forecast_usd: null, resets_at: null }, 'ink', 'Never starts again.'],
    ['nobody used', { used_share: 0, forecast_usd: '0' }, 'ink', 'Nothing is used. It starts again on 2026-12-01.'],
  ])('%s says where it is heading', (_, change, tone, text) => expect(rowOf(change).outlook).toEqual({ tone, text }))

  it.each<[Partial<BudgetWire>, string]>([
    [{}, 'The whole gateway'],
    [{ scope: 'key', scope_value: 'k1' }, 'Key web'],
    [{ scope: 'key', scope_value: 'gone' }, 'Key gone'],
    [{ scope: 'project', scope_value: 'p1' }, 'Project Shop'],
    [{ scope: 'customer', scope_value: 'c' }, 'Customer c'],
    [{ scope: 'tag', scope_value: 'a=b' }, 'Tag a=b'],
  ])('is named by whom it limits: %o', (change, title) => expect(rowOf(change).title).toBe(title))

  it('of the file says why it cannot be changed, and the most used one comes first', () => {
    expect(rowOf({ managed_by: 'file' }).readOnly).toContain('halftone.yaml')
    const rows = selectBudgetRows(
      [budgetOf({ id: 'a' }), budgetOf({ id: 'z', used_share: 0.9 }), budgetOf({ id: 'b' })],
      names,
      NOW,
    )
    expect(rows.map(({ budget }) => budget.id)).toEqual(['z', 'a', 'b'])
  })
})

describe('retention', () => {
  const typed = { images: '30', content: '', records: '' }
  it.each([
    ['left empty in a new project, it is that of the configuration', typed, true, { asset_ttl_days: 30 }],
    [
      'left empty in one that is changed, it is for good',
      typed,
      false,
      { asset_ttl_days: 30, content_ttl_days: null, records_ttl_days: null },
    ],
    ['images may be kept for no day', { ...typed, images: '0' }, true, { asset_ttl_days: 0 }],
    [
      'each has its days',
      { images: '7', content: '30', records: '36500' },
      true,
      { asset_ttl_days: 7, content_ttl_days: 30, records_ttl_days: 36_500 },
    ],
    ['prompts are not kept for no day', { ...typed, content: '0' }, true, undefined],
    ['half a day is none', { ...typed, records: '1.5' }, true, undefined],
    ['more than a hundred years are refused', { ...typed, records: '36501' }, true, undefined],
    ['images have a number', { ...typed, images: '' }, true, undefined],
  ] as const)('%s', (_, days, isNew, body) => expect(retentionBody(days, isNew)).toEqual(body))
})

describe('what people type', () => {
  it.each([
    ['12.50', '12.50'],
    [' $3 ', '3'],
    ['0.000000001', '0.000000001'],
    ['1,5', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['0.0000000001', undefined],
  ])('an amount %j is %j', (text, amount) => expect(usdOf(text)).toBe(amount))

  it('tags are lines of name=value, and come back as they were', () => {
    expect(parseTagLines('a=b\n\n c = d=e \n')).toEqual({ tags: { a: 'b', c: 'd=e' }, problem: undefined })
    expect(parseTagLines('nonsense').problem).toContain('nonsense')
    expect(parseTagLines('=x').problem).toBeDefined()
    expect(parseTagLines(tagLines({ a: 'b', c: 'd=e' })).tags).toEqual({ a: 'b', c: 'd=e' })
  })

  it.each([
    [['Team Shop', 'month'], 'team-shop-month'],
    [['tag', 'campaign=summer', 'day'], 'tag-campaign-summer-day'],
    [['key', '', 'day'], 'key-day'],
    [['Ünïcode!'], 'n-code'],
    [['x'.repeat(80)], 'x'.repeat(64)],
  ])('an id from %j is %j', (parts, id) => expect(idFrom(...parts)).toBe(id))
})

describe('the rest', () => {
  it.each<[Record<string, unknown>, object]>([
    [{}, {}],
    [{ tab: 'budgets' }, {}],
    [
      { tab: 'keys', key: 'k', revoked: 'true' },
      { tab: 'keys', key: 'k', revoked: true },
    ],
    [{ tab: 'nonsense', key: { a: 1 }, revoked: 'no' }, {}],
  ])('the URL %o is read as %o', (search, read) => expect(parseBudgetsSearch(search)).toEqual(read))

  it.each([
    ['2026-11-22T11:00:00Z', 'now'],
    ['2026-11-22T13:00:00Z', 'in 60 min'],
    ['2026-11-23T12:00:00Z', 'in 24 h'],
    ['2026-12-01T00:00:00Z', 'on 2026-12-01'],
  ])('%s is %s', (iso, text) => expect(momentText(iso, NOW)).toBe(text))

  it('what is left of a lot is exact, whatever its unit', () => {
    expect(lotPerMille({ remaining: '33.3', capacity: '100' })).toBe(333)
    expect(lotPerMille({ remaining: '0.000001', capacity: '900000000' })).toBe(0)
    expect(lotPerMille({ remaining: '5', capacity: '5' })).toBe(1000)
  })

  it('rates that are not set are no limit', () => {
    const key = { requests_per_minute: null, images_per_minute: null } as Parameters<typeof rateText>[0]
    expect(rateText(key)).toBe('no limit')
    expect(rateText({ ...key, requests_per_minute: 5, images_per_minute: 20 })).toBe('5 requests/min, 20 images/min')
  })
})
