import { beforeAll, describe, expect, test, vi } from 'vitest'
import { settleCharges } from '../pricing/index.ts'
import type { MonthResult } from './account.ts'
import { buildBound } from './bound.ts'
import { classes } from './classes.ts'
import { type SimulatedPolicy, simulateMonth } from './engine.ts'
import { createEventQueue } from './event-queue.ts'
import { pricesAt } from './known-prices.ts'
import { cheapestWithBatch, productPolicy, staticChoice, staticChoicePerKind } from './policies.ts'
import { MONTH_START_US } from './time.ts'
import { arrivals, createTemplates } from './workload.ts'
import { createWorld, listPrice } from './world.ts'

// Whole months: seconds each, more beside other work.
vi.setConfig({ testTimeout: 90_000 })

const SEED = 131
const VOLUME = 4_000
const world = createWorld(SEED, VOLUME)
const templates = createTemplates(SEED)

describe('a simulated month', () => {
  let product: MonthResult
  beforeAll(() => {
    product = simulateMonth(world, templates, productPolicy(world))
  })

  test('the same seed gives the same month, another seed another', () => {
    expect(simulateMonth(world, templates, productPolicy(world))).toEqual(product)
    const other = createWorld(SEED + 1, VOLUME)
    expect(simulateMonth(other, createTemplates(SEED + 1), productPolicy(other)).billsUsd).not.toBe(product.billsUsd)
  })

  test('every request of the month ends once, and every policy meets the same ones', () => {
    const expected = classes.map(() => 0)
    for (const { atUs, template } of arrivals(world, templates))
      if (atUs >= MONTH_START_US) expected[template.classIndex] = (expected[template.classIndex] ?? 0) + 1
    const rule = simulateMonth(world, templates, cheapestWithBatch(world))
    for (const result of [product, rule]) expect(result.classes.map(({ requests }) => requests)).toEqual(expected)
  })

  test('the bill is what the gateway would charge for the same pictures by the same contracts', () => {
    const prices = pricesAt(world, MONTH_START_US)
    for (const deployment of world.deployments) {
      const { offer, terms } = deployment
      if (terms.tiers && deployment.lane === 'sync') continue
      const template = templates[terms.edits ? 4 : 0]?.[0]
      if (!template) throw new Error('a class has no prompt')
      const settled = settleCharges(prices, {
        candidate: { offer, settings: { size: { width: 1024, height: 1024 }, format: 'png', n: 3 } },
        request: template.request,
        promptComplexity: 0.5,
        atUs: MONTH_START_US,
        outcome: 'succeeded',
        billed: 'yes',
      })
      expect(settled.kind).toBe('charged')
      if (settled.kind === 'charged')
        expect(Number(settled.totalNanoUsd)).toBe(3 * listPrice(world, deployment, 1024, MONTH_START_US))
    }
  })

  test('no picture is chosen below its public rating, and few are below their floor', () => {
    const pictures = product.classes.reduce((sum, each) => sum + each.pictures, 0)
    const below = product.classes.reduce((sum, each) => sum + each.belowFloor, 0)
    expect(pictures).toBeGreaterThan(VOLUME / 2)
    expect(below / pictures).toBeLessThan(0.05)
  })
})

