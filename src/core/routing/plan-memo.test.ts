import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { billedPolicy, NOW_US, offerOf, policyOf, requestOf } from '../../../test/support/routing.ts'
import type { Offer } from '../offer.ts'
import { compilePriceBooks, type PriceBook } from '../pricing/index.ts'
import type { Lot } from '../pricing/lots.ts'
import { volumeKey } from '../pricing/volumes.ts'
import type { categories } from '../prompt/lexicon.ts'
import { wholeUnits } from '../usage.ts'
import { createExperienceBook, type ExperienceBook } from './learning/book.ts'
import { experienceKeys } from './learning/class.ts'
import { noExperience, reduceExperience } from './learning/experience.ts'
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
const words = {
  estimates: [
    { meter: 'tokens.text.in', scope: 'request', form: 'promptChars', expected: '4', min: '6', max: '2', source: 'test' },
  ],
}
const skus = {
  flat: {
    rates: [
      rate('flat', '0.035', { effectiveTo: '2026-11-22T18:00:00Z' }),
      rate('flat-later', '0.01', { effectiveFrom: '2026-11-22T18:00:00Z' }),
    ],
  },
  month: { rates: [rate('month', '0.04', tiers('month'))] },
  call: { rates: [rate('call', '0.04', tiers('request'))] },
  words: { rates: [rate('words', '0.03'), rate('in', '0.0005', { meter: 'tokens.text.in' })], ...words },
  open: {
    rates: [rate('open', '0.03', { meter: 'tokens.image.out' })],
    estimates: [{ meter: 'tokens.image.out', scope: 'image', form: 'constant', expected: '1', min: '1', source: 'test' }],
  },
  unknown: { rates: [rate('unknown', '0.02', { meter: 'tokens.image.out' })] },
  cutter: { rates: [rate('cutter', '0.002', tiers('month'))] },
  enlarger: { rates: [rate('enlarger', '0.004'), rate('enlarger-in', '0.0005', { meter: 'tokens.text.in' })], ...words },
}
const book = {
  provider: 'acme',
  unit: 'USD',
  source: { url: 'https://prices.example', kind: 'assumption', checkedAt: '2026-11-01' },
  skus: Object.entries(skus).map(([name, sku]) => ({ id: name, model: `acme/${name}`, billedPolicy, ...sku })),
} as unknown as PriceBook
const prices = compilePriceBooks({ books: [{ book, hash: 'test' }], fx: [], atUs: NOW_US })

const every = { parameters: ['seed', 'negativePrompt'] as const }
const opaque = { backgrounds: ['opaque'] as const }
const isHelper = (name: string): boolean => name === 'cutter' || name === 'enlarger'
const offers: readonly Offer[] = [
  ...Object.keys(skus).flatMap((name) =>
    isHelper(name)
      ? []
      : [offerOf('one', name, { can: every }), offerOf('two', name, { can: { ...every, ...opaque, qualities: [] } })],
  ),
  offerOf('small', 'flat', { can: { sizes: { kind: 'list', sizes: [{ width: 512, height: 512 }] }, maxN: 1 } }),
  offerOf('old', 'flat', { retiredAt: '2026-12-01' }),
  ...['one', 'two'].flatMap((provider) => [
    offerOf(provider, 'cutter', { can: { operations: ['remove_background'], qualities: [], maxN: 1, maxPromptChars: 0 } }),
    offerOf(provider, 'enlarger', {
      can: { operations: ['upscale'], qualities: [], maxN: 1, maxInputs: 1, upscale: { factors: [2], maxPixels: 4096 * 4096 } },
    }),
  ]),
]
const names = offers.map(({ id }) => id)

/** Few, so that the same is asked again after something has changed. */
const topics = ['food', 'people'] as const
const offerIndex = fc.nat(offers.length - 1)
const helperIndex = fc.integer({ min: offers.length - 4, max: offers.length - 1 })

