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

const RELATIONS = 4
const LENGTHS = [0.1, 0.25, 0.45] as const
/** Ratings that the prior counts for. */
const PRIOR_WEIGHT = 12
/** Expected misses, as a share of the route's pictures; the estimate is not the truth, so less than a route may miss. */
const MISSES_ALLOWED = 0.013
const FORGETTING = 0.999

/** Of the public prompt sets: few plain prompts fail a weak model, most that count or relate things do. */
const PRIORS = [0.02, 0.35, 0.6, 0.7] as const

const cellOf = ({ numerals, comparatives, negations, spatial, complexity }: GateFeatures): number => {
  const relations = Math.min(RELATIONS - 1, numerals + comparatives + negations + spatial)
  const length = LENGTHS.findIndex((limit) => complexity < limit)
  return relations * (LENGTHS.length + 1) + (length === -1 ? LENGTHS.length : length)
}

const priorOf = (cell: number): number => PRIORS[Math.floor(cell / (LENGTHS.length + 1))] ?? 1

export function createDifficultyGate(): DifficultyGate {
  const cells = Array.from({ length: RELATIONS * (LENGTHS.length + 1) }, () => ({ asked: 1, accepted: 0, rejected: 0 }))
  return decide(cells, { accepted: 0, rejected: 0 })
}

export const isEasy = ({ easy }: DifficultyGate, features: GateFeatures): boolean => easy[cellOf(features)] ?? false

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
    return (beyond + PRIOR_WEIGHT * priorOf(cell)) / (seen + PRIOR_WEIGHT)
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
