/** Pictures that must look alike: which candidate follows the first of a group, and what that costs. Pure. */
import type { OfferId } from '../offer.ts'
import type { Quality } from '../request.ts'
import type { Plan, PlannedAttempt, Policy } from './types.ts'

/** What a group looks like: an offer at a quality. */
export interface Look {
  readonly offer: OfferId
  readonly quality?: Quality
}

/** When the offer of a group cannot serve: wait for it, end with an error, or go on with another and say so. */
export const groupFailures = ['wait', 'switch-and-mark', 'error'] as const
export type GroupFailure = (typeof groupFailures)[number]
export const DEFAULT_GROUP_FAILURE: GroupFailure = 'wait'

/** Who waits tries the same offer this often again, for failures that were not billed. */
const PATIENT_RETRIES = 5

/** Undefined when the policy itself excludes the offer: the client has named another model since. */
export function policyOfLook(policy: Policy, look: Look, stated: Quality | undefined): Policy | undefined {
  const { filter, groupFailure = DEFAULT_GROUP_FAILURE } = policy
  if (filter?.offers && !filter.offers.includes(look.offer)) return undefined
  const quality = filter?.quality ?? stated ?? look.quality
  const patient = groupFailure === 'wait' && {
    retries: Math.max(policy.retries, PATIENT_RETRIES),
    maxAttempts: Math.max(policy.maxAttempts, PATIENT_RETRIES + 1),
  }
  return { ...policy, ...patient, filter: { ...filter, offers: [look.offer], ...(quality !== undefined && { quality }) } }
}

/** The offer of the group first; behind it the free choice, where the route lets a group switch. */
export function followLook(followed: Plan, free: Plan, look: Look): Plan {
  const { groupFailure = DEFAULT_GROUP_FAILURE } = free.policy
  if (groupFailure !== 'switch-and-mark' || free.kind === 'none') return followed
  if (followed.kind === 'none') return free
  const [first, ...rest] = followed.attempts
  const others = free.attempts.filter(({ candidate }) => candidate.offer.id !== look.offer)
  return { ...followed, policy: free.policy, attempts: [first, ...rest, ...others] }
}

/** A plan whose candidates of one offer, at that quality if it has it, stand first. */
export function preferMaker(plan: Plan, maker: Look): Plan {
  if (plan.kind === 'none') return plan
  const rank = ({ candidate: { offer, settings } }: PlannedAttempt): number =>
    offer.id !== maker.offer ? 2 : settings.quality === maker.quality ? 0 : 1
  const [first = plan.attempts[0], ...rest] = plan.attempts.toSorted((a, b) => rank(a) - rank(b))
  return { ...plan, attempts: [first, ...rest], warnings: first.candidate.warnings }
}

/** The candidate with the lowest expected price. */
export function cheapestOf(plan: Plan): PlannedAttempt | undefined {
  if (plan.kind === 'none') return undefined
  return plan.attempts.reduce((best, each) => (each.total.expectedNanoUsd < best.total.expectedNanoUsd ? each : best))
}

/** Seeds of a group are neighbours; what is left of 31 bits is room for its pictures. */
export const seedOf = (familySeed: number, index: number): number => familySeed + index
