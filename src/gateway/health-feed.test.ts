import { describe, expect, test } from 'vitest'
import { createHealthFeed } from './health-feed.ts'

const OFFER = 'acme:acme/painter'
const limited = { code: 'provider_rate_limited', message: '', retryable: true, billed: 'no', retryAfterMs: 0 } as const
const facts = { kind: 'a', ms: 1_000, headers: {} }
let nowUs = 1_000_000
const clock = { nowUs: () => nowUs, monotonicMs: () => nowUs / 1_000, sleep: async () => undefined }

describe('an offer with a rate', () => {
  const feed = () =>
    createHealthFeed(
      clock,
      () => 0.5,
      () => ({ requestsPerMinute: 2 }),
    )

  test('calls that are decided on count before they are dispatched, and not twice', () => {
    const health = feed()
    const release = health.planned(OFFER, 1)
    health.planned(OFFER, 1)
    expect(health.view().get(OFFER)).toMatchObject({ resting: 'rate' })
    release()
    release()
    health.dispatched(OFFER)
    expect(health.view().get(OFFER)).toMatchObject({ resting: 'rate', blockedUntilUs: nowUs + 30_000_000 })
    nowUs += 30_000_001
    expect(health.view().get(OFFER)?.resting).toBeUndefined()
  })
})

describe('an offer that was overloaded', () => {
  test('takes fewer calls at once than when it complained, and says when there is room', () => {
    const health = createHealthFeed(clock, () => 0.5)
    let woken = 0
    health.onRoom(() => {
      woken += 1
    })
    for (let call = 0; call < 10; call++) health.dispatched(OFFER)
    expect(health.view().get(OFFER)?.resting).toBeUndefined()
    health.finished(OFFER, limited, facts)
    expect(health.view().get(OFFER)).toMatchObject({ inFlight: 9, resting: 'concurrency' })
    health.finished(OFFER, undefined, facts)
    expect(health.view().get(OFFER)).toMatchObject({ inFlight: 8 })
    expect(health.view().get(OFFER)?.resting).toBeUndefined()
    expect(woken).toBe(2)
  })

  test('is asked again within the hour, whatever it said and whatever becomes of the clock', () => {
    const health = createHealthFeed(clock, () => 0.5)
    const hour = 3_600_000_000
    nowUs += 2 * hour
    for (const retryAfterMs of [10 * 365 * 86_400_000, Number.POSITIVE_INFINITY]) {
      health.dispatched(OFFER)
      health.finished(OFFER, { ...limited, retryAfterMs })
      expect(health.view().get(OFFER)?.blockedUntilUs).toBe(nowUs + hour)
    }
    nowUs -= 2 * hour
    expect(health.view().get(OFFER)?.blockedUntilUs ?? 0).toBeLessThanOrEqual(nowUs)
  })

  test('its own Retry-After is no limit of ours: nobody waits for it here', () => {
    const health = createHealthFeed(clock, () => 0.5)
    health.dispatched(OFFER)
    health.finished(OFFER, { ...limited, retryAfterMs: 5_000 }, facts)
    const seen = health.view().get(OFFER)
    expect(seen).toMatchObject({ blockedUntilUs: nowUs + 5_000_000 })
    expect(seen?.resting).toBeUndefined()
  })
})
