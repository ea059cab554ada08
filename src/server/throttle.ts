/** Slows down guessing of keys: a few failed sign-ins per address and minute. */
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'

export interface SignInThrottle {
  /** Throws `rate_limit_exceeded` when this address has failed too often lately. */
  check(address: string): void
  failed(address: string): void
}

const MAX_FAILURES = 10
const WINDOW_MS = 60_000
const MAX_ADDRESSES = 10_000

export function createSignInThrottle(clock: Clock): SignInThrottle {
  const failures = new Map<string, { count: number; sinceMs: number }>()
  const recent = (address: string): { count: number; sinceMs: number } | undefined => {
    const entry = failures.get(address)
    return entry && clock.monotonicMs() - entry.sinceMs < WINDOW_MS ? entry : undefined
  }
  return {
    check(address) {
      const entry = recent(address)
      if (!entry || entry.count < MAX_FAILURES) return
      const retryAfterMs = WINDOW_MS - (clock.monotonicMs() - entry.sinceMs)
      throw new HalftoneError('rate_limit_exceeded', 'Too many failed sign-ins from this address.', { retryAfterMs })
    },
    failed(address) {
      const entry = recent(address)
      if (entry) {
        entry.count += 1
        return
      }
      if (failures.size >= MAX_ADDRESSES) failures.clear()
      failures.set(address, { count: 1, sinceMs: clock.monotonicMs() })
    },
  }
}
