import { describe, expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import { candidateKey } from '../offer.ts'
import type { ImageRequest } from '../request.ts'
import { plan } from './plan.ts'
import type { OfferHealth, Policy, Snapshot } from './types.ts'

const sizes = (...edges: readonly number[]) =>
  ({ kind: 'list', sizes: edges.map((edge) => ({ width: edge, height: edge })) }) as const
const square = (edge: number) => ({ width: edge, height: edge })

const small = offerOf('shop', 'small', { can: { sizes: sizes(512, 1024), qualities: [], maxN: 2, backgrounds: ['opaque'] } })
const large = offerOf('shop', 'large', { can: { sizes: sizes(2048), qualities: [], maxN: 2 } })
const enlarger = offerOf('tools', 'enlarger', {
  can: { operations: ['upscale'], qualities: [], maxN: 1, maxInputs: 1, upscale: { factors: [4, 2], maxPixels: 4096 * 4096 } },
})
const prices = pricesOf({ 'acme/small': { '': '0.02' }, 'acme/large': { '': '0.05' }, 'acme/enlarger': { '': '0.01' } })

interface Asked {
  readonly request?: Partial<ImageRequest>
  readonly policy?: Partial<Policy>
  readonly snapshot?: Partial<Snapshot>
}

const planned = ({ request = {}, policy = {}, snapshot = {} }: Asked) =>
  plan({
    request: requestOf({ size: square(2048), ...request }),
    options: { allowUnsupported: false, bodyMetadata: true },
    policy: policyOf({ filter: { models: ['acme/small', 'acme/large'] }, enlarge: { by: ['acme/enlarger'] }, ...policy }),
    snapshot: { offers: [small, large, enlarger], health: new Map(), quality: new Map(), qualityLevels: new Map(), ...snapshot },
    prices,
    promptComplexity: 0.5,
    nowUs: NOW_US,
    hardBudget: false,
  })

const choices = (asked: Asked): readonly string[] => {
  const made = planned(asked)
  return made.kind === 'none' ? [] : made.attempts.map(({ candidate }) => candidateKey(candidate))
}
const both = ['shop:acme/small~upscaled2', 'shop:acme/large']

describe('an enlarged picture', () => {
  test('is bought from the largest size of its shape, by the least factor that reaches the size, at the price of both', () => {
    const made = planned({ request: { n: 3 } })
    if (made.kind === 'none') throw new Error('nothing planned')
    const [{ candidate, total }] = made.attempts
    expect(candidate.settings.size).toEqual(square(1024))
    expect(candidate.upscaled?.map(({ settings }) => settings.size)).toEqual([square(2048)])
    expect(candidate.finishing).toBeUndefined()
    expect(total).toMatchObject({ calls: 2, expectedNanoUsd: 90_000_000n, maxNanoUsd: 90_000_000n })
  })

  test('beyond what is wanted is made smaller here', () => {
    const made = planned({ request: { size: square(1800) }, policy: { filter: { models: ['acme/small'] } } })
    expect(made.kind === 'plan' && made.attempts[0].candidate.finishing).toEqual([
      { kind: 'resize', size: square(1800), fit: 'fill' },
    ])
  })

  test.each<[string, Asked, readonly string[]]>([
    ['stands beside the offer that makes the size', {}, both],
    ['needs a route that names who enlarges', { policy: { enlarge: undefined } as never }, ['shop:acme/large']],
    ['is of the shape asked for', { request: { size: { width: 2048, height: 1536 } } }, []],
    [
      'is enlarged four times at most',
      { request: { size: square(4096) } },
      ['shop:acme/small~upscaled4', 'shop:acme/large~upscaled2'],
    ],
    [
      'stands behind the same offer where that makes the size for less',
      { request: { size: square(1024) } },
      ['shop:acme/small', 'shop:acme/small~upscaled2'],
    ],
    ['may be an edit too', { request: { operation: 'edit', inputs: [] } }, both],
    ['does not keep transparency', { request: { background: 'transparent' } }, ['shop:acme/large']],
    ['needs a size', { request: { size: undefined } as never }, ['shop:acme/small', 'shop:acme/large']],
    ['is not streamed in parts', { request: { stream: true, partialImages: 1 } }, []],
  ])('%s', (_, asked, expected) => {
    expect(choices(asked)).toEqual(expected)
  })

  test('is no candidate while its enlarger rests', () => {
    const resting: OfferHealth = { state: 'closed', inFlight: 0, blockedUntilUs: NOW_US + 1_000_000 }
    expect(choices({ snapshot: { health: new Map([[enlarger.id, resting]]) } })).toEqual(['shop:acme/large'])
  })
})

describe('a floor', () => {
  const rated = (more: Readonly<Record<string, number>> = {}): Partial<Snapshot> => ({
    quality: new Map(Object.entries({ 'acme/small': 60, 'acme/large': 80, 'acme/middling': 50, 'acme/best': 90, ...more })),
    qualityLevels: new Map([['standard', 55]]),
  })
  const floor = (ratedAs?: string): Partial<Policy> => ({
    floor: 'standard',
    enlarge: { by: ['acme/enlarger'], ...(ratedAs && { ratedAs }) },
  })
  test.each<[string, Asked, readonly string[]]>([
    ['is above a picture that nobody rated', { policy: floor(), snapshot: rated() }, ['shop:acme/large']],
    ['counts what the route takes it for', { policy: floor('acme/middling'), snapshot: rated() }, ['shop:acme/large']],
    ['counts at most its maker', { policy: floor('acme/best'), snapshot: rated() }, both],
    [
      'is not met by a maker that nobody rated',
      { policy: floor('acme/best'), snapshot: rated({ 'acme/small': NaN }) },
      ['shop:acme/large'],
    ],
    ['knows a level as well', { policy: floor('standard'), snapshot: rated() }, both],
    [
      'goes by what was rated of the enlarged picture itself',
      { policy: floor(), snapshot: rated({ 'acme/small~upscaled2': 58 }) },
      both,
    ],
  ])('%s', (_, asked, expected) => {
    expect(choices(asked)).toEqual(expected)
  })
})
