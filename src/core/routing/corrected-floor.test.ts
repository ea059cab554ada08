/** Floors and what was said about pictures: who is out, by which words, and what a floor itself is taken for. */
import { expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import type { Correction } from './learning/corrections.ts'
import { type PlanInput, plan } from './plan.ts'
import { createPlanMemo } from './plan-memo.ts'

const cheap = offerOf('cheap', 'flat', { can: { qualities: [] } })
const dear = offerOf('dear', 'fine', { can: { qualities: [] } })
const tiered = offerOf('tiered', 'tiered')
const painter = offerOf('sandbox', 'painter', { sandbox: true, can: { qualities: [] } })
const prices = pricesOf({
  'acme/flat': { '': '0.01' },
  'acme/fine': { '': '0.05' },
  'acme/tiered': { low: '0.02', medium: '0.03', high: '0.04' },
  'acme/painter': { '': '0.001' },
})
const correction: Correction = {
  failsAt: 1_000,
  rejected: 3,
  accepted: 0,
  sinceUs: NOW_US - 86_400_000_000,
  failsSinceUs: 0,
  untilUs: NOW_US + 86_400_000_000,
}
const offers = [cheap, dear]
const quality = new Map([
  ['acme/flat', 1_010],
  ['acme/fine', 1_100],
  ['acme/tiered@low', 1_020],
  ['acme/tiered@medium', 1_030],
  ['acme/tiered@high', 1_040],
])
const qualityLevels = new Map([
  ['easy', 900],
  ['usual', 1_000],
])
/** The same objects each time: plans are remembered by them. */
const inputOf = (changes: Partial<PlanInput['snapshot']> = {}, floor = 'usual'): PlanInput => ({
  request: requestOf(),
  options: { allowUnsupported: false, bodyMetadata: true },
  policy: policyOf({ floor }),
  snapshot: {
    offers,
    health: new Map(),
    quality,
    qualityLevels,
    ...changes,
  },
  prices,
  promptComplexity: 0.5,
  nowUs: NOW_US,
  hardBudget: false,
})
const chosen = (input: PlanInput) => {
  const made = plan(input)
  return made.kind === 'plan'
    ? made.attempts.map(
        ({ candidate: { offer, settings } }) => `${offer.provider}${settings.quality ? `#${settings.quality}` : ''}`,
      )
    : []
}
const against = (name: string) => new Map([[name, correction]])

test('what is rejected too often under a floor does not meet it, and the reason says so', () => {
  expect(chosen(inputOf())).toEqual(['cheap', 'dear'])
  const made = plan(inputOf({ corrections: against('acme/flat') }))
  expect(made).toMatchObject({
    kind: 'plan',
    attempts: [{ candidate: { offer: { id: dear.id } } }],
    eliminated: [
      {
        offer: cheap.id,
        reason: 'floor',
        detail: 'rejected 3 times since 2026-11-21 under this floor, which counts until 2026-11-23; the route asks for usual',
      },
    ],
  })
})

test('a lower floor is still met', () => {
  expect(chosen(inputOf({ corrections: against('acme/flat') }, 'easy'))).toEqual(['cheap', 'dear'])
})

test('another quality of the same model is another product', () => {
  const asked = chosen(inputOf({ offers: [tiered], corrections: against('acme/tiered@low') }))
  expect(asked).toEqual(['tiered#medium', 'tiered#high'])
})

test('a floor that names a model stays what the public says of it, and the model itself may fail it', () => {
  expect(chosen(inputOf({ corrections: against('acme/flat') }, 'acme/flat'))).toEqual(['dear'])
})

test('nobody rates the sandbox, which passes every floor until its pictures are rejected', () => {
  expect(chosen(inputOf({ offers: [painter] }))).toEqual(['sandbox'])
  expect(chosen(inputOf({ offers: [painter], corrections: against('acme/painter') }))).toEqual([])
})

test('a plan that is remembered changes with what is said', () => {
  const memo = createPlanMemo()
  expect(chosen({ ...inputOf(), memo })).toEqual(['cheap', 'dear'])
  expect(chosen({ ...inputOf({ corrections: against('acme/flat') }), memo })).toEqual(['dear'])
  expect(chosen({ ...inputOf(), memo })).toEqual(['cheap', 'dear'])
})
