import { describe, expect, test } from 'vitest'
import { forecastHours } from './forecast-hours.ts'
import { type GpuDemand, type GpuPlanInput, type GpuTerms, planGpus } from './gpu.ts'
import { packDeferrable } from './gpu-packing.ts'
import { servedShare } from './gpu-queue.ts'

const terms: GpuTerms = { hourNanoUsd: 1.4e9, picturesPerHour: 900, startUpSeconds: 0, minimumHours: 1, mostGpus: 8 }
const HOURS = 24

const every = (pictures: number): number[] => Array.from({ length: HOURS }, () => pictures)
const only = (hours: Readonly<Record<number, number>>): number[] => every(0).map((none, hour) => hours[hour] ?? none)
const urgent = (perHour: readonly number[], savedUsd: number, places = 3): GpuDemand => ({
  kind: 'urgent',
  perHour,
  savedNanoUsd: savedUsd * 1e9,
  places,
})
const deferrable = (
  perHour: readonly number[],
  savedUsd: number,
  patienceHours = 12,
  waiting?: readonly number[],
): GpuDemand => ({
  kind: 'deferrable',
  perHour,
  savedNanoUsd: savedUsd * 1e9,
  patienceHours,
  ...(waiting && { waiting }),
})
const planOf = (demands: readonly GpuDemand[], input: Partial<GpuPlanInput> = {}) =>
  planGpus({ terms, demands, hours: HOURS, running: 0, ...input })
const total = (values: readonly number[] = []): number => values.reduce((sum, each) => sum + each, 0)

describe('the plan of GPUs', () => {
  test.each([
    ['below the price of an hour over that of a picture no hour is started', 270, 0],
    ['above it every hour is', 320, HOURS],
  ])('%s', (_rule, pictures, hours) => {
    // 1.40 USD an hour against 0.005 a picture: 280 pictures.
    expect(total(planOf([urgent(every(pictures), 0.005, 50)]).gpus)).toBe(hours)
  })

  test('it starts only in the hours that pay', () => {
    const { gpus } = planOf([urgent(only({ 3: 500, 4: 500, 9: 100 }), 0.005, 50)])
    expect(gpus).toEqual(only({ 3: 1, 4: 1 }))
  })

  test('work that may wait is put off until an hour that pays with it', () => {
    const { gpus, made } = planOf([urgent(only({ 6: 150 }), 0.005, 50), deferrable(only({ 0: 200, 2: 200 }), 0.0025)])
    expect(gpus).toEqual(only({ 6: 1 }))
    expect(made[1]).toEqual(only({ 6: 400 }))
  })

  test('work that cannot wait so long goes elsewhere', () => {
    const { gpus } = planOf([urgent(only({ 6: 150 }), 0.005, 50), deferrable(only({ 0: 200, 2: 200 }), 0.0025, 4)])
    expect(total(gpus)).toBe(0)
  })

  test('work that may wait fills an hour by itself, no earlier than it is full enough', () => {
    const { gpus, made } = planOf([deferrable(every(100), 0.0025)])
    expect(total(gpus)).toBeGreaterThan(0)
    expect(total(made[0])).toBeGreaterThan(0.8 * 900 * total(gpus))
    // Each hour of it costs less than what it makes costs elsewhere.
    expect(total(made[0]) * 0.0025).toBeGreaterThan(1.4 * total(gpus))
  })

  test('what waits already has less time left', () => {
    const waiting = [0, 0, 0, 700]
    expect(planOf([deferrable(every(0), 0.0025, 5, waiting)]).gpus.slice(0, 2)).toContain(1)
    expect(total(planOf([deferrable(every(0), 0.0025, 3, waiting)]).gpus)).toBe(0)
  })

  test('the dearer picture is made first where there is not time for all', () => {
    const { made } = planOf([urgent(every(800), 0.002, 1), urgent(every(700), 0.01, 1)], { terms: { ...terms, mostGpus: 1 } })
    expect(total(made[1])).toBeGreaterThan(0.7 * 700 * HOURS)
    expect(total(made[0])).toBeLessThan(0.3 * 800 * HOURS)
  })

  test('never more GPUs than can be had', () => {
    expect(Math.max(...planOf([urgent(every(20_000), 0.01)], { terms: { ...terms, mostGpus: 3 } }).gpus)).toBe(3)
  })

  test('a start that makes nothing for long is not worth what a short visit would save', () => {
    const demand = [urgent(only({ 5: 300 }), 0.005, 50)]
    expect(total(planOf(demand).gpus)).toBe(1)
    expect(total(planOf(demand, { terms: { ...terms, startUpSeconds: 600 } }).gpus)).toBe(0)
  })

  test('a GPU that runs already needs no start', () => {
    const input = { terms: { ...terms, startUpSeconds: 600 } }
    const demand = [urgent(only({ 0: 300 }), 0.005, 50)]
    expect(planOf(demand, { ...input, running: 1 }).gpus[0]).toBe(1)
    expect(planOf(demand, input).gpus[0]).toBe(0)
  })

  test('where hours are paid by the three, one good hour does not pay for two empty ones', () => {
    const three = { terms: { ...terms, minimumHours: 3 } }
    expect(total(planOf([urgent(only({ 5: 500 }), 0.005, 50)], three).gpus)).toBe(0)
    const { gpus } = planOf([urgent(only({ 5: 900, 6: 400 }), 0.005, 50)], three)
    expect(total(gpus)).toBe(3)
    expect(gpus[5]).toBe(1)
    expect(gpus[6]).toBe(1)
  })

  test('hours that are paid for anyway are used, whatever they cost', () => {
    const { gpus, made } = planOf([urgent(only({ 2: 20 }), 0.005)], { paid: only({ 2: 1 }) })
    expect(gpus).toEqual(only({ 2: 1 }))
    expect(total(made[0])).toBeGreaterThan(19)
  })

  test('what it says it saves is what pictures cost elsewhere less the hours', () => {
    const demands = [urgent(every(300), 0.006), deferrable(every(150), 0.0025)]
    const { gpus, made, savedNanoUsd } = planOf(demands)
    const worth = demands.reduce((sum, { savedNanoUsd: saved }, index) => sum + saved * total(made[index]), 0)
    expect(savedNanoUsd).toBeCloseTo(worth - total(gpus) * terms.hourNanoUsd, 0)
  })
})

