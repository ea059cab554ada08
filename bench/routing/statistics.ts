/** What the tables of the routing benchmark are made of. */
import type { MonthResult } from '../../src/core/simulation/account.ts'
import { classes } from '../../src/core/simulation/classes.ts'

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** NaN of nothing. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}

export const percent = (value: number, digits = 1): string => `${(100 * value).toFixed(digits)} %`

/** Seeds with less to save than this share of the bound are listed and left out of eta. */
export const LEAST_SPREAD = 0.03

export interface MonthShares {
  /** Shares of requests, pictures and interactive requests. */
  readonly late: number
  readonly belowFloor: number
  readonly success: number
}

export function sharesOf({ classes: sums }: MonthResult): MonthShares {
  const interactive = sums.filter((_, index) => classes[index]?.interactive)
  const total = (list: typeof sums, field: 'requests' | 'pictures' | 'late' | 'belowFloor' | 'unserved'): number =>
    list.reduce((sum, each) => sum + each[field], 0)
  return {
    late: total(sums, 'late') / total(sums, 'requests'),
    belowFloor: total(sums, 'belowFloor') / total(sums, 'pictures'),
    success: 1 - total(interactive, 'unserved') / total(interactive, 'requests'),
  }
}
