/** Figures of the overview strip, from the overview endpoint. */
import type { BudgetWire, OverviewWire } from '../../../../src/contract/admin.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { isZeroUsd, perMille, shortUsd } from '../../lib/money.ts'

export interface Figure {
  readonly label: string
  readonly usd: string
  /** What the figure means, shown with it. */
  readonly note: string
  /** Worth looking at: drawn in a warning colour, and kept on narrow screens. */
  readonly attention: boolean
}

export function selectFigures(overview: OverviewWire): readonly Figure[] {
  const counted = `${count(overview.requests_today, 'request')}, ${count(overview.images_today, 'picture')}`
  return [
    { label: 'Today', usd: overview.today_usd, note: counted, attention: false },
    { label: 'This month', usd: overview.month_usd, note: 'UTC, all requests', attention: false },
    { label: 'Held', usd: overview.held_usd, note: 'reserved for running calls', attention: false },
    {
      label: 'Unknown',
      usd: overview.unknown_usd,
      note: 'may have been billed',
      attention: !isZeroUsd(overview.unknown_usd),
    },
  ]
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`

export interface BudgetBurn {
  readonly id: string
  readonly name: string
  /** Spent and held, of the limit. */
  readonly text: string
  readonly perMille: number
  readonly tone: 'ink' | 'warn' | 'bad'
}

/** Budgets, most used first. Held money counts as used: that is how the gateway admits requests. */
export function selectBudgets(budgets: readonly BudgetWire[]): readonly BudgetBurn[] {
  return budgets
    .map((budget) => {
      const used = parseUsd(budget.spent_usd) + parseUsd(budget.held_usd)
      const share = perMille(used, parseUsd(budget.limit_usd))
      const tone: BudgetBurn['tone'] = share >= 1000 ? 'bad' : share >= 800 ? 'warn' : 'ink'
      return { id: budget.id, name: budgetName(budget), text: budgetText(budget), perMille: share, tone }
    })
    .sort((left, right) => right.perMille - left.perMille)
}

const periods = { day: 'per day', month: 'per month', total: 'in total' } as const

function budgetName(budget: BudgetWire): string {
  const who = budget.scope === 'global' ? 'Everything' : `${budget.scope} ${budget.scope_value}`
  return `${who}, ${periods[budget.period]}`
}

const budgetText = (budget: BudgetWire): string =>
  `${shortUsd(budget.remaining_usd)} left of ${shortUsd(budget.limit_usd)}${budget.hard ? '' : ' (soft)'}`
