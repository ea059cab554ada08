/**
 * Which prompts of a route need its higher floor. Prompts fall into bins by their complexity; what people say about pictures that were made
 * under the lower floor tells how often a bin is misjudged, and the lower floor is for as many bins as the route's share of misses allows.
 */

export interface DifficultyGate {
  readonly bins: readonly GateBin[]
  /** Bins that may use the lower floor. */
  readonly easy: readonly boolean[]
}

interface GateBin {
  /** Pictures asked for, discounted. */
  readonly asked: number
  /** Ratings of pictures made under the lower floor. */
  readonly accepted: number
  readonly rejected: number
}

const BINS = 20
/** Ratings that the prior counts for. */
const PRIOR_WEIGHT = 8
/** Half of what a route may miss: the estimate is not the truth. */
const MISSES_ALLOWED = 0.01
const FORGETTING = 0.9995

/** Before anything was said, prompts of little load are taken as easy and others as hard. */
const priorReject = (bin: number): number => (bin <= 1 ? 0.02 : bin <= 2 ? 0.1 : 0.6)

export function createDifficultyGate(): DifficultyGate {
  return decide(Array.from({ length: BINS }, () => ({ asked: 1, accepted: 0, rejected: 0 })))
}

const binOf = (complexity: number): number => Math.min(BINS - 1, Math.floor(complexity * BINS))

export const isEasy = ({ easy }: DifficultyGate, complexity: number): boolean => easy[binOf(complexity)] ?? false

export function askedFor(gate: DifficultyGate, complexity: number, pictures: number): DifficultyGate {
  const index = binOf(complexity)
  const bins = gate.bins.map((bin, each) => (each === index ? { ...bin, asked: bin.asked * FORGETTING + pictures } : bin))
  return { bins, easy: gate.easy }
}

/** A word about a picture that was made under the lower floor. */
export function ratedUnderLowerFloor(gate: DifficultyGate, complexity: number, accepted: boolean): DifficultyGate {
  const index = binOf(complexity)
  return decide(
    gate.bins.map((bin, each) =>
      each === index
        ? {
            asked: bin.asked,
            accepted: bin.accepted * FORGETTING + (accepted ? 1 : 0),
            rejected: bin.rejected * FORGETTING + (accepted ? 0 : 1),
          }
        : bin,
    ),
  )
}

/** The least risky bins first, as long as the expected misses stay within what is allowed. */
function decide(bins: readonly GateBin[]): DifficultyGate {
  const total = bins.reduce((sum, { asked }) => sum + asked, 0)
  const risks = bins.map(
    ({ accepted, rejected }, bin) => (rejected + PRIOR_WEIGHT * priorReject(bin)) / (accepted + rejected + PRIOR_WEIGHT),
  )
  const easy = bins.map(() => false)
  let misses = 0
  for (const bin of [...risks.keys()].sort((a, b) => (risks[a] ?? 1) - (risks[b] ?? 1))) {
    misses += ((risks[bin] ?? 1) * (bins[bin]?.asked ?? 0)) / total
    if (misses > MISSES_ALLOWED) break
    easy[bin] = true
  }
  return { bins, easy }
}