const kindOf = fc.record({
  request: fc.record(
    {
      n: fc.integer({ min: 1, max: 9 }),
      size: fc.constantFrom({ width: 1024, height: 1024 }, { width: 1536, height: 1024 }, { width: 2048, height: 2048 }),
      outputFormat: fc.constantFrom('png' as const, 'webp' as const),
      background: fc.constant('transparent' as const),
    },
    { requiredKeys: ['n'] },
  ),
  options: fc.record(
    {
      allowUnsupported: fc.boolean(),
      only: fc.subarray(names, { minLength: 4 }),
      order: fc.subarray(names, { maxLength: 2 }),
      floor: fc.constant('acme/words'),
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
  /** Who enlarges. */
  enlarges: fc.constant<readonly string[]>([]),
})

/** Pictures that some offers make so that others have to cut them out or enlarge them. */
const changedKindOf = fc.record({
  request: fc.constantFrom({ n: 1, background: 'transparent' as const }, { n: 3, size: { width: 2048, height: 2048 } }),
  options: fc.constant({ allowUnsupported: false }),
  policy: fc.record({ cutOut: fc.constant(['acme/cutter']), floor: fc.constant('usual') }, { requiredKeys: ['cutOut'] }),
  enlarges: fc.constantFrom(['acme/enlarger'], ['two:acme/enlarger', 'one:acme/enlarger']),
})

/** Of the month: none, and three that stay the same from request to request. */
const plans: readonly Partial<PlanInput['snapshot']>[] = [
  {},
  ...[0.75, 0.9, 1.1].map((factor, index) => ({
    planned: new Map([2, 3, 4].map((each) => [names[each + index] as string, { factor, shadowShare: 0.1 * index }])),
  })),
]

/** Mostly the first, so that the same is asked again after little has changed. */
const mostly = <Usual, Other>(usual: Usual, other: fc.Arbitrary<Other>): fc.Arbitrary<Usual | Other> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other })

/** What happens between two requests, and what is new about the next. */
const stepOf = fc.record({
  kind: mostly(0, fc.constant(1)),
  learned: fc.array(fc.tuple(offerIndex, fc.constantFrom(...topics), fc.integer({ min: 1, max: 60_000 })), { maxLength: 4 }),
  bought: fc.array(fc.tuple(fc.oneof(offerIndex, helperIndex), fc.nat(4)), { maxLength: 4 }),
  rated: mostly(null, fc.tuple(offerIndex, fc.integer({ min: 900, max: 1_100 }))),
  down: mostly([], fc.array(fc.oneof(offerIndex, helperIndex), { maxLength: 4 })),
  /** By index of `plans`. */
  planned: mostly(1, fc.nat(3)),
  corrected: mostly(null, offerIndex),
  ahead: mostly(null, fc.constantFrom('one', 'two')),
  lot: mostly(null, offerIndex),
  hardBudget: mostly(false, fc.boolean()),
  maxCostNanoUsd: mostly(undefined, fc.constantFrom(30_000_000n, 200_000_000n)),
  ratedAs: mostly('usual', fc.constantFrom('fine', undefined)),
  words: mostly(
    { prompt: 'a red fox' },
    fc.record(
      {
        prompt: fc.constantFrom('', 'a red fox in a box', 'x'.repeat(100), 'x'.repeat(101)),
        seed: fc.nat(),
        negativePrompt: fc.constantFrom('', 'no'),
      },
      { requiredKeys: ['prompt'] },
    ),
  ),
  topic: fc.constantFrom(...topics),
  complexity: fc.double({ min: 0, max: 1, noNaN: true }),
  deadlineMs: mostly(undefined, fc.constantFrom(2_000, 20_000)),
  /** Days. */
  later: mostly(0, fc.constantFrom(0.25, 30)),
})

