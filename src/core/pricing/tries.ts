/** From the ledger's counts to what a quote of a job learns from them. */
import type { NanoUsd } from '../money.ts'
import type { OfferId } from '../offer.ts'
import type { Outcome } from '../outcome.ts'
import type { Tries } from './job.ts'

/** How the attempts of one offer ended with one outcome; the ledger's rows have more on them. */
export interface OutcomeCount {
  readonly offer: OfferId
  readonly outcome: Outcome
  readonly attempts: number
  readonly costNanoUsd: NanoUsd
  readonly durationUs: number
}

/** What is no failed try: the client's own mistake, a call that was turned away at the door, one that the client gave up. */
const notTried: ReadonlySet<Outcome> = new Set(['rejected', 'rate_limited', 'cancelled'])

/** Counts by offer, over all its qualities and sizes. */
export function triesByOffer(counts: readonly OutcomeCount[]): ReadonlyMap<OfferId, Tries> {
  const byOffer = new Map<OfferId, Tries>()
  for (const { offer, outcome, attempts, costNanoUsd, durationUs } of counts) {
    if (notTried.has(outcome)) continue
    const good = outcome === 'succeeded' || outcome === 'partial'
    const known = byOffer.get(offer) ?? { succeeded: 0, failed: 0, succeededNanoUsd: 0n, failedNanoUsd: 0n, durationMs: 0 }
    byOffer.set(offer, {
      succeeded: known.succeeded + (good ? attempts : 0),
      failed: known.failed + (good ? 0 : attempts),
      succeededNanoUsd: known.succeededNanoUsd + (good ? costNanoUsd : 0n),
      failedNanoUsd: known.failedNanoUsd + (good ? 0n : costNanoUsd),
      durationMs: known.durationMs + durationUs / 1_000,
    })
  }
  return byOffer
}