describe('the queue of a pool', () => {
  test('all are served where little comes, and no more than it can make where much does', () => {
    expect(servedShare(1, 0.05, 2)).toBeGreaterThan(0.999)
    expect(servedShare(2, 8, 2) * 8).toBeLessThanOrEqual(2)
    expect(servedShare(2, 8, 2) * 8).toBeGreaterThan(1.99)
    expect(servedShare(0, 1, 2)).toBe(0)
    expect(servedShare(16, 1e6, 50)).toBeGreaterThan(0)
  })

  test('without places it is the formula of Erlang, and every part of a place helps', () => {
    // One GPU, as much work as it can do: half finds it busy.
    expect(servedShare(1, 1, 0)).toBeCloseTo(0.5, 10)
    const shares = [0, 0.1, 0.2, 0.4, 0.6, 1].map((places) => servedShare(1, 0.9, places))
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(new Set(shares).size).toBe(shares.length)
  })
})

describe('packing what may wait', () => {
  test('who came first goes first, the dearer kind before the cheaper, and nothing is made before it came', () => {
    const dear = { perHour: [0, 50, 0, 0], patienceHours: 3 }
    const cheap = { perHour: [40, 0, 0, 60], patienceHours: 4 }
    const { made, totals } = packDeferrable([dear, cheap], [0, 0, 60, 60])
    expect(made).toEqual([
      [0, 0, 50, 0],
      [0, 0, 10, 60],
    ])
    expect(totals).toEqual([50, 70])
  })

  test('it takes no more than there is time for and drops what waited too long', () => {
    const { made } = packDeferrable([{ perHour: [100, 0, 0], waiting: [0, 30], patienceHours: 2 }], [20, 50, 50])
    expect(made).toEqual([[20, 50, 0]])
  })
})

describe('the forecast by hour', () => {
  const WEEK = 168
  const counts = Array.from({ length: 2 * WEEK }, (_, hour) => (hour % WEEK === 5 ? 10 + Math.floor(hour / WEEK) * 4 : 1))

  test('an hour is what the same hour of the week was', () => {
    const hours = forecastHours({ firstHour: 1_000, counts }, 1_000 + 2 * WEEK, 10)
    expect(hours).toEqual([1, 1, 1, 1, 1, 12, 1, 1, 1, 1])
  })

  test('before a week is known it is what the same hour of the day was, and 0 before anything is', () => {
    const day = Array.from({ length: 24 }, (_, hour) => hour)
    expect(forecastHours({ firstHour: 0, counts: day }, 24, 3)).toEqual([0, 1, 2])
    expect(forecastHours({ firstHour: 0, counts: [] }, 0, 2)).toEqual([0, 0])
  })

  test('the hour under way does not count', () => {
    const known = [...counts, 500]
    expect(forecastHours({ firstHour: 0, counts: known }, 2 * WEEK, 1)).toEqual([1])
  })
})