describe('what a plan was worked out from before', () => {
  test.each([
    ['of all kinds', kindOf],
    ['for pictures that other offers change', changedKindOf],
  ])('changes no plan: with and without it each of a series of requests %s gets the same', { timeout: 120_000 }, (_, anyKind) => {
    let served = 0
    fc.assert(
      fc.property(fc.tuple(anyKind, anyKind), fc.array(stepOf, { minLength: 6, maxLength: 24 }), (kinds, steps) => {
        const memo = createPlanMemo()
        const experience = createExperienceBook()
        const bought = offers.map(() => 0)
        let quality = new Map(
          offers.flatMap(({ model }, index) => ['', '@low', '@medium'].map((tier) => [model + tier, 970 + 10 * index] as const)),
        )
        let nowUs = NOW_US
        for (const step of steps) {
          const kind = kinds[step.kind] as (typeof kinds)[number]
          const { deadlineMs, maxCostNanoUsd, ratedAs } = step
          const request = requestOf({ ...kind.request, ...step.words })
          nowUs += step.later * 86_400_000_000
          for (const [index, topic, latencyMs] of step.learned)
            learn(experience, offers[index] as Offer, request, topic, latencyMs)
          for (const [index, pictures] of step.bought) bought[index] = (bought[index] ?? 0) + pictures
          if (step.rated) quality = new Map(quality).set((offers[step.rated[0]] as Offer).model, step.rated[1])
          const input: PlanInput = {
            request,
            options: {
              bodyMetadata: true,
              ...kind.options,
              ...(deadlineMs !== undefined && { deadlineMs }),
              ...(maxCostNanoUsd !== undefined && { maxCostNanoUsd }),
            },
            policy: policyOf({ ...kind.policy, ...(kind.enlarges.length > 0 && { enlarge: enlargeOf(kind.enlarges, ratedAs) }) }),
            snapshot: {
              offers,
              health: healthOf(step.down),
              quality,
              qualityLevels: levels,
              experience,
              volumes: volumesOf(bought),
              ...plans[step.planned],
              ...(step.corrected !== null && { corrections: correctionOf(step.corrected) }),
              ...(step.ahead && { ahead: new Map([[step.ahead, 2]]) }),
              ...(step.lot !== null && { lots: lotsOf(step.lot) }),
            },
            prices,
            promptComplexity: step.complexity,
            promptClass: step.topic,
            nowUs,
            hardBudget: step.hardBudget,
          }
          const anew = plan(input)
          if (anew.kind === 'plan') served += 1
          expect(plan({ ...input, memo })).toEqual(anew)
        }
      }),
      { numRuns: 100 },
    )
    // That plans were compared, and not refusals only.
    expect(served).toBeGreaterThan(100)
  })

  test('is not used with another book of experience, which may know other things of the same offers', () => {
    const memo = createPlanMemo()
    const scoreBy = (experience: ExperienceBook): unknown => {
      const planned = plan({
        request: requestOf(),
        options: { allowUnsupported: false, bodyMetadata: true },
        policy: policyOf(),
        snapshot: { offers, health: new Map(), quality: new Map(), qualityLevels: new Map(), experience },
        prices,
        promptComplexity: 0.5,
        nowUs: NOW_US,
        hardBudget: false,
        memo,
      })
      return planned.kind === 'plan' && planned.attempts.map(({ allIn }) => allIn?.observations)
    }
    const book = createExperienceBook()
    const none = scoreBy(book)
    for (const offer of offers) learn(book, offer, requestOf(), 'food', 1_000)
    expect(scoreBy(book)).not.toEqual(none)
    expect(scoreBy(createExperienceBook())).toEqual(none)
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

  test('what was remembered of endless sizes is dropped', { timeout: 120_000 }, () => {
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

const levels = new Map([
  ['usual', 1_000],
  ['fine', 1_050],
])

const enlargeOf = (by: readonly string[], ratedAs: string | undefined) => (ratedAs === undefined ? { by } : { by, ratedAs })

function learn(
  experience: ExperienceBook,
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

const correctionOf = (index: number) =>
  new Map([
    [
      (offers[index] as Offer).model,
      { failsAt: 900, rejected: 3, accepted: 0, sinceUs: 0, failsSinceUs: 0, untilUs: NOW_US * 2 },
    ],
  ])

/** Paid in advance, and nearly used up. */
const lotsOf = (index: number): ReadonlyMap<string, readonly Lot[]> => {
  const money = { meter: null, capacity: 1_000_000_000n, remaining: 50_000_000n, paidNanoUsd: 1_000_000_000n }
  const lot: Lot = { id: 'lot', kind: 'prepaidCredits', startsUs: 0, expiresUs: NOW_US * 2, ...money }
  return new Map(names.slice(index).map((name) => [name, [lot]]))
}

const volumesOf = (bought: readonly number[]) =>
  new Map(
    offers.map(({ provider, model }, index) => [
      volumeKey(provider, model.replace('acme/', '')),
      { monthToDate: { 'images.out': wholeUnits(bought[index] ?? 0) } },
    ]),
  )
