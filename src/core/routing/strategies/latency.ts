/** Fastest expected answer first, in seconds; a try that fails costs its time as well. */
import { meanLatencyMs } from '../learning/estimate.ts'
import { expectedLatencyMs, rankedBy, type Strategy } from './strategy.ts'

export const latency: Strategy = (candidates) =>
  rankedBy(candidates, ({ estimate }) => expectedLatencyMs(meanLatencyMs(estimate)) / estimate.success / 1_000)
