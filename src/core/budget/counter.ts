/**
 * What one budget has spent and holds in one period. Reducers return new values; the storage decides when they become
 * durable. A hold is counted in full until its attempt settles, so that hard budgets cannot be overshot by a known price.
 */
import type { NanoUsd } from '../money.ts'

export interface BudgetCounter {
  readonly spentNanoUsd: NanoUsd
  readonly heldNanoUsd: NanoUsd
}

export interface BudgetLimit {
  readonly limitNanoUsd: NanoUsd
  /** A soft budget counts and reports, and never refuses. */
  readonly hard: boolean
}

export type Admission =
  /** `isOver`: a soft limit is passed by it. */
  | { readonly kind: 'admitted'; readonly counter: BudgetCounter; readonly isOver: boolean }
  /** `remainingNanoUsd` is never negative, even where a metered settle went past the limit. */
  | { readonly kind: 'refused'; readonly remainingNanoUsd: NanoUsd }

/** Reserve `holdNanoUsd`, or refuse it when a hard limit would be passed. Reaching the limit exactly is allowed. */
export function admit(counter: BudgetCounter, limit: BudgetLimit, holdNanoUsd: NanoUsd): Admission {
  const remaining = limit.limitNanoUsd - counter.spentNanoUsd - counter.heldNanoUsd
  if (limit.hard && holdNanoUsd > remaining) return { kind: 'refused', remainingNanoUsd: remaining > 0n ? remaining : 0n }
  const isOver = holdNanoUsd > remaining
  return { kind: 'admitted', isOver, counter: { ...counter, heldNanoUsd: counter.heldNanoUsd + holdNanoUsd } }
}

/** Release a hold and record what was really spent, in full, even above the hold. */
export function settleHold(counter: BudgetCounter, holdNanoUsd: NanoUsd, spentNanoUsd: NanoUsd): BudgetCounter {
  return { spentNanoUsd: counter.spentNanoUsd + spentNanoUsd, heldNanoUsd: counter.heldNanoUsd - holdNanoUsd }
}

/** Correct what was spent, up or down, after evidence arrived. */
export function correctSpent(counter: BudgetCounter, deltaNanoUsd: NanoUsd): BudgetCounter {
  return { ...counter, spentNanoUsd: counter.spentNanoUsd + deltaNanoUsd }
}
