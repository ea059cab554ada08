import { describe, expect, it } from 'vitest'
import { slicesOf } from './slices.ts'

const month = { fromUs: Date.UTC(2026, 9) * 1_000, toUs: Date.UTC(2026, 10) * 1_000 }
const HOUR_US = 3_600_000_000

describe('slices of a time', () => {
  it('are all of it where all may be looked at', () => {
    expect(slicesOf(month, 1)).toEqual([month])
    expect(slicesOf(month, Number.POSITIVE_INFINITY)).toEqual([month])
  })
  it.each([0.9, 0.05, 0.0001])('are the wanted share of it (%d), in its order, apart from each other and inside', (share) => {
    const slices = slicesOf(month, share)
    const lengths = slices.map(({ fromUs, toUs }) => toUs - fromUs)
    const length = lengths.reduce((sum, each) => sum + each, 0)
    expect(length / (month.toUs - month.fromUs)).toBeCloseTo(share, 6)
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1)
    const edges = slices.flatMap(({ fromUs, toUs }) => [fromUs, toUs])
    expect(edges).toEqual(edges.toSorted((one, other) => one - other))
    expect(edges[0]).toBeGreaterThanOrEqual(month.fromUs)
    expect(edges.at(-1)).toBeLessThanOrEqual(month.toUs)
  })
  it('come as often at each hour of the day', () => {
    const hours = new Array<number>(24).fill(0)
    for (const { fromUs } of slicesOf(month, 0.01))
      hours[Math.floor(fromUs / HOUR_US) % 24] = (hours[Math.floor(fromUs / HOUR_US) % 24] ?? 0) + 1
    expect(Math.min(...hours)).toBeGreaterThanOrEqual(8)
    expect(Math.max(...hours)).toBeLessThanOrEqual(13)
  })
})
