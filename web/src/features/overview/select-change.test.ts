import { describe, expect, it } from 'vitest'
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { byWeight, type Cell, cellDetail, selectChange } from './select-change.ts'

const lines = (difference: string, volume: string, price: string, mix: string) => ({
  difference_usd: difference,
  volume_usd: volume,
  price_usd: price,
  mix_usd: mix,
})

function view(before: string, now: string, all: ReturnType<typeof lines>, other = '0') {
  const change = { ...all, other_usd: other, method: 'volume_at_old_mix_then_price_then_mix', grain: [], cells: [] }
  const rest = { cells: 0, ...lines('0', '0', '0', '0') }
  const spend = { today_usd: '0', month_to_date_usd: '0', period_usd: now, previous_usd: before }
  return selectChange({ change: { ...change, rest } as InsightOverview['change'], spend })
}

const cell = (offer: string, difference: string): Cell => ({
  cell: [offer, 'generate', null, 'high'],
  state: 'both',
  images_before: 1,
  images: 1,
  cost_before_usd: '1',
  cost_usd: '1',
  ...lines(difference, '0', '0', difference),
})

describe('why the bill changed', () => {
  it('every step begins where the one before it ended, and the last at the bill', () => {
    const { steps, agrees } = view('10', '16', lines('6', '8', '-3', '2'), '-1')
    expect(agrees).toBe(true)
    expect(steps.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['before', 0, 555],
      ['volume', 555, 1000],
      ['price', 1000, 833],
      ['mix', 833, 944],
      ['other', 944, 888],
      ['now', 0, 888],
    ])
  })

  it.each([
    ['a nano-dollar too little', '16.000000001', lines('6.000000001', '8', '-3', '1')],
    ['a difference that is another', '15', lines('6', '8', '-3', '1')],
  ])('says so when lines and bill differ: %s', (_, now, change) => {
    expect(view('10', now, change, '-1').agrees).toBe(false)
  })

  it('money that came back stands left of nothing', () => {
    const { steps } = view('0', '-2', lines('-2', '0', '0', '-2'))
    expect(steps.map(({ from, to }) => [from, to])).toEqual([
      [1000, 1000],
      [1000, 1000],
      [1000, 1000],
      [1000, 0],
      [0, 0],
      [1000, 0],
    ])
  })

  it('draws nothing where there was nothing', () => {
    expect(view('0', '0', lines('0', '0', '0', '0')).steps.every(({ from, to }) => from === 0 && to === 0)).toBe(true)
  })

  it('the cells that moved the bill most come first, whichever way', () => {
    expect(byWeight([cell('a', '1'), cell('b', '-3'), cell('c', '2')]).map((each) => each.cell[0])).toEqual(['b', 'c', 'a'])
    expect(cellDetail(cell('a', '1'))).toBe('generate, high')
  })
})
