import { describe, expect, test } from 'vitest'
import { askedFor, createDifficultyGate, type DifficultyGate, isEasy, rated } from './difficulty.ts'
import { forecastRest, MOST_RELIABLE, reliableShare } from './forecast.ts'
import { type DemandLine, type MonthTiers, planMonth } from './month.ts'

const option = (offer: string, listNanoUsd: number) => ({ offer, listNanoUsd, extraNanoUsd: 0 })
const cliff: MonthTiers = {
  offers: ['cliff'],
  mode: 'volume',
  steps: [
    { from: 0, factor: 1 },
    { from: 1_000, factor: 0.7 },
  ],
  bought: 0,
  spentListNanoUsd: 0,
}

describe('the plan of the month', () => {
  const lines = (pictures: number): DemandLine[] => [
    { pictures, options: [option('flat', 10), option('cliff', 11)] },
    { pictures, options: [option('flat', 10), option('cliff', 11)] },
  ]

  test('volume that reaches a tier together is sent there together, although each request alone is dearer there', () => {
    expect(planMonth({ lines: lines(600), tiers: [cliff], minimums: [] }).prices.get('cliff')?.factor).toBe(0.7)
  })

  test('offers that are counted together reach a tier together', () => {
    const group: MonthTiers = { ...cliff, offers: ['cliff', 'other'] }
    const other = { pictures: 600, options: [option('flat', 10), option('other', 11)] }
    const plan = planMonth({ lines: [lines(600)[0] as DemandLine, other], tiers: [group], minimums: [] })
    expect(plan.prices.get('other')?.factor).toBe(0.7)
    expect(plan.expectedNanoUsd).toBeCloseTo(0.7 * 11 * 1_200)
  })

  test('a forecast of which little may be counted on aims for no tier that needs it', () => {
    const input = { lines: lines(600), tiers: [cliff], minimums: [] }
    expect(planMonth({ ...input, reliable: 0.8 }).prices.get('cliff')?.factor).toBe(1)
    expect(planMonth({ ...input, reliable: 0.9 }).prices.get('cliff')?.factor).toBe(0.7)
  })

  test('a tier that the month cannot reach is not aimed for, nor one it would reach only without any loss', () => {
    for (const pictures of [400, 505]) {
      const plan = planMonth({ lines: lines(pictures), tiers: [cliff], minimums: [] })
      expect(plan.prices.get('cliff')?.factor).toBe(1)
      expect(plan.expectedNanoUsd).toBeCloseTo(2 * pictures * 10)
    }
  })

  test('only pictures that the offer is expected to make count for its tier; the others are paid for elsewhere', () => {
    const refusing = (success: number): DemandLine[] =>
      [0, 1].map(() => ({ pictures: 550, options: [option('flat', 10), { ...option('cliff', 11), success }] }))
    expect(planMonth({ lines: refusing(0.99), tiers: [cliff], minimums: [] }).prices.get('cliff')?.factor).toBe(0.7)
    expect(planMonth({ lines: refusing(0.9), tiers: [cliff], minimums: [] }).prices.get('cliff')?.factor).toBe(1)
    const plan = planMonth({ lines: refusing(0.97), tiers: [cliff], minimums: [] })
    expect(plan.expectedNanoUsd).toBeCloseTo(1_100 * (0.97 * 0.7 * 11 + 0.03 * 10))
  })

  test('a refusal that is billed counts for the tier as a picture does', () => {
    const refusing = { ...option('cliff', 11), success: 0.9, billed: 1 }
    const lines = [0, 1].map((): DemandLine => ({ pictures: 550, options: [option('flat', 10), refusing] }))
    expect(planMonth({ lines, tiers: [cliff], minimums: [] }).prices.get('cliff')?.factor).toBe(0.7)
  })

  test('a tier in force is kept as long as it is expected to be reached, and given up when it is not', () => {
    const previous = new Map([['cliff', { factor: 0.7, shadowShare: 0 }]])
    const halfway = { ...cliff, bought: 500, spentListNanoUsd: 5_500 }
    const planned = (pictures: number) => planMonth({ lines: lines(pictures), tiers: [halfway], minimums: [], previous })
    expect(planned(252).prices.get('cliff')?.factor).toBe(0.7)
    expect(planned(240).prices.get('cliff')?.factor).toBe(1)
  })

  test('earlier purchases that become cheaper count for the tier', () => {
    const bought = { ...cliff, bought: 900, spentListNanoUsd: 9_900 }
    const plan = planMonth({ lines: lines(60), tiers: [bought], minimums: [] })
    expect(plan.prices.get('cliff')?.factor).toBe(0.7)
    expect(plan.expectedNanoUsd).toBeLessThan(0)
  })

  test('a minimum that would be lost pulls just the requests that are the cheapest to move', () => {
    const minimums = [{ offers: ['west'], unspentNanoUsd: 900 }]
    const near = { pictures: 100, options: [option('flat', 10), option('west', 10.5)] }
    const far = { pictures: 100, options: [option('flat', 5), option('west', 30)] }
    const { prices } = planMonth({ lines: [near, far], tiers: [], minimums })
    const share = prices.get('west')?.shadowShare ?? 0
    expect(10.5 * (1 - share)).toBeLessThan(10)
    expect(30 * (1 - share)).toBeGreaterThan(5)
  })

  test('a minimum that is met, or that can wait, moves nothing', () => {
    const lines = [{ pictures: 100, options: [option('flat', 10), option('west', 10.5)] }]
    for (const unspentNanoUsd of [0, 300]) {
      const { prices } = planMonth({ lines, tiers: [], minimums: [{ offers: ['west'], unspentNanoUsd }] })
      expect(prices.get('west')?.shadowShare).toBe(0)
    }
  })
})

