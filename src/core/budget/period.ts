/** Budget periods, in UTC. A period is named by its first microsecond; `total` has one period, which starts at 0. */

export const budgetPeriods = ['day', 'month', 'total'] as const
export type BudgetPeriod = (typeof budgetPeriods)[number]

const US_PER_DAY = 86_400_000_000

/** First microsecond of the period that contains `atUs`. */
export function periodStartUs(period: BudgetPeriod, atUs: number): number {
  switch (period) {
    case 'day':
      return Math.floor(atUs / US_PER_DAY) * US_PER_DAY
    case 'month': {
      const date = new Date(Math.floor(atUs / 1000))
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) * 1000
    }
    case 'total':
      return 0
  }
}

/** First microsecond of the period after the one that starts at `startUs`; null when there is none. */
export function periodEndUs(period: BudgetPeriod, startUs: number): number | null {
  switch (period) {
    case 'day':
      return startUs + US_PER_DAY
    case 'month': {
      const date = new Date(startUs / 1000)
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) * 1000
    }
    case 'total':
      return null
  }
}
