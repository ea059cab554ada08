import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import type { AttemptFailure } from '../outcome.ts'
import { afterAttempt } from './attempts.ts'
import { earnHedge, type Hedging, mayHedge, savedMs, spendHedge } from './hedge.ts'
import { createExperienceBook } from './learning/book.ts'
import { type Experience, noExperience } from './learning/experience.ts'
import { fadeTimings, noTimings } from './learning/timings.ts'
import { plan } from './plan.ts'
import type { AttemptRecord, NextStep, Policy } from './types.ts'

const offers = [offerOf('one', 'slow'), offerOf('two', 'quick'), offerOf('three', 'third')]
const prices = pricesOf({ 'acme/slow': { '': '0.01' }, 'acme/quick': { '': '0.02' }, 'acme/third': { '': '0.03' } })
const CENT_PER_SECOND = 10_000_000n

/** Attempts that took so many milliseconds each. */
const took = (...seconds: readonly number[]): Experience => ({
  ...noExperience,
  weight: seconds.length,
  succeeded: seconds.length,
  latencies: seconds.reduce((timings, each) => fadeTimings(timings, 1, each * 1e6), noTimings),
})
const often = (times: number, seconds: number): readonly number[] => Array.from({ length: times }, () => seconds)

interface Case {
  readonly policy?: Partial<Policy>
  readonly seen?: Readonly<Record<string, Experience>>
  readonly n?: number
}

function planOf({ policy = {}, seen = {}, n = 1 }: Case) {
  const planned = plan({
    request: requestOf({ n }),
    options: { allowUnsupported: false, bodyMetadata: true },
    policy: policyOf({
      objective: 'priority',
      order: ['one', 'two'],
      deadlineMs: 15_000,
      latenessNanoUsdPerSecond: CENT_PER_SECOND,
      hedge: { afterMs: 5_000, maxShare: 1 },
      ...policy,
    }),
    snapshot: {
      offers,
      health: new Map(),
      quality: new Map(),
      qualityLevels: new Map(),
      experience: createExperienceBook(Object.entries(seen)),
    },
    prices,
    promptComplexity: 0.5,
    nowUs: NOW_US,
    hardBudget: false,
  })
  if (planned.kind === 'none') throw new Error('nothing planned')
  return planned
}

const running = (elapsedMs: number, changes: Partial<Hedging> = {}): Hedging => ({
  running: [{ candidate: 0, kind: 'primary', n: 1, elapsedMs }],
  deadlineLeftMs: 15_000 - elapsedMs,
  isAllowed: true,
  unavailable: new Set(),
  ...changes,
})

function shown(step: NextStep): string {
  if (step.kind !== 'call') return step.kind
  if (step.afterMs > 0) return 'not yet'
  return step.calls.map(({ kind, candidate, n }) => `${kind} ${candidate} n=${n}`).join(', ')
}

/** Usually six seconds; one in five takes a minute. */
const heavy = took(...often(24, 6), ...often(6, 60))
const quick = took(...often(30, 4))
const both = { 'one:acme/slow': heavy, 'two:acme/quick': quick }

