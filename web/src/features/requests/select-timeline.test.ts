import { describe, expect, it } from 'vitest'
import type { AttemptWire } from '../../../../src/contract/records.ts'
import { callText, moneyText, selectTimeline } from './select-timeline.ts'

const at = (sequence: number, created: string, change: Partial<AttemptWire> = {}) =>
  ({ sequence, created_at: created, settled_at: created, duration_ms: 1000, ...change }) as AttemptWire

describe('the attempts timeline', () => {
  it('attempts share one axis, in the order they started', () => {
    const { bars, spanMs } = selectTimeline([at(2, '2026-11-22T00:00:03Z'), at(1, '2026-11-22T00:00:00Z')], 0)
    expect(spanMs).toBe(4000)
    expect(bars.map((bar) => [bar.attempt.sequence, bar.start, bar.width])).toEqual([
      [1, 0, 250],
      [2, 750, 250],
    ])
  })

  it('a very short attempt is still visible and stays on the axis', () => {
    const { bars } = selectTimeline(
      [at(1, '2026-11-22T00:00:00Z', { duration_ms: 100_000 }), at(2, '2026-11-22T00:01:40Z', { duration_ms: 0 })],
      0,
    )
    expect(bars[1]).toMatchObject({ width: 8, start: 992 })
  })

  it('what still runs reaches until now', () => {
    const now = Date.parse('2026-11-22T00:00:05Z')
    const { bars, spanMs } = selectTimeline([at(1, '2026-11-22T00:00:00Z', { duration_ms: null, settled_at: null })], now)
    expect(spanMs).toBe(5000)
    expect(bars[0]?.running).toBe(true)
  })

  it('no attempts, no bars', () => {
    expect(selectTimeline([], 0)).toEqual({ bars: [], spanMs: 0 })
  })
})

describe('an attempt in words', () => {
  const split = at(2, '2026-11-22T00:00:00Z', {
    kind: 'retry',
    state: 'settled',
    images_wanted: 3,
    images_made: 2,
    settings: { size: { width: 800, height: 600 }, quality: 'low', n: 3, seed: 7 },
    usage: { 'images.out': '2' },
    expected_usd: '0.12',
    held_usd: '0.12',
    total_usd: '0.08',
    billed: 'yes',
    first_byte_ms: null,
    http_status: 200,
  })

  it('says how many of its pictures it made, with what, and what of it was charged', () => {
    expect(callText(split)).toBe('retry, settled; 2 of 3 pictures; 800x600, low, seed 7; took 1.0 s; HTTP 200')
    expect(moneyText(split)).toBe('expected $0.12; charged $0.08; billed: yes; 2 images.out')
  })

  it('while it runs says what is held for it', () => {
    const running = { ...split, settled_at: null, duration_ms: null, http_status: null, billed: null, usage: {}, total_usd: '0' }
    expect(callText({ ...running, state: 'dispatched' })).toBe('retry, dispatched; for 3 pictures; 800x600, low, seed 7')
    expect(moneyText(running)).toBe('expected $0.12; $0.12 held; charged $0.00')
  })
})
