import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import type { Offer } from '../offer.ts'
import type { ImageRequest, RequestOptions } from '../request.ts'
import { plan } from './plan.ts'
import type { OfferHealth, Policy } from './types.ts'

const prices = pricesOf({
  'acme/flat': { '': '0.04' },
  'acme/flat+batch': { '': '0.02' },
  'acme/flat+flex': { '': '0.02' },
  'acme/tiered': { low: '0.01', medium: '0.05', high: '0.20' },
  'acme/mid': { '': '0.045' },
  'sandbox/flat': { '': '0.001' },
})

interface Given {
  offers: readonly Offer[]
  request?: Partial<ImageRequest>
  options?: Partial<RequestOptions>
  policy?: Partial<Policy>
  health?: Record<string, Partial<OfferHealth>>
  quality?: Record<string, number>
  allowedModels?: string[]
  hardBudget?: boolean
}

function planned({ offers, request, options, policy, health = {}, quality = {}, allowedModels, hardBudget = false }: Given) {
  const resting: OfferHealth = { state: 'closed', inFlight: 0, blockedUntilUs: 0 }
  return plan({
    request: requestOf(request),
    options: { allowUnsupported: false, bodyMetadata: true, ...options },
    policy: policyOf(policy),
    snapshot: {
      offers,
      health: new Map(Object.entries(health).map(([id, state]) => [id, { ...resting, ...state }])),
      quality: new Map(Object.entries(quality)),
      qualityLevels: new Map([['standard', 1000]]),
      ...(allowedModels && { allowedModels }),
    },
    prices,
    promptComplexity: 0.5,
    nowUs: NOW_US,
    hardBudget,
  })
}

/** `offer#quality`, best first, or the reasons of all eliminations. */
function shown(given: Given): string[] {
  const decision = planned(given)
  if (decision.kind === 'none') return decision.eliminated.map(({ reason }) => `no: ${reason}`)
  return decision.attempts.map(({ candidate }) =>
    [candidate.offer.provider, candidate.settings.quality].filter(Boolean).join('#'),
  )
}

