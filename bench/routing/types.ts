/** What the threads of the routing benchmark tell each other. */

export interface Job {
  readonly seed: number
  /** Pictures per month. */
  readonly volume: number
  readonly baselines: 'main' | 'all'
  /** Per linear program. */
  readonly solveSeconds: number
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
  /** Of the chance that an attempt succeeds: mean squared error, that of always saying the mean, and both means. */
  readonly brier: { readonly model: number; readonly constant: number; readonly expected: number; readonly observed: number }
}

export interface JobResult {
  readonly seed: number
  readonly volume: number
  readonly bound: { readonly usd: number; readonly gap: number; readonly programs: number; readonly unsolved: number }
  readonly policies: readonly PolicyResult[]
  readonly requestsPerSecond: number
  readonly heapMb: number
}
