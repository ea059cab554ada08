import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { offerOf } from '../../../../test/support/routing.ts'
import { estimate } from '../learning/estimate.ts'
import { noExperience, reduceExperience } from '../learning/experience.ts'
import { scoreOf } from '../score.ts'
import { strategies } from './index.ts'
import { defaultWeights, type ScoredCandidate, type StrategyContext } from './strategy.ts'

interface Facts {
  readonly usd: number
  readonly seconds?: number
  readonly quality?: number
  readonly failing?: boolean
}

function entry(name: string, { usd, seconds, quality, failing }: Facts): ScoredCandidate {
  const expectedNanoUsd = BigInt(Math.round(usd * 1e9))
  let seen = noExperience
  for (let times = 0; times < 60 && (seconds !== undefined || failing); times++) {
    const kind = failing ? 'failed' : 'succeeded'
    seen = reduceExperience(seen, { kind, billed: true, ...(seconds !== undefined && { latencyMs: seconds * 1_000 }) })
  }
  const expected = estimate(seen)
  const offer = offerOf('p', name, { id: `p:x/${name}`, model: `x/${name}` })
  return {
    candidate: { offer, settings: { size: { width: 1024, height: 1024 }, format: 'png', n: 1 }, warnings: [] },
    total: { calls: 1, minNanoUsd: expectedNanoUsd, expectedNanoUsd, maxNanoUsd: expectedNanoUsd },
    estimate: expected,
    score: scoreOf({ priceNanoUsd: expectedNanoUsd, estimate: expected, latenessNanoUsdPerSecond: 0n }),
    ...(quality !== undefined && { qualityScore: quality }),
  }
}

const context: StrategyContext = { weights: defaultWeights, order: [], shares: {}, random: 0.5 }
const names = Object.keys(strategies) as (keyof typeof strategies)[]

describe.each(names)('the strategy %s', (name) => {
  const facts = fc.record(
    {
      usd: fc.double({ min: 0, max: 1, noNaN: true }),
      seconds: fc.double({ min: 0.1, max: 100, noNaN: true }),
      quality: fc.integer({ min: 700, max: 1300 }),
      failing: fc.boolean(),
    },
    { requiredKeys: ['usd'] },
  )
  const many = fc
    .array(facts, { minLength: 1, maxLength: 12 })
    .map((list) => list.map((each, index) => entry(`m${index}`, each as Facts)))
  const contexts = fc.record({
    weights: fc.constant(defaultWeights),
    order: fc.subarray(['x/m3', 'x/m1', 'p']),
    shares: fc.constantFrom({}, { 'x/m0': 3, 'x/m2': 1 }, { p: 1 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })

  test('returns every candidate once, in the order of its values, whatever order they came in', () => {
    fc.assert(
      fc.property(many, contexts, (candidates, given) => {
        const ranked = strategies[name](candidates, given)
        expect(new Set(ranked.map((each) => each.entry))).toEqual(new Set(candidates))
        expect(ranked).toHaveLength(candidates.length)
        for (const [index, { value }] of ranked.entries()) {
          expect(Number.isNaN(value)).toBe(false)
          if (index > 0) expect(value).toBeGreaterThanOrEqual(ranked[index - 1]!.value)
        }
        expect(strategies[name](candidates.toReversed(), given).map((each) => each.entry)).toEqual(
          ranked.map((each) => each.entry),
        )
      }),
    )
  })
})

const first = (name: keyof typeof strategies, candidates: readonly ScoredCandidate[], changes: Partial<StrategyContext> = {}) =>
  strategies[name](candidates, { ...context, ...changes })[0]?.entry.candidate.offer.model

describe('what each strategy prefers', () => {
  const cheap = entry('cheap', { usd: 0.01, seconds: 20, quality: 900 })
  const fast = entry('fast', { usd: 0.04, seconds: 2, quality: 950 })
  const fine = entry('fine', { usd: 0.2, seconds: 30, quality: 1200 })
  const unknown = entry('unknown', { usd: 0.03 })
  const all = [fine, unknown, fast, cheap]
  const flaky = entry('flaky', { usd: 0.008, failing: true })

  test.each([
    ['cost', all, 'x/cheap'],
    ['latency', all, 'x/fast'],
    ['quality', all, 'x/fine'],
    ['cost', [flaky, cheap], 'x/cheap'],
  ] as const)('%s', (name, candidates, expected) => {
    expect(first(name, candidates)).toBe(expected)
  })

  test('quality puts what nobody rated last', () => {
    expect(strategies.quality(all, context).at(-1)?.entry).toBe(unknown)
  })

  test.each([
    [{ cost: 1, latency: 0, quality: 0 }, 'x/cheap'],
    [{ cost: 0, latency: 1, quality: 0 }, 'x/fast'],
    [{ cost: 0, latency: 0, quality: 1 }, 'x/fine'],
    [{ cost: 1, latency: 1, quality: 1 }, 'x/fast'],
  ])('balanced with weights %j', (weights, expected) => {
    expect(first('balanced', all, { weights })).toBe(expected)
  })

  test('priority follows the list by offer, model or provider, and then price', () => {
    const ranked = strategies.priority(all, { ...context, order: ['x/unknown', 'p:x/fine'] })
    expect(ranked.map((each) => each.entry)).toEqual([unknown, fine, cheap, fast])
  })

  test('weighted draws the first in proportion to the shares, and falls back to the others', () => {
    const shares = { 'x/cheap': 3, 'x/fine': 1 }
    const counts: Record<string, number> = {}
    const rounds = 4_000
    for (let index = 0; index < rounds; index++) {
      const chosen = first('weighted', all, { shares, random: index / rounds }) ?? ''
      counts[chosen] = (counts[chosen] ?? 0) + 1
    }
    expect(Object.keys(counts).sort()).toEqual(['x/cheap', 'x/fine'])
    expect(counts['x/cheap']! / rounds).toBeCloseTo(0.75, 1)
    expect(
      strategies
        .weighted(all, { ...context, shares })
        .slice(2)
        .map((each) => each.entry),
    ).toEqual([unknown, fast])
  })
})
