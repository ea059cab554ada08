/**
 * The cheapest month that was possible, knowing everything but luck (reference: routing benchmark, section 4): a linear program per
 * combination of volume tiers. Time is cut where anything changes, so that demand and prices are exact and no slot is a mean.
 */
import { categories } from '../prompt/lexicon.ts'
import { UNSERVED_PENALTY } from './account.ts'
import { boundariesOf, type Demand, demandOf, knownClasses, type Variable, variablesOf } from './bound-demand.ts'
import { sharedRows, sumOf } from './bound-rows.ts'
import { minimumSpend } from './catalogue.ts'
import type { Templates } from './workload.ts'
import type { Deployment, World } from './world.ts'

export interface BoundOptions {
  /**
   * The best month for who knows all but what nobody can know in time: changes of price are chosen by a day later, and a refusal is met as
   * often as its chance says, billed where the offer bills it. The cost of its solution is what is left to save.
   */
  readonly unforeseen?: boolean
}

export interface BoundModel {
  /** Instants between which nothing changes. */
  readonly boundaries: readonly number[]
  readonly programs: readonly BoundProgram[]
  /** What a solution really costs, by the terms of the contracts; USD. */
  costOf(solution: ReadonlyMap<string, number>): number
}

export interface BoundProgram {
  readonly tiers: readonly number[]
  readonly text: string
  readonly offsetUsd: number
  /** By offer, of the tiers aimed for. */
  readonly factors: ReadonlyMap<string, number>
  /** The row of the minimum spend: its dual is what a picture bought at that account really costs, as a share of its price. */
  readonly minimumRow: string
}

export function buildBound(world: World, templates: Templates, { unforeseen = false }: BoundOptions = {}): BoundModel {
  const topics = unforeseen ? [...categories, 'other' as const] : [undefined]
  const boundaries = boundariesOf(world, unforeseen)
  const demand = demandOf(world, templates, boundaries, knownClasses(topics))
  const variables = variablesOf(world, demand, unforeseen)
  const tiered = world.deployments.filter(({ terms, lane }) => lane === 'sync' && terms.tiers)
  const shared = sharedRows(world, demand, variables)
  const reach = tiered.map((deployment) => reachOf(deployment, variables, demand))
  const programs = vectors(tiered, reach).map((tiers) => ({
    tiers,
    ...programOf(world, { variables, tiered, tiers, shared }),
  }))
  return { boundaries, programs, costOf: (solution) => trueCost(world, variables, solution) }
}

/** USD per picture that nobody makes: what the benchmark takes, at the lowest price of the class. */
const unmetUsd = (variables: readonly Variable[], name: string): number => {
  const index = Number(name.slice(name.indexOf('_') + 1))
  return UNSERVED_PENALTY * Math.min(...variables.filter((each) => each.known === index).map(({ priceUsd }) => priceUsd))
}

/** Pictures that could be made there at most. */
function reachOf(deployment: Deployment, variables: readonly Variable[], { pictures }: Demand): number {
  const reached = new Set(variables.filter((each) => each.deployment === deployment).map((each) => each.known))
  return pictures.reduce(
    (sum, counts) => sum + counts.reduce((total, count, index) => total + (reached.has(index) ? count : 0), 0),
    0,
  )
}

function vectors(tiered: readonly Deployment[], reach: readonly number[]): readonly (readonly number[])[] {
  let all: (readonly number[])[] = [[]]
  for (const [index, { terms }] of tiered.entries()) {
    const steps = (terms.tiers?.steps ?? []).filter(({ from }) => from <= (reach[index] ?? 0))
    all = all.flatMap((start) => steps.map((_, step) => [...start, step]))
  }
  return all
}

interface ProgramInput {
  readonly variables: readonly Variable[]
  readonly tiered: readonly Deployment[]
  readonly tiers: readonly number[]
  readonly shared: { readonly rows: readonly string[]; readonly bounds: readonly string[]; readonly unmet: readonly string[] }
}