describe('the references that were chosen in hindsight', () => {
  /** What most requests of each class are sent to first, and the month. */
  const choices = (policy: SimulatedPolicy): { readonly first: readonly (string | undefined)[]; readonly usd: number } => {
    const counts = classes.map(() => new Map<string, number>())
    const { totalUsd } = simulateMonth(world, templates, {
      ...policy,
      plan(arrival, nowUs) {
        const made = policy.plan(arrival, nowUs)
        const offer = made?.attempts[0].candidate.offer.id ?? ''
        const own = counts[arrival.template.classIndex]
        own?.set(offer, (own.get(offer) ?? 0) + 1)
        return made
      },
    })
    return { first: counts.map((own) => [...own].toSorted((a, b) => b[1] - a[1])[0]?.[0]), usd: totalUsd }
  }

  test('the benchmark has one deployment per workload that keeps every floor of it, the finer one has one per kind and costs less', () => {
    const coarse = choices(staticChoice(world))
    const fine = choices(staticChoicePerKind(world))
    for (const [index, { workload }] of classes.entries())
      expect(coarse.first[index]).toBe(coarse.first[classes.findIndex((other) => other.workload === workload)])
    expect(new Set(fine.first).size).toBeGreaterThan(new Set(coarse.first).size)
    const lettering = classes.findIndex(({ id }) => id === 'lettering')
    expect(coarse.first[lettering]).toBe(fine.first[lettering])
    expect(fine.usd).toBeLessThan(coarse.usd)
  })
})

describe('the bound', () => {
  test('has one program per combination of tiers that the month could reach, and none names a variable twice in its objective', () => {
    const { programs } = buildBound(createWorld(SEED, 2_000_000 / 20), templates)
    expect(programs.length).toBeGreaterThan(0)
    for (const { text } of programs) {
      const objective = text.slice(text.indexOf('obj:'), text.indexOf('Subject To'))
      const names = objective.match(/\b[xu]\d*_\w+/g) ?? []
      expect(names.length).toBeGreaterThan(100)
      expect(new Set(names).size).toBe(names.length)
    }
  })
})

describe('the event queue', () => {
  test('runs by time, then by order of asking, and what is added meanwhile', () => {
    const queue = createEventQueue()
    const seen: string[] = []
    const add = (atUs: number, name: string): void => queue.at(atUs, () => seen.push(name))
    add(5, 'c')
    add(1, 'a')
    queue.at(1, (atUs) => {
      seen.push('b')
      add(atUs + 1, 'between')
    })
    add(9, 'later')
    queue.runUntil(5)
    expect(seen).toEqual(['a', 'b', 'between', 'c'])
    queue.runUntil(Number.POSITIVE_INFINITY)
    expect(seen.at(-1)).toBe('later')
  })
})

describe('a request that is split', () => {
  /** Every request with several pictures, one call for each. */
  const split = (policy: SimulatedPolicy): SimulatedPolicy => ({
    ...policy,
    plan(arrival, nowUs) {
      const made = policy.plan(arrival, nowUs)
      const [first, ...rest] = (made?.attempts ?? []).map((attempt) => ({
        ...attempt,
        candidate: { ...attempt.candidate, settings: { ...attempt.candidate.settings, n: 1 } },
      }))
      return made && first && { ...made, attempts: [first, ...rest] }
    },
  })

  test('ends once, is decided on once for each round, and is billed by the picture', () => {
    const whole = simulateMonth(world, templates, cheapestWithBatch(world))
    const rounds = new Map<number, number>()
    const policy = split(cheapestWithBatch(world))
    const result = simulateMonth(world, templates, {
      ...policy,
      finished(attempt) {
        rounds.set(attempt.n, (rounds.get(attempt.n) ?? 0) + 1)
        policy.finished(attempt)
      },
    })
    expect([...rounds.keys()]).toEqual([1])
    expect(result.classes.map(({ requests }) => requests)).toEqual(whole.classes.map(({ requests }) => requests))
    expect(result.attempts).toBeGreaterThan(whole.attempts)
    const bought = (of: MonthResult): number => [...of.bought.values()].reduce((sum, each) => sum + each, 0)
    const pictures = (of: MonthResult): number => of.classes.reduce((sum, each) => sum + each.pictures, 0)
    // Tries in vain and billed make the difference; a try for each picture of a round that failed would double it.
    expect(bought(result)).toBeGreaterThanOrEqual(pictures(result))
    expect(bought(result) / pictures(result)).toBeLessThan((bought(whole) / pictures(whole)) * 1.05)
    expect(Math.abs(result.billsUsd / whole.billsUsd - 1)).toBeLessThan(0.1)
  })
})
