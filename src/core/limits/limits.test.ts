import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RateUse, rateWaitUs, takeRate, untouched } from './bucket.ts'
import { type GradientSample, type GradientState, LEAST_LIMIT, MOST_LIMIT, reduceGradient, unlimited } from './gradient.ts'
import { exhaustedUntilUs } from './provider-limits.ts'
import { join, leave, type Queue, urgencies, urgencyOf, type Waiting } from './queue.ts'

const MINUTE = 60_000_000

describe('rates', () => {
  const limit = { requestsPerMinute: 6, imagesPerMinute: 10 }
  const one: RateUse = { requests: 1, images: 1 }

  test('a minute of calls may begin at once, the next when its token is there', () => {
    let state = untouched
    for (let index = 0; index < 6; index++) {
      expect(rateWaitUs(state, limit, one, 0)).toBe(0)
      state = takeRate(state, limit, one, 0)
    }
    expect(rateWaitUs(state, limit, one, 0)).toBe(10_000_000)
    expect(rateWaitUs(state, limit, one, 9_000_000)).toBeCloseTo(1_000_000, -1)
    expect(rateWaitUs(state, limit, one, 10_000_000)).toBe(0)
  })

  test('images have a limit of their own; a call larger than it waits for a full minute and is then paid off', () => {
    const large = { requests: 1, images: 25 }
    const state = takeRate(untouched, limit, large, 0)
    expect(rateWaitUs(untouched, limit, large, 0)).toBe(0)
    expect(rateWaitUs(state, limit, one, 0)).toBe(96_000_000)
  })

  test('a clock that was set back does not keep a key waiting, nor lets it go unlimited', () => {
    const hour = 60 * MINUTE
    let state = takeRate(untouched, limit, { requests: 6, images: 6 }, 2 * hour)
    expect(rateWaitUs(state, limit, one, 2 * hour)).toBeGreaterThan(0)
    for (let index = 0; index < 6; index++) {
      expect(rateWaitUs(state, limit, one, hour)).toBe(0)
      state = takeRate(state, limit, one, hour)
    }
    expect(rateWaitUs(state, limit, one, hour)).toBeGreaterThan(0)
    expect(rateWaitUs(state, limit, one, hour + MINUTE)).toBe(0)
  })

  test('without a limit nothing waits', () => {
    expect(rateWaitUs(takeRate(untouched, {}, one, 0), {}, { requests: 1e9, images: 1e9 }, 0)).toBe(0)
  })

  const step = fc.record({ afterUs: fc.integer({ min: 0, max: 2 * MINUTE }), images: fc.integer({ min: 1, max: 10 }) })
  const replay = (steps: readonly { afterUs: number; images: number }[]) => {
    let [state, nowUs] = [untouched, 0]
    const begun: { atUs: number; images: number }[] = []
    for (const { afterUs, images } of steps) {
      nowUs += afterUs
      const use = { requests: 1, images }
      if (rateWaitUs(state, limit, use, nowUs) > 0) continue
      state = takeRate(state, limit, use, nowUs)
      begun.push({ atUs: nowUs, images })
    }
    return { state, begun }
  }

  test('over any stretch no more begins than a full bucket and what flowed in; the same events give the same state', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { state, begun } = replay(steps)
        expect(replay(steps).state).toEqual(state)
        for (const [index, { atUs }] of begun.entries()) {
          const later = begun.slice(index)
          const minutes = ((later.at(-1)?.atUs ?? atUs) - atUs) / MINUTE
          expect(later.length).toBeLessThanOrEqual(limit.requestsPerMinute * (1 + minutes) + 0.01)
          const images = later.reduce((sum, call) => sum + call.images, 0)
          expect(images).toBeLessThanOrEqual(limit.imagesPerMinute * (1 + minutes) + 0.01)
        }
      }),
    )
  })

  test('whoever waits as long as told may begin', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), step, (steps, { images }) => {
        const { state, begun } = replay(steps)
        const nowUs = begun.at(-1)?.atUs ?? 0
        const wait = rateWaitUs(state, limit, { requests: 1, images }, nowUs)
        expect(rateWaitUs(state, limit, { requests: 1, images }, nowUs + wait)).toBe(0)
      }),
    )
  })
})

