/** Health of every offer as seen by this node: breaker, `Retry-After`, attempts in flight, and what its limits allow now. */
import { type RateLimit, type RateState, rateWaitUs, takeRate, untouched } from '../core/limits/bucket.ts'
import { type GradientState, reduceGradient, unlimited } from '../core/limits/gradient.ts'
import { exhaustedUntilUs } from '../core/limits/provider-limits.ts'
import type { OfferId } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { type BreakerState, breakerView, initialBreaker, type OfferHealth, reduceBreaker } from '../core/routing/index.ts'
import type { Clock } from '../ports/clock.ts'

export interface HealthFeed {
  view(): ReadonlyMap<OfferId, OfferHealth>
  /** What `view` leaves out, of an offer that was called since the start. */
  detail(offer: OfferId): OfferDetail | undefined
  /** Keep room for a call that is decided on, until it is dispatched or given up; the answer gives it back, once. */
  planned(offer: OfferId, images: number): () => void
  dispatched(offer: OfferId, images?: number): void
  /** `failure` undefined: it succeeded. */
  finished(offer: OfferId, failure: AttemptFailure | undefined, answer?: AnswerFacts): void
  /** Told whenever a call has ended: there may be room for another. */
  onRoom(listener: () => void): () => void
}

export interface OfferDetail {
  /** Calls at once that it has shown to bear; undefined: no limit was met. */
  readonly limit?: number
  readonly calls: number
  readonly lastError?: { readonly code: string; readonly message: string; readonly atUs: number }
}

export interface AnswerFacts {
  /** What answer times are compared within: model, size, quality. */
  readonly kind: string
  readonly ms: number
  readonly headers: Readonly<Record<string, string>>
}

/** Failures that tell about the offer's health. Refusals, rejected parameters and our own key problems do not. */
const unhealthy: ReadonlySet<string> = new Set([
  'provider_error',
  'provider_unreachable',
  'provider_timeout',
  'provider_invalid_response',
])
/** Those that say that it has too much to do. */
const overloaded: ReadonlySet<string> = new Set(['provider_rate_limited', 'provider_timeout'])
const MAX_MESSAGE = 300
const DEFAULT_RATE_LIMIT_PAUSE_MS = 1_000
/** An offer that is full is looked at again when a call ends; this is for those who only want to know when to come back. */
const FULL_PAUSE_US = 1_000_000
/** Whatever it said of itself, after this time it is asked again. */
const LONGEST_BLOCK_US = 3_600_000_000

interface Entry {
  breaker: BreakerState
  inFlight: number
  blockedUntilUs: number
  rate: RateState
  gradient: GradientState
  /** Calls decided on and not dispatched yet. */
  planned: number
  plannedImages: number
  calls: number
  lastError?: NonNullable<OfferDetail['lastError']>
}

/** `limitOf`: the configured rate of an offer, for this node. */
export function createHealthFeed(
  clock: Clock,
  random: () => number,
  limitOf: (offer: OfferId) => RateLimit | undefined = () => undefined,
): HealthFeed {
  const entries = new Map<OfferId, Entry>()
  const listeners = new Set<() => void>()
  const entryOf = (offer: OfferId): Entry => {
    const known = entries.get(offer)
    if (known) return known
    const created: Entry = {
      breaker: initialBreaker,
      inFlight: 0,
      blockedUntilUs: 0,
      rate: untouched,
      gradient: unlimited,
      planned: 0,
      plannedImages: 0,
      calls: 0,
    }
    entries.set(offer, created)
    return created
  }
  return {
    view() {
      const nowUs = clock.nowUs()
      return new Map([...entries].map(([offer, entry]) => [offer, healthOf(entry, limitOf(offer), nowUs)]))
    },
    detail(offer) {
      const entry = entries.get(offer)
      if (!entry) return undefined
      const { gradient, calls, lastError } = entry
      return {
        calls,
        ...(gradient.limit !== undefined && { limit: Math.floor(gradient.limit) }),
        ...(lastError && { lastError }),
      }
    },
    planned(offer, images) {
      const entry = entryOf(offer)
      entry.planned += 1
      entry.plannedImages += images
      let isGiven = false
      return () => {
        if (isGiven) return
        isGiven = true
        entry.planned -= 1
        entry.plannedImages -= images
      }
    },
    dispatched(offer, images = 1) {
      const entry = entryOf(offer)
      const nowUs = clock.nowUs()
      entry.inFlight += 1
      entry.calls += 1
      entry.breaker = reduceBreaker(entry.breaker, { kind: 'dispatch' }, nowUs, random())
      const limit = limitOf(offer)
      if (limit) entry.rate = takeRate(entry.rate, limit, { requests: 1, images }, nowUs)
    },
    finished(offer, failure, answer) {
      const entry = entryOf(offer)
      const nowUs = clock.nowUs()
      if (failure) entry.lastError = { code: failure.code, message: failure.message.slice(0, MAX_MESSAGE), atUs: nowUs }
      if (failure?.code === 'provider_rate_limited')
        entry.blockedUntilUs = nowUs + Math.min(LONGEST_BLOCK_US, (failure.retryAfterMs ?? DEFAULT_RATE_LIMIT_PAUSE_MS) * 1_000)
      if (answer) {
        entry.blockedUntilUs = Math.max(entry.blockedUntilUs, exhaustedUntilUs(answer.headers, nowUs))
        const isOverloaded = failure !== undefined && overloaded.has(failure.code)
        // A failure that is about something else is often fast, which is no sign of room.
        if (!failure || isOverloaded)
          entry.gradient = reduceGradient(entry.gradient, { ...answer, inFlight: entry.inFlight, overloaded: isOverloaded })
      }
      entry.inFlight -= 1
      const kind = failure && unhealthy.has(failure.code) ? 'failure' : 'success'
      entry.breaker = reduceBreaker(entry.breaker, { kind }, nowUs, random())
      for (const listener of listeners) listener()
    },
    onRoom(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function healthOf(entry: Entry, limit: RateLimit | undefined, nowUs: number): OfferHealth {
  const { breaker, inFlight } = entry
  // More is left only after the clock was set back.
  const blockedUntilUs = entry.blockedUntilUs - nowUs > LONGEST_BLOCK_US ? 0 : entry.blockedUntilUs
  const health = { state: breakerView(breaker, nowUs), inFlight, blockedUntilUs }
  if (blockedUntilUs > nowUs) return health
  const planned = { requests: entry.planned, images: entry.plannedImages }
  const waitUs = limit ? rateWaitUs(entry.rate, limit, { requests: 1, images: 1 }, nowUs, planned) : 0
  if (waitUs > 0) return { ...health, blockedUntilUs: nowUs + waitUs, resting: 'rate' }
  const most = entry.gradient.limit
  const isFull = most !== undefined && inFlight + entry.planned >= Math.floor(most)
  return isFull ? { ...health, blockedUntilUs: nowUs + FULL_PAUSE_US, resting: 'concurrency' } : health
}
