import type { QueryClient } from '@tanstack/react-query'
import { keys } from '../../api/queries.ts'
import { settingsKeys } from '../../api/settings-queries.ts'

/** Budgets on their page, and beside every other. */
export const refreshBudgets = (queryClient: QueryClient): Promise<unknown> =>
  Promise.all([
    queryClient.invalidateQueries({ queryKey: settingsKeys.budgets }),
    queryClient.invalidateQueries({ queryKey: keys.overview }),
  ])
