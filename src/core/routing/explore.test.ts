import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import { candidateKey } from '../offer.ts'
import { explore } from './explore.ts'
import { createExperienceBook } from './learning/book.ts'
import { noExperience } from './learning/experience.ts'
import { plan } from './plan.ts'
import type { Policy } from './types.ts'

const offers = [offerOf('one', 'a'), offerOf('two', 'b'), offerOf('three', 'c')]
const prices = pricesOf({ 'acme/a': { '': '0.01' }, 'acme/b': { '': '0.02' }, 'acme/c': { '': '0.05' } })
const ids = ['one:acme/a', 'two:acme/b', 'three:acme/c'] as const
const CENT = 10_000_000n

function planOf(attempts: readonly number[], policy: Partial<Policy> = {}) {
  const experience = createExperienceBook(
    ids.map((id, index) => [id, { ...noExperience, weight: attempts[index] ?? 0, succeeded: attempts[index] ?? 0 }]),
  )
  const planned = plan({
    request: requestOf({}),
    options: { allowUnsupported: false, bodyMetadata: true },
    policy: policyOf({ explore: { share: 0.1, maxExtraNanoUsdPerDay: CENT }, ...policy }),
    snapshot: { offers, health: new Map(), quality: new Map(), qualityLevels: new Map(), experience },
    prices,
    promptComplexity: 0.5,
    nowUs: NOW_US,
    hardBudget: false,
  })
  if (planned.kind === 'none') throw new Error('nothing planned')
  return planned
}

test.each<[string, { seen: number[]; random?: number; left?: bigint; policy?: Partial<Policy> }, string | undefined]>([
  ['the least known offer is tried', { seen: [100, 50, 2] }, 'three:acme/c'],
  ['of two equally unknown the cheaper one', { seen: [100, 0, 0] }, 'two:acme/b'],
  ['beyond the share nothing is tried', { seen: [100, 50, 2], random: 0.1 }, undefined],
  ['what the day has no room for is passed over', { seen: [100, 50, 2], left: CENT }, 'two:acme/b'],
  ['with nothing left nothing dearer is tried', { seen: [100, 50, 2], left: CENT - 1n }, undefined],
  ['a first choice that is the least known itself needs no exploring', { seen: [0, 50, 20] }, undefined],
  ['a route that does not say so never explores', { seen: [100, 0, 0], policy: { explore: undefined as never } }, undefined],
  ['a route without fallbacks has nothing else to try', { seen: [100, 0, 0], policy: { fallback: false } }, undefined],
])('%s', (_, { seen, random = 0.05, left = 100n * CENT, policy }, expected) => {
  const found = explore(planOf(seen, policy), { random, leftNanoUsd: left })
  expect(found?.explored.offer).toBe(expected)
})

test('what it costs more is the difference of the expected prices, and never below nothing', () => {
  const found = explore(planOf([100, 50, 2]), { random: 0, leftNanoUsd: 100n * CENT })
  expect(found?.explored).toMatchObject({ insteadOf: 'one:acme/a#medium', extraNanoUsd: 4n * CENT })
})

test('whatever is drawn: candidates are only put in another order, the sum holds, and the same draw chooses the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 3, maxLength: 3 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.bigInt({ min: -CENT, max: 10n * CENT }),
      (seen, random, leftNanoUsd) => {
        const planned = planOf(seen)
        const found = explore(planned, { random, leftNanoUsd })
        expect(explore(planned, { random, leftNanoUsd })).toEqual(found)
        if (!found) return
        const keys = (of: typeof planned): string[] => of.attempts.map(({ candidate }) => candidateKey(candidate))
        expect(keys(found.plan).toSorted()).toEqual(keys(planned).toSorted())
        expect(keys(found.plan).slice(1)).toEqual(keys(planned).filter((key) => key !== keys(found.plan)[0]))
        expect(found.explored.extraNanoUsd).toBeGreaterThanOrEqual(0n)
        expect(found.explored.extraNanoUsd <= leftNanoUsd || leftNanoUsd < 0n).toBe(true)
        expect(random).toBeLessThan(0.1)
      },
    ),
  )
})
