/**
 * Sums by day, kept by the settling commit like those by hour: counted per cell with all dimensions but the kind of the attempt, so that
 * a request and its attempt are mostly one cell, and written per cube.
 */
import { latencyBucket } from '../../core/latency.ts'
import type { BatchContext } from '../commands.ts'
import {
  BEYOND,
  CUBE_WIDTH,
  type CubeDimension,
  cubes,
  daySums,
  type HistogramCube,
  histogramCubes,
  MOST_NAMES_A_DAY,
} from '../migrations/insight-cubes.ts'
import type { RowTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'
import { addLooseToFine, countFine, type FineCell, flushFine, waitFine } from './insight-fine.ts'
import type { Request, World } from './world.ts'

const US_PER_DAY = 86_400_000_000
export const dayOf = (atUs: number | bigint): number => Math.floor(Number(atUs) / US_PER_DAY) * US_PER_DAY

export type DaySums = Record<(typeof daySums)[number], bigint>
type Measure = 'cost' | 'latency' | 'duration'
interface Bucket {
  readonly measure: Measure
  readonly bucket: number
  entries: bigint
  amount: bigint
}
type CellDimension = Exclude<CubeDimension, 'kind' | 'tag'>
export interface Cell {
  readonly dayUs: number
  readonly sandbox: number
  readonly values: Readonly<Record<CellDimension, string>>
  readonly tags: string
  /** By kind of the attempt. */
  readonly kinds: Map<string, DaySums>
  readonly buckets: Map<string, Bucket>
  /** What of it is kept by the hour, by the start of each. */
  readonly hours: Map<number, FineCell>
}
export type Insight = Map<string, Cell>

export interface InsightPlace {
  readonly request: Request
  readonly atUs: number | bigint
  readonly offer: string
  readonly outcome: string
  /** Of the attempt; empty for what is counted of the request. */
  readonly kind: string
}

const delivered: ReadonlySet<string> = new Set(['succeeded', 'partial'])
export const isDelivered = (outcome: string): boolean => delivered.has(outcome)

const zeroSums = (): DaySums => ({
  requests: 0n,
  delivered: 0n,
  attempts: 0n,
  attempts_succeeded: 0n,
  images: 0n,
  cost_nano_usd: 0n,
  provisional_nano_usd: 0n,
  accepted: 0n,
  rejected: 0n,
  duplicates_prevented: 0n,
  duplicates_nano_usd: 0n,
  baseline_nano_usd: 0n,
})

function cellOf(insight: Insight, { request, atUs, offer, outcome }: InsightPlace): Cell {
  const dayUs = dayOf(atUs)
  const key = `${dayUs}\n${offer}\n${outcome}\n${request.sandbox}\n${request.operation}\n${request.size_class}\n${request.quality}\n${request.route}\n${request.project_id}\n${request.key_id}\n${request.prompt_class}\n${request.end_customer}\n${request.request_group}\n${request.baseline}\n${request.tags}`
  let cell = insight.get(key)
  if (!cell) {
    cell = {
      dayUs,
      sandbox: Number(request.sandbox),
      values: {
        offer,
        operation: request.operation,
        size: request.size_class,
        quality: request.quality,
        route: request.route,
        project: request.project_id,
        key: request.key_id,
        outcome,
        prompt_class: request.prompt_class,
        end_customer: request.end_customer ?? '',
        group: request.request_group ?? '',
        baseline: request.baseline ?? '',
      },
      tags: request.tags,
      kinds: new Map(),
      buckets: new Map(),
      hours: new Map(),
    }
    insight.set(key, cell)
  }
  return cell
}

/** Negative values take a correction back. `delivered` and `attempts_succeeded` follow from the outcome. */
export function countDay(insight: Insight, place: InsightPlace, delta: Partial<DaySums>): void {
  const { kinds, hours } = cellOf(insight, place)
  let sums = kinds.get(place.kind)
  if (!sums) {
    sums = zeroSums()
    kinds.set(place.kind, sums)
  }
  for (const [column, value] of Object.entries(delta) as [keyof DaySums, bigint][]) sums[column] += value
  const isGood = delivered.has(place.outcome)
  countFine(hours, place.atUs, isGood && delta.requests !== undefined ? { ...delta, delivered: delta.requests } : delta)
  if (!isGood) return
  sums.delivered += delta.requests ?? 0n
  sums.attempts_succeeded += delta.attempts ?? 0n
}

/** Day distributions have buckets of two of those of an hour: 4 % from every value in them. */
const dayBucket = (value: number): number => Math.ceil(latencyBucket(value) / 2)

/** The cost of each picture of an attempt; `sign` -1 takes it out again. */
export function countImageCost(
  insight: Insight,
  place: InsightPlace,
  cost: { images: number; nanoUsd: bigint },
  sign: 1n | -1n,
): void {
  if (cost.images <= 0) return
  const images = BigInt(cost.images)
  addBucket(insight, place, 'cost', { value: Number(cost.nanoUsd / images), entries: sign * images, amount: sign * cost.nanoUsd })
}

/** How long a request or an attempt took, in microseconds. */
export function countTime(
  insight: Insight,
  place: InsightPlace,
  measure: 'latency' | 'duration',
  us: number,
  sign: 1n | -1n,
): void {
  addBucket(insight, place, measure, { value: us, entries: sign, amount: sign * BigInt(us) })
}

function addBucket(
  insight: Insight,
  place: InsightPlace,
  measure: Measure,
  { value, entries, amount }: { value: number; entries: bigint; amount: bigint },
): void {
  const { buckets, hours } = cellOf(insight, place)
  const bucket = dayBucket(value)
  if (measure === 'latency') waitFine(hours, place.atUs, bucket, { entries, amount })
  const key = `${measure}\n${bucket}`
  const known = buckets.get(key)
  if (known) {
    known.entries += entries
    known.amount += amount
  } else buckets.set(key, { measure, bucket, entries, amount })
}

/** Write what was counted. The order of rows is the same for every writer. */
export async function flushInsight(tx: Tx, world: World, insight: Insight): Promise<void> {
  if (insight.size === 0) return
  const cells = [...insight.values()]
  const { declaredTags, node } = world.context
  const admitted = await admitNames(
    tx,
    cells.flatMap((cell) => namesOf(cell, declaredTags)),
  )
  const nodeId = node?.nodeId ?? ''
  const dayRows = dayRowsOf(cells, { declaredTags, admitted, nodeId })
  if (dayRows.length > 0) await tx.addMany('insight_days', dayRows, daySums)
  const barRows = barRowsOf(cells, nodeId)
  if (barRows.length > 0) await tx.addMany('insight_histograms', barRows, ['entries', 'amount'])
  await flushFine(tx, cells, nodeId)
}

function dayRowsOf(
  cells: readonly Cell[],
  given: { readonly declaredTags: readonly string[]; readonly admitted: ReadonlySet<string>; readonly nodeId: string },
): readonly RowTuple[] {
  const rows = new Map<string, { readonly key: RowTuple; readonly sums: DaySums }>()
  for (const cell of cells) {
    for (const { cube, values, sums } of placesOf(cell, given)) {
      const name = `${cube}\n${cell.sandbox}\n${cell.dayUs}\n${values.join('\n')}`
      let row = rows.get(name)
      if (!row) {
        const padding = Array.from({ length: CUBE_WIDTH - values.length }, () => '')
        row = { key: [cube, cell.sandbox, cell.dayUs, ...values, ...padding, given.nodeId], sums: zeroSums() }
        rows.set(name, row)
      }
      addSums(row.sums, sums)
    }
  }
  return inOrder(rows)
    .filter(({ sums }) => daySums.some((column) => sums[column] !== 0n))
    .map(({ key, sums }) => [...key, ...daySums.map((column) => sums[column])])
}

function barRowsOf(cells: readonly Cell[], nodeId: string): readonly RowTuple[] {
  const bars = new Map<string, { readonly key: RowTuple; entries: bigint; amount: bigint }>()
  for (const cell of cells) {
    for (const { measure, bucket, entries, amount } of cell.buckets.values()) {
      for (const { cube, values } of barsOf(cell, measure)) {
        const key = [measure, cube, cell.sandbox, cell.dayUs, values[0] ?? '', values[1] ?? '', bucket, nodeId]
        const name = key.join('\n')
        const bar = bars.get(name)
        if (bar) {
          bar.entries += entries
          bar.amount += amount
        } else bars.set(name, { key, entries, amount })
      }
    }
  }
  return inOrder(bars)
    .filter(({ entries, amount }) => entries !== 0n || amount !== 0n)
    .map(({ key, entries, amount }) => [...key, entries, amount])
}

function addSums(to: DaySums, sums: DaySums): void {
  for (const column of daySums) if (sums[column] !== 0n) to[column] += sums[column]
}

function sumsOf({ kinds }: Cell): DaySums {
  const all = zeroSums()
  for (const sums of kinds.values()) addSums(all, sums)
  return all
}

const inOrder = <T>(rows: ReadonlyMap<string, T>): readonly T[] =>
  [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row)

const cubeList = Object.entries(cubes) as [keyof typeof cubes, readonly CubeDimension[]][]
const histogramList = Object.entries(histogramCubes) as [HistogramCube, readonly CubeDimension[]][]

interface Place {
  readonly cube: string
  readonly values: readonly string[]
}

/** The rows that a cell is part of, and with which sums. */
function* placesOf(
  cell: Cell,
  { declaredTags, admitted }: { readonly declaredTags: readonly string[]; readonly admitted: ReadonlySet<string> },
): Iterable<Place & { readonly sums: DaySums }> {
  const sums = sumsOf(cell)
  const bounded = (dimension: string, name: string): string =>
    admitted.has(nameKey({ dimension, sandbox: cell.sandbox, dayUs: cell.dayUs, name })) ? name : BEYOND
  for (const [cube, dimensions] of cubeList) {
    if (cube === 'tag') {
      for (const { dimension, name } of tagsOf(cell, declaredTags))
        yield { cube: dimension, values: valuesOf(cell, dimensions, { tag: bounded(dimension, name) }), sums }
    } else if (cube === 'kind') {
      for (const [kind, own] of cell.kinds) yield { cube, values: valuesOf(cell, dimensions, { kind }), sums: own }
    } else if (cube === 'end_customer' || cube === 'group') {
      if (cell.values[cube] === '') continue
      yield { cube, values: valuesOf(cell, dimensions, { [cube]: bounded(cube, cell.values[cube]) }), sums }
    } else if (cube !== 'baseline' || cell.values.baseline !== '') {
      yield { cube, values: valuesOf(cell, dimensions), sums }
    }
  }
}

const valuesOf = (
  { values }: Cell,
  dimensions: readonly CubeDimension[],
  others: Readonly<Partial<Record<CubeDimension, string>>> = {},
): readonly string[] => {
  const all: Readonly<Partial<Record<CubeDimension, string>>> = values
  return dimensions.map((dimension) => others[dimension] ?? all[dimension] ?? '')
}

/** Waiting for pictures that came is one thing, waiting for a failure another: only the cube of outcomes has both. */
function* barsOf(cell: Cell, measure: Measure): Iterable<Place> {
  for (const [cube, dimensions] of histogramList) {
    if (measure === 'duration' && cube !== 'product') continue
    if (measure === 'latency' && cube !== 'outcome' && !delivered.has(cell.values.outcome)) continue
    yield { cube, values: valuesOf(cell, dimensions) }
  }
}

interface Name {
  readonly dimension: string
  readonly sandbox: number
  readonly dayUs: number
  readonly name: string
}
const nameKey = ({ dimension, sandbox, dayUs, name }: Name): string => `${dimension}\n${sandbox}\n${dayUs}\n${name}`
const dayKey = ({ dimension, sandbox, dayUs }: Omit<Name, 'name'>): string => `${dimension}\n${sandbox}\n${dayUs}`

function* tagsOf(cell: Cell, declaredTags: readonly string[]): Iterable<{ dimension: string; name: string }> {
  if (declaredTags.length === 0 || cell.tags === '{}') return
  const tags = JSON.parse(cell.tags) as Record<string, string>
  for (const key of declaredTags) {
    const name = tags[key]
    if (name !== undefined && name !== '') yield { dimension: `tag:${key}`, name }
  }
}

function namesOf(cell: Cell, declaredTags: readonly string[]): readonly Name[] {
  const { sandbox, dayUs, values } = cell
  const own = (['end_customer', 'group'] as const)
    .filter((dimension) => values[dimension] !== '')
    .map((dimension) => ({ dimension, sandbox, dayUs, name: values[dimension] }))
  return [...own, ...[...tagsOf(cell, declaredTags)].map((tag) => ({ ...tag, sandbox, dayUs }))]
}

/**
 * Which names have rows of their own: the first of a day, up to the bound, for good, so that a correction finds the row of what it corrects.
 * Two nodes that admit at the same moment may pass the bound by what one batch brings.
 */
async function admitNames(tx: Tx, names: readonly Name[]): Promise<ReadonlySet<string>> {
  const wanted = new Map(names.map((name) => [nameKey(name), name]))
  if (wanted.size === 0) return new Set()
  const list = [...wanted.values()]
  const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)]
  const known = await tx.all(
    'SELECT dimension, sandbox, day_us, name FROM insight_names WHERE dimension IN (?...) AND day_us IN (?...) AND name IN (?...)',
    [
      unique(list.map(({ dimension }) => dimension)),
      unique(list.map(({ dayUs }) => dayUs)),
      unique(list.map(({ name }) => name)),
    ],
  )
  const admitted = new Set(
    known.map((row) =>
      nameKey({
        dimension: String(row['dimension']),
        sandbox: Number(row['sandbox']),
        dayUs: Number(row['day_us']),
        name: String(row['name']),
      }),
    ),
  )
  const fresh = [...wanted].filter(([key]) => !admitted.has(key))
  if (fresh.length === 0) return admitted
  const counts = await tx.all(
    'SELECT dimension, sandbox, day_us, count(*) AS n FROM insight_names WHERE dimension IN (?...) AND day_us IN (?...) GROUP BY dimension, sandbox, day_us',
    [unique(fresh.map(([, { dimension }]) => dimension)), unique(fresh.map(([, { dayUs }]) => dayUs))],
  )
  const taken = new Map(
    counts.map((row) => [
      dayKey({ dimension: String(row['dimension']), sandbox: Number(row['sandbox']), dayUs: Number(row['day_us']) }),
      Number(row['n']),
    ]),
  )
  const added: RowTuple[] = []
  for (const [key, name] of fresh) {
    const day = dayKey(name)
    const used = taken.get(day) ?? 0
    if (used >= MOST_NAMES_A_DAY) continue
    taken.set(day, used + 1)
    admitted.add(key)
    added.push([name.dimension, name.sandbox, name.dayUs, name.name])
  }
  added.sort((left, right) => (String(left) < String(right) ? -1 : 1))
  if (added.length > 0) await tx.insertMany('insight_names', added, 'ignore')
  return admitted
}

/** A charge that belongs to no attempt is in every cube, where it has no offer, no caller and its own kind. */
export async function addLooseCharge(
  tx: Tx,
  { node }: BatchContext,
  charge: { readonly kind: string; readonly sandbox: number; readonly incurredUs: number; readonly nanoUsd: bigint },
): Promise<void> {
  const rows = cubeList.flatMap(([cube, dimensions]) => {
    if (dimensions.some((each) => each === 'tag' || each === 'end_customer' || each === 'group' || each === 'baseline')) return []
    const values = Array.from({ length: CUBE_WIDTH }, (_, index) => (dimensions[index] === 'kind' ? charge.kind : ''))
    const sums = daySums.map((column) => (column === 'cost_nano_usd' ? charge.nanoUsd : 0n))
    return [[cube, charge.sandbox, dayOf(charge.incurredUs), ...values, node?.nodeId ?? '', ...sums]]
  })
  await tx.addMany('insight_days', rows, daySums)
  await addLooseToFine(tx, charge, node?.nodeId ?? '')
}
