/**
 * Which budgets a caller's attempts count against, and how far they are used. Read again when budgets change here and, for other nodes,
 * now and then: what is refused is decided by the ledger alone; what this memory says of use may be a reading old.
 */

import type { BudgetUse } from '../core/budget/pace.ts'
import { periodEndUs, periodStartUs } from '../core/budget/period.ts'
import type { Clock } from '../ports/clock.ts'
import type { BudgetRecord, BudgetState, Ledger } from '../ports/ledger.ts'
import type { Caller } from './execution.ts'

export interface BudgetIndex {
  /** Budgets in force for this caller. */
  for(caller: Caller, endCustomer: string | undefined, tags: Readonly<Record<string, string>>): readonly BudgetRecord[]
  /** As last read, with what this node saw since. Sandbox money has counters of its own. */
  uses(sandbox: boolean): readonly { readonly budget: BudgetRecord; readonly use: BudgetUse }[]
  /** Whether the limit is reached, as far as this node knows. */
  isReached(budget: BudgetRecord, sandbox: boolean): boolean
  /** The ledger said that a call does not fit into this budget any more. */
  reached(budgetId: string, sandbox: boolean): void
  refresh(): Promise<void>
}

export interface BudgetIndexOptions {
  readonly ledger: Pick<Ledger, 'read'>
  readonly clock: Pick<Clock, 'nowUs'>
}

export async function createBudgetIndex({ ledger, clock }: BudgetIndexOptions): Promise<BudgetIndex> {
  let states = await ledger.read.budgetStates(clock.nowUs())
  /** Start of the period in which it was reached, by budget and kind of money. */
  const reachedIn = new Map<string, number>()
  const nameOf = (id: string, sandbox: boolean): string => `${sandbox ? 'sandbox' : 'real'} ${id}`

  const useOf = (state: BudgetState, sandbox: boolean): BudgetUse => {
    const { budget } = state
    const start = periodStartUs(budget.period, clock.nowUs())
    // What was read in the last period says nothing about this one.
    const spent = sandbox ? state.sandboxSpentNanoUsd : state.spentNanoUsd
    const held = sandbox ? state.sandboxHeldNanoUsd : state.heldNanoUsd
    return {
      limitNanoUsd: budget.limitNanoUsd,
      usedNanoUsd: state.periodStartUs === start ? spent + held : 0n,
      periodStartUs: start,
      periodEndUs: periodEndUs(budget.period, start),
      isReached: reachedIn.get(nameOf(budget.id, sandbox)) === start,
    }
  }

  return {
    for: (caller, endCustomer, tags) =>
      states.map(({ budget }) => budget).filter((budget) => applies(budget, caller, endCustomer, tags)),
    uses: (sandbox) => states.map((state) => ({ budget: state.budget, use: useOf(state, sandbox) })),
    isReached(budget, sandbox) {
      const state = states.find((it) => it.budget.id === budget.id)
      const use = state && useOf(state, sandbox)
      return use !== undefined && (use.isReached || use.usedNanoUsd >= use.limitNanoUsd)
    },
    reached(budgetId, sandbox) {
      const state = states.find(({ budget }) => budget.id === budgetId)
      if (state) reachedIn.set(nameOf(budgetId, sandbox), periodStartUs(state.budget.period, clock.nowUs()))
    },
    async refresh() {
      const before = new Map(states.map(({ budget }) => [budget.id, budget.limitNanoUsd]))
      states = await ledger.read.budgetStates(clock.nowUs())
      // A limit that was raised, or a budget that went, starts anew.
      const kept = new Set(states.flatMap(({ budget: { id, limitNanoUsd } }) => (before.get(id) === limitNanoUsd ? [id] : [])))
      for (const name of reachedIn.keys()) if (!kept.has(name.slice(name.indexOf(' ') + 1))) reachedIn.delete(name)
    },
  }
}

function applies(
  budget: BudgetRecord,
  caller: Caller,
  endCustomer: string | undefined,
  tags: Readonly<Record<string, string>>,
): boolean {
  switch (budget.scope) {
    case 'global':
      return true
    case 'key':
      return budget.scopeValue === caller.keyId
    case 'project':
      return budget.scopeValue === caller.projectId
    case 'customer':
      return budget.scopeValue === endCustomer
    case 'tag':
      // Of the key as well: who spends does not leave its budget by sending another value.
      return [tags, caller.tags].some((each) =>
        Object.entries(each).some(([name, value]) => budget.scopeValue === `${name}=${value}`),
      )
  }
}
