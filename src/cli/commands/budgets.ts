import type { Command } from 'commander'
import type { BudgetWire } from '../../contract/admin.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { alignDecimals, dateTime, plain, usd } from '../format.ts'
import { renderTable } from '../table.ts'

export function define(command: Command, context: CliContext): void {
  withConnectOptions(command).action((options: ConnectOptions) => listBudgets(context, options))
}

async function listBudgets(context: CliContext, options: ConnectOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const budgets = await client.call('listBudgets')
  if (options.json) return out.json(budgets)
  if (budgets.data.length === 0) return out.line('No budgets.')
  for (const line of budgetTable(budgets.data, out)) out.line(line)
}

/** One row per budget; under it when its limit will be passed at the pace so far. */
export function budgetTable(budgets: readonly BudgetWire[], out: Output): string[] {
  const column = (amount: (budget: BudgetWire) => string): string[] => alignDecimals(budgets.map((it) => usd(amount(it))))
  const [limits, spent, held] = [column((it) => it.limit_usd), column((it) => it.spent_usd), column((it) => it.held_usd)]
  return renderTable(
    [
      { header: 'BUDGET', shrinkTo: 10 },
      { header: 'OF', shrinkTo: 8 },
      { header: 'PER' },
      { header: 'KIND' },
      { header: 'LIMIT', align: 'right' },
      { header: 'SPENT', align: 'right' },
      { header: 'HELD', align: 'right' },
      { header: 'USED', align: 'right' },
    ],
    budgets.map((budget, index) => ({
      cells: [
        budget.id,
        budget.scope === 'global' ? 'everything' : plain(`${budget.scope} ${budget.scope_value}`),
        budget.period,
        budget.hard ? 'hard' : 'soft',
        limits[index] ?? '',
        spent[index] ?? '',
        held[index] ?? '',
        `${Math.floor(budget.used_share * 100)}%`,
      ],
      notes: budget.breach_at === null ? [] : [`at this pace it is used up at ${dateTime(budget.breach_at)} UTC`],
    })),
    out,
  )
}
