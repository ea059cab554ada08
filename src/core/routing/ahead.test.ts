import { expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import { createExperienceBook } from './learning/book.ts'
import { noExperience, reduceExperience } from './learning/experience.ts'
import { plan } from './plan.ts'
import type { Policy } from './types.ts'

const prices = pricesOf({ 'acme/flat': { '': '0.04' }, 'acme/tiered': { medium: '0.05' } })
const offers = [offerOf('own', 'flat', { can: { qualities: [] } }), offerOf('cloud', 'tiered')]
/** Both take four seconds, always. */
const seen = Array.from({ length: 50 }).reduce<typeof noExperience>(
  (past) => reduceExperience(past, { kind: 'succeeded', billed: true, latencyMs: 4_000 }),
  noExperience,
)
const experience = createExperienceBook(offers.map(({ id }) => [id, seen]))

function chosen(policy: Partial<Policy>, ahead: readonly (readonly [string, number])[]): string {
  const decided = plan({
    request: requestOf(),
    options: { allowUnsupported: false, bodyMetadata: true },
    policy: policyOf(policy),
    snapshot: { offers, health: new Map(), quality: new Map(), qualityLevels: new Map(), experience, ahead: new Map(ahead) },
    prices,
    promptComplexity: 0.5,
    nowUs: NOW_US,
    hardBudget: false,
  })
  if (decided.kind === 'none') throw new Error(JSON.stringify(decided.eliminated))
  return decided.attempts[0].candidate.offer.provider
}

const hurried = { deadlineMs: 10_000, latenessNanoUsdPerSecond: 50_000_000n }

test.each([
  ['the cheaper one while nothing waits there', hurried, [], 'own'],
  ['the cheaper one while the deadline can be kept', hurried, [['own', 1]], 'own'],
  ['another one where jobs ahead cost more than it does', hurried, [['own', 4]], 'cloud'],
  ['the cheaper one where nobody is in a hurry', {}, [['own', 40]], 'own'],
  ['the one that is free, by latency', { objective: 'latency' as const }, [['own', 2]], 'cloud'],
  ['the one that is free, by latency, whichever it is', { objective: 'latency' as const }, [['cloud', 2]], 'own'],
] as const)('a server with work before it: %s', (_, policy, ahead, provider) => {
  expect(chosen(policy, ahead)).toBe(provider)
})
