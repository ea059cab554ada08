/** What the threads of the track with GPUs tell each other. */
import type { GpuUse } from '../../src/core/simulation/gpu-pool.ts'
import type { MonthShares } from './statistics.ts'
import type { JobResult } from './types.ts'

export interface GpuPolicyResult extends MonthShares {
  readonly name: string
  readonly billsUsd: number
  readonly penaltiesUsd: number
  readonly totalUsd: number
  /** Absent: it rents none. */
  readonly gpus?: GpuUse
}

export interface GpuJobResult {
  readonly seed: number
  readonly volume: number
  /** With as much of a GPU as is needed at every moment, and no time to start it. */
  readonly bound: JobResult['bound']
  /** The bound of who rents none. */
  readonly boundWithout: JobResult['bound']
  readonly policies: readonly GpuPolicyResult[]
  /** Processor time of the month with GPUs, seconds. */
  readonly seconds: number
}
