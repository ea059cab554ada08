/**
 * Hedging: a second call, to another offer, beside one that takes too long. The decision is pure; the shell races the calls.
 */
import { latencyOfBucket } from '../latency.ts'
import type { OfferId } from '../offer.ts'
import { type Estimate, latencyQuantileMs } from './learning/estimate.ts'
import { noTimings, totalOf } from './learning/timings.ts'
import type { NextStep, Plan, PlannedAttempt, PlannedCall } from './types.ts'

export interface HedgePolicy {
  /** Milliseconds after the start of a call from which it may be hedged. */
  readonly afterMs?: number
  /** The same, as a quantile of what the candidate usually takes: 0.95. One of the two is given. */
  readonly afterQuantile?: number
  /** Of the route's requests, the share that may be hedged: 0 to 1. */
  readonly maxShare: number
}

/** A call under way. */
export interface RunningCall {
  /** Index into `plan.attempts`. */
  readonly candidate: number
  readonly kind: PlannedCall['kind']
  readonly n: number
  readonly elapsedMs: number
}

export interface Hedging {
  readonly running: readonly RunningCall[]
  /** Milliseconds until the deadline of the request, or of its route; negative when it has passed; Infinity without one. */
  readonly deadlineLeftMs: number
  /** The share of the route's requests that may be hedged has room for this one. */
  readonly isAllowed: boolean
  /** Offers that rest now. */
  readonly unavailable: ReadonlySet<OfferId>
  /** Most the whole request may cost. */
  readonly maxCostNanoUsd?: bigint
}

type UsablePlan = Extract<Plan, { kind: 'plan' }>

/** Timings that a quantile has to rest on. */
const ENOUGH_TIMINGS = 20
/** One timing beyond those seen, so that a call can be later than every one before it. */
const DOUBT = 1
/** Moments that are looked at, each so much later than the one before. */
const MOMENTS = 16
const LATER = 1.25

/**
 * While calls run: whether, and in how many milliseconds, a second one is made. A single call is hedged once, by the offer whose
 * saving of lateness exceeds its price by most; never where the seconds saved are worth less than the second picture.
 */
export function whileRunning(plan: UsablePlan, hedging: Hedging): NextStep {
  const { running, isAllowed } = hedging
  const [call] = running
  if (!plan.policy.hedge || !isAllowed || !call || running.length > 1 || call.kind === 'hedge') return { kind: 'wait' }
  const slow = plan.attempts[call.candidate]
  const startMs = slow && hedgeStartMs(plan.policy.hedge, slow.estimate)
  if (!slow || startMs === undefined) return { kind: 'wait' }
  const others = plan.attempts.flatMap((attempt, candidate) =>
    isUsable(attempt, slow, hedging, call.n) ? [{ attempt, candidate }] : [],
  )
  for (let moment = 0, atMs = startMs; moment < MOMENTS; moment += 1, atMs *= LATER) {
    if (atMs < call.elapsedMs && atMs * LATER <= call.elapsedMs) continue
    const at = Math.max(atMs, call.elapsedMs)
    const best = bestOf(others, slow, at, plan.policy.latenessNanoUsdPerSecond ?? 0n, hedging.deadlineLeftMs + call.elapsedMs)
    if (best !== undefined) {
      return {
        kind: 'call',
        calls: [{ kind: 'hedge', candidate: best, n: call.n }],
        afterMs: Math.ceil(at - call.elapsedMs),
      }
    }
  }
  return { kind: 'wait' }
}

/** Undefined: not enough is known of how long it takes. */
function hedgeStartMs({ afterMs, afterQuantile }: HedgePolicy, estimate: Estimate | undefined): number | undefined {
  if (afterMs !== undefined) return Math.max(1, afterMs)
  if (afterQuantile === undefined || !estimate || totalOf(estimate.latencies) < ENOUGH_TIMINGS) return undefined
  return latencyQuantileMs(estimate, afterQuantile)
}

function isUsable(
  { candidate, total, estimate }: PlannedAttempt,
  slow: PlannedAttempt,
  { unavailable, maxCostNanoUsd }: Hedging,
  n: number,
): boolean {
  const { id, capabilities } = candidate.offer
  if (id === slow.candidate.offer.id || unavailable.has(id) || n > capabilities.maxN) return false
  if (!estimate || estimate.latencies.buckets.length === 0) return false
  if (maxCostNanoUsd === undefined) return true
  const both = total.maxNanoUsd === null || slow.total.maxNanoUsd === null ? null : total.maxNanoUsd + slow.total.maxNanoUsd
  return both !== null && both <= maxCostNanoUsd
}

function bestOf(
  others: readonly { readonly attempt: PlannedAttempt; readonly candidate: number }[],
  slow: PlannedAttempt,
  atMs: number,
  latenessNanoUsdPerSecond: bigint,
  deadlineMs: number,
): number | undefined {
  let best: { readonly candidate: number; readonly gain: number } | undefined
  for (const { attempt, candidate } of others) {
    const saved = attempt.estimate ? savedMs(slow.estimate, attempt.estimate, atMs, deadlineMs) : 0
    const gain = (saved / 1_000) * Number(latenessNanoUsdPerSecond) - Number(attempt.total.expectedNanoUsd)
    if (gain > 0 && gain > (best?.gain ?? 0)) best = { candidate, gain }
  }
  return best?.candidate
}

/**
 * Expected milliseconds of lateness that a second call made at `atMs` saves, given that the first still runs then. All times count
 * from the start of the first. Beyond what was seen, a call that took so long already is taken to go on in proportion (a Pareto
 * tail with exponent 2): nothing says that it ends soon.
 */
export function savedMs(
  slow: Estimate | undefined,
  { latencies, success }: Pick<Estimate, 'latencies' | 'success'>,
  atMs: number,
  deadlineMs: number,
): number {
  if (!Number.isFinite(deadlineMs)) return 0
  let saved = 0
  let weight = 0
  for (let index = 0; index < latencies.buckets.length; index += 1) {
    const count = latencies.counts[index] ?? 0
    // From here on every millisecond of the first call is one that the second saves.
    const fromMs = Math.max(deadlineMs, atMs + latencyOfBucket(latencies.buckets[index] ?? 0) / 1_000)
    saved += count * expectedBeyondMs(slow, atMs, fromMs)
    weight += count
  }
  return weight === 0 ? 0 : (success * saved) / weight
}

/** E[max(0, L - from)] of a call that has run for `atMs`. */
function expectedBeyondMs(slow: Estimate | undefined, atMs: number, fromMs: number): number {
  const { buckets, counts } = slow?.latencies ?? noTimings
  let beyond = (DOUBT * atMs * atMs) / fromMs
  let weight = DOUBT
  for (let index = 0; index < buckets.length; index += 1) {
    const count = counts[index] ?? 0
    const ms = latencyOfBucket(buckets[index] ?? 0) / 1_000
    if (ms <= atMs) continue
    beyond += count * Math.max(0, ms - fromMs)
    weight += count
  }
  return beyond / weight
}

/** What of the share of hedged requests is left, in hedges. A reducer: it holds no more than `MOST_SAVED`. */
export type HedgeAllowance = number

const MOST_SAVED = 10

/** A request of the route began. */
export const earnHedge = (left: HedgeAllowance, { maxShare }: HedgePolicy): HedgeAllowance =>
  Math.min(MOST_SAVED, left + maxShare)

// Sums of shares such as 0.1 fall just short of 1.
export const mayHedge = (left: HedgeAllowance): boolean => left >= 1 - 1e-9

export const spendHedge = (left: HedgeAllowance): HedgeAllowance => Math.max(0, left - 1)
