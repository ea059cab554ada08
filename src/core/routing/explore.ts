/** Exploration: now and then a request goes to the eligible candidate that least is known of, within a sum per day. Pure. */
import { candidateKey, type OfferId } from '../offer.ts'
import type { Plan, PlannedAttempt } from './types.ts'

export interface ExplorePolicy {
  /** Of the route's requests: 0 to 1. */
  readonly share: number
  /** What all of them together may cost more than the first choices, by expected prices and UTC day. */
  readonly maxExtraNanoUsdPerDay: bigint
}

export interface Explored {
  readonly offer: OfferId
  /** Key of the candidate that would have served. */
  readonly insteadOf: string
  /** Expected price above that of the first choice; never below 0, so that cheap tries do not pay for dear ones. */
  readonly extraNanoUsd: bigint
  /** Attempts that what is known of it rests on. */
  readonly observations: number
}

export interface ExploreInput {
  /** 0 to 1, drawn for this alone. */
  readonly random: number
  /** Of the sum of the day. */
  readonly leftNanoUsd: bigint
}

type UsablePlan = Extract<Plan, { kind: 'plan' }>

/**
 * The plan with the least known of its candidates in front; undefined where nothing is explored. Every candidate of a plan is inside the
 * floor, the allow-list and the limits of request and route, and the usual order stands behind the one that is tried.
 */
export function explore(
  plan: UsablePlan,
  { random, leftNanoUsd }: ExploreInput,
): { readonly plan: UsablePlan; readonly explored: Explored } | undefined {
  const { attempts, policy } = plan
  if (!policy.explore || random >= policy.explore.share) return undefined
  const [first, ...others] = attempts
  let chosen: PlannedAttempt | undefined
  for (const attempt of others) {
    if (attempt.candidate.offer.id === first.candidate.offer.id || seen(attempt) >= seen(first)) continue
    if (extraOf(attempt, first) > leftNanoUsd) continue
    if (!chosen || seen(attempt) < seen(chosen) || (seen(attempt) === seen(chosen) && isCheaper(attempt, chosen)))
      chosen = attempt
  }
  if (!chosen) return undefined
  return {
    plan: {
      ...plan,
      attempts: [chosen, ...attempts.filter((attempt) => attempt !== chosen)],
      warnings: chosen.candidate.warnings,
    },
    explored: {
      offer: chosen.candidate.offer.id,
      insteadOf: candidateKey(first.candidate),
      extraNanoUsd: extraOf(chosen, first),
      observations: seen(chosen),
    },
  }
}

const seen = ({ allIn }: PlannedAttempt): number => allIn?.observations ?? 0

function extraOf({ total }: PlannedAttempt, first: PlannedAttempt): bigint {
  const extra = total.expectedNanoUsd - first.total.expectedNanoUsd
  return extra > 0n ? extra : 0n
}

const isCheaper = (one: PlannedAttempt, other: PlannedAttempt): boolean => one.total.expectedNanoUsd < other.total.expectedNanoUsd
