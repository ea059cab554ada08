/**
 * Discounted counts by latency bucket. Two lists and not a map: every attempt that ends makes three new ones, and a map of sixty entries
 * takes twenty times as long to copy.
 */
import { latencyBucket } from '../../latency.ts'

export interface Timings {
  /** Each once, in the order in which they were seen. */
  readonly buckets: readonly number[]
  /** Of the bucket at the same place. */
  readonly counts: readonly number[]
}

export const noTimings: Timings = { buckets: [], counts: [] }

export function timingsOf(counts: Iterable<readonly [bucket: number, count: number]>): Timings {
  const pairs = [...counts]
  return { buckets: pairs.map(([bucket]) => bucket), counts: pairs.map(([, count]) => count) }
}

/** Counts so small that they only cost memory. */
const NEGLIGIBLE = 1e-3

/** Each count times `kept`, and one more in the bucket of `seenUs`, where it is given. */
export function fadeTimings(past: Timings, kept: number, seenUs?: number): Timings {
  const buckets: number[] = []
  const counts: number[] = []
  for (let index = 0; index < past.buckets.length; index += 1) {
    const count = (past.counts[index] ?? 0) * kept
    if (count <= NEGLIGIBLE) continue
    buckets.push(past.buckets[index] ?? 0)
    counts.push(count)
  }
  if (seenUs !== undefined) {
    const bucket = latencyBucket(seenUs)
    const index = buckets.indexOf(bucket)
    if (index === -1) {
      buckets.push(bucket)
      counts.push(1)
    } else counts[index] = (counts[index] ?? 0) + 1
  }
  return { buckets, counts }
}

export const totalOf = ({ counts }: Timings): number => counts.reduce((sum, count) => sum + count, 0)
