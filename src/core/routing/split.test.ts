import { expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, requestOf } from '../../../test/support/routing.ts'
import { compilePriceBooks } from '../pricing/index.ts'
import type { Rate } from '../pricing/price-book.ts'
import { afterAttempt } from './attempts.ts'
import { plan } from './plan.ts'

const source = { url: 'https://prices.example', kind: 'assumption', checkedAt: '2026-11-01' } as const
const everything = {
  success: '1',
  refusedBefore: '0',
  refusedAfter: '1',
  providerError: '0',
  timeout: 'unknown',
  cancelled: 'unknown',
} as const

/** A cent each; of a call with more than one, the further ones at `further`. */
const pricesOf = (further: string) => {
  const rate: Rate = {
    id: 'each',
    meter: 'images.out',
    price: '0.01',
    effectiveFrom: '2026-01-01',
    tiers: {
      mode: 'graduated',
      scope: 'request',
      steps: [
        { from: '0', price: '0.01' },
        { from: '1', price: further },
      ],
    },
  }
  const book = {
    provider: 'acme',
    unit: 'USD',
    source,
    skus: [{ id: 'all', model: 'acme/painter', billedPolicy: everything, rates: [rate] }],
  }
  return compilePriceBooks({ books: [{ book, hash: 'test' }], fx: [] })
}

test.each([
  ['dearer with each picture of a call: one call for each', '0.03', [1, 1, 1], 30_000_000n],
  ['cheaper with each picture of a call: one call for all', '0.005', [3], 20_000_000n],
  ['the same either way: one call for all', '0.01', [3], 30_000_000n],
])('%s', (_, further, expected, cost) => {
  const planned = plan({
    request: requestOf({ n: 3 }),
    options: { allowUnsupported: false, bodyMetadata: true },
    policy: policyOf(),
    snapshot: { offers: [offerOf('one', 'painter')], health: new Map(), quality: new Map(), qualityLevels: new Map() },
    prices: pricesOf(further),
    promptComplexity: 0.5,
    nowUs: NOW_US,
    hardBudget: false,
  })
  if (planned.kind === 'none') throw new Error('nothing planned')
  const step = afterAttempt({ plan: planned, n: 3, records: [], remainingMs: 60_000, random: 0.5 })
  expect(step.kind === 'call' && step.calls.map(({ n }) => n)).toEqual(expected)
  expect(planned.attempts[0].total).toMatchObject({ calls: expected.length, expectedNanoUsd: cost })
})
