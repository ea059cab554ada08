/**
 * The cheapest month that was possible, knowing everything but luck (reference: routing benchmark, section 4): a linear program per
 * combination of volume tiers. Time is cut where anything changes, so that demand and prices are exact and no slot is a mean.
 */
import { categories, type PromptClass } from '../prompt/lexicon.ts'
import { LATE_PENALTY, UNSERVED_PENALTY } from './account.ts'
import { catalogue, minimumSpend } from './catalogue.ts'
import { classes, type RequestClass } from './classes.ts'
import { shareInTime } from './latency-share.ts'
import { BILLING_LAG_US, DAY_US, HOUR_US, MONTH_END_US, MONTH_START_US } from './time.ts'
import { arrivals, type Templates } from './workload.ts'
import {
  canMake,
  type Deployment,
  isOffered,
  isOut,
  listPrice,
  rateShare,
  refusalChance,
  trueQuality,
  type World,
} from './world.ts'

/** A class of the bound: difficulty is known to it. */
interface KnownClass {
  readonly classIndex: number
  readonly kind: RequestClass
  readonly floor: number
  readonly hard: boolean
  /** What its prompts are about; only where refusals cost something. */
  readonly topic?: PromptClass
}

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

const knownClasses = (topics: readonly (PromptClass | undefined)[]): readonly KnownClass[] =>
  classes.flatMap((kind, classIndex) =>
    topics.flatMap((topic): KnownClass[] => {
      const about = topic === undefined ? {} : { topic }
      const easy = { classIndex, kind, floor: kind.floor, hard: false, ...about }
      return kind.hardFloor === undefined ? [easy] : [easy, { classIndex, kind, floor: kind.hardFloor, hard: true, ...about }]
    }),
  )

const IN_TIME = 0.95
const DEADLINE_US = 24 * HOUR_US

interface Demand {
  readonly known: readonly KnownClass[]
  readonly boundaries: readonly number[]
  /** By regime and known class. */
  readonly pictures: readonly (readonly number[])[]
  /** Cumulative by hour of the month and known class, at the end of each hour. */
  readonly cumulative: readonly (readonly number[])[]
  /** Mean chance of refusal by known class and deployment. */
  readonly refusal: readonly (readonly number[])[]
}

interface Variable {
  readonly name: string
  readonly regime: number
  readonly known: number
  readonly deployment: Deployment
  /** USD per picture at list price, calls in vain included. */
  readonly priceUsd: number
  /** The same by the price that is known at the time. */
  readonly knownUsd: number
  /** USD per picture for being late. */
  readonly lateUsd: number
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

function boundariesOf(world: World, unforeseen: boolean): number[] {
  const { events } = world
  const cuts = new Set([MONTH_START_US, MONTH_END_US])
  const add = (atUs: number): void => {
    if (atUs > MONTH_START_US && atUs < MONTH_END_US) cuts.add(atUs)
  }
  for (const { atUs } of events.priceChanges) {
    add(atUs)
    if (unforeseen) add(atUs + BILLING_LAG_US)
  }
  for (const { fromUs, toUs } of [...events.outages, ...events.spells, ...events.drifts]) {
    add(fromUs)
    add(toUs)
  }
  add(events.regression.atUs)
  for (const { fromDay, untilDay } of catalogue) {
    if (fromDay !== undefined) add(MONTH_START_US + fromDay * DAY_US)
    if (untilDay !== undefined) add(MONTH_START_US + untilDay * DAY_US)
  }
  return [...cuts].sort((a, b) => a - b)
}

function demandOf(world: World, templates: Templates, boundaries: readonly number[], known: readonly KnownClass[]): Demand {
  const pictures = boundaries.slice(1).map(() => known.map(() => 0))
  const cumulative: number[][] = Array.from({ length: Math.ceil((MONTH_END_US - MONTH_START_US) / HOUR_US) }, () =>
    known.map(() => 0),
  )
  const refused = known.map(() => world.deployments.map(() => 0))
  const totals = known.map(() => 0)
  let regime = 0
  for (const { atUs, template } of arrivals(world, templates)) {
    if (atUs < MONTH_START_US || atUs >= MONTH_END_US) continue
    while (atUs >= (boundaries[regime + 1] ?? Number.POSITIVE_INFINITY)) regime += 1
    const index = known.findIndex(
      ({ classIndex, hard, topic = template.features.promptClass }) =>
        classIndex === template.classIndex && hard === template.hard && topic === template.features.promptClass,
    )
    const { n } = template.request
    addTo(pictures[regime], index, n)
    addTo(cumulative[Math.floor((atUs - MONTH_START_US) / HOUR_US)], index, n)
    addTo(totals, index, n)
    for (const deployment of world.deployments) {
      addTo(refused[index], deployment.index, n * refusalChance(world, deployment, template.features.promptClass))
    }
  }
  for (let hour = 1; hour < cumulative.length; hour += 1) {
    for (const index of known.keys()) addTo(cumulative[hour], index, cumulative[hour - 1]?.[index] ?? 0)
  }
  return {
    known,
    boundaries,
    pictures,
    cumulative,
    refusal: refused.map((row, index) => row.map((sum) => sum / Math.max(1, totals[index] ?? 1))),
  }
}

function addTo(row: number[] | undefined, index: number, value: number): void {
  if (row) row[index] = (row[index] ?? 0) + value
}

/** Where a class may be made, regime by regime. A regime is constant inside, so its middle stands for all of it. */
function variablesOf(world: World, { known, boundaries, pictures, refusal }: Demand, unforeseen: boolean): Variable[] {
  const variables: Variable[] = []
  const isAsked = known.map((_, index) => pictures.some((counts) => (counts[index] ?? 0) > 0))
  for (const [regime, counts] of pictures.entries()) {
    const middle = ((boundaries[regime] ?? 0) + (boundaries[regime + 1] ?? 0)) / 2
    for (const [index, { kind, classIndex, floor }] of known.entries()) {
      if (kind.interactive ? counts[index] === 0 : !isAsked[index]) continue
      for (const deployment of world.deployments) {
        if (!canMake(deployment, kind) || !isOffered(deployment, middle) || isOut(world, deployment, middle)) continue
        if (trueQuality(world, deployment, classIndex, middle) < floor) continue
        const name = `x${regime}_${index}_${deployment.index}`
        const share = shareInTime(world, deployment, kind, middle)
        // What is slower than the class's deadline asks for is not ruled out: it costs what the benchmark takes for being late.
        const refused = refusal[index]?.[deployment.index] ?? 0
        const calls = unforeseen && deployment.terms.refusalsBilled ? 1 / (1 - refused) : 1
        const usdAt = (atUs: number): number => (calls * listPrice(world, deployment, kind.edge, atUs)) / 1e9
        const priceUsd = usdAt(middle)
        const lateUsd = share < IN_TIME ? LATE_PENALTY * (1 - share) * priceUsd : 0
        const knownUsd = unforeseen ? usdAt(middle - BILLING_LAG_US) : priceUsd
        variables.push({ name, regime, known: index, deployment, priceUsd, knownUsd, lateUsd })
      }
    }
  }
  return variables
}

/** Rows that do not depend on the tiers: demand, deadlines, refusals, rate limits. `u` is what nobody can make. */
function sharedRows(
  world: World,
  demand: Demand,
  variables: readonly Variable[],
): { rows: string[]; bounds: string[]; unmet: string[] } {
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

interface Rows {
  readonly rows: string[]
  readonly bounds: string[]
  readonly unmet: string[]
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

const sumOf = (variables: readonly Variable[]): string => variables.map(({ name }) => name).join(' + ')

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
