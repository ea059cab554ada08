import { describe, expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import { formatUsd } from '../money.ts'
import type { ImageInput, ImageRequest, RequestOptions } from '../request.ts'
import type { PlanInput } from './plan.ts'
import { relax } from './relax.ts'
import type { Policy, Snapshot } from './types.ts'

// `plain` is cheapest and can do least; `dear` can do everything.
const offers = [
  offerOf('one', 'plain', {
    can: { backgrounds: [], parameters: [], maxInputs: 0, operations: ['generate'], qualities: ['low'], defaultQuality: 'low' },
  }),
  offerOf('two', 'middle', { can: { backgrounds: ['opaque'], parameters: ['seed'] } }),
  offerOf('three', 'dear', { can: { mask: true, parameters: ['seed', 'negativePrompt', 'steps'] } }),
]
const prices = pricesOf({
  'acme/plain': { '': '0.01' },
  'acme/middle': { low: '0.02', medium: '0.03', high: '0.08' },
  'acme/dear': { low: '0.05', medium: '0.10', high: '0.20' },
})

interface Case {
  readonly request?: Partial<ImageRequest>
  readonly options?: Partial<RequestOptions>
  readonly policy?: Partial<Policy>
  readonly snapshot?: Partial<Snapshot>
}

const inputOf = ({ request, options, policy, snapshot }: Case): PlanInput => ({
  request: requestOf(request),
  options: { allowUnsupported: false, bodyMetadata: true, ...options },
  policy: policyOf(policy),
  snapshot: { offers, health: new Map(), quality: new Map(), qualityLevels: new Map(), ...snapshot },
  prices,
  promptComplexity: 0.5,
  nowUs: NOW_US,
  hardBudget: false,
})

/** `$0.1 left 1: background transparent +0.09 of 3` */
function shown(given: Case): string {
  const { cheapestNanoUsd, offersLeft, constraints } = relax(inputOf(given))
  const price = (amount: bigint | null) => (amount === null ? 'none' : formatUsd(amount, 0))
  const each = constraints.map(
    ({ constraint, stated, addsNanoUsd, withoutNanoUsd, offersWithout }) =>
      `${constraint} ${stated} adds ${price(addsNanoUsd)} to ${price(withoutNanoUsd)}, ${offersLeft} of ${offersWithout}`,
  )
  return [`${price(cheapestNanoUsd)}, ${offersLeft} left`, ...each].join('; ')
}

const image: ImageInput = { role: 'image', sha256: '', bytes: 1, mediaType: 'image/png', width: 8, height: 8 }

describe('each constraint is priced by leaving it out', () => {
  test.each<Case & { rule: string; expected: string }>([
    { rule: 'a request that states nothing has no constraints', expected: '0.01, 3 left' },
    {
      rule: 'a background that few offers have',
      request: { background: 'transparent' },
      expected: '0.1, 1 left; background transparent adds 0.09 to 0.01, 1 of 3',
    },
    {
      rule: 'a quality is compared with the cheapest tier there is, not with a default',
      request: { quality: 'high' },
      expected: '0.08, 2 left; quality high adds 0.07 to 0.01, 2 of 3',
    },
    {
      rule: 'two constraints are relaxed one at a time',
      request: { background: 'transparent', quality: 'high' },
      expected: '0.2, 1 left; background transparent adds 0.12 to 0.08, 1 of 2; quality high adds 0.15 to 0.05, 1 of 1',
    },
    {
      rule: 'more images cost more, and leave the offers as they are',
      request: { n: 4 },
      expected: '0.04, 3 left; n 4 adds 0.03 to 0.01, 3 of 3',
    },
    {
      rule: 'seed, steps and negative prompt',
      request: { seed: 7, steps: 20, negativePrompt: 'text' },
      expected:
        '0.1, 1 left; seed 7 adds 0 to 0.1, 1 of 1; negative_prompt text adds 0 to 0.1, 1 of 1; steps 20 adds 0 to 0.1, 1 of 1',
    },
    {
      rule: 'a size nobody makes: without it there is a price, but nothing to subtract it from',
      request: { size: { width: 640, height: 640 } },
      expected: 'none, 0 left; size 640x640 adds none to 0.01, 0 of 3',
    },
    {
      rule: 'a mask, and the edit itself',
      request: { operation: 'edit', inputs: [image, { ...image, role: 'mask' }] },
      expected: '0.1, 1 left; mask one adds 0.07 to 0.03, 1 of 2; inputs edit of an image adds 0.09 to 0.01, 1 of 3',
    },
    {
      rule: 'a named model',
      request: { model: 'acme/dear' },
      policy: { route: 'direct', filter: { offers: ['three:acme/dear'] } },
      expected: '0.1, 1 left; model acme/dear adds 0.09 to 0.01, 1 of 3',
    },
    {
      rule: 'the filters of a route',
      policy: { filter: { models: ['acme/middle', 'acme/dear'], providers: ['three'] } },
      expected:
        '0.1, 1 left; route models acme/middle, acme/dear adds 0 to 0.1, 1 of 1; route providers three adds 0.07 to 0.03, 1 of 2',
    },
    {
      rule: 'the quality of an alias',
      request: { model: 'good' },
      policy: { filter: { quality: 'high' } },
      expected: '0.08, 2 left; quality high (of good) adds 0.07 to 0.01, 2 of 3',
    },
    {
      rule: 'the floor of a route',
      policy: { floor: 'standard' },
      snapshot: { quality: new Map([['acme/middle@high', 1100]]), qualityLevels: new Map([['standard', 1000]]) },
      expected: '0.08, 1 left; route floor standard adds 0.07 to 0.01, 1 of 3',
    },
    {
      rule: 'a max cost, whether of the request or of the route',
      options: { maxCostNanoUsd: 5_000_000n },
      policy: { maxCostNanoUsd: 1_000_000_000n },
      expected: 'none, 0 left; max cost $0.005 adds none to 0.01, 0 of 3',
    },
    {
      rule: 'the models of the key',
      snapshot: { allowedModels: ['acme/dear'] },
      expected: "0.1, 1 left; key's models acme/dear adds 0.09 to 0.01, 1 of 3",
    },
  ])('$rule', ({ rule: _rule, expected, ...given }) => {
    expect(shown(given)).toBe(expected)
  })
})