/** Within one combination of tiers every price is linear; a graduated tier pays the dearer earlier pictures as a constant. */
function programOf(world: World, { variables, tiered, tiers, shared }: ProgramInput): Omit<BoundProgram, 'tiers'> {
  const rows = [...shared.rows]
  let offsetUsd = 0
  const factors = new Map<number, number>()
  for (const [index, deployment] of tiered.entries()) {
    const { terms } = deployment
    const steps = terms.tiers?.steps ?? []
    const step = tiers[index] ?? 0
    const { from, factor } = steps[step] ?? { from: 0, factor: 1 }
    factors.set(deployment.index, factor)
    const own = variables.filter((each) => each.deployment === deployment)
    if (own.length === 0) continue
    const to = steps[step + 1]?.from
    if (from > 0) rows.push(`${sumOf(own)} >= ${from}`)
    if (to !== undefined) rows.push(`${sumOf(own)} <= ${to}`)
    if (terms.tiers?.mode === 'graduated') {
      // Pictures of different sizes have different prices: the earlier, dearer ones are taken to be the cheapest size.
      const cheapest = Math.min(...own.map(({ knownUsd }) => knownUsd))
      for (let below = 0; below < step; below += 1) {
        offsetUsd +=
          ((steps[below + 1]?.from ?? 0) - (steps[below]?.from ?? 0)) * ((steps[below]?.factor ?? 1) - factor) * cheapest
      }
    }
  }
  const priceOf = ({ knownUsd, deployment }: Variable): number => knownUsd * (factors.get(deployment.index) ?? 1)
  const committed = variables.filter(({ deployment }) => deployment.terms.provider === minimumSpend.provider)
  const free = variables.filter(({ deployment }) => deployment.terms.provider !== minimumSpend.provider)
  // `k` is the bill of the account with the minimum: at least the minimum, at least what was bought.
  const minimumRow = `r${rows.length}`
  rows.push(`k ${committed.map((each) => `- ${priceOf(each)} ${each.name}`).join(' ')} >= 0`)
  const bounds = [...shared.bounds, `k >= ${world.minimumSpendNano / 1e9}`]
  // A name may stand in the objective once only: what it costs and what being late costs are one number.
  const objective = [
    ...free.map((each) => `${priceOf(each) + each.lateUsd} ${each.name}`),
    ...committed.filter(({ lateUsd }) => lateUsd > 0).map(({ lateUsd, name }) => `${lateUsd} ${name}`),
    'k',
    ...shared.unmet.map((name) => `${unmetUsd(variables, name)} ${name}`),
  ].join(' + ')
  const text = `Minimize\n obj: ${wrapped(objective)}\nSubject To\n${rows.map((row, index) => ` r${index}: ${wrapped(row)}`).join('\n')}\nBounds\n${bounds.map((bound) => ` ${bound}`).join('\n')}\nEnd\n`
  const byOffer = new Map(tiered.map(({ index, offer }) => [offer.id, factors.get(index) ?? 1]))
  return { text, offsetUsd, factors: byOffer, minimumRow }
}

/** The format allows lines of a few hundred characters. */
const wrapped = (expression: string): string => expression.replaceAll(/(.{160,200}?) ([+-]) /g, '$1\n  $2 ')

function trueCost(world: World, variables: readonly Variable[], solution: ReadonlyMap<string, number>): number {
  const bought = world.deployments.map(() => ({ pictures: 0, listUsd: 0 }))
  let penalties = 0
  for (const [name, value] of solution) if (name.startsWith('u')) penalties += value * unmetUsd(variables, name)
  for (const { name, deployment, priceUsd, lateUsd } of variables) {
    const value = solution.get(name) ?? 0
    const sum = bought[deployment.index]
    if (!sum || value === 0) continue
    sum.pictures += value
    sum.listUsd += value * priceUsd
    penalties += value * lateUsd
  }
  let free = 0
  let committed = 0
  for (const { index, terms, lane } of world.deployments) {
    const { pictures, listUsd } = bought[index] ?? { pictures: 0, listUsd: 0 }
    const bill = lane === 'sync' && terms.tiers ? listUsd * meanFactor(terms.tiers, pictures) : listUsd
    if (terms.provider === minimumSpend.provider) committed += bill
    else free += bill
  }
  return free + Math.max(committed, world.minimumSpendNano / 1e9) + penalties
}

function meanFactor({ mode, steps }: NonNullable<Deployment['terms']['tiers']>, pictures: number): number {
  // A solution may stand on a tier's edge to within the solver's tolerance.
  const counted = pictures + 1e-3
  if (mode === 'volume') return steps.findLast(({ from }) => from <= counted)?.factor ?? 1
  let sum = 0
  for (const [index, { from, factor }] of steps.entries()) {
    const to = steps[index + 1]?.from ?? Number.POSITIVE_INFINITY
    sum += factor * Math.max(0, Math.min(counted, to) - from)
  }
  return counted === 0 ? 1 : sum / counted
}
