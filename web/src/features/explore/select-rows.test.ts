import { describe, expect, it } from 'vitest'
import type { ExploreRow } from '../../../../src/contract/insight.ts'
import { toCsv } from '../../lib/csv.ts'
import { namesOf, noNames } from '../people/names.ts'
import { csvOf } from './select-csv.ts'
import { parseExploreSearch } from './select-explore.ts'
import { selectPivot } from './select-pivot.ts'
import { type Answer, measureText, rowOf, selectBars, selectPoints, sumRows } from './select-rows.ts'
import { emptyRule, formOf, previewOf, ruleBody, whenOf, whenText } from './select-rules.ts'

const row = (key: readonly (string | null)[], cost: string, change: Partial<ExploreRow> = {}): ExploreRow => ({
  key: [...key],
  at: null,
  other: false,
  cost_usd: cost,
  images: 2,
  requests: 1,
  attempts: 1,
  delivered: 1,
  cost_per_image_usd: '0.5',
  success_share: 1,
  accepted: 0.1,
  rejected: 0.2,
  latency_p50_ms: null,
  latency_p95_ms: null,
  ...change,
})

const answer = (rows: ExploreRow[], change: Partial<Answer> = {}): Answer => ({
  object: 'insight_explore',
  sandbox: false,
  period: { name: '7d', from: '2026-11-16T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z', days: 7, complete: false },
  group_by: ['model', 'quality'],
  grain: 'none',
  source: { name: 'day:product', latency: 'none', latency_relative_error: null },
  rows,
  groups: rows.length,
  total: sumRows(rows),
  names: noNames,
  ...change,
})

const pairs = answer([
  row(['a', 'high'], '6.000000001'),
  row(['b', null], '5'),
  row(['a', 'low'], '1'),
  row([], '0.5', { other: true }),
])

describe('keys and projects', () => {
  it('are called by their names, two of one name stay two, and CSV has the ids', () => {
    const names = namesOf(
      [],
      [
        { id: 'p1', name: 'Shop' },
        { id: 'p2', name: 'Shop' },
        { id: 'p3', name: 'Blog' },
      ],
    )
    const asked = answer([row(['p1'], '3'), row(['p2'], '2'), row(['p3'], '1'), row(['gone'], '0.5')], {
      group_by: ['project'],
      names,
    })
    const shown = ['Shop (p1)', 'Shop (p2)', 'Blog', 'gone']
    expect(selectBars(asked, 'cost_usd', true).bars.map(({ name }) => name)).toEqual(shown)
    expect(selectPivot(asked, 'cost_usd').lines.map(({ name }) => name)).toEqual(shown)
    expect(csvOf(asked, parseExploreSearch({ rows: 'project', show: 'table' })).rows.map(([id]) => id)).toEqual([
      'p1',
      'p2',
      'p3',
      'gone',
    ])
  })
})

describe('sums', () => {
  it('are exact, and nothing that does not add up is summed', () => {
    expect(sumRows(pairs.rows)).toMatchObject({
      cost_usd: '12.500000001',
      images: 8,
      accepted: 0.4,
      cost_per_image_usd: null,
      success_share: null,
    })
  })

  it.each([
    ['cost_usd', false, '$6.00'],
    ['cost_usd', true, '$6.000000001'],
    ['images', false, '2'],
    ['success_share', false, '100%'],
    ['latency_p95_ms', false, 'none'],
  ] as const)('%s, exact %s, is written %s', (measure, exact, text) => {
    expect(measureText(measure, row(['a', 'high'], '6.000000001'), exact)).toBe(text)
  })
})

describe('bars', () => {
  it('are stacked by the second dimension, the longest first', () => {
    const { bars, legend } = selectBars(pairs, 'cost_usd', true)
    expect(legend).toEqual(['high', 'none', 'low'])
    expect(bars.map(({ name, row: { cost_usd: usd } }) => [name, usd])).toEqual([
      ['a', '7.000000001'],
      ['b', '5.00'],
      ['others', '0.50'],
    ])
    expect(bars[0]?.parts.map(({ name, series }) => [name, series])).toEqual([
      ['high', 0],
      ['low', 2],
    ])
    expect(bars[0]?.length).toBe(1000)
  })

  it('stand one by one where figures do not add up', () => {
    const { bars, legend } = selectBars(pairs, 'cost_per_image_usd', false)
    expect(legend).toEqual([])
    expect(bars.map(({ name }) => name)).toEqual(['a \u00b7 high', 'b \u00b7 none', 'a \u00b7 low', 'others'])
  })
})

