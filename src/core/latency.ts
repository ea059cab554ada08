/**
 * Latency as additive log-bucket counts: bucket `b` holds durations in (gamma^(b-1), gamma^b] microseconds. With this gamma
 * any quantile read from the counts is within 2 % of the true one, and two distributions are merged by adding counts.
 */
const GAMMA = 1.04
const LOG_GAMMA = Math.log(GAMMA)

/** Bucket of a duration in microseconds; everything up to 1 us falls into bucket 0. */
export const latencyBucket = (durationUs: number): number =>
  durationUs <= 1 ? 0 : Math.ceil(Math.log(durationUs) / LOG_GAMMA - 1e-9)

const durationOf = (bucket: number): number => (2 * GAMMA ** bucket) / (GAMMA + 1)
/** Up to a day: a decision looks at thousands of buckets. */
const durations: readonly number[] = Array.from({ length: latencyBucket(86_400_000_000) + 1 }, (_, bucket) => durationOf(bucket))

/** The duration, in microseconds, that stands for a bucket: at most 2 % from every duration in it. */
export const latencyOfBucket = (bucket: number): number => durations[bucket] ?? durationOf(bucket)
