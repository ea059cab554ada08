/** What is expected of a candidate: experience where there is enough, shrunk towards broader experience where there is not. */
import { latencyBucket, latencyOfBucket } from '../../latency.ts'
import { type Experience, noExperience } from './experience.ts'
import { type Timings, timingsOf, totalOf } from './timings.ts'

export interface Estimate {
  /** Chance that an attempt brings its pictures, above 0 and at most 1. */
  readonly success: number
  readonly refusal: number
  /** Of the attempts that bring nothing, the share that is billed all the same. */
  readonly billedInVain: number
  /** Real price / quoted price; 1 while nothing is known. */
  readonly priceRatio: number
  /** Attempts it rests on, discounted; for showing, and for the confidence of a floor. */
  readonly weight: number
  /** Share of rated pictures that were accepted; undefined while none was rated. */
  readonly acceptance?: number
  /** Empty while nothing is known. */
  readonly latencies: Timings
}

/** Attempts of the broader class that one's own have to outweigh. */
const SHRINKAGE = 20

/** Of an offer nobody has used yet: image APIs answer 99.2 to 99.9 % of the time, and filters refuse a few per cent of prompts. */
const UNKNOWN = { success: 0.97, refusal: 0.02, billedInVain: 0.2 } as const

/** What experience says so far, from the broadest on: the prior of what narrower experience says. */
export interface Prior extends Pick<Estimate, 'success' | 'refusal' | 'billedInVain' | 'priceRatio'> {
  /** The narrowest experience of all, and the narrowest that somebody rated. */
  readonly narrowest: Experience | undefined
  readonly rated: Experience | undefined
  /** Whose timings count: the narrowest with enough of them, else the broadest with any. */
  readonly timed: Experience | undefined
}

/** Of an offer nobody has used yet. */
export const noPrior: Prior = { ...UNKNOWN, priceRatio: 1, narrowest: undefined, rated: undefined, timed: undefined }

/** With what was seen of a narrower class. */
export function narrowed(prior: Prior, seen: Experience | undefined): Prior {
  if (!seen) return prior
  const { weight, succeeded } = seen
  const isTimed = seen.latencies.buckets.length > 0 && (weight >= SHRINKAGE || !prior.timed)
  return {
    success: shrunk(succeeded, weight, prior.success),
    refusal: shrunk(seen.refused, weight, prior.refusal),
    billedInVain: shrunk(seen.billedInVain, weight - succeeded, prior.billedInVain),
    priceRatio: shrunk(seen.priceRatios, seen.pricedWeight, prior.priceRatio),
    narrowest: seen,
    rated: seen.accepted + seen.rejected > 0 ? seen : prior.rated,
    timed: isTimed ? seen : prior.timed,
  }
}

/**
 * From the narrowest experience to the broadest: candidate in this request class, candidate, offer. Each level is the prior of the one
 * before it.
 */
export const estimate = (...levels: readonly (Experience | undefined)[]): Estimate =>
  estimateBy(levels.reduceRight(narrowed, noPrior))

export function estimateBy({ success, refusal, billedInVain, priceRatio, narrowest, rated, timed }: Prior): Estimate {
  return {
    // Never quite 0, so that what is divided by it stays finite and a mended offer can come back.
    success: Math.min(1, Math.max(0.01, success)),
    refusal,
    billedInVain: Math.min(1, billedInVain),
    priceRatio,
    weight: narrowest?.weight ?? 0,
    latencies: (timed ?? noExperience).latencies,
    ...(rated && { acceptance: rated.accepted / (rated.accepted + rated.rejected) }),
  }
}

const shrunk = (sum: number, weight: number, prior: number): number => (sum + SHRINKAGE * prior) / (weight + SHRINKAGE)

/** What is left of an estimate behind `ahead` jobs, worked off one by one: each takes the mean time of those before. */
export function behind(found: Estimate, ahead: number): Estimate {
  const meanMs = ahead > 0 ? meanLatencyMs(found) : undefined
  if (meanMs === undefined) return found
  return { ...found, latencies: later(found, ahead * meanMs * 1_000) }
}

function later({ latencies: { buckets, counts } }: Estimate, byUs: number): Timings {
  const latencies = new Map<number, number>()
  for (const [index, bucket] of buckets.entries()) {
    const moved = latencyBucket(latencyOfBucket(bucket) + byUs)
    latencies.set(moved, (latencies.get(moved) ?? 0) + (counts[index] ?? 0))
  }
  return timingsOf(latencies)
}

/** Of two calls one after the other, where both have to succeed. A second one that nobody timed takes no time. */
export function followedBy(first: Estimate, second: Estimate): Estimate {
  const meanUs = (meanLatencyMs(second) ?? 0) * 1_000
  return { ...first, success: first.success * second.success, latencies: meanUs > 0 ? later(first, meanUs) : first.latencies }
}

/** Mean, in milliseconds; undefined while nothing is known. */
export function meanLatencyMs({ latencies }: Pick<Estimate, 'latencies'>): number | undefined {
  const { buckets, counts } = latencies
  let sum = 0
  let weight = 0
  for (let index = 0; index < buckets.length; index += 1) {
    const count = counts[index] ?? 0
    sum += count * latencyOfBucket(buckets[index] ?? 0)
    weight += count
  }
  return weight === 0 ? undefined : sum / weight / 1_000
}

/** The latency, in milliseconds, that a share `q` of attempts stays under; undefined while nothing is known. */
export function latencyQuantileMs({ latencies }: Pick<Estimate, 'latencies'>, q: number): number | undefined {
  const { buckets, counts } = latencies
  const total = totalOf(latencies)
  if (total === 0) return undefined
  let seen = 0
  const inOrder = buckets.map((bucket, index) => ({ bucket, count: counts[index] ?? 0 })).sort((a, b) => a.bucket - b.bucket)
  for (const { bucket, count } of inOrder) {
    seen += count
    if (seen >= q * total) return latencyOfBucket(bucket) / 1_000
  }
  return undefined
}

/** Timings that say "in time" and count beside those seen. */
const DOUBT = 2

export interface Lateness {
  /** Expected milliseconds beyond the deadline. */
  readonly expectedMs: number
  /** The chance to miss it. */
  readonly missChance: number
}

/** Both 0 while nothing is known. */
export function lateness({ latencies }: Pick<Estimate, 'latencies'>, deadlineMs: number): Lateness {
  const { buckets, counts } = latencies
  let late = 0
  let missed = 0
  let weight = 0
  for (let index = 0; index < buckets.length; index += 1) {
    const count = counts[index] ?? 0
    const over = latencyOfBucket(buckets[index] ?? 0) / 1_000 - deadlineMs
    weight += count
    if (over > 0) {
      late += count * over
      missed += count
    }
  }
  // Few or faded timings are doubted, so that an offer that was slow long ago is tried again.
  return { expectedMs: late / (weight + DOUBT), missChance: missed / (weight + DOUBT) }
}
