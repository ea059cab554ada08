/** Lowest expected all-in cost first, in USD. */
import { rankedBy, type Strategy } from './strategy.ts'

export const cost: Strategy = (candidates) => rankedBy(candidates, ({ score }) => score.allInNanoUsd / 1e9)
