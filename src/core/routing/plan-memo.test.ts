import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, requestOf } from '../../../test/support/routing.ts'
import type { Offer } from '../offer.ts'
import { compilePriceBooks, type PriceBook } from '../pricing/index.ts'
import { volumeKey } from '../pricing/volumes.ts'
import type { categories } from '../prompt/lexicon.ts'
import { wholeUnits } from '../usage.ts'
import { experienceKeys } from './learning/class.ts'
import { type Experience, noExperience, reduceExperience } from './learning/experience.ts'
import { type PlanInput, plan } from './plan.ts'
import { createPlanMemo } from './plan-memo.ts'
import type { OfferHealth } from './types.ts'

const rate = (id: string, price: string, more: object = {}) => ({
  id,
  meter: 'images.out' as const,
  price,
  effectiveFrom: '2026-01-01',
  ...more,
})
const tiers = (scope: 'month' | 'request') => ({
  tiers: {
    mode: 'graduated',
    scope,
    steps: [
      { from: '0', price: '0.04' },
      { from: '3', price: '0.03' },
    ],
  },
})
const billedPolicy = {
  success: '1',
  refusedBefore: '0',
  refusedAfter: '1',
  providerError: '0',
  timeout: 'unknown',
  cancelled: 'unknown',
} as const
const words = {
  estimates: [
    { meter: 'tokens.text.in', scope: 'request', form: 'promptChars', expected: '4', min: '6', max: '2', source: 'test' },
  ],
}
const skus = {
  flat: {
    rates: [rate('flat', '0.035', { effectiveTo: '2027-01-01' }), rate('flat-later', '0.01', { effectiveFrom: '2027-01-01' })],
  },
  month: { rates: [rate('month', '0.04', tiers('month'))] },
  call: { rates: [rate('call', '0.04', tiers('request'))] },
  words: { rates: [rate('words', '0.03'), rate('in', '0.0005', { meter: 'tokens.text.in' })], ...words },
  unknown: { rates: [rate('unknown', '0.02', { meter: 'tokens.image.out' })] },
}
const book = {
  provider: 'acme',
  unit: 'USD',
  source: { url: 'https://prices.example', kind: 'assumption', checkedAt: '2026-11-01' },
  skus: Object.entries(skus).map(([name, sku]) => ({ id: name, model: `acme/${name}`, billedPolicy, ...sku })),
} as unknown as PriceBook
const prices = compilePriceBooks({ books: [{ book, hash: 'test' }], fx: [], atUs: NOW_US })

const every = { parameters: ['seed', 'negativePrompt'] as const }
const offers: readonly Offer[] = [
  ...Object.keys(skus).flatMap((name) => [
    offerOf('one', name, { can: every }),
    offerOf('two', name, { can: { ...every, qualities: [] } }),
  ]),
  offerOf('small', 'flat', { can: { sizes: { kind: 'list', sizes: [{ width: 512, height: 512 }] }, maxN: 1 } }),
  offerOf('old', 'flat', { retiredAt: '2026-12-01' }),
]
const names = offers.map(({ id }) => id)

/** Few, so that the same is asked again after something has changed. */
const topics = ['food', 'people'] as const
const offerIndex = fc.nat(offers.length - 1)

const kindOf = fc.record({
  request: fc.record(
    {
      n: fc.integer({ min: 1, max: 9 }),
      size: fc.constantFrom({ width: 1024, height: 1024 }, { width: 1536, height: 1024 }),
      outputFormat: fc.constantFrom('png' as const, 'webp' as const),
    },
    { requiredKeys: ['n'] },
  ),
  options: fc.record(
    {
      allowUnsupported: fc.boolean(),
      only: fc.subarray(names, { minLength: 4 }),
      order: fc.subarray(names, { maxLength: 2 }),
      floor: fc.constant('acme/words'),
      maxCostNanoUsd: fc.constantFrom(30_000_000n, 200_000_000n),
      convert: fc.constant('none' as const),
    },
    { requiredKeys: ['allowUnsupported'] },
  ),
  policy: fc.record(
    {
      floor: fc.constant('usual'),
      latenessNanoUsdPerSecond: fc.constant(10_000_000n),
      objective: fc.constantFrom('cost' as const, 'balanced' as const, 'latency' as const),
      filter: fc.constantFrom({ models: ['acme/*'] }, { providers: ['one'] }),
    },
    { requiredKeys: [] },
  ),
})

/** What happens between two requests, and what is new about the next. */
const stepOf = fc.record({
  kind: fc.nat(1),
  learned: fc.array(fc.tuple(offerIndex, fc.constantFrom(...topics), fc.integer({ min: 1, max: 60_000 })), { maxLength: 4 }),
  bought: fc.tuple(offerIndex, fc.nat(4)),
  rated: fc.option(fc.tuple(offerIndex, fc.integer({ min: 900, max: 1_100 })), { freq: 2 }),
  down: fc.array(offerIndex, { maxLength: 2 }),
  planned: fc.option(fc.tuple(offerIndex, fc.constantFrom(0.75, 0.9))),
  words: fc.record(
    {
      prompt: fc.constantFrom('', 'a red fox', 'x'.repeat(100), 'x'.repeat(101)),
      seed: fc.nat(),
      negativePrompt: fc.constantFrom('', 'no'),
    },
    { requiredKeys: ['prompt'] },
  ),
  topic: fc.constantFrom(...topics),
  complexity: fc.double({ min: 0, max: 1, noNaN: true }),
  deadlineMs: fc.constantFrom(undefined, 2_000, 20_000),
  later: fc.constantFrom(0, 0, 0, 0, 30),
})

