import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import type { Offer } from '../offer.ts'
import {
  type Fact,
  type FactRequirement,
  factProblem,
  factSourceKinds,
  licences,
  type OfferFacts,
  trainingUses,
  watermarks,
} from '../offer-facts.ts'
import { plan } from './plan.ts'
import { relax } from './relax.ts'
import type { Policy } from './types.ts'

const prices = pricesOf({ 'acme/flat': { '': '0.04' } })
const withFacts = (provider: string, facts: OfferFacts): Offer => ({
  ...offerOf(provider, 'flat', { can: { qualities: [] } }),
  facts,
})
const inputOf = (offers: readonly Offer[], route: FactRequirement | undefined, own: FactRequirement | undefined) => ({
  request: requestOf(),
  options: { allowUnsupported: false, bodyMetadata: true, ...(own && { require: own }) },
  policy: policyOf({ fallback: true, ...(route && { require: route }) } as Partial<Policy>),
  snapshot: { offers, health: new Map(), quality: new Map(), qualityLevels: new Map() },
  prices,
  promptComplexity: 0.5,
  nowUs: NOW_US,
  hardBudget: false,
})
const as = <Value>(value: Value): Fact<Value> => ({
  value,
  source: { kind: 'official', url: 'https://example.com', checkedAt: '2026-11-22' },
})

describe('a plan under a requirement', () => {
  const offers = [
    withFacts('keeps', { retention: as(30), region: as(['eu']) }),
    withFacts('silent', {}),
    withFacts('strict', { retention: as(0), region: as(['eu']) }),
  ]

  test.each(['route', 'request'] as const)(
    'of the %s holds only offers known to meet it, and says why the others are not',
    (side) => {
      const required: FactRequirement = { region: ['eu'], retentionDays: 0 }
      const made = plan(side === 'route' ? inputOf(offers, required, undefined) : inputOf(offers, undefined, required))
      expect(made.kind === 'plan' && made.attempts.map(({ candidate }) => candidate.offer.provider)).toEqual(['strict'])
      expect(made.eliminated.map(({ reason, detail }) => [reason, detail])).toEqual([
        ['retention', 'retention: 30 days'],
        ['region', 'region unknown'],
      ])
    },
  )

  test('has none where route and request exclude each other', () => {
    expect(plan(inputOf(offers, { region: ['eu'] }, { region: ['us'] })).kind).toBe('none')
  })

  test('a quote tells what the requirement costs', () => {
    const { constraints, offersLeft } = relax(inputOf(offers, { retentionDays: 0 }, { region: ['eu'] }))
    expect(offersLeft).toBe(1)
    expect(constraints).toMatchObject([
      { constraint: 'require', stated: 'region eu, retention at most 0 days', offersWithout: 3 },
    ])
  })
})

const fact = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Fact<Value> | undefined> =>
  fc.option(
    fc.record({
      value,
      source: fc.record({
        kind: fc.constantFrom(...factSourceKinds),
        url: fc.constant('https://example.com'),
        checkedAt: fc.constant('2026-11-22'),
      }),
    }),
    { nil: undefined },
  )
const regions = fc.uniqueArray(fc.constantFrom('eu', 'us', 'global', 'self'), { maxLength: 3 })
const factsArbitrary = fc.record({
  region: fact(regions),
  retention: fact(fc.oneof(fc.constantFrom(0, 1, 30), fc.constant('self' as const))),
  training: fact(fc.constantFrom(...trainingUses)),
  licence: fact(fc.constantFrom(...licences)),
  watermark: fact(fc.constantFrom(...watermarks)),
})
const wishes = {
  region: regions,
  retentionDays: fc.constantFrom(0, 7, 30),
  training: fc.constantFrom('no' as const, 'opt-out' as const),
  licence: fc.constantFrom('commercial' as const, 'conditions' as const),
  watermark: fc.constantFrom('none' as const, 'invisible' as const),
}
const { region, retentionDays, training, licence, watermark } = wishes
/** One fact, or any of them: several at once are seldom met. */
const requirement: fc.Arbitrary<FactRequirement> = fc.oneof(
  fc.record({ region }),
  fc.record({ retentionDays }),
  fc.record({ training }),
  fc.record({ licence }),
  fc.record({ watermark }),
  fc.record(wishes, { requiredKeys: [] }),
)

test('no plan ever holds an offer whose required fact is unknown, assumed or otherwise, and none is left out that meets all', () => {
  let chosen = 0
  let left = 0
  fc.assert(
    fc.property(fc.array(factsArbitrary, { minLength: 1, maxLength: 6 }), requirement, requirement, (known, route, own) => {
      // What is undefined is absent, as in the files.
      const offers = known.map((facts, index) =>
        withFacts(
          `p${index}`,
          Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as OfferFacts,
        ),
      )
      const made = plan(inputOf(offers, route, own))
      const serving = made.kind === 'plan' ? made.attempts.map(({ candidate }) => candidate.offer.id) : []
      const meeting = offers.filter(({ facts }) => !factProblem(facts, route) && !factProblem(facts, own)).map(({ id }) => id)
      expect([...serving].sort()).toEqual([...meeting].sort())
      for (const offer of offers.filter(({ id }) => serving.includes(id))) {
        for (const name of ['region', 'retention', 'training', 'licence', 'watermark'] as const) {
          const asked = name === 'retention' ? 'retentionDays' : name
          if (route[asked] === undefined && own[asked] === undefined) continue
          expect(offer.facts?.[name]?.source.kind ?? 'assumed').not.toBe('assumed')
        }
      }
      chosen += serving.length
      left += offers.length - serving.length
    }),
    { numRuns: 500 },
  )
  expect(Math.min(chosen, left)).toBeGreaterThan(50)
})
