import { expect, it } from 'vitest'
import { drawSteps } from './price-steps.tsx'

const step = (from: string, to: string | null, price: number) => ({ from, to, price, text: `$${price}` })

it('steps that follow each other are joined, a gap between them is not', () => {
  const joined = drawSteps([step('2026-01-01', '2026-06-01', 1), step('2026-06-01', null, 2)], '2026-11-22')
  const apart = drawSteps([step('2026-01-01', '2026-05-01', 1), step('2026-06-01', null, 2)], '2026-11-22')
  expect(joined?.path.match(/M/g)).toHaveLength(1)
  expect(apart?.path.match(/M/g)).toHaveLength(2)
})

it('heights start at zero: half the price is half as high', () => {
  const drawn = drawSteps([step('2026-01-01', '2026-06-01', 1), step('2026-06-01', null, 2)], '2026-11-22')
  const [half = 0, full = 0] = (drawn?.dots ?? []).map(({ y }) => 58 - y)
  expect(half * 2).toBeCloseTo(full, 0)
})

it('nothing is drawn of nothing', () => {
  expect(drawSteps([], '2026-11-22')).toBeUndefined()
})