describe('what a plan was worked out from before', () => {
  test('changes no plan: with and without it each of a series of requests gets the same', () => {
    let served = 0
    fc.assert(
      fc.property(fc.tuple(kindOf, kindOf), fc.array(stepOf, { minLength: 6, maxLength: 16 }), (kinds, steps) => {
        const memo = createPlanMemo()
        const experience = new Map<string, Experience>()
        const bought = offers.map(() => 0)
        let quality = new Map(
          offers.flatMap(({ model }, index) => ['', '@low', '@medium'].map((tier) => [model + tier, 970 + 10 * index] as const)),
        )
        let nowUs = NOW_US
        for (const step of steps) {
          const kind = kinds[step.kind] as (typeof kinds)[number]
          const { deadlineMs } = step
          const request = requestOf({ ...kind.request, ...step.words })
          nowUs += step.later * 86_400_000_000
          for (const [index, topic, latencyMs] of step.learned)
            learn(experience, offers[index] as Offer, request, topic, latencyMs)
          bought[step.bought[0]] = (bought[step.bought[0]] ?? 0) + step.bought[1]
          if (step.rated) quality = new Map(quality).set((offers[step.rated[0]] as Offer).model, step.rated[1])
          const input: PlanInput = {
            request,
            options: { bodyMetadata: true, ...kind.options, ...(deadlineMs !== undefined && { deadlineMs }) },
            policy: policyOf(kind.policy),
            snapshot: {
              offers,
              health: healthOf(step.down),
              quality,
              qualityLevels: levels,
              experience,
              volumes: volumesOf(bought),
              ...(step.planned && {
                planned: new Map([[names[step.planned[0]] as string, { factor: step.planned[1], shadowShare: 0.1 }]]),
              }),
            },
            prices,
            promptComplexity: step.complexity,
            promptClass: step.topic,
            nowUs,
            hardBudget: false,
          }
          const anew = plan(input)
          if (anew.kind === 'plan') served += 1
          expect(plan({ ...input, memo })).toEqual(anew)
        }
      }),
      { numRuns: 100 },
    )
    // That plans were compared, and not refusals only; 260 to 450 are usual.
    expect(served).toBeGreaterThan(100)
  })

  test('is not used for other offers or other prices', () => {
    const memo = createPlanMemo()
    const input: PlanInput = {
      request: requestOf(),
      options: { allowUnsupported: false, bodyMetadata: true },
      policy: policyOf(),
      snapshot: { offers, health: new Map(), quality: new Map(), qualityLevels: new Map() },
      prices,
      promptComplexity: 0.5,
      nowUs: NOW_US,
      hardBudget: false,
      memo,
    }
    plan(input)
    const fewer = { ...input, snapshot: { ...input.snapshot, offers: offers.slice(0, 2) } }
    const served = plan(fewer)
    expect(served.kind === 'plan' && served.attempts.map(({ candidate }) => candidate.offer.id)).toEqual(names.slice(0, 2))
    const none = plan({ ...fewer, prices: compilePriceBooks({ books: [], fx: [], atUs: NOW_US }) })
    expect(none.kind).toBe('none')
  })

  test('what was remembered of endless sizes is dropped', () => {
    const memo = createPlanMemo()
    const every = [offerOf('any', 'flat', { can: { sizes: { kind: 'any' } } })]
    for (let width = 1; width <= 25_000; width += 1) {
      const size = { width, height: 64 }
      plan({
        request: requestOf({ size }),
        options: { allowUnsupported: false, bodyMetadata: true },
        policy: policyOf(),
        snapshot: { offers: every, health: new Map(), quality: new Map(), qualityLevels: new Map() },
        prices,
        promptComplexity: 0.5,
        nowUs: NOW_US,
        hardBudget: false,
        memo,
      })
    }
    expect(memo.kinds.size).toBeLessThanOrEqual(20_000)
  })
})

const levels = new Map([['usual', 1_000]])

function learn(
  experience: Map<string, Experience>,
  offer: Offer,
  request: PlanInput['request'],
  topic: (typeof categories)[number],
  latencyMs: number,
): void {
  const settings = { size: request.size ?? { width: 1024, height: 1024 }, format: 'png' as const, n: 1 }
  const candidate = {
    offer,
    settings: { ...settings, ...(offer.capabilities.qualities.length > 0 && { quality: 'medium' as const }) },
    warnings: [],
  } as const
  for (const key of experienceKeys(candidate, request, topic)) {
    const seen = { kind: latencyMs % 5 === 0 ? 'refused' : 'succeeded', billed: true, latencyMs } as const
    experience.set(key, reduceExperience(experience.get(key) ?? noExperience, seen))
  }
}

const healthOf = (down: readonly number[]): ReadonlyMap<string, OfferHealth> =>
  new Map(down.map((index) => [names[index] as string, { state: 'open', inFlight: 0, blockedUntilUs: 0 }]))

const volumesOf = (bought: readonly number[]) =>
  new Map(
    offers.map(({ provider, model }, index) => [
      volumeKey(provider, model.replace('acme/', '')),
      { monthToDate: { 'images.out': wholeUnits(bought[index] ?? 0) } },
    ]),
  )
