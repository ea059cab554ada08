/** Slows down guessing: a few failed sign-ins per address, and per beginning of a key, in a minute. */
import { isIPv6 } from 'node:net'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'

export interface SignInThrottle {
  /** Throws `rate_limit_exceeded` when there were too many failures lately from this address, or with this beginning of a key. */
  check(attempt: SignInAttempt): void
  /** Whether this failure is worth a row of the audit log: a flood of them is not. */
  failed(attempt: SignInAttempt): boolean
}

export interface SignInAttempt {
  readonly address: string
  /** As typed; only its beginning is looked at. */
  readonly key?: string
}

const MAX_FAILURES = 10
/** All addresses together, in the audit log. */
const MAX_RECORDED = 120
const WINDOW_MS = 60_000
const MAX_ENTRIES = 10_000
/** As much of a key as the list of keys shows. */
const PREFIX_LENGTH = 9

interface Count {
  count: number
  sinceMs: number
}

export function createSignInThrottle(clock: Clock): SignInThrottle {
  const failures = new Map<string, Count>()
  const recent = (name: string): Count | undefined => {
    const entry = failures.get(name)
    return entry && clock.monotonicMs() - entry.sinceMs < WINDOW_MS ? entry : undefined
  }
  const add = (name: string): number => {
    const entry = recent(name)
    if (entry) return ++entry.count
    if (failures.size >= MAX_ENTRIES) failures.clear()
    failures.set(name, { count: 1, sinceMs: clock.monotonicMs() })
    return 1
  }
  return {
    check(attempt) {
      for (const [what, name] of subjectsOf(attempt)) {
        const entry = recent(name)
        if (!entry || entry.count < MAX_FAILURES) continue
        const retryAfterMs = WINDOW_MS - (clock.monotonicMs() - entry.sinceMs)
        throw new HalftoneError('rate_limit_exceeded', `Too many failed sign-ins ${what}.`, { retryAfterMs })
      }
    },
    failed(attempt) {
      for (const [, name] of subjectsOf(attempt)) add(name)
      return add('all') <= MAX_RECORDED
    },
  }
}

function* subjectsOf({ address, key }: SignInAttempt): Iterable<readonly [string, string]> {
  yield ['from this address', `address:${networkOf(address)}`]
  if (key !== undefined) yield ['with this key', `key:${key.slice(0, PREFIX_LENGTH)}`]
}

/** Whoever has one IPv6 address has 2^64 of them: the first half counts. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [head = '', tail = ''] = address.split('::')
  const first = head.split(':').filter(Boolean)
  const last = tail.split(':').filter(Boolean)
  const zeros = address.includes('::') ? Array.from({ length: 8 - first.length - last.length }, () => '0') : []
  return [...first, ...zeros, ...last].slice(0, 4).join(':')
}