const table: (Case & { rule: string; hedging: Hedging; expected: string; records?: AttemptRecord[] })[] = [
  {
    rule: 'a call that is late enough gets a second one beside it',
    seen: both,
    hedging: running(10_000),
    expected: 'hedge 1 n=1',
  },
  {
    rule: 'a route without it waits',
    policy: { hedge: undefined as never },
    seen: both,
    hedging: running(10_000),
    expected: 'wait',
  },
  {
    rule: 'seconds that are worth less than the second picture are waited for',
    policy: { latenessNanoUsdPerSecond: 100_000n },
    seen: both,
    hedging: running(10_000),
    expected: 'wait',
  },
  {
    rule: 'without a deadline nothing is late',
    seen: both,
    hedging: running(10_000, { deadlineLeftMs: Number.POSITIVE_INFINITY }),
    expected: 'wait',
  },
  {
    rule: 'an offer whose speed nobody knows saves nothing',
    seen: { 'one:acme/slow': heavy },
    hedging: running(10_000),
    expected: 'wait',
  },
  {
    rule: 'an offer that is as slow as the first saves nothing before the first is late beyond all that was seen',
    seen: { 'one:acme/slow': heavy, 'two:acme/quick': took(...often(30, 90)) },
    hedging: running(10_000),
    expected: 'not yet',
  },
  {
    rule: 'the share of hedged requests is a limit',
    seen: both,
    hedging: running(10_000, { isAllowed: false }),
    expected: 'wait',
  },
  {
    rule: 'an offer that rests is not asked',
    seen: both,
    hedging: running(10_000, { unavailable: new Set(['two:acme/quick']) }),
    expected: 'wait',
  },
  {
    rule: 'of two the one whose saving exceeds its price by most is asked',
    seen: { ...both, 'three:acme/third': took(...often(30, 1)) },
    hedging: running(13_000),
    expected: 'hedge 2 n=1',
  },
  {
    rule: 'the cost limit of the request holds for both together',
    seen: both,
    hedging: running(10_000, { maxCostNanoUsd: 29_999_999n }),
    expected: 'wait',
  },
  {
    rule: 'a cost limit that has room for both does not stand in the way',
    seen: both,
    hedging: running(10_000, { maxCostNanoUsd: 30_000_000n }),
    expected: 'hedge 1 n=1',
  },
  {
    rule: 'a hedge is not hedged',
    seen: both,
    hedging: running(10_000, { running: [{ candidate: 1, kind: 'hedge', n: 1, elapsedMs: 10_000 }] }),
    expected: 'wait',
  },
  {
    rule: 'two calls under way are enough',
    seen: both,
    hedging: running(10_000, {
      running: [
        { candidate: 0, kind: 'primary', n: 1, elapsedMs: 10_000 },
        { candidate: 1, kind: 'hedge', n: 1, elapsedMs: 1_000 },
      ],
    }),
    expected: 'wait',
  },
  {
    rule: 'a failure beside a running call decides nothing yet',
    seen: both,
    hedging: running(10_000),
    records: [{ candidate: 1, kind: 'hedge', round: 2, imagesWanted: 1, imagesMade: 0, failure: down() }],
    expected: 'wait',
  },
  {
    rule: 'a policy of one attempt has no room for a second call',
    policy: { maxAttempts: 1 },
    seen: both,
    hedging: running(10_000),
    expected: 'wait',
  },
  {
    rule: 'a quantile of few timings is none',
    policy: { hedge: { afterQuantile: 0.9, maxShare: 1 } },
    seen: { ...both, 'one:acme/slow': took(6, 6, 60) },
    hedging: running(10_000),
    expected: 'wait',
  },
]

describe('while a call runs', () => {
  test.each(table)('$rule', ({ hedging, expected, records = [], ...rest }) => {
    const step = afterAttempt({ plan: planOf(rest), n: rest.n ?? 1, records, remainingMs: 60_000, random: 0.5, hedging })
    expect(shown(step)).toBe(expected)
  })

  test('the moment is said before it comes, and is the same when it has come', () => {
    const early = afterAttempt({
      plan: planOf({ seen: both }),
      n: 1,
      records: [],
      remainingMs: 60_000,
      random: 0.5,
      hedging: running(0),
    })
    if (early.kind !== 'call') throw new Error('it is never worth it')
    expect(early.afterMs).toBeGreaterThanOrEqual(5_000)
    const then = afterAttempt({
      plan: planOf({ seen: both }),
      n: 1,
      records: [],
      remainingMs: 60_000,
      random: 0.5,
      hedging: running(early.afterMs),
    })
    expect(then).toMatchObject({ kind: 'call', afterMs: 0, calls: early.calls })
  })

  test('a quantile is one of what the candidate usually takes', () => {
    const seen = { 'one:acme/slow': took(...often(19, 6), ...often(2, 40)), 'two:acme/quick': took(...often(30, 1)) }
    const policy = { hedge: { afterQuantile: 0.9, maxShare: 1 }, latenessNanoUsdPerSecond: 1_000_000_000n }
    const step = afterAttempt({
      plan: planOf({ seen, policy }),
      n: 1,
      records: [],
      remainingMs: 60_000,
      random: 0.5,
      hedging: running(0),
    })
    expect(step).toMatchObject({ kind: 'call' })
    if (step.kind === 'call') expect(step.afterMs / 6_000).toBeCloseTo(1, 1)
  })
})

