/** What a deployment answers to one call in the simulated world. */
import type { AttemptFailure } from '../outcome.ts'
import { luckOf, normalOf } from './random.ts'
import type { RequestTemplate } from './workload.ts'
import { type Deployment, isOffered, isOut, latencySpread, medianMs, rateShare, refusalChance, type World } from './world.ts'

export interface Answer {
  /** Milliseconds until it is there. */
  readonly afterMs: number
  /** The call is on the bill. */
  readonly billed: boolean
  readonly failure?: AttemptFailure
}

export interface Providers {
  /** `attempt` counts the calls of one request: another call has other luck. */
  answer(call: {
    readonly deployment: Deployment
    readonly template: RequestTemplate
    /** Pictures of this call. */
    readonly n: number
    readonly requestId: number
    readonly attempt: number
    readonly atUs: number
  }): Answer
}

/** Outside outages so many calls fail for no reason. */
export const ERROR_SHARE = 0.004
/** In an outage so many calls hang instead of failing at once; of those, so many are billed. */
const HANGING_SHARE = 0.08
const TIMEOUT_MS = 25_000
const BILLED_TIMEOUTS = 0.3

export function createProviders(world: World): Providers {
  const burst = Math.max(24, world.ratePerSecond * 60)
  const buckets = world.deployments.map(() => ({ tokens: burst, atUs: 0 }))
  const takes = (deployment: Deployment, pictures: number, atUs: number): boolean => {
    if (deployment.lane === 'batch') return true
    const bucket = buckets[deployment.index]
    if (!bucket) return true
    const perSecond = world.ratePerSecond * rateShare(world, deployment, atUs)
    bucket.tokens = Math.min(
      Math.max(8, burst * rateShare(world, deployment, atUs)),
      bucket.tokens + (Math.max(0, atUs - bucket.atUs) / 1e6) * perSecond,
    )
    bucket.atUs = atUs
    if (bucket.tokens < pictures) return false
    bucket.tokens -= pictures
    return true
  }
  return {
    answer({ deployment, template, n, requestId, attempt, atUs }) {
      const luck = (draw: number): number => luckOf(world.seed, requestId, deployment.index, attempt * 8 + draw)
      if (!isOffered(deployment, atUs)) return failed('provider_not_found', 300)
      if (isOut(world, deployment, atUs)) {
        if (luck(0) >= HANGING_SHARE) return failed('provider_error', 400 + 1_500 * luck(1))
        return { ...failed('provider_timeout', TIMEOUT_MS), billed: luck(1) < BILLED_TIMEOUTS }
      }
      if (!takes(deployment, n, atUs)) return failed('provider_rate_limited', 150, 20_000 + 20_000 * luck(1))
      const latencyMs = medianMs(world, deployment, atUs) * Math.exp(latencySpread(deployment) * normalOf(luck(2), luck(3)))
      if (isRefused(world, deployment, template, requestId, attempt)) {
        return { ...failed('content_refused', latencyMs * 0.5), billed: deployment.terms.refusalsBilled }
      }
      if (luck(5) < ERROR_SHARE) return failed('provider_error', latencyMs * luck(6))
      return { afterMs: latencyMs, billed: true }
    },
  }
}

/** Whether the filter takes offence at this call. */
export const isRefused = (
  world: World,
  deployment: Deployment,
  { features }: RequestTemplate,
  requestId: number,
  attempt: number,
): boolean =>
  luckOf(world.seed, requestId, deployment.index, attempt * 8 + 4) < refusalChance(world, deployment, features.promptClass)

export function failed(
  code: 'provider_error' | 'provider_timeout' | 'provider_rate_limited' | 'provider_not_found' | 'content_refused',
  afterMs: number,
  retryAfterMs?: number,
): Answer {
  const unknown = code === 'provider_timeout'
  const failure: AttemptFailure = {
    code,
    message: code,
    retryable: code === 'provider_error' || code === 'provider_rate_limited',
    billed: unknown ? 'unknown' : 'no',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(code === 'content_refused' && { stage: 'after' as const }),
  }
  return { afterMs, billed: false, failure }
}
