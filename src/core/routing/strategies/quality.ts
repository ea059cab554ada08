/** Best known picture first, as the negative of its score; what nobody has rated comes last. */
import { rankedBy, type Strategy } from './strategy.ts'

export const quality: Strategy = (candidates) =>
  rankedBy(candidates, ({ qualityScore }) => (qualityScore === undefined ? Number.POSITIVE_INFINITY : -qualityScore))
