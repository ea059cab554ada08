/**
 * What a policy would know if one thing were not hidden from it. For telling where the benchmark's losses come from: the product's policy is
 * run with one of these at a time, and with all of them. No policy that is reported has any.
 */
import { latencyBucket } from '../latency.ts'
import type { PlannedPrice } from '../planning/month.ts'
import type { PromptClass } from '../prompt/lexicon.ts'
import { type Experience, noExperience, type OfferHealth } from '../routing/index.ts'
import { timingsOf } from '../routing/learning/timings.ts'
import { ERROR_SHARE } from './provider.ts'
import { createRandom, normalOf } from './random.ts'
import { type Deployment, isOut, latencySpread, medianMs, rateShare, refusalChance, trueQuality, type World } from './world.ts'

export interface Oracle {
  /** Which thumbnails need the higher floor. */
  readonly difficulty?: boolean
  /** Prices as they are, not as they were a day ago. */
  readonly prices?: boolean
  /** Outages, spells of rate limiting and slow days, from their first moment to their last. */
  readonly health?: boolean
  /** Chances of refusal by topic. */
  readonly refusals?: boolean
  /** What pictures are really worth, by model and class. */
  readonly quality?: boolean
  /** Prices to choose by that lead to the best month: tiers reached and minimum met in the bound's solution. */
  readonly plan?: ReadonlyMap<string, PlannedPrice>
  /** Which of the first calls would be refused. */
  readonly luck?: boolean
}

/** Whether anything about health is other than it was at an instant before. */
export function healthKey(world: World, nowUs: number): string {
  return world.deployments
    .map((each) => (isOut(world, each, nowUs) || rateShare(world, each, nowUs) < 1 ? 'x' : medianMs(world, each, nowUs)))
    .join()
}

export const trueHealth = (world: World, nowUs: number): ReadonlyMap<string, OfferHealth> =>
  new Map(
    world.deployments.map((each) => {
      const out = isOut(world, each, nowUs) || rateShare(world, each, nowUs) < 1
      return [each.offer.id, { state: out ? 'open' : 'closed', inFlight: 0, blockedUntilUs: 0 }]
    }),
  )

/** Counts so large that no estimate shrinks them. */
const SURE = 1e6
const DRAWS = 400
const draws: readonly number[] = (() => {
  const random = createRandom(1)
  return Array.from({ length: DRAWS }, () => normalOf(random(), random()))
})()

/** What a policy that had made a million calls at this very moment would have seen of one deployment and topic. */
export function trueExperience(world: World, deployment: Deployment, topic: PromptClass, nowUs: number): Experience {
  const refused = refusalChance(world, deployment, topic) * SURE
  const failed = ERROR_SHARE * (SURE - refused)
  const latencies = new Map<number, number>()
  for (const draw of draws) {
    const bucket = latencyBucket(medianMs(world, deployment, nowUs) * Math.exp(latencySpread(deployment) * draw) * 1_000)
    latencies.set(bucket, (latencies.get(bucket) ?? 0) + SURE / DRAWS)
  }
  return {
    ...noExperience,
    weight: SURE,
    succeeded: SURE - refused - failed,
    refused,
    billedInVain: deployment.terms.refusalsBilled ? refused : 0,
    latencies: timingsOf(latencies),
  }
}

/** Ratings of one class of pictures. */
export const trueRatings = (world: World, classIndex: number, nowUs: number): ReadonlyMap<string, number> =>
  new Map(world.deployments.map((each) => [each.terms.model, trueQuality(world, each, classIndex, nowUs)]))
