/** The registry of objectives: one line per strategy. */
import { balanced } from './balanced.ts'
import { cost } from './cost.ts'
import { latency } from './latency.ts'
import { priority } from './priority.ts'
import { quality } from './quality.ts'
import type { Strategy } from './strategy.ts'
import { weighted } from './weighted.ts'

export const strategies = { cost, latency, quality, balanced, weighted, priority } satisfies Record<string, Strategy>

/** What a route can optimise. */
export type Objective = keyof typeof strategies
