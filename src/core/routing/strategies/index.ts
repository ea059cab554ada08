import type { Objective } from '../types.ts'
import { cost } from './cost.ts'
import type { Strategy } from './strategy.ts'

export const strategies = { cost } satisfies Record<Objective, Strategy>