describe('the forecast', () => {
  test('an even history may be counted on, a short or restless one for half', () => {
    const week = [10, 10, 10, 10, 10, 2, 2]
    expect(reliableShare({ firstDay: 0, counts: [...week, ...week] }, 14)).toBe(MOST_RELIABLE)
    expect(reliableShare({ firstDay: 0, counts: [10] }, 1)).toBe(0.5)
    expect(reliableShare({ firstDay: 0, counts: [100, 0, 0, 0] }, 4)).toBe(0.5)
    const uneven = reliableShare({ firstDay: 0, counts: [10, 14, 9, 12, 8, 11, 10] }, 7)
    expect(uneven).toBeGreaterThan(0.7)
    expect(uneven).toBeLessThan(MOST_RELIABLE)
  })

  test('a weekday is like the same weekday before', () => {
    const week = [10, 10, 10, 10, 10, 2, 2]
    expect(forecastRest({ firstDay: 7, counts: [...week, ...week] }, 21, 28)).toBe(54)
    expect(forecastRest({ firstDay: 7, counts: [...week, ...week] }, 21.5, 22)).toBe(5)
  })

  test('nothing seen forecasts nothing, and the day under way is not taken for a whole one', () => {
    expect(forecastRest({ firstDay: 20, counts: [] }, 20, 30)).toBe(0)
    expect(forecastRest({ firstDay: 19, counts: [8, 1] }, 20.1, 21.1)).toBeCloseTo(8)
  })
})

describe('the gate of the lower floor', () => {
  const plain = { numerals: 0, comparatives: 0, negations: 0, spatial: 0, attributePairs: 0, styleWords: 0, complexity: 0.1 }
  const placed = { ...plain, spatial: 1 }
  const bound = { ...placed, attributePairs: 2 }
  const counted = { ...plain, numerals: 2 }
  const told = (gate: DifficultyGate, features: typeof plain, accepted: boolean, times: number): DifficultyGate => {
    let next = gate
    for (let time = 0; time < times; time += 1) next = rated(next, features, true, accepted)
    return next
  }
  const asked = (pictures: readonly (readonly [typeof plain, number])[]): DifficultyGate =>
    pictures.reduce((gate, [features, count]) => askedFor(gate, features, count), createDifficultyGate())
  const busy = told(
    asked([
      [plain, 800],
      [placed, 150],
      [counted, 150],
    ]),
    plain,
    true,
    1,
  )
  const shareOf = (gate: DifficultyGate, features: typeof plain): number =>
    Array.from({ length: 1_000 }, (_, draw) => isEasy(gate, features, draw / 1_000)).filter(Boolean).length / 1_000

  test('before anything was said, plain prompts are easy and those that count are not', () => {
    expect(shareOf(busy, plain)).toBe(1)
    expect(shareOf(busy, counted)).toBe(0)
  })

  test('what is in doubt is tried as far as the misses allowed go: a fifth of a cell that is expected to fail in one of four', () => {
    const share = shareOf(busy, placed)
    expect(share).toBeGreaterThan(0.1)
    expect(share).toBeLessThan(0.3)
    const more = asked([
      [plain, 800],
      [placed, 1_500],
    ])
    expect(shareOf(told(more, plain, true, 1), placed)).toBeLessThan(share)
  })

  test('what surely fails is left alone, however many misses are left; what is in doubt is tried until it surely fails', () => {
    const roomy = asked([
      [plain, 800],
      [placed, 150],
    ])
    expect(shareOf(told(asked([[counted, 150]]), plain, true, 1), counted)).toBe(0)
    expect(shareOf(told(roomy, plain, true, 300), placed)).toBeGreaterThan(0.1)
    expect(shareOf(told(roomy, placed, false, 6), placed)).toBe(0)
  })

  test('two things that each have an attribute and a place are tried after things that only have a place', () => {
    const both = told(
      asked([
        [plain, 800],
        [placed, 150],
        [bound, 150],
      ]),
      plain,
      true,
      1,
    )
    expect(shareOf(both, placed)).toBeGreaterThan(0.1)
    expect(shareOf(both, bound)).toBe(0)
  })

  test('attributes beside words of style are those of the look, and such a prompt is one that only has a place', () => {
    expect(shareOf(busy, { ...bound, styleWords: 2 })).toBeGreaterThan(0.1)
  })

  test('what is said about short prompts of a kind is said about long ones, until these are known by themselves', () => {
    const long = { ...placed, complexity: 0.5 }
    const both = told(
      asked([
        [plain, 800],
        [placed, 75],
        [long, 75],
      ]),
      placed,
      true,
      300,
    )
    expect(shareOf(both, long)).toBe(1)
    expect(shareOf(told(both, long, false, 40), long)).toBeLessThan(0.2)
  })

  test('accepted pictures open a cell, rejected ones close it again', () => {
    expect(shareOf(told(busy, placed, true, 300), placed)).toBe(1)
    expect(shareOf(told(busy, placed, false, 40), placed)).toBeLessThan(0.1)
    expect(shareOf(told(busy, plain, false, 40), plain)).toBeLessThan(0.2)
  })

  test('what people reject under the higher floor as well is not held against the lower', () => {
    let gate = busy
    for (let time = 0; time < 400; time += 1) gate = rated(gate, counted, false, time % 20 !== 0)
    for (let time = 0; time < 400; time += 1) gate = rated(gate, plain, true, time % 20 !== 0)
    expect(shareOf(gate, plain)).toBe(1)
  })
})