describe('concurrency', () => {
  const fast = (inFlight: number, ms = 1_000, kind = 'a'): GradientSample => ({ kind, ms, inFlight, overloaded: false })
  const reduced = (samples: readonly GradientSample[], from: GradientState = unlimited) => samples.reduce(reduceGradient, from)
  const times = (count: number, sample: GradientSample) => Array.from({ length: count }, () => sample)

  test('nothing is limited until the offer complains; then less than it had', () => {
    expect(reduced(times(50, fast(80))).limit).toBeUndefined()
    expect(reduced([...times(50, fast(80)), { ...fast(40), overloaded: true }]).limit).toBe(36)
  })

  test('it grows while answers are as fast as usual, shrinks while they are slow, and is forgotten when it has grown enough', () => {
    const limited = reduced([...times(50, fast(40)), { ...fast(40), overloaded: true }])
    expect(reduced(times(20, fast(36)), limited).limit).toBeGreaterThan(45)
    expect(reduced(times(20, fast(36, 8_000)), limited).limit).toBeLessThan(30)
    expect(reduced(times(1_000, fast(200)), limited).limit).toBeUndefined()
  })

  test('a slow kind of call is not congestion', () => {
    const limited = reduced([...times(50, fast(40)), ...times(50, fast(40, 30_000, 'slow')), { ...fast(40), overloaded: true }])
    expect(reduced(times(5, fast(36, 30_000, 'slow')), limited).limit).toBeGreaterThan(limited.limit ?? 0)
  })

  test('an offer that is hardly used learns nothing about a higher limit', () => {
    const limited = reduced([...times(50, fast(40)), { ...fast(40), overloaded: true }])
    expect(reduced(times(100, fast(3)), limited).limit).toBe(limited.limit)
  })

  test('the limit stays in its bounds, and the same samples give the same state', () => {
    const sample = fc.record({
      kind: fc.constantFrom('a', 'b'),
      ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
      inFlight: fc.integer({ min: 1, max: 500 }),
      overloaded: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        const state = reduced(samples)
        expect(reduced(samples)).toEqual(state)
        if (state.limit === undefined) return
        expect(state.limit).toBeGreaterThanOrEqual(LEAST_LIMIT)
        expect(state.limit).toBeLessThanOrEqual(MOST_LIMIT)
      }),
    )
  })
})

describe('the queue', () => {
  const urgency = fc.constantFrom('realtime' as const, 'standard' as const, 'economy' as const)
  const event = fc.oneof(
    fc.record({ kind: fc.constant('join' as const), urgency }),
    fc.record({ kind: fc.constant('leave' as const), index: fc.nat(20) }),
  )
  const run = (events: readonly ({ kind: 'join'; urgency: Waiting['urgency'] } | { kind: 'leave'; index: number })[]) => {
    let queue: Queue = []
    const shed: { waiting: Waiting; left: Queue }[] = []
    for (const [sinceUs, each] of events.entries()) {
      if (each.kind === 'leave') queue = leave(queue, queue[each.index]?.id ?? '')
      else {
        const joined = join(queue, { id: String(sinceUs), urgency: each.urgency, sinceUs, untilUs: sinceUs + 10 }, 5)
        queue = joined.queue
        if (joined.shed) shed.push({ waiting: joined.shed, left: queue })
      }
    }
    return { queue, shed }
  }

  test('the urgent go first, within an urgency the first to come; never more wait than there is room', () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { queue, shed } = run(events)
        expect(run(events)).toEqual({ queue, shed })
        expect(queue.length).toBeLessThanOrEqual(5)
        for (const [index, one] of queue.entries()) {
          const next = queue[index + 1]
          if (!next) continue
          const order = urgencies[one.urgency] - urgencies[next.urgency]
          expect(order < 0 || (order === 0 && one.sinceUs < next.sinceUs)).toBe(true)
        }
        for (const { waiting, left } of shed)
          for (const other of left) expect(urgencies[other.urgency]).toBeLessThanOrEqual(urgencies[waiting.urgency])
      }),
    )
  })

  test.each([
    [undefined, 'standard'],
    [15_000, 'realtime'],
    [60_000, 'standard'],
    [86_400_000, 'economy'],
  ] as const)('%s ms is %s', (deadlineMs, expected) => {
    expect(urgencyOf(deadlineMs)).toBe(expected)
  })
})

test.each([
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }, 360_000_000],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '250ms' }, 250_000],
  [{ 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '1s' }, 0],
  [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' }, 12_000_000],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '1700000030' }, 30_000_000],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '1700000030000' }, 30_000_000],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': 'soon' }, 0],
  [{ 'ratelimit-remaining': '0' }, 0],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '99999' }, 600_000_000],
  [{}, 0],
])('%j: nothing more for %i us', (headers, expected) => {
  const nowUs = 1_700_000_000_000_000
  expect(exhaustedUntilUs(headers as Record<string, string>, nowUs)).toBe(expected === 0 ? 0 : nowUs + expected)
})
