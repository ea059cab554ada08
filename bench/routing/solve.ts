/** The bound's linear programs, solved: the cheapest of them is the bound. */
import highs from 'highs'
import type { PlannedPrice } from '../../src/core/planning/month.ts'
import type { BoundModel, BoundProgram } from '../../src/core/simulation/bound.ts'
import { minimumSpend } from '../../src/core/simulation/catalogue.ts'
import type { World } from '../../src/core/simulation/world.ts'
import type { JobResult } from './types.ts'

export interface Solved {
  readonly bound: JobResult['bound']
  /** What its solution really costs; USD. */
  readonly costUsd: number
  /** Prices by which requests choose what the solution chose. */
  readonly planned: ReadonlyMap<string, PlannedPrice>
}

// The package's types are those of its CommonJS build; what Node imports is the other one, whose default is the function itself.
const loadHighs = highs as unknown as typeof highs.default

/** The best combination of tiers; every program is solved to its optimum or the bound does not stand. */
export async function solve(world: World, { programs, costOf }: BoundModel, solveSeconds: number): Promise<Solved> {
  const solver = await loadHighs()
  let lower = Number.POSITIVE_INFINITY
  let upper = Number.POSITIVE_INFINITY
  let unsolved = 0
  let costUsd = Number.POSITIVE_INFINITY
  let planned: ReadonlyMap<string, PlannedPrice> = new Map()
  for (const program of programs) {
    const solution = solver.solve(program.text, { time_limit: solveSeconds })
    if (solution.Status === 'Infeasible') continue
    if (solution.Status !== 'Optimal') {
      unsolved += 1
      continue
    }
    const usd = solution.ObjectiveValue + program.offsetUsd
    const values = new Map(Object.entries(solution.Columns).map(([name, { Primal }]) => [name, Primal]))
    const ownUsd = costOf(values)
    if (usd < lower) {
      lower = usd
      costUsd = ownUsd
      const row = solution.Rows[Number(program.minimumRow.slice(1))]
      planned = pricesOf(world, program, row && 'Dual' in row && typeof row.Dual === 'number' ? row.Dual : 1)
    }
    upper = Math.min(upper, ownUsd)
  }
  return { bound: { usd: lower, gap: upper / lower - 1, programs: programs.length, unsolved }, costUsd, planned }
}

function pricesOf(world: World, { factors }: BoundProgram, dual: number): ReadonlyMap<string, PlannedPrice> {
  const shadowShare = Math.min(1, Math.max(0, 1 - dual))
  return new Map(
    world.deployments.map(({ offer, terms, lane }) => [
      offer.id,
      {
        factor: lane === 'sync' ? (factors.get(offer.id) ?? 1) : 1,
        shadowShare: terms.provider === minimumSpend.provider ? shadowShare : 0,
      },
    ]),
  )
}
