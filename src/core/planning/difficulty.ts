/**
 * Which prompts of a route need its higher floor. Prompts fall into cells by what makes pictures hard: counts, comparisons, negations and
 * positions, and their length. What people say about pictures that were made under the lower floor tells how often a cell is misjudged; the
 * lower floor is for as many cells as the route's share of misses allows. A reducer: gate in, gate out.
 */
import type { PromptFeatures } from '../prompt/features.ts'

export interface DifficultyGate {
  readonly cells: readonly GateCell[]
  /** Ratings under the higher floor: what people reject anyway. */
  readonly usual: Ratings
  /** Cells that may use the lower floor. */
  readonly easy: readonly boolean[]
}

interface Ratings {
  readonly accepted: number
  readonly rejected: number
}

interface GateCell extends Ratings {
  /** Pictures asked for, discounted. */
  readonly asked: number
}

export type GateFeatures = Pick<PromptFeatures, 'numerals' | 'comparatives' | 'negations' | 'spatial' | 'complexity'>

/** Ratings that the prior counts for. */
const priorWeight = (cell: number): number => (cell < 2 ? 100 : 6)
/** Expected misses, as a share of the route's pictures; the estimate is not the truth, so less than a route may miss. */
const MISSES_ALLOWED = 0.018
/** Of requests in cells that are in doubt, so many are tried under the lower floor. */
const TRIAL_SHARE = 0.1
const FORGETTING = 0.999

/** Of the public prompt sets: few plain prompts fail a weak model, some with one position, most that count, compare or deny. */
const PRIORS = [0.015, 0.25, 0.5, 0.7, 0.7, 0.7] as const
const LONG = 0.25

/** Two cells, short and long, for each of: nothing, one, several positions, without and with counts, comparisons or negations. */
const cellOf = ({ numerals, comparatives, negations, spatial, complexity }: GateFeatures): number => {
  const exact = numerals + comparatives + negations > 0 ? 3 : 0
  return 2 * (exact + Math.min(2, spatial)) + (complexity < LONG ? 0 : 1)
}

const priorOf = (cell: number): number => PRIORS[Math.floor(cell / 2)] ?? 1

export function createDifficultyGate(): DifficultyGate {
  const cells = Array.from({ length: 2 * PRIORS.length }, () => ({ asked: 1, accepted: 0, rejected: 0 }))
  return decide(cells, { accepted: 0, rejected: 0 })
}

/** `random` (0 to 1) decides about trials. */
export function isEasy({ easy, cells }: DifficultyGate, features: GateFeatures, random: number): boolean {
  const index = cellOf(features)
  if (easy[index]) return true
  const { accepted = 0, rejected = 0 } = cells[index] ?? {}
  return priorOf(index) < 0.5 && rejected < 3 + (accepted + rejected) / 10 && random < TRIAL_SHARE
}

/** So many pictures were asked for. */
export function askedFor(gate: DifficultyGate, features: GateFeatures, pictures: number): DifficultyGate {
  const index = cellOf(features)
  return {
    ...gate,
    cells: gate.cells.map((cell, each) => (each === index ? { ...cell, asked: cell.asked * FORGETTING + pictures } : cell)),
  }
}

/** A word about a picture, and whether it was made under the lower floor. */
export function rated(gate: DifficultyGate, features: GateFeatures, lower: boolean, accepted: boolean): DifficultyGate {
  if (!lower) return decide(gate.cells, added(gate.usual, accepted))
  const index = cellOf(features)
  return decide(
    gate.cells.map((cell, each) => (each === index ? { asked: cell.asked, ...added(cell, accepted) } : cell)),
    gate.usual,
  )
}

const added = ({ accepted, rejected }: Ratings, isAccepted: boolean): Ratings => ({
  accepted: accepted * FORGETTING + (isAccepted ? 1 : 0),
  rejected: rejected * FORGETTING + (isAccepted ? 0 : 1),
})

/** The least risky cells first, as long as the expected misses stay within what is allowed. */
function decide(cells: readonly GateCell[], usual: Ratings): DifficultyGate {
  const total = cells.reduce((sum, { asked }) => sum + asked, 0)
  const always = (usual.rejected + 0.2) / (usual.accepted + usual.rejected + 10)
  const risks = cells.map(({ accepted, rejected }, cell) => {
    const seen = accepted + rejected
    const beyond = Math.max(0, rejected - always * seen)
    return (beyond + priorWeight(cell) * priorOf(cell)) / (seen + priorWeight(cell))
  })
  const easy = cells.map(() => false)
  let misses = 0
  for (const cell of [...risks.keys()].sort((a, b) => (risks[a] ?? 1) - (risks[b] ?? 1))) {
    misses += ((risks[cell] ?? 1) * (cells[cell]?.asked ?? 0)) / total
    if (misses > MISSES_ALLOWED) break
    easy[cell] = true
  }
  return { cells, usual, easy }
}
