import { describe, expect, test } from 'vitest'
import { policyOf } from '../../../test/support/routing.ts'
import { promptFeatures } from '../prompt/features.ts'
import { createDifficultyGate, type DifficultyGate, rated } from './difficulty.ts'
import { appliedFloor, drawOf, gateFeaturesOf, withEasyFloor } from './easy-floor.ts'

const plain = 'a red fox in the snow'
const exact = 'exactly three red cubes to the left of two blue balls, no shadows'
const featuresOf = (prompt: string) => gateFeaturesOf(promptFeatures(prompt, { operation: 'generate', inputs: [] }))
const route = policyOf({ floor: 'standard', easyFloor: 'draft' })
const gate = createDifficultyGate()

interface Given {
  readonly prompt?: string
  readonly policy?: Partial<typeof route>
  readonly floor?: string
  readonly group?: string
  readonly operation?: 'generate' | 'edit' | 'upscale'
  readonly gate?: DifficultyGate
}
const applied = ({ prompt = plain, policy, floor, group, operation = 'generate', ...given }: Given) =>
  withEasyFloor(
    { ...route, ...policy },
    {
      request: { operation, attribution: { tags: {}, ...(group !== undefined && { group }) } },
      options: floor === undefined ? {} : { floor },
      features: featuresOf(prompt),
      gate: given.gate ?? gate,
      draw: 0.5,
    },
  )

/** What people say when pictures of such prompts come out wrong under the lower floor. */
const disappointed = Array.from({ length: 200 }).reduce<DifficultyGate>(
  (past) => rated(past, featuresOf(plain), true, false),
  gate,
)

describe('the lower floor', () => {
  test.each<[string, Given, string, boolean | undefined]>([
    ['is for prompts that are taken for easy', {}, 'draft', true],
    ['is not for those that count and compare', { prompt: exact }, 'standard', false],
    ['is not for prompts that were misjudged', { gate: disappointed }, 'standard', false],
    ['is for edits as well', { operation: 'edit' }, 'draft', true],
    ['is not for a request that names its own', { floor: 'draft' }, 'standard', undefined],
    ['is not for groups, whose look has to do for every prompt', { group: 'set' }, 'standard', undefined],
    ['is not for what has no prompt to look at', { operation: 'upscale' }, 'standard', undefined],
  ])('%s', (_rule, given, floor, easy) => {
    const policy = applied(given)
    expect(policy.floor).toBe(floor)
    expect(policy.gated).toEqual(easy === undefined ? undefined : { easy, otherwise: 'standard' })
  })

  test('is nowhere where a route has none', () => {
    const { easyFloor: _none, ...without } = route
    const asked = { request: { operation: 'generate' as const, attribution: { tags: {} } }, options: {}, draw: 0 }
    expect(withEasyFloor(without, { ...asked, features: featuresOf(plain), gate })).toBe(without)
  })
})

const scores = {
  quality: new Map([['acme/fine', 1_050]]),
  qualityLevels: new Map([
    ['draft', 900],
    ['standard', 1_000],
  ]),
}

test.each<[string, Parameters<typeof appliedFloor>[0], string | undefined, ReturnType<typeof appliedFloor>]>([
  ['no floor is none', {}, undefined, undefined],
  ["the route's own", { floor: 'standard' }, undefined, { name: 'standard', because: 'route' }],
  ["a request's own where it is higher", { floor: 'standard' }, 'acme/fine', { name: 'acme/fine', because: 'request' }],
  ["the route's where the request asks for less", { floor: 'standard' }, 'draft', { name: 'standard', because: 'route' }],
  ["a request's where the route has none", {}, 'draft', { name: 'draft', because: 'request' }],
  [
    'that of easy prompts',
    { floor: 'draft', gated: { easy: true, otherwise: 'standard' } },
    undefined,
    { name: 'draft', because: 'easy' },
  ],
  [
    'that of others',
    { floor: 'standard', gated: { easy: false, otherwise: 'standard' } },
    undefined,
    { name: 'standard', because: 'not_easy' },
  ],
])('the floor that holds: %s', (_rule, policy, floor, expected) => {
  expect(appliedFloor(policy, floor === undefined ? {} : { floor }, scores)).toEqual(expected)
})

test('a request is drawn alike whenever it is decided, and requests spread evenly', () => {
  expect(drawOf('0199f1c2-0000-7000-8000-800000000000')).toBe(0.5)
  expect(drawOf('0199f1c2-0000-7000-8000-000000000000')).toBe(0)
  expect(drawOf('0199f1c2-0000-7000-8000-ffffffffffff')).toBeLessThan(1)
  expect(drawOf('not a uuid')).toBe(0.5)
})
