import { expect, test } from 'vitest'
import type { Outcome } from '../outcome.ts'
import { triesByOffer } from './tries.ts'

const row = (offer: string, outcome: Outcome, attempts: number, cost: bigint) => ({
  offer,
  outcome,
  attempts,
  costNanoUsd: cost,
  durationUs: attempts * 2_000,
})

test('good and failed tries add up per offer; what the client did is no failed try', () => {
  const counts = [
    row('a', 'succeeded', 90, 900n),
    row('a', 'partial', 5, 50n),
    row('a', 'refused', 2, 20n),
    row('a', 'unknown', 1, 10n),
    row('a', 'rejected', 50, 0n),
    row('a', 'rate_limited', 50, 0n),
    row('a', 'cancelled', 50, 7n),
    row('b', 'error', 3, 0n),
  ]
  expect(Object.fromEntries(triesByOffer(counts))).toEqual({
    a: { succeeded: 95, failed: 3, succeededNanoUsd: 950n, failedNanoUsd: 30n, durationMs: 196 },
    b: { succeeded: 0, failed: 3, succeededNanoUsd: 0n, failedNanoUsd: 0n, durationMs: 6 },
  })
})
