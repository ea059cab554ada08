import { expect, test } from 'vitest'
import { createKnownPrices } from './known-prices.ts'
import { createMonthPlanner } from './month-planner.ts'
import { HOUR_US, MONTH_START_US } from './time.ts'
import { createTemplates, type RequestTemplate } from './workload.ts'
import { createWorld } from './world.ts'

test('the month is planned again when prices become known, and otherwise every six hours', () => {
  const world = createWorld(131, 4_000)
  const planner = createMonthPlanner(world)
  const template = createTemplates(131)[0]?.[0] as RequestTemplate
  const [before, after] = [createKnownPrices(world), createKnownPrices(world)].map((known) => known.at(MONTH_START_US))
  if (!before || !after) throw new Error('no prices')
  planner.asked(template, false, MONTH_START_US)
  let plans = 0
  const plansAt = (hour: number, known: typeof before): number => {
    planner.prices(MONTH_START_US + hour * HOUR_US, known, () => {
      plans += 1
      return undefined
    })
    return plans
  }
  expect(plansAt(0, before)).toBe(1)
  expect(plansAt(1, before)).toBe(1)
  expect(plansAt(1, after)).toBe(2)
  expect(plansAt(2, after)).toBe(2)
  expect(plansAt(7, after)).toBe(3)
})
