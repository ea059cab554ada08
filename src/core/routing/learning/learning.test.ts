import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { neverLate } from '../known.ts'
import { type ScoreTerms, scoreOf } from '../score.ts'
import { behind, estimate, latencyQuantileMs, lateness, meanLatencyMs } from './estimate.ts'
import { type Experience, noExperience, type Observation, reduceExperience, reduceFeedback } from './experience.ts'
import { unrated } from './feedback.ts'

const having = (...seen: readonly Observation[]): Experience => seen.reduce(reduceExperience, noExperience)
const times = (count: number, seen: Observation): Observation[] => Array.from({ length: count }, () => seen)
const succeeded: Observation = { kind: 'succeeded', billed: true }
const failed: Observation = { kind: 'failed', billed: false }

describe('what is learned', () => {
  test('nothing known is an average offer, and a little experience moves it a little', () => {
    expect(estimate().success).toBe(0.97)
    const one = estimate(having(failed)).success
    expect(one).toBeLessThan(0.97)
    expect(one).toBeGreaterThan(0.9)
  })

  test('much experience is believed', () => {
    expect(estimate(having(...times(400, failed))).success).toBeLessThan(0.1)
    expect(estimate(having(...times(400, succeeded))).success).toBeGreaterThan(0.995)
  })

  test('what changed is noticed within 150 requests', () => {
    const before = times(2_000, succeeded)
    expect(estimate(having(...before, ...times(150, failed))).success).toBeLessThan(0.7)
    const mended = [...times(2_000, failed), ...times(150, succeeded)]
    expect(estimate(having(...mended)).success).toBeGreaterThan(0.3)
  })

  test('a narrow class borrows from the broad one until it knows better', () => {
    const broad = having(...times(300, failed))
    expect(estimate(undefined, broad).success).toBeLessThan(0.1)
    expect(estimate(having(...times(10, succeeded)), broad).success).toBeLessThan(0.45)
    expect(estimate(having(...times(300, succeeded)), broad).success).toBeGreaterThan(0.9)
  })

  test('refusals, tries billed in vain and real prices are kept apart', () => {
    const seen = having(
      ...Array.from({ length: 200 }, (): Observation[] => [
        { kind: 'refused', billed: true },
        failed,
        ...times(2, { ...succeeded, priceRatio: 1.5 }),
      ]).flat(),
    )
    const { refusal, billedInVain, priceRatio } = estimate(seen)
    expect(refusal).toBeGreaterThan(0.2)
    expect(refusal).toBeLessThan(0.26)
    expect(billedInVain).toBeGreaterThan(0.35)
    expect(billedInVain).toBeLessThan(0.55)
    expect(priceRatio).toBeGreaterThan(1.4)
  })

  test('behind other jobs a picture comes later by the mean time of each', () => {
    const known = estimate(having(...times(50, { ...succeeded, latencyMs: 4_000 })))
    const mean = meanLatencyMs(known) ?? 0
    const waiting = behind(known, 3)
    expect(meanLatencyMs(waiting)).toBeGreaterThan(mean * 3.8)
    expect(meanLatencyMs(waiting)).toBeLessThan(mean * 4.2)
    expect(lateness(known, 10_000).missChance).toBe(0)
    expect(lateness(waiting, 10_000).missChance).toBeGreaterThan(0.95)
    expect(behind(known, 0)).toBe(known)
    expect(behind(estimate(), 5)).toEqual(estimate())
  })

  test('latency is told by its mean, its quantiles and its lateness', () => {
    const seen = having(...times(90, { ...succeeded, latencyMs: 2_000 }), ...times(10, { ...succeeded, latencyMs: 30_000 }))
    const known = estimate(seen)
    expect(meanLatencyMs(known)).toBeGreaterThan(4_500)
    expect(latencyQuantileMs(known, 0.5)).toBeCloseTo(2_000, -2)
    expect(latencyQuantileMs(known, 0.99)).toBeGreaterThan(29_000)
    const { expectedMs, missChance } = lateness(known, 10_000)
    expect(missChance).toBeCloseTo(0.1, 1)
    expect(expectedMs).toBeCloseTo(20_000 * missChance, -3)
    expect(meanLatencyMs(estimate())).toBeUndefined()
    expect(latencyQuantileMs(estimate(), 0.5)).toBeUndefined()
    expect(lateness(estimate(), 1)).toEqual({ expectedMs: 0, missChance: 0 })
  })

  test('feedback becomes a rate of acceptance, weaker signals counting less', () => {
    expect(estimate(noExperience).acceptance).toBeUndefined()
    const one = reduceFeedback(noExperience, unrated, { accepted: 1_000, rejected: 0 })
    const rated = reduceFeedback(one, unrated, { accepted: 0, rejected: 500 })
    expect(estimate(rated).acceptance).toBeCloseTo(2 / 3, 2)
  })

  test('memory stays small however long it runs', () => {
    let seen = noExperience
    for (let index = 0; index < 20_000; index++) seen = reduceExperience(seen, { ...succeeded, latencyMs: 100 + (index % 5_000) })
    expect(seen.latencies.buckets.length).toBeLessThan(120)
    expect(seen.weight).toBeLessThan(334)
  })

  test('shares stay shares', () => {
    const observation = fc.record({ kind: fc.constantFrom('succeeded' as const, 'refused', 'failed'), billed: fc.boolean() })
    const observations = fc.array(observation, { maxLength: 60 })
    fc.assert(
      fc.property(observations, (seen) => {
        const { success, refusal, billedInVain } = estimate(having(...seen))
        for (const share of [success, refusal, billedInVain]) {
          expect(share).toBeGreaterThanOrEqual(0)
          expect(share).toBeLessThanOrEqual(1)
        }
        expect(success).toBeGreaterThan(0)
      }),
    )
  })
})

describe('the all-in cost', () => {
  const priceNanoUsd = 40_000_000n
  const score = (seen: readonly Observation[], more: Partial<ScoreTerms & { shadowNanoUsd: bigint }> = {}) => {
    const { deadlineMs, latenessNanoUsdPerSecond = 0n, shadowNanoUsd = 0n } = more
    const expected = estimate(having(...seen))
    const late = deadlineMs === undefined ? neverLate : lateness(expected, deadlineMs)
    return scoreOf({ priceNanoUsd, shadowNanoUsd, estimate: expected, late, latenessNanoUsdPerSecond }).allInNanoUsd
  }

  test('failures that nobody bills cost nothing but the next try', () => {
    expect(score([...times(200, failed), ...times(200, succeeded)])).toBeLessThan(42_000_000)
  })

  test('failures that are billed are paid by the pictures', () => {
    const half = score([...times(500, { kind: 'failed', billed: true }), ...times(500, succeeded)])
    // The later half weighs more: at a success rate s every picture costs 1 / s tries.
    expect(half).toBeGreaterThan(45_000_000)
    const { success } = estimate(having(...times(500, { kind: 'failed', billed: true } as const), ...times(500, succeeded)))
    expect(half / 40_000_000).toBeCloseTo(1 / success, 1)
  })

  test('lateness costs what the route says, a shadow price is taken off', () => {
    const slow = times(200, { ...succeeded, latencyMs: 20_000 })
    const free = score(slow)
    expect(score(slow, { deadlineMs: 10_000, latenessNanoUsdPerSecond: 1_000_000n })).toBeGreaterThan(free + 9_500_000)
    expect(score(slow, { deadlineMs: 60_000, latenessNanoUsdPerSecond: 1_000_000n })).toBe(free)
    expect(score(slow, { shadowNanoUsd: 1_000_000n })).toBe(free - 1_000_000)
  })
})
