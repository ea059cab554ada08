/** Token buckets: how many requests and images a minute may begin. Reducers; time comes in as microseconds. */

export interface RateLimit {
  readonly requestsPerMinute?: number
  readonly imagesPerMinute?: number
}

/** Tokens left, as of a moment; below zero while a call larger than the whole bucket is paid off. */
export interface Bucket {
  readonly tokens: number
  readonly atUs: number
}

export interface RateState {
  readonly requests: Bucket | undefined
  readonly images: Bucket | undefined
}

export const untouched: RateState = { requests: undefined, images: undefined }

const MINUTE_US = 60_000_000

/** The clock was set back: how much time passed since then nobody knows. Calls that overtake each other differ by far less. */
const isOfOtherClock = (bucket: Bucket, nowUs: number): boolean => bucket.atUs - nowUs > MINUTE_US

/** Full at first, and again after a minute without use: a burst of a minute's worth is allowed. */
function tokensAt(bucket: Bucket | undefined, perMinute: number, nowUs: number): number {
  if (!bucket || isOfOtherClock(bucket, nowUs)) return perMinute
  const since = Math.max(0, nowUs - bucket.atUs)
  return Math.min(perMinute, bucket.tokens + (since / MINUTE_US) * perMinute)
}

interface Wanted {
  readonly count: number
  /** Decided on before, and not begun yet. */
  readonly planned: number
}

/** Microseconds until so many may begin; 0: now. What is larger than the bucket waits for a full one. */
function bucketWaitUs(bucket: Bucket | undefined, perMinute: number, { count, planned }: Wanted, nowUs: number): number {
  const missing = planned + Math.min(count, perMinute) - tokensAt(bucket, perMinute, nowUs)
  // Less than a thousandth of a call is rounding.
  return missing <= 1e-3 ? 0 : Math.ceil((missing / perMinute) * MINUTE_US)
}

export interface RateUse {
  readonly requests: number
  readonly images: number
}

const none: RateUse = { requests: 0, images: 0 }

/** Microseconds until this may begin, behind what is `planned`; 0: now. */
export function rateWaitUs(state: RateState, limit: RateLimit, use: RateUse, nowUs: number, planned: RateUse = none): number {
  const waitUs = (what: keyof RateUse, perMinute: number | undefined): number =>
    perMinute === undefined ? 0 : bucketWaitUs(state[what], perMinute, { count: use[what], planned: planned[what] }, nowUs)
  return Math.max(waitUs('requests', limit.requestsPerMinute), waitUs('images', limit.imagesPerMinute))
}

/** It begins, whether it may or not. */
export const takeRate = (state: RateState, limit: RateLimit, use: RateUse, nowUs: number): RateState => ({
  requests: taken(state.requests, limit.requestsPerMinute, use.requests, nowUs),
  images: taken(state.images, limit.imagesPerMinute, use.images, nowUs),
})

const taken = (bucket: Bucket | undefined, perMinute: number | undefined, count: number, nowUs: number): Bucket | undefined =>
  perMinute === undefined
    ? undefined
    : {
        tokens: tokensAt(bucket, perMinute, nowUs) - count,
        atUs: bucket && !isOfOtherClock(bucket, nowUs) ? Math.max(nowUs, bucket.atUs) : nowUs,
      }
