/** Which budgets a caller's attempts count against; refreshed when budgets change here and, for other nodes, now and then. */
import type { BudgetRecord, LedgerAdmin } from '../ports/ledger.ts'
import type { Caller } from './execution.ts'

export interface BudgetIndex {
  /** Budgets in force for this caller. */
  for(caller: Caller, endCustomer: string | undefined, tags: Readonly<Record<string, string>>): readonly BudgetRecord[]
  refresh(): Promise<void>
}

export async function createBudgetIndex(admin: LedgerAdmin): Promise<BudgetIndex> {
  let budgets: readonly BudgetRecord[] = await admin.budgets()
  return {
    for: (caller, endCustomer, tags) => budgets.filter((budget) => applies(budget, caller, endCustomer, tags)),
    async refresh() {
      budgets = await admin.budgets()
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
      return Object.entries(tags).some(([name, value]) => budget.scopeValue === `${name}=${value}`)
  }
}
