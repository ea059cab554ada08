/** Where a budget's period is heading: thresholds that are reached, and a forecast by the pace so far. */
import type { NanoUsd } from '../money.ts'

/** Percent of the limit that people are told about. */
export const budgetThresholds = [50, 80, 100] as const
export type BudgetAlert = (typeof budgetThresholds)[number] | 'forecast'

/** How the forecast is made: what was used so far, at the same pace until the end of the period. */
export const FORECAST_METHOD = 'linear_pace'

export interface BudgetUse {
  readonly limitNanoUsd: NanoUsd
  /** Spent and held: what admission counts. */
  readonly usedNanoUsd: NanoUsd
  readonly periodStartUs: number
  /** Null: it has none. */
  readonly periodEndUs: number | null
  /** A request did not fit any more, although less than the limit is used. */
  readonly isReached: boolean
}

export interface Forecast {
  /** At the end of the period. */
  readonly usedNanoUsd: NanoUsd
  /** When the limit is passed; null: not in this period, or it is already. */
  readonly breachUs: number | null
}

/** Before so much of a period is over its pace says nothing: 5 %. */
const LEAST_SHARE = 20n

/** Undefined for a period without an end, and in its first 5 %. */
export function forecastOf(
  { limitNanoUsd, usedNanoUsd, periodStartUs, periodEndUs }: BudgetUse,
  nowUs: number,
): Forecast | undefined {
  if (periodEndUs === null) return undefined
  const elapsed = BigInt(Math.trunc(nowUs) - periodStartUs)
  const whole = BigInt(periodEndUs - periodStartUs)
  if (elapsed <= 0n || elapsed > whole || elapsed * LEAST_SHARE < whole) return undefined
  const forecast = (usedNanoUsd * whole) / elapsed
  const isComing = forecast > limitNanoUsd && usedNanoUsd < limitNanoUsd
  return {
    usedNanoUsd: forecast,
    breachUs: isComing ? periodStartUs + Number((elapsed * limitNanoUsd) / usedNanoUsd) : null,
  }
}

/** Everything to be told about this period so far; who tells it keeps count of what was told. */
export function alertsOf(use: BudgetUse, nowUs: number): readonly BudgetAlert[] {
  const share = (percent: number): boolean => use.usedNanoUsd * 100n >= use.limitNanoUsd * BigInt(percent)
  const reached = budgetThresholds.filter((percent) => use.isReached || share(percent))
  return typeof forecastOf(use, nowUs)?.breachUs === 'number' ? [...reached, 'forecast'] : reached
}