const flat = offerOf('flat', 'flat', { can: { qualities: [] } })
const mid = offerOf('mid', 'mid', { can: { qualities: [] } })
const tiered = offerOf('tiered', 'tiered')
const table: { rule: string; given: Given; expected: string[] }[] = [
  { rule: 'the cheapest comes first', given: { offers: [tiered, mid, flat] }, expected: ['flat', 'mid', 'tiered#medium'] },
  {
    rule: 'a stated quality leaves out offers without that setting',
    given: { offers: [tiered, flat], request: { quality: 'low' } },
    expected: ['tiered#low'],
  },
  {
    rule: 'an alias may force the quality',
    given: { offers: [tiered], policy: { filter: { offers: ['tiered:acme/tiered'], quality: 'high' } } },
    expected: ['tiered#high'],
  },
  {
    rule: 'with a floor every quality is a candidate of its own, and unrated ones are none',
    given: {
      offers: [tiered, flat],
      policy: { floor: 'standard' },
      quality: { 'acme/tiered@medium': 1000, 'acme/tiered@high': 1100, 'acme/tiered@low': 900 },
    },
    expected: ['tiered#medium', 'tiered#high'],
  },
  {
    rule: 'a model without quality tiers is rated as a whole',
    given: { offers: [tiered, flat], policy: { floor: 'standard' }, quality: { 'acme/flat': 1100 } },
    expected: ['flat'],
  },
  {
    rule: 'an enlarged picture is not as good as one that was made so large: unrated, it is below every floor',
    given: {
      offers: [tiered, flat],
      request: { size: { width: 2048, height: 2048 } },
      options: { upscale: 'local' },
      policy: { floor: 'standard' },
      quality: { 'acme/flat': 1100, 'acme/tiered@high~up2': 1050 },
    },
    expected: ['tiered#high'],
  },
  {
    rule: 'a quote weighs every quality tier where none is stated',
    given: { offers: [tiered, flat], policy: { everyQuality: true } },
    expected: ['tiered#low', 'flat', 'tiered#medium', 'tiered#high'],
  },
  {
    rule: 'a floor may name a model and quality',
    given: {
      offers: [tiered],
      policy: { floor: 'acme/other@high' },
      quality: { 'acme/other@high': 1050, 'acme/tiered@high': 1100, 'acme/tiered@medium': 1040 },
    },
    expected: ['tiered#high'],
  },
  {
    rule: 'sandbox offers are never chosen beside real ones',
    given: { offers: [offerOf('sandbox', 'sandbox/flat', { sandbox: true, can: { qualities: [] } }), mid] },
    expected: ['mid'],
  },
  {
    rule: 'alone, the sandbox serves, floor or not',
    given: {
      offers: [offerOf('sandbox', 'sandbox/flat', { sandbox: true, can: { qualities: [] } })],
      policy: { floor: 'standard' },
    },
    expected: ['sandbox'],
  },
  {
    rule: 'a sandbox offer that is named serves beside real ones',
    given: {
      offers: [offerOf('sandbox', 'sandbox/flat', { sandbox: true, can: { qualities: [] } }), mid],
      policy: { filter: { offers: ['sandbox:sandbox/flat'] } },
    },
    expected: ['sandbox'],
  },
  {
    rule: 'unpriced is never zero: it is not eligible',
    given: { offers: [offerOf('x', 'unknown')] },
    expected: ['no: unpriced'],
  },
  ...(['batch', 'flex'] as const).flatMap((tier) => {
    const slow = offerOf('b', 'flat', { tier, id: `b:acme/flat+${tier}`, can: { qualities: [] } })
    return [
      { rule: `${tier} lanes wait for their name`, given: { offers: [slow, mid] }, expected: ['mid'] },
      {
        rule: `the name of a model means its prompt offers, not its ${tier} lane`,
        given: { offers: [slow, mid], policy: { filter: { offers: [slow.id, mid.id] } } },
        expected: ['mid'],
      },
      {
        rule: `a ${tier} lane is taken by its own name`,
        given: { offers: [slow, mid], policy: { filter: { offers: [slow.id] } } },
        expected: ['b'],
      },
      {
        rule: `a route takes a ${tier} lane that it lists`,
        given: { offers: [slow, mid], policy: { filter: { models: [slow.id, 'acme/mid'] } } },
        expected: ['b', 'mid'],
      },
      {
        rule: `a route that lists the model does not mean its ${tier} lane`,
        given: { offers: [slow, mid], policy: { filter: { models: ['acme/flat', 'acme/mid'] } } },
        expected: ['mid'],
      },
    ]
  }),
  {
    rule: 'assumed wire formats wait for their name',
    given: { offers: [offerOf('b', 'flat', { assumed: true, can: { qualities: [] } }), mid] },
    expected: ['mid'],
  },
  {
    rule: 'retired offers are gone',
    given: { offers: [offerOf('b', 'flat', { retiredAt: '2026-11-22' })] },
    expected: ['no: retired'],
  },
  {
    rule: 'an open breaker passes to the next',
    given: { offers: [flat, mid], health: { 'flat:acme/flat': { state: 'open' } } },
    expected: ['mid'],
  },
  {
    rule: 'with every breaker open the offers are asked all the same',
    given: { offers: [flat, mid], health: { 'flat:acme/flat': { state: 'open' }, 'mid:acme/mid': { state: 'open' } } },
    expected: ['flat', 'mid'],
  },
  {
    rule: 'Retry-After holds even when nothing else is left',
    given: { offers: [flat], health: { 'flat:acme/flat': { blockedUntilUs: NOW_US + 1 } } },
    expected: ['no: unhealthy'],
  },
  {
    rule: 'Retry-After is respected',
    given: { offers: [flat, mid], health: { 'flat:acme/flat': { blockedUntilUs: NOW_US + 1 } } },
    expected: ['mid'],
  },
  {
    rule: 'Retry-After that has passed is forgotten',
    given: { offers: [flat, mid], health: { 'flat:acme/flat': { blockedUntilUs: NOW_US - 1 } } },
    expected: ['flat', 'mid'],
  },
  { rule: "the key's list of models holds", given: { offers: [flat, mid], allowedModels: ['acme/mid'] }, expected: ['mid'] },
  {
    rule: 'max cost is of the whole request',
    given: { offers: [flat, mid], request: { n: 2 }, options: { maxCostNanoUsd: 85_000_000n } },
    expected: ['flat'],
  },
  {
    rule: 'max cost counts every call of a split',
    given: { offers: [flat], request: { n: 6 }, options: { maxCostNanoUsd: 239_000_000n } },
    expected: ['no: max_cost'],
  },
  {
    rule: 'a size that is not made eliminates',
    given: { offers: [flat], request: { size: { width: 512, height: 512 } } },
    expected: ['no: size'],
  },
  {
    rule: 'a mask needs an offer that takes one',
    given: {
      offers: [flat],
      request: {
        operation: 'edit',
        inputs: [
          { role: 'image', sha256: 'a', bytes: 1, mediaType: 'image/png', width: 1, height: 1 },
          { role: 'mask', sha256: 'b', bytes: 1, mediaType: 'image/png', width: 1, height: 1 },
        ],
      },
    },
    expected: ['no: mask'],
  },
  { rule: 'an unsupported parameter eliminates', given: { offers: [flat], request: { steps: 20 } }, expected: ['no: parameter'] },
  {
    rule: 'an unsupported parameter is left out with leave',
    given: { offers: [flat], request: { steps: 20 }, options: { allowUnsupported: true } },
    expected: ['flat'],
  },
  {
    rule: 'a prompt that is too long is never cut',
    given: { offers: [flat], request: { prompt: 'x'.repeat(101) }, options: { allowUnsupported: true } },
    expected: ['no: prompt_length'],
  },
  {
    rule: 'jpeg cannot be transparent',
    given: { offers: [flat], request: { background: 'transparent', outputFormat: 'jpeg' } },
    expected: ['no: background'],
  },
  { rule: 'fallback off keeps only the first', given: { offers: [flat, mid], policy: { fallback: false } }, expected: ['flat'] },
]

test.each(table)('$rule', ({ given, expected }) => {
  expect(shown(given)).toEqual(expected)
})

test('a dropped parameter is a warning that names it', () => {
  const decision = planned({ offers: [flat], request: { steps: 20 }, options: { allowUnsupported: true } })
  expect(decision).toMatchObject({ kind: 'plan', warnings: [{ code: 'parameter_dropped', param: 'steps' }] })
})

test('a split request is priced for exactly its images', () => {
  const decision = planned({ offers: [flat], request: { n: 6 } })
  expect(decision).toMatchObject({ attempts: [{ total: { calls: 2, expectedNanoUsd: 240_000_000n, maxNanoUsd: 240_000_000n } }] })
})

describe('plan is a function of its input', () => {
  test('the order of offers changes nothing', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([flat, mid, tiered], { minLength: 3 }), (offers) => {
        expect(shown({ offers })).toEqual(['flat', 'mid', 'tiered#medium'])
      }),
    )
  })
})
