/**
 * Which prompts of a route need its higher floor. Prompts fall into cells by what makes pictures hard: counts, comparisons, negations,
 * positions, attributes bound to several things, and their length. What people say about pictures that were made under the lower floor tells
 * how often a cell is misjudged. The misses a route may have are spent on the least risky cells first, and what is left of them on a part of
 * the next cell, unless that is surely a risky one: that part is what it is learned from. A reducer: gate in, gate out.
 */
import type { PromptFeatures } from '../prompt/features.ts'

export interface DifficultyGate {
  readonly cells: readonly GateCell[]
  /** Ratings under the higher floor: what people reject anyway. */
  readonly usual: Ratings
  /** Share of each cell's requests that may use the lower floor, 0 to 1. */
  readonly easy: readonly number[]
}

interface Ratings {
  readonly accepted: number
  readonly rejected: number
}

interface GateCell extends Ratings {
  /** Pictures asked for, discounted. */
  readonly asked: number
}

export type GateFeatures = Pick<
  PromptFeatures,
  'numerals' | 'comparatives' | 'negations' | 'spatial' | 'attributePairs' | 'styleWords' | 'complexity'
>

/** Expected misses, as a share of the route's pictures; the estimate is not the truth, so less than a route may miss. */
const MISSES_ALLOWED = 0.018
/**
 * A cell that surely fails more often than this is left alone, whatever is left to miss: each miss buys few cheaper pictures there, and one too
 * many is dear.
 */
const MOST_RISK = 0.2
const FORGETTING = 0.999

/** Misses of a weak model by public prompt sets: next to none at plain prompts, some with a position, most that count, compare or deny. */
const PRIORS = {
  plain: { risk: 0.015, weight: 100 },
  placed: { risk: 0.25, weight: 6 },
  bound: { risk: 0.5, weight: 6 },
  exact: { risk: 0.7, weight: 6 },
} as const
const KINDS = [PRIORS.plain, PRIORS.placed, PRIORS.bound, PRIORS.exact] as const
const LONG = 0.25
/** A prior of this weight needs no help from the other length. */
const CERTAIN = 50
/** Two things that each have an attribute of their own. */
const BOUND = 2

/** Two cells, short and long, for each kind. */
function cellOf({ numerals, comparatives, negations, spatial, attributePairs, styleWords, complexity }: GateFeatures): number {
  // Beside words of style, attributes are mostly those of the look: `purple tones, cinematic light`.
  const inPlace = spatial === 0 ? 0 : attributePairs < BOUND || styleWords > 0 ? 1 : 2
  const kind = numerals + comparatives + negations > 0 ? 3 : inPlace
  return 2 * kind + (complexity < LONG ? 0 : 1)
}

const priorOf = (cell: number): { readonly risk: number; readonly weight: number } => KINDS[cell >> 1] ?? PRIORS.exact

export function createDifficultyGate(): DifficultyGate {
  const cells = Array.from({ length: 2 * KINDS.length }, () => ({ asked: 1, accepted: 0, rejected: 0 }))
  return decide(cells, { accepted: 0, rejected: 0 })
}

/** `random` (0 to 1), drawn once per request, decides in cells of which only a part may. */
export const isEasy = ({ easy }: DifficultyGate, features: GateFeatures, random: number): boolean =>
  random < (easy[cellOf(features)] ?? 0)

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

/** Two standard deviations below the estimate. */
function leastRisk(risk: number, index: number, { accepted, rejected }: Ratings = { accepted: 0, rejected: 0 }): number {
  const weight = priorOf(index).weight + accepted + rejected
  return risk - 2 * Math.sqrt((risk * (1 - risk)) / (weight + 1))
}

/** The least risky cells first, as long as the expected misses stay within what is allowed; of the next one, as much as still does. */
function decide(cells: readonly GateCell[], usual: Ratings): DifficultyGate {
  const total = cells.reduce((sum, { asked }) => sum + asked, 0)
  const always = (usual.rejected + 0.2) / (usual.accepted + usual.rejected + 10)
  const wrong = ({ accepted, rejected }: Ratings): number => Math.max(0, rejected - always * (accepted + rejected))
  // What is said about a kind of prompt is said about both its lengths, until one of them is known well enough by itself.
  const kinds = KINDS.map(({ risk, weight }, kind) => {
    const own = cells.filter((_, cell) => cell >> 1 === kind)
    const seen = own.reduce((sum, { accepted, rejected }) => sum + accepted + rejected, 0)
    return (own.reduce((sum, cell) => sum + wrong(cell), 0) + weight * risk) / (seen + weight)
  })
  const risks = cells.map((cell, index) => {
    const { risk, weight } = priorOf(index)
    return (
      (wrong(cell) + weight * (weight < CERTAIN ? (kinds[index >> 1] ?? risk) : risk)) / (cell.accepted + cell.rejected + weight)
    )
  })
  const easy = cells.map(() => 0)
  let left = MISSES_ALLOWED
  for (const cell of [...risks.keys()].sort((a, b) => (risks[a] ?? 1) - (risks[b] ?? 1))) {
    if (leastRisk(risks[cell] ?? 1, cell, cells[cell]) > MOST_RISK) continue
    const misses = ((risks[cell] ?? 1) * (cells[cell]?.asked ?? 0)) / total
    easy[cell] = Math.min(1, left / misses)
    left -= misses
    if (left <= 0) break
  }
  return { cells, usual, easy }
}
