import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { MonthResult } from './account.ts'
import { buildBound } from './bound.ts'
import { classes } from './classes.ts'
import { simulateMonth } from './engine.ts'
import { createEventQueue } from './event-queue.ts'
import { productWithGpus } from './gpu-policy.ts'
import { createGpuPool } from './gpu-pool.ts'
import { poolTerms, type RentedGpus, rentedGpus, withGpus } from './gpu-world.ts'
import { cheapestWithBatch, productPolicy } from './policies.ts'
import type { Answer } from './provider.ts'
import { HISTORY_DAYS, HOUR_US, MONTH_START_US } from './time.ts'
import { arrivals, createTemplates } from './workload.ts'
import { createWorld } from './world.ts'

// Whole months: seconds each, more beside other work.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const SEED = 131
const VOLUME = 4_000
const world = createWorld(SEED, VOLUME)
const templates = createTemplates(SEED)
/** So cheap that a few pictures an hour pay for it. */
const cheap: RentedGpus = { ...rentedGpus, terms: { ...rentedGpus.terms, hourNanoUsd: 0.01e9 } }

describe('a pool of rented GPUs', () => {
  const START_US = MONTH_START_US - HISTORY_DAYS * 24 * HOUR_US
  const SECOND_US = 1_000_000
  /** GPUs by hour from the first on; jobs are made of one picture that somebody waits for, unless they say otherwise. */
  function poolOf(hours: readonly number[], rented: RentedGpus = rentedGpus) {
    const queue = createEventQueue()
    const pool = createGpuPool(poolTerms(withGpus(world, rented)), queue, {
      watch: () => {},
      gpus: (hourUs) => hours[Math.round((hourUs - START_US) / HOUR_US)] ?? 0,
    })
    const done: { readonly id: number; readonly answer: Answer; readonly atUs: number }[] = []
    let requestId = 0
    return {
      pool,
      done,
      run: (hour: number) => queue.runUntil(START_US + hour * HOUR_US),
      submit(hour: number, job: { readonly rank?: number; readonly pictures?: number; readonly untilHour?: number } = {}) {
        const { rank = 0, pictures = 1, untilHour = hour + 20 } = job
        const atUs = START_US + hour * HOUR_US
        queue.runUntil(atUs)
        requestId += 1
        const id = requestId
        const untilUs = START_US + untilHour * HOUR_US
        pool.submit(
          { rank, untilUs, requestId: id, attempt: 0, pictures, done: (answer, at) => done.push({ id, answer, atUs: at }) },
          atUs,
        )
        return id
      },
    }
  }

  test('makes one picture after the other on each GPU, of about the time that its throughput says', () => {
    const { submit, done, run } = poolOf([1, 1])
    for (let count = 0; count < 40; count += 1) submit(0.5)
    run(1)
    const times = done.map(({ atUs }) => atUs)
    const gaps = times.slice(1).map((atUs, index) => atUs - (times[index] as number))
    expect(done).toHaveLength(40)
    expect(Math.min(...gaps)).toBeGreaterThan(3 * SECOND_US)
    expect((times.at(-1) as number) - START_US - 0.5 * HOUR_US).toBeGreaterThan(40 * 3.6 * SECOND_US)
    expect((times.at(-1) as number) - START_US - 0.5 * HOUR_US).toBeLessThan(40 * 4.4 * SECOND_US)
  })

  test('a GPU that was just started makes nothing for one to three minutes', () => {
    const { submit, done, run, pool } = poolOf([0, 1])
    submit(1)
    expect(pool.waitMs(START_US + HOUR_US)).toBe(Number.POSITIVE_INFINITY)
    run(2)
    expect(done[0]?.atUs).toBeGreaterThan(START_US + HOUR_US + 60 * SECOND_US)
    expect(done[0]?.atUs).toBeLessThan(START_US + HOUR_US + 186 * SECOND_US)
  })

  test('who waits is served before work that may wait, and dearer work before cheaper', () => {
    const { submit, done, run } = poolOf([1])
    const slow = submit(0.5, { rank: 2, pictures: 3 })
    const dear = submit(0.5, { rank: 1, pictures: 2 })
    const first = submit(0.5)
    const second = submit(0.5)
    run(1)
    expect(done.map(({ id }) => id)).toEqual([first, second, dear, slow])
  })

  test('what it shows is how long somebody who comes now would wait', () => {
    const { submit, run, pool } = poolOf([2])
    run(0.5)
    const nowUs = START_US + 0.5 * HOUR_US
    expect(pool.waitMs(nowUs)).toBe(0)
    submit(0.5)
    expect(pool.waitMs(nowUs)).toBe(0)
    submit(0.5)
    expect(pool.waitMs(nowUs)).toBeGreaterThan(3_000)
    expect(pool.waitMs(nowUs)).toBeLessThan(5_000)
    submit(0.5)
    submit(0.5)
    expect(pool.waitMs(nowUs)).toBeGreaterThan(7_000)
  })

  test('what is not begun in time is given back, to be made elsewhere and not here', () => {
    const { submit, done, run, pool } = poolOf([0, 0, 0])
    submit(0.5, { rank: 1, pictures: 4, untilHour: 1.5 })
    run(3)
    expect(done).toHaveLength(1)
    expect(done[0]?.atUs).toBe(START_US + 1.5 * HOUR_US)
    expect(done[0]?.answer).toMatchObject({ billed: false, failure: { code: 'provider_rate_limited', retryable: false } })
    expect(pool.use().givenBack).toBe(1)
  })

  test('nobody waits for a pool whose last GPU goes', () => {
    const { submit, done, run } = poolOf([1, 0])
    for (let count = 0; count < 30; count += 1) submit(0.999, { untilHour: 5 })
    run(1.01)
    expect(done).toHaveLength(30)
    expect(done.filter(({ answer }) => answer.failure).length).toBeGreaterThan(20)
  })

  test('history costs nothing, hours of the month are paid whether they work or not, and a picture under way at their end by the second', () => {
    const before = HISTORY_DAYS * 24
    const idle = poolOf([...Array.from({ length: before }, () => 1), 2, 2, 1])
    idle.run(before + 5)
    expect(idle.pool.use()).toMatchObject({ paidHours: 5, starts: 1, nanoUsd: 5 * 1.4e9, busyShare: 0 })
    const busy = poolOf([...Array.from({ length: before }, () => 0), 1])
    busy.submit(before + 0.9, { rank: 1, pictures: 500, untilHour: before + 4 })
    busy.run(before + 3)
    const { nanoUsd, paidHours } = busy.pool.use()
    expect(paidHours).toBe(1)
    expect(nanoUsd).toBeGreaterThan(1.4e9)
    expect(nanoUsd).toBeLessThan(1.4e9 * (1 + 6 / 3_600))
  })

  test('never more than can be had, and each that is started has luck of its own', () => {
    const few = { ...rentedGpus, terms: { ...rentedGpus.terms, mostGpus: 2 } }
    const { pool, run } = poolOf(
      Array.from({ length: HISTORY_DAYS * 24 + 3 }, () => 9),
      few,
    )
    run(HISTORY_DAYS * 24 + 3.5)
    expect(pool.use().paidHours).toBe(6)
  })
})

