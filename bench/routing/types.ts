/** What the threads of the routing benchmark tell each other. */
import type { Calibration } from './calibration.ts'

export interface Job {
  readonly seed: number
  /** Pictures per month. */
  readonly volume: number
  readonly baselines: 'main' | 'all'
  /** Per linear program. */
  readonly solveSeconds: number
  /** Run the product's policy again with one thing at a time that is not hidden from it. */
  readonly losses: boolean
}

export interface PolicyResult {
  readonly name: string
  readonly billsUsd: number
  readonly penaltiesUsd: number
  readonly totalUsd: number
  readonly attempts: number
  readonly billedInVainUsd: number
  /** Shares of requests, pictures and interactive requests. */
  readonly late: number
  readonly belowFloor: number
  readonly success: number
  readonly decisionP99Ms: number
  /** Requests until the choice follows a change of price that can be seen; see `createRecoveryLog`. */
  readonly recovery: readonly number[]
  /** Live memory after three quarters of the month over that of its middle. */
  readonly heapGrowth: number
  /** Of what was told of each attempt: that it succeeds, that it is refused, and that its picture keeps the floor of its prompt. */
  readonly calibration: { readonly success: Calibration; readonly refusal: Calibration; readonly floors: Calibration }
}

export interface JobResult {
  readonly seed: number
  readonly volume: number
  readonly bound: { readonly usd: number; readonly gap: number; readonly programs: number; readonly unsolved: number }
  /** The best month of who chooses by prices that are a day old and pays for refused calls: no policy gets below it on average. */
  readonly unforeseenUsd: number
  readonly policies: readonly PolicyResult[]
  /** What the product's month would cost less, by what is told to it. */
  readonly losses: readonly { readonly told: string; readonly savedUsd: number }[]
  readonly requestsPerSecond: number
  readonly heapMb: number
}
