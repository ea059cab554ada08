/** What to do next, after the attempts made so far: the whole retry and fallback policy in one pure function. */
import type { ErrorCode } from '../error.ts'
import type { OfferId } from '../offer.ts'
import type { AttemptFailure } from '../outcome.ts'
import { type Hedging, whileRunning } from './hedge.ts'
import type { AttemptRecord, NextStep, Plan, PlannedCall } from './types.ts'

export interface AfterAttemptInput {
  readonly plan: Extract<Plan, { kind: 'plan' }>
  /** Images the client wants. */
  readonly n: number
  /** Finished attempts, in the order they finished. */
  readonly records: readonly AttemptRecord[]
  /** Milliseconds until the request's deadline; Infinity without one. */
  readonly remainingMs: number
  /** 0 to 1, for jitter. */
  readonly random: number
  /** Present while calls are under way: whether another is made beside them. */
  readonly hedging?: Hedging
}

/** Failures another offer may not have; the request itself is not at fault. */
const offerFailures: ReadonlySet<ErrorCode> = new Set([
  'provider_auth',
  'provider_quota',
  'provider_not_found',
  'provider_rate_limited',
  'provider_error',
  'provider_unreachable',
  'provider_invalid_response',
  'provider_no_image',
  'provider_response_too_large',
  'provider_timeout',
  'blocked_address',
])

/** Waiting longer than this for the same offer is worse than asking the next one. */
const PATIENCE_MS = 2_000
const BASE_BACKOFF_MS = 250

/** With no records: the first calls, split so that each fits the offer. */
export function afterAttempt(input: AfterAttemptInput): NextStep {
  const { plan, n, records } = input
  const made = records.reduce((sum, record) => sum + record.imagesMade, 0)
  const missing = n - made
  if (missing <= 0) return { kind: 'done' }
  if (input.hedging && input.hedging.running.length > 0) return besideRunning(input, input.hedging)
  // A hedge stands beside the chain: what comes next follows from the call it was made for.
  const chain = records.filter(({ kind }) => kind !== 'hedge')
  const last = chain.at(-1)
  if (!last) return { kind: 'call', calls: split(plan, 0, missing, 'primary'), afterMs: 0 }
  const failure = chain.findLast((record) => record.failure)?.failure
  // Everything answered, only with fewer images than asked for: what the provider left out is not bought again.
  if (!failure) return { kind: 'done' }
  const stop: NextStep = made > 0 ? { kind: 'done' } : { kind: 'stop', failure }
  if (!mayPayAgain(records, input)) return stop
  return retrySame(input, last.candidate, failure, missing) ?? fallBack(input, last.candidate, failure, missing) ?? stop
}

/** A failure beside a call that still runs decides nothing yet: that call may bring the picture. */
function besideRunning({ plan, records }: AfterAttemptInput, hedging: Hedging): NextStep {
  const hasRoom = records.every(({ failure }) => !failure) && hedging.running.length < plan.policy.maxAttempts
  return hasRoom ? whileRunning(plan, hedging) : { kind: 'wait' }
}

/** Paying twice needs the policy's word as soon as any failed attempt was or may have been billed. */
function mayPayAgain(records: readonly AttemptRecord[], { plan }: AfterAttemptInput): boolean {
  const atRisk = records.some((record) => record.failure && record.failure.billed !== 'no')
  return !atRisk || plan.policy.payTwice === 'onUnknown'
}

function retrySame(input: AfterAttemptInput, candidate: number, failure: AttemptFailure, missing: number): NextStep | undefined {
  const { plan, records, random, remainingMs } = input
  const retries = callsMade(records.filter((record) => record.kind === 'retry' && record.candidate === candidate))
  const allowed = plan.attempts[candidate]?.candidate.offer.retries ?? plan.policy.retries
  const exhausted = retries >= allowed || callsMade(records) >= plan.policy.maxAttempts
  if (!failure.retryable || failure.billed === 'unknown' || exhausted) return undefined
  const backoff = BASE_BACKOFF_MS * 2 ** retries * (0.5 + random)
  const afterMs = Math.ceil(Math.max(failure.retryAfterMs ?? 0, backoff))
  const alternatives = nextCandidate(plan, candidate, records) !== undefined
  if (afterMs >= remainingMs || (afterMs > PATIENCE_MS && alternatives) || afterMs > 60_000) return undefined
  return { kind: 'call', calls: split(plan, candidate, missing, 'retry'), afterMs }
}

function fallBack(input: AfterAttemptInput, candidate: number, failure: AttemptFailure, missing: number): NextStep | undefined {
  const { plan, records, remainingMs } = input
  const next = nextCandidate(plan, candidate, records)
  if (next === undefined || remainingMs <= 0 || callsMade(records) >= plan.policy.maxAttempts) return undefined
  const allowed = failure.code === 'content_refused' ? plan.policy.fallbackOnRefusal : offerFailures.has(failure.code)
  return allowed ? { kind: 'call', calls: split(plan, next, missing, 'fallback'), afterMs: 0 } : undefined
}

/**
 * The next candidate of another offer: another quality of the offer that just failed would fail as well, and a hedge in vain was a
 * try of its offer too.
 */
function nextCandidate({ attempts }: AfterAttemptInput['plan'], candidate: number, records: readonly AttemptRecord[]) {
  const offerOf = (index: number): OfferId | undefined => attempts[index]?.candidate.offer.id
  const failed = new Set([candidate, ...records.filter(({ kind }) => kind === 'hedge').map((it) => it.candidate)].map(offerOf))
  for (let index = candidate + 1; index < attempts.length; index += 1) if (!failed.has(offerOf(index))) return index
  return undefined
}

/** Rounds of calls: splits of one n count once. */
const callsMade = (records: readonly AttemptRecord[]): number => new Set(records.map((record) => record.round)).size

function split(
  plan: AfterAttemptInput['plan'],
  candidate: number,
  images: number,
  kind: PlannedCall['kind'],
): readonly PlannedCall[] {
  const perCall = plan.attempts[candidate]?.candidate.settings.n ?? 1
  const calls: PlannedCall[] = []
  for (let left = images; left > 0; left -= perCall) calls.push({ kind, candidate, n: Math.min(left, perCall) })
  return calls
}