describe('a month with GPUs to rent', () => {
  const rich = withGpus(world, cheap)
  let month: MonthResult
  beforeAll(() => {
    month = simulateMonth(rich, templates, productWithGpus(rich))
  })

  test('the same seed gives the same month', () => {
    expect(simulateMonth(rich, templates, productWithGpus(rich))).toEqual(month)
  })

  test('every request of the month ends once, whether a GPU made it or not', () => {
    const expected = classes.map(() => 0)
    for (const { atUs, template } of arrivals(world, templates))
      if (atUs >= MONTH_START_US) expected[template.classIndex] = (expected[template.classIndex] ?? 0) + 1
    expect(month.classes.map(({ requests }) => requests)).toEqual(expected)
    expect(month.classes.every(({ unserved }) => unserved === 0)).toBe(true)
  })

  test('GPUs are rented where they pay, make the dear pictures, and the month costs less for it', () => {
    const without = simulateMonth(world, templates, productPolicy(world))
    expect(month.gpus?.paidHours).toBeGreaterThan(100)
    expect(month.bought.get(rich.pool.offer.id)).toBeGreaterThan(VOLUME / 4)
    expect(month.totalUsd).toBeLessThan(0.95 * without.totalUsd)
    const late = month.classes.reduce((sum, each) => sum + each.late, 0)
    expect(late / month.classes.reduce((sum, each) => sum + each.requests, 0)).toBeLessThan(0.01)
  })

  test('its bills are those of the providers and of the hours', () => {
    const own = month.gpus?.nanoUsd ?? 0
    expect(own).toBeGreaterThanOrEqual((month.gpus?.paidHours ?? 0) * cheap.terms.hourNanoUsd)
    expect(month.billsUsd).toBeGreaterThan(own / 1e9)
    expect(month.totalUsd).toBeCloseTo(month.billsUsd + month.penaltiesUsd, 9)
  })

  test('where no hour pays none is started, and the month is that of a world without', () => {
    const usual = withGpus(world)
    const none = simulateMonth(usual, templates, productWithGpus(usual))
    const without = simulateMonth(world, templates, productPolicy(world))
    expect(none.gpus).toMatchObject({ paidHours: 0, starts: 0, nanoUsd: 0, pictures: 0 })
    expect(Math.abs(none.totalUsd / without.totalUsd - 1)).toBeLessThan(0.01)
  })

  test('who does not decide on GPUs has none, and meets the same month as in a world without', () => {
    const without = simulateMonth(world, templates, cheapestWithBatch(world))
    const bought = new Map([...without.bought, [rich.pool.offer.id, 0]])
    expect(simulateMonth(rich, templates, cheapestWithBatch(world))).toEqual({ ...without, bought })
  })
})

describe('the bound with GPUs', () => {
  test('pays for their pictures what an hour without a pause costs, and has as many as it wants', () => {
    const rich = withGpus(createWorld(SEED, 100_000))
    const { programs } = buildBound(rich, templates)
    const { text = '' } = programs[0] ?? {}
    const own = new RegExp(`(\\S+) (x\\d+_\\d+_${rich.pool.index})\\b`, 'g')
    const objective = text.slice(text.indexOf('obj:'), text.indexOf('Subject To'))
    const prices = new Set([...objective.matchAll(own)].map(([, price]) => Number(price)))
    expect(prices.size).toBe(1)
    expect([...prices][0]).toBeCloseTo(1.4 / 900, 8)
  })
})
