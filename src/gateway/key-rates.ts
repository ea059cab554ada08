/** How many requests and images a key may ask for per minute, on this node. */
import { HalftoneError } from '../core/error.ts'
import { type RateLimit, type RateState, rateWaitUs, takeRate, untouched } from '../core/limits/bucket.ts'
import type { Clock } from '../ports/clock.ts'

export interface KeyRates {
  /** Throws `rate_limit_exceeded` with the time to wait. */
  take(keyId: string, limit: RateLimit | undefined, images: number): void
}

/** Keys that are full again need no memory. */
const MOST_KEYS = 10_000

export function createKeyRates(clock: Pick<Clock, 'nowUs'>): KeyRates {
  const states = new Map<string, RateState>()
  return {
    take(keyId, limit, images) {
      if (!limit) return
      const nowUs = clock.nowUs()
      const state = states.get(keyId) ?? untouched
      const use = { requests: 1, images }
      const waitUs = rateWaitUs(state, limit, use, nowUs)
      if (waitUs > 0) throw tooFast(limit, waitUs)
      states.delete(keyId)
      states.set(keyId, takeRate(state, limit, use, nowUs))
      const [oldest] = states.keys()
      if (states.size > MOST_KEYS && oldest !== undefined) states.delete(oldest)
    },
  }
}

function tooFast({ requestsPerMinute, imagesPerMinute }: RateLimit, waitUs: number): HalftoneError {
  const limits = [
    ...(requestsPerMinute === undefined ? [] : [`${requestsPerMinute} requests`]),
    ...(imagesPerMinute === undefined ? [] : [`${imagesPerMinute} images`]),
  ]
  return new HalftoneError('rate_limit_exceeded', `This key may ask for ${limits.join(' and ')} per minute.`, {
    retryAfterMs: Math.ceil(waitUs / 1_000),
  })
}
