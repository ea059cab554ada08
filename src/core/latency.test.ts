import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latencyBucket, latencyOfBucket } from './latency.ts'

test('a bucket stands for its durations within 2 %', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 86_400_000_000 }), (durationUs) => {
      const represented = latencyOfBucket(latencyBucket(durationUs))
      expect(Math.abs(represented - durationUs) / durationUs).toBeLessThan(0.0201)
    }),
  )
})

test('longer durations never fall into lower buckets', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 10 ** 9 }), (a, b) => {
      expect(Math.sign(latencyBucket(Math.max(a, b)) - latencyBucket(Math.min(a, b)))).toBeGreaterThanOrEqual(0)
    }),
  )
})
