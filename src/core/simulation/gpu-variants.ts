/** A plan with the pool before its other offers, and without it. */
import type { PlannedAttempt } from '../routing/index.ts'
import type { FullPlan } from './engine.ts'

export interface Variants {
  readonly elsewhere: FullPlan | undefined
  /** Absent: the pool cannot serve it. */
  readonly pooled: FullPlan | undefined
  /** After a wait that leaves no time for a batch lane. */
  readonly long: FullPlan | undefined
  /** Nano-USD that one picture costs elsewhere, tries in vain included. */
  readonly priceElsewhere: number
}

/** `pool`: the offer that GPUs of one's own make; `pictures`: asked for by the request. */
export function variantsOf(made: FullPlan, pool: string, pictures: number): Variants {
  const own = made.attempts.find(({ candidate }) => candidate.offer.id === pool)
  const others = made.attempts.filter((each) => each !== own)
  const atOnce = others.filter(({ candidate }) => candidate.offer.tier !== 'batch')
  const [cheapest] = others
  return {
    elsewhere: planOf(made, others),
    pooled: own && planOf(made, [own, ...others]),
    long: own && planOf(made, [own, ...(atOnce.length > 0 ? atOnce : others)]),
    priceElsewhere: cheapest ? priceOf(cheapest) / pictures : 0,
  }
}

/** Nano-USD of the request: what choosing compares, less what being late is worth, which nobody is paid. */
export const priceOf = ({ allIn, total }: PlannedAttempt): number =>
  allIn ? allIn.allInNanoUsd - allIn.latenessNanoUsd : Number(total.expectedNanoUsd)

function planOf(made: FullPlan, attempts: readonly PlannedAttempt[]): FullPlan | undefined {
  const [first, ...rest] = attempts
  return first && { ...made, attempts: [first, ...rest] }
}
