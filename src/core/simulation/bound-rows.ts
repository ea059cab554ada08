/** The rows of the bound's linear program: what must be made, by when, and how much each offer can take. */
import type { Demand, Variable } from './bound-demand.ts'
import { HOUR_US, MONTH_START_US } from './time.ts'
import { rateShare, type World } from './world.ts'

const DEADLINE_US = 24 * HOUR_US

interface Rows {
  readonly rows: string[]
  readonly bounds: string[]
  readonly unmet: string[]
}

/** Rows that do not depend on the tiers: demand, deadlines, refusals, rate limits. `u` is what nobody can make. */
export function sharedRows(world: World, demand: Demand, variables: readonly Variable[]): Rows {
  const rows: string[] = []
  const bounds: string[] = []
  const unmet: string[] = []
  const byClass = demand.known.map((_, index) => variables.filter((each) => each.known === index))
  for (const [index, { kind }] of demand.known.entries()) {
    if (demand.pictures.every((counts) => (counts[index] ?? 0) === 0)) continue
    const own = byClass[index] ?? []
    if (kind.interactive) interactiveRows(demand, index, own, { rows, bounds, unmet })
    else deferrableRows(demand, index, own, { rows, unmet })
  }
  for (const [regime, fromUs] of demand.boundaries.slice(0, -1).entries()) {
    const seconds = ((demand.boundaries[regime + 1] ?? fromUs) - fromUs) / 1e6
    for (const deployment of world.deployments) {
      const share = rateShare(world, deployment, fromUs + 1)
      if (share === 1) continue
      const own = variables.filter((each) => each.regime === regime && each.deployment === deployment)
      if (own.length > 0) rows.push(`${sumOf(own)} <= ${world.ratePerSecond * (share * seconds + 60) + 24}`)
    }
  }
  return { rows, bounds, unmet }
}

function interactiveRows(
  { pictures, refusal }: Demand,
  index: number,
  own: readonly Variable[],
  { rows, bounds, unmet }: Rows,
): void {
  for (const [regime, counts] of pictures.entries()) {
    const wanted = counts[index] ?? 0
    if (wanted === 0) continue
    const here = own.filter((each) => each.regime === regime)
    const missing = `u${regime}_${index}`
    unmet.push(missing)
    rows.push(`${[...here.map(({ name }) => name), missing].join(' + ')} = ${wanted}`)
    for (const { name, deployment } of here) bounds.push(`${name} <= ${(1 - (refusal[index]?.[deployment.index] ?? 0)) * wanted}`)
  }
}

/** Work that may wait a day: never made before it is asked for, nor later than its deadline; the whole of it in the end. */
function deferrableRows(demand: Demand, index: number, own: readonly Variable[], { rows, unmet }: Omit<Rows, 'bounds'>): void {
  const { boundaries, pictures, cumulative, refusal } = demand
  const total = pictures.reduce((sum, counts) => sum + (counts[index] ?? 0), 0)
  const missing = `u_${index}`
  unmet.push(missing)
  let arrived = 0
  // `s` is what was made up to the end of a regime.
  for (const regime of pictures.keys()) {
    arrived += pictures[regime]?.[index] ?? 0
    const made = `s${regime}_${index}`
    const here = own.filter((each) => each.regime === regime).map(({ name }) => ` - ${name}`)
    rows.push(`${made}${regime === 0 ? '' : ` - s${regime - 1}_${index}`}${here.join('')} = 0`)
    if (regime === pictures.length - 1) {
      rows.push(`${made} + ${missing} = ${total}`)
      continue
    }
    rows.push(`${made} <= ${arrived}`)
    const dueHour = Math.floor(((boundaries[regime + 1] ?? 0) - DEADLINE_US - MONTH_START_US) / HOUR_US) - 1
    if (dueHour >= 0) rows.push(`${made} + ${missing} >= ${cumulative[dueHour]?.[index] ?? 0}`)
  }
  for (const deployment of new Set(own.map((each) => each.deployment))) {
    const share = 1 - (refusal[index]?.[deployment.index] ?? 0)
    rows.push(`${sumOf(own.filter((each) => each.deployment === deployment))} <= ${share * total}`)
  }
}

export const sumOf = (variables: readonly Variable[]): string => variables.map(({ name }) => name).join(' + ')
