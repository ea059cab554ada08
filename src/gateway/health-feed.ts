/** Health of every offer as seen by this node: breaker, `Retry-After`, attempts in flight. */

import type { OfferId } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { type BreakerState, breakerView, initialBreaker, type OfferHealth, reduceBreaker } from '../core/routing/index.ts'
import type { Clock } from '../ports/clock.ts'

export interface HealthFeed {
  view(): ReadonlyMap<OfferId, OfferHealth>
  dispatched(offer: OfferId): void
  /** `failure` undefined: it succeeded. */
  finished(offer: OfferId, failure: AttemptFailure | undefined): void
}

/** Failures that tell about the offer's health. Refusals, rejected parameters and our own key problems do not. */
const unhealthy: ReadonlySet<string> = new Set([
  'provider_error',
  'provider_unreachable',
  'provider_timeout',
  'provider_invalid_response',
])
const DEFAULT_RATE_LIMIT_PAUSE_MS = 1_000

interface Entry {
  breaker: BreakerState
  inFlight: number
  blockedUntilUs: number
}

export function createHealthFeed(clock: Clock, random: () => number): HealthFeed {
  const entries = new Map<OfferId, Entry>()
  const entryOf = (offer: OfferId): Entry => {
    const known = entries.get(offer)
    if (known) return known
    const created: Entry = { breaker: initialBreaker, inFlight: 0, blockedUntilUs: 0 }
    entries.set(offer, created)
    return created
  }
  return {
    view() {
      const nowUs = clock.nowUs()
      return new Map(
        [...entries].map(([offer, { breaker, inFlight, blockedUntilUs }]) => [
          offer,
          { state: breakerView(breaker, nowUs), inFlight, blockedUntilUs },
        ]),
      )
    },
    dispatched(offer) {
      const entry = entryOf(offer)
      entry.inFlight += 1
      entry.breaker = reduceBreaker(entry.breaker, { kind: 'dispatch' }, clock.nowUs(), random())
    },
    finished(offer, failure) {
      const entry = entryOf(offer)
      const nowUs = clock.nowUs()
      entry.inFlight -= 1
      if (failure?.code === 'provider_rate_limited')
        entry.blockedUntilUs = nowUs + (failure.retryAfterMs ?? DEFAULT_RATE_LIMIT_PAUSE_MS) * 1_000
      const kind = failure && unhealthy.has(failure.code) ? 'failure' : 'success'
      entry.breaker = reduceBreaker(entry.breaker, { kind }, nowUs, random())
    },
  }
}