describe('after a call and its hedge have failed', () => {
  const failedBoth = (billed: AttemptFailure['billed']): AttemptRecord[] => [
    { candidate: 0, kind: 'primary', round: 1, imagesWanted: 1, imagesMade: 0, failure: down(billed, false) },
    { candidate: 1, kind: 'hedge', round: 2, imagesWanted: 1, imagesMade: 0, failure: down(billed, false) },
  ]
  const chainAfter = (records: AttemptRecord[], policy: Partial<Policy> = {}): string =>
    shown(afterAttempt({ plan: planOf({ seen: both, policy }), n: 1, records, remainingMs: 60_000, random: 0.5 }))

  test('the chain goes on behind both offers, in whichever order they ended', () => {
    expect(chainAfter(failedBoth('no'))).toBe('fallback 2 n=1')
    expect(chainAfter(failedBoth('no').toReversed())).toBe('fallback 2 n=1')
  })

  test('a third payment needs leave to pay twice', () => {
    expect(chainAfter(failedBoth('unknown'))).toBe('stop')
    expect(chainAfter(failedBoth('unknown'), { payTwice: 'onUnknown' })).toBe('fallback 2 n=1')
  })
})

describe('what a second call saves', () => {
  const timings = fc.array(fc.integer({ min: 1, max: 120_000 }), { maxLength: 20 })
  const estimateOf = (ms: readonly number[], success = 1) => ({
    latencies: took(...ms.map((each) => each / 1_000)).latencies,
    success,
    refusal: 0,
    billedInVain: 0,
    priceRatio: 1,
    weight: ms.length,
  })

  test('it is never negative, never more with a later deadline, and never more with a slower second call', () => {
    fc.assert(
      fc.property(
        timings,
        timings,
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        (slow, second, atMs, deadlineMs) => {
          const saved = savedMs(estimateOf(slow), estimateOf(second), atMs, deadlineMs)
          expect(saved).toBeGreaterThanOrEqual(0)
          expect(savedMs(estimateOf(slow), estimateOf(second), atMs, deadlineMs * 2)).toBeLessThanOrEqual(saved + 1e-9)
          const slower = estimateOf(second.map((ms) => ms * 2))
          expect(savedMs(estimateOf(slow), slower, atMs, deadlineMs)).toBeLessThanOrEqual(saved + 1e-9)
        },
      ),
    )
  })

  test('an offer that often fails saves in proportion', () => {
    const whole = savedMs(estimateOf([60_000]), estimateOf([1_000]), 5_000, 10_000)
    expect(savedMs(estimateOf([60_000]), estimateOf([1_000], 0.5), 5_000, 10_000)).toBeCloseTo(whole / 2, 6)
  })
})

test('hedges never exceed their share of the requests, however requests and late calls come', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1, noNaN: true }), fc.array(fc.boolean(), { maxLength: 300 }), (maxShare, late) => {
      let left = 0
      let hedged = 0
      for (const [index, isLate] of late.entries()) {
        left = earnHedge(left, { maxShare })
        if (isLate && mayHedge(left)) {
          left = spendHedge(left)
          hedged += 1
        }
        expect(hedged).toBeLessThanOrEqual((index + 1) * maxShare + 1e-6)
      }
    }),
  )
})

function down(billed: AttemptFailure['billed'] = 'no', retryable = true): AttemptFailure {
  return { code: 'provider_error', message: 'down', retryable, billed }
}
