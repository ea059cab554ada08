/** A route on trial: it watches requests for a model that somebody names, takes over a share of them, and gives it back. Pure. */
import type { Plan, PlannedAttempt } from './types.ts'

/** What a route of `mode: observe` watches. */
export interface Observing {
  /** The `model` that clients send, and still get. */
  readonly model: string
  /** 0 to 1: the share of the requests that the route serves itself. */
  readonly fraction: number
  /** Microseconds UTC: what was said about pictures before counts neither for nor against. */
  readonly sinceUs: number
}

export type Arm = 'observed' | 'routed'

/** The route's name in records and reports, for the part that is only watched. No route can have this name. */
export const observedName = (route: string): string => `${route}:observed`

/** Words about pictures: a signal counts for a part of one. */
export interface Words {
  readonly accepted: number
  readonly rejected: number
}

/** Acceptance may be this much lower before the share is given back. */
const ACCEPTANCE_MARGIN = 0.05
/** Words about either part before anything is concluded. */
const LEAST_WORDS = 50
/** One-sided, 1 %: it is looked at again and again, and each look is another chance to be wrong. */
const Z = 2.326

/**
 * Is the routed part accepted less often than the observed one, by more than the margin? A one-sided z-test of two proportions
 * with unpooled variance; each part counts one word of either kind more, so that a part without any rejection has a variance too.
 */
export function isWorse(routed: Words, observed: Words): boolean {
  const [of, than] = [proportionOf(routed), proportionOf(observed)]
  if (of.count < LEAST_WORDS || than.count < LEAST_WORDS) return false
  return (than.share - of.share - ACCEPTANCE_MARGIN) / Math.sqrt(of.variance + than.variance) > Z
}

function proportionOf({ accepted, rejected }: Words): {
  readonly count: number
  readonly share: number
  readonly variance: number
} {
  const share = (accepted + 1) / (accepted + rejected + 2)
  return { count: accepted + rejected, share, variance: (share * (1 - share)) / (accepted + rejected + 2) }
}

/** What both would do with one request, at the quotes of the same moment. */
export interface Observation {
  readonly arm: Arm
  readonly named: PlannedAttempt | undefined
  readonly routed: PlannedAttempt | undefined
}

export function observationOf(arm: Arm, served: Plan, other: Plan | undefined): Observation {
  const [own, shadow] = [firstOf(served), firstOf(other)]
  return arm === 'observed' ? { arm, named: own, routed: shadow } : { arm, named: shadow, routed: own }
}

const firstOf = (plan: Plan | undefined): PlannedAttempt | undefined => (plan?.kind === 'plan' ? plan.attempts[0] : undefined)
