/** Health of the offers under a virtual clock, by the product's breaker; the rules are those of the gateway's feed. */
import type { AttemptFailure } from '../outcome.ts'
import { type BreakerState, breakerView, initialBreaker, type OfferHealth, reduceBreaker } from '../routing/index.ts'

export interface Health {
  /** Changes whenever the view does. */
  version(nowUs: number): number
  view(nowUs: number): ReadonlyMap<string, OfferHealth>
  dispatched(offer: string, nowUs: number): void
  finished(offer: string, failure: AttemptFailure | undefined, nowUs: number): void
}

const UNHEALTHY: ReadonlySet<string> = new Set([
  'provider_error',
  'provider_unreachable',
  'provider_timeout',
  'provider_invalid_response',
])

interface Entry {
  breaker: BreakerState
  blockedUntilUs: number
}

export function createHealth(random: () => number): Health {
  const entries = new Map<string, Entry>()
  let version = 0
  let nextChangeUs = Number.POSITIVE_INFINITY
  const entryOf = (offer: string): Entry => {
    const known = entries.get(offer)
    if (known) return known
    const created: Entry = { breaker: initialBreaker, blockedUntilUs: 0 }
    entries.set(offer, created)
    return created
  }
  const change = (entry: Entry, breaker: BreakerState, nowUs: number): void => {
    const before = breakerView(entry.breaker, nowUs)
    entry.breaker = breaker
    if (breakerView(breaker, nowUs) !== before) version += 1
    if (breaker.kind === 'open') nextChangeUs = Math.min(nextChangeUs, breaker.untilUs)
  }
  return {
    version(nowUs) {
      if (nowUs < nextChangeUs) return version
      version += 1
      const later = [...entries.values()]
        .flatMap(({ breaker, blockedUntilUs }) => [blockedUntilUs, breaker.kind === 'open' ? breaker.untilUs : 0])
        .filter((atUs) => atUs > nowUs)
      nextChangeUs = Math.min(Number.POSITIVE_INFINITY, ...later)
      return version
    },
    view: (nowUs) =>
      new Map(
        [...entries].map(([offer, { breaker, blockedUntilUs }]) => [
          offer,
          { state: breakerView(breaker, nowUs), inFlight: 0, blockedUntilUs },
        ]),
      ),
    dispatched(offer, nowUs) {
      const entry = entryOf(offer)
      change(entry, reduceBreaker(entry.breaker, { kind: 'dispatch' }, nowUs, random()), nowUs)
    },
    finished(offer, failure, nowUs) {
      const entry = entryOf(offer)
      if (failure?.code === 'provider_rate_limited') {
        entry.blockedUntilUs = nowUs + (failure.retryAfterMs ?? 1_000) * 1_000
        nextChangeUs = Math.min(nextChangeUs, entry.blockedUntilUs)
        version += 1
      }
      const kind = failure && UNHEALTHY.has(failure.code) ? 'failure' : 'success'
      change(entry, reduceBreaker(entry.breaker, { kind }, nowUs, random()), nowUs)
    },
  }
}
