/** Lowest expected all-in cost first, in USD. */
import { rankedBy, type Strategy } from './strategy.ts'

export const cost: Strategy = (candidates, { allInNanoUsd }) =>
  rankedBy(candidates, (entry, index) => (allInNanoUsd?.[index] ?? entry.score.allInNanoUsd) / 1e9)
