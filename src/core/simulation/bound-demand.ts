/** What the bound has to make and where it may: demand by stretch of time and class, and a variable for each offer that can. */
import type { PromptClass } from '../prompt/lexicon.ts'
import { LATE_PENALTY } from './account.ts'
import { catalogue } from './catalogue.ts'
import { classes, type RequestClass } from './classes.ts'
import { shareInTime } from './latency-share.ts'
import { BILLING_LAG_US, DAY_US, HOUR_US, MONTH_END_US, MONTH_START_US } from './time.ts'
import { arrivals, type Templates } from './workload.ts'
import { canMake, type Deployment, isOffered, isOut, listPrice, refusalChance, trueQuality, type World } from './world.ts'

/** A class of the bound: difficulty is known to it. */
interface KnownClass {
  readonly classIndex: number
  readonly kind: RequestClass
  readonly floor: number
  readonly hard: boolean
  /** What its prompts are about; only where refusals cost something. */
  readonly topic?: PromptClass
}

export interface Demand {
  readonly known: readonly KnownClass[]
  readonly boundaries: readonly number[]
  /** By regime and known class. */
  readonly pictures: readonly (readonly number[])[]
  /** Cumulative by hour of the month and known class, at the end of each hour. */
  readonly cumulative: readonly (readonly number[])[]
  /** Mean chance of refusal by known class and deployment. */
  readonly refusal: readonly (readonly number[])[]
}

export interface Variable {
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

/** Every class, the easy and the hard of it apart, and by topic where those are given. */
export const knownClasses = (topics: readonly (PromptClass | undefined)[]): readonly KnownClass[] =>
  classes.flatMap((kind, classIndex) =>
    topics.flatMap((topic): KnownClass[] => {
      const about = topic === undefined ? {} : { topic }
      const easy = { classIndex, kind, floor: kind.floor, hard: false, ...about }
      return kind.hardFloor === undefined ? [easy] : [easy, { classIndex, kind, floor: kind.hardFloor, hard: true, ...about }]
    }),
  )

/** Instants between which neither prices nor offers change. */
export function boundariesOf(world: World, unforeseen: boolean): number[] {
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

export function demandOf(
  world: World,
  templates: Templates,
  boundaries: readonly number[],
  known: readonly KnownClass[],
): Demand {
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

const IN_TIME = 0.95

/** Where a class may be made, regime by regime. A regime is constant inside, so its middle stands for all of it. */
export function variablesOf(world: World, { known, boundaries, pictures, refusal }: Demand, unforeseen: boolean): Variable[] {
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
