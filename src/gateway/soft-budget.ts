/** What a soft budget does when its limit is reached: a warning, or a cheaper candidate where the route allows it. */
import { candidateKey, type Warning } from '../core/offer.ts'
import type { Policy } from '../core/routing/index.ts'
import type { BudgetRecord } from '../ports/ledger.ts'
import { type DecideInput, decide } from './decide.ts'
import type { UsablePlan } from './result.ts'

/** The message of every warning about soft budgets says which. */
export const softBudgetWarning = (budgetId: string): Warning => ({
  code: 'soft_budget_reached',
  message: `The soft budget "${budgetId}" has reached its limit; it warns and does not refuse.`,
})

/**
 * By cost alone, deadlines and shares aside, and within the floor: where there is one, every quality at or above it is weighed; without one
 * the quality stays as it would have been.
 */
export function cheaper(
  { latenessNanoUsdPerSecond: _l, weights: _w, order: _o, shares: _s, ...policy }: Policy,
  hasFloor: boolean,
): Policy {
  return { ...policy, objective: 'cost', ...(hasFloor && { everyQuality: true }) }
}

/** The plan to run, and what is to be said about it. `reached`: soft budgets of this request that are at their limit. */
export function keepToSoftBudgets(
  planned: UsablePlan,
  deciding: DecideInput,
  reached: readonly BudgetRecord[],
): { readonly plan: UsablePlan; readonly warnings: readonly Warning[] } {
  const [first] = reached
  if (!first || deciding.policy.onSoftBudget !== 'cheaper') return { plan: planned, warnings: [] }
  const hasFloor = (deciding.input.options.floor ?? deciding.policy.floor) !== undefined
  const again = decide({ ...deciding, policy: cheaper(deciding.policy, hasFloor) })
  if (again.kind === 'none') return { plan: planned, warnings: [] }
  const [before, after] = [planned.attempts[0], again.attempts[0]]
  const isCheaper = after.total.expectedNanoUsd < before.total.expectedNanoUsd
  if (!isCheaper || candidateKey(before.candidate) === candidateKey(after.candidate)) return { plan: planned, warnings: [] }
  const message = `The soft budget "${first.id}" has reached its limit: ${candidateKey(after.candidate)} takes the place of ${candidateKey(before.candidate)}.`
  // What happens after a failure stays as the route has it.
  return { plan: { ...again, policy: planned.policy }, warnings: [{ code: 'soft_budget_cheaper', message }] }
}