describe('the heat map', () => {
  it('adds up down, across and in all', () => {
    const pivot = selectPivot(pairs, 'cost_usd')
    expect(pivot.columns).toEqual(['high', 'none', 'low', 'others'])
    expect(pivot.lines.map(({ name, total }) => [name, total.cost_usd])).toEqual([
      ['a', '7.000000001'],
      ['b', '5.00'],
      ['others', '0.50'],
    ])
    expect(pivot.totals.map(({ cost_usd: usd }) => usd)).toEqual(['6.000000001', '5.00', '1.00', '0.50'])
    expect(pivot.lines[0]?.cells.map(({ shade }) => shade)).toEqual([8, 0, 3, 0])
  })

  it('against time has a column per moment, in order', () => {
    const days = answer(
      [
        row(['a'], '1', { at: '2026-11-17T00:00:00.000Z' }),
        row(['a'], '2', { at: '2026-11-16T00:00:00.000Z' }),
        row(['b'], '4', { at: '2026-11-17T00:00:00.000Z' }),
      ],
      { group_by: ['model'], grain: 'day' },
    )
    const pivot = selectPivot(days, 'cost_usd')
    expect(pivot.columns).toEqual(['2026-11-16', '2026-11-17'])
    expect(pivot.lines.map(({ name, cells }) => [name, ...cells.map((cell) => cell.row?.cost_usd ?? null)])).toEqual([
      ['a', '2', '1'],
      ['b', null, '4'],
    ])
    const points = selectPoints(days, 'cost_usd')
    expect(points.map((point) => rowOf(days, point))).toEqual(days.rows)
  })
})

describe('CSV', () => {
  it('has the rows in sight with every digit', () => {
    const { header, rows } = csvOf(pairs, {})
    expect(header.slice(0, 3)).toEqual(['model', 'quality', 'cost_usd'])
    expect(rows.map((cells) => cells.slice(0, 3))).toEqual([
      ['a', 'high', '6.000000001'],
      ['b', '', '5'],
      ['a', 'low', '1'],
      ['others', 'others', '0.5'],
    ])
  })

  it('of a heat map is the heat map with its totals', () => {
    const { header, rows } = csvOf(pairs, parseExploreSearch({ show: 'pivot' }))
    expect(toCsv(header, rows).split('\r\n')).toEqual([
      'model,high,none,low,others,total',
      'a,6.000000001,,1,,7.000000001',
      'b,,5,,,5.00',
      'others,,,,0.5,0.50',
      'total,6.000000001,5.00,1.00,0.50,12.500000001',
      '',
    ])
  })

  it('of ratios has no totals', () => {
    expect(csvOf(pairs, parseExploreSearch({ show: 'pivot', measure: 'success_share' })).header.at(-1)).toBe('others')
  })
})

describe('a tag rule', () => {
  const form = {
    ...emptyRule,
    name: ' Shop ',
    key: 'team',
    value: 'web',
    project: 'shop',
    tagKey: 'campaign',
    tagValue: 'summer',
  }

  it('goes in and out of its form', () => {
    const body = ruleBody(form)
    expect(body).toEqual({
      name: 'Shop',
      key: 'team',
      value: 'web',
      when: { project: 'shop', tag: { key: 'campaign', value: 'summer' } },
      position: 1000,
      enabled: true,
    })
    const stored = { ...body, object: 'tag_rule', id: 'r', version: 3, created_at: '', updated_at: '', updated_by: '' } as const
    const again = formOf({ ...stored, position: 1000, enabled: true, when: whenOf(form) })
    expect(ruleBody(again)).toEqual({ ...body, version: 3 })
    expect(whenText(whenOf(form))).toBe('project shop and tag campaign=summer')
  })

  it('is tried on what its conditions match, by the tag it would change', () => {
    expect(previewOf(form)).toMatchObject({
      group_by: ['tag:team'],
      filters: { project: ['shop'], 'tag:campaign': ['summer'] },
    })
    expect(previewOf(emptyRule)).toBeUndefined()
  })
})
