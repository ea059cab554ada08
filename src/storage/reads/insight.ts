/** Stored sums and distributions by any of the dimensions they are kept by. */
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { StoredDimension, StoredValues } from '../../core/insight/rules.ts'
import type { DistributionQuery, LedgerInsight, SumsCell, SumsQuery } from '../../ports/ledger.ts'
import { fineSums } from '../migrations/014-fine.ts'
import { type CubeDimension, cubes, daySums, histogramCubes, wholeCubes } from '../migrations/insight-cubes.ts'
import type { Database } from '../schema.ts'
import { toSum } from './decode.ts'
import { readFine } from './insight-fine.ts'
import { readHours } from './insight-hours.ts'
import { readObjects } from './insight-objects.ts'
import { monthOf, toSums } from './insight-rows.ts'

export const createInsightReads = (
  db: Kysely<Database>,
  declaredTags: readonly string[],
): Omit<LedgerInsight, 'putObject' | 'deleteObject'> => ({
  sums: (query) => readSums(db, declaredTags, query),
  distribution: (query) => readDistribution(db, query),
  fine: (query) => readFine(db, query),
  firstDay: async (sandbox) => {
    const row = await db
      .selectFrom('insight_days')
      .select(({ fn }) => fn.min<bigint | null>('day_us').as('day'))
      .where('cube', '=', 'kind')
      .where('sandbox', '=', sandbox ? 1n : 0n)
      .executeTakeFirst()
    return row?.day == null ? undefined : Number(row.day)
  },
  objects: (kind) => readObjects(db, kind),
})

async function readSums(
  db: Kysely<Database>,
  declaredTags: readonly string[],
  query: SumsQuery,
): ReturnType<LedgerInsight['sums']> {
  const special = query.dimensions.filter(isNamed)
  if (query.grain === 'hour') return special.length > 0 ? undefined : readHours(db, query)
  if (special.length === 0) {
    const cube = wholeCubes.find((name) => has(cubes[name], query.dimensions))
    return cube && { source: `day:${cube}`, cells: await readCube(db, { name: cube, dimensions: cubes[cube] }, query) }
  }
  return special.length === 1 ? readNamed(db, declaredTags, special[0] ?? '', query) : undefined
}

/** Dimensions that not every request has a row by. */
const isNamed = (dimension: StoredDimension): boolean =>
  dimension === 'end_customer' || dimension === 'group' || dimension === 'baseline' || dimension.startsWith('tag:')

const has = (dimensions: readonly CubeDimension[], wanted: readonly StoredDimension[]): boolean =>
  wanted.every((dimension) => (dimensions as readonly string[]).includes(dimension))

/** What has the name, and what is left of everything for those without one. */
async function readNamed(
  db: Kysely<Database>,
  declaredTags: readonly string[],
  name: string,
  query: SumsQuery,
): ReturnType<LedgerInsight['sums']> {
  const isTag = name.startsWith('tag:')
  if (isTag && !declaredTags.includes(name.slice(4))) return undefined
  const own: CubeDimension = isTag ? 'tag' : (name as CubeDimension)
  const dimensions = cubes[isTag ? 'tag' : (name as 'end_customer')]
  const others = query.dimensions.filter((dimension) => dimension !== name)
  if (!has(dimensions, others)) return undefined
  const cells = await readCube(db, { name, dimensions, own: { dimension: own, as: name as StoredDimension } }, query)
  const wanted = query.filters?.find(({ dimension }) => dimension === name)?.values
  if (query.namedOnly || (wanted && !wanted.includes(''))) return { source: `day:${name}`, cells }
  const rest = await readSums(db, declaredTags, {
    ...query,
    dimensions: others,
    filters: (query.filters ?? []).filter(({ dimension }) => dimension !== name),
  })
  // Those with a name are asked for whole, whatever names are wanted, so that what is left is right.
  const all = wanted
    ? await readCube(db, { name, dimensions, own: { dimension: own, as: name as StoredDimension } }, { ...query, filters: [] })
    : cells
  return {
    source: `day:${name}`,
    cells: [
      ...cells.filter(({ values }) => values[name as StoredDimension] !== ''),
      ...withoutName(rest?.cells ?? [], all, { name, others }),
    ],
  }
}

function withoutName(
  everything: readonly SumsCell[],
  named: readonly SumsCell[],
  { name, others }: { readonly name: string; readonly others: readonly StoredDimension[] },
): readonly SumsCell[] {
  // Tens of thousands of cells pass here: most questions have no other dimension, and need no text made of several.
  const keyOf = ({ values, atUs }: SumsCell): string =>
    others.length === 0 ? String(atUs) : JSON.stringify([atUs, ...others.map((dimension) => values[dimension])])
  const left = new Map(everything.map((cell) => [keyOf(cell), { ...cell, values: { ...cell.values, [name]: '' } }]))
  for (const cell of named) {
    const rest = left.get(keyOf(cell))
    if (rest) left.set(keyOf(cell), { ...rest, sums: less(rest.sums, cell.sums) })
  }
  return [...left.values()].filter(({ sums }) => Object.values(sums).some((value) => value !== 0 && value !== 0n))
}

const less = (whole: SumsCell['sums'], part: SumsCell['sums']): SumsCell['sums'] => ({
  requests: whole.requests - part.requests,
  delivered: whole.delivered - part.delivered,
  attempts: whole.attempts - part.attempts,
  attemptsSucceeded: whole.attemptsSucceeded - part.attemptsSucceeded,
  images: whole.images - part.images,
  costNanoUsd: whole.costNanoUsd - part.costNanoUsd,
  provisionalNanoUsd: whole.provisionalNanoUsd - part.provisionalNanoUsd,
  accepted: whole.accepted - part.accepted,
  rejected: whole.rejected - part.rejected,
  duplicatesPrevented: whole.duplicatesPrevented - part.duplicatesPrevented,
  duplicatesNanoUsd: whole.duplicatesNanoUsd - part.duplicatesNanoUsd,
  baselineNanoUsd: whole.baselineNanoUsd - part.baselineNanoUsd,
})

interface Cube {
  readonly name: string
  readonly dimensions: readonly CubeDimension[]
  /** What the cube calls a dimension that the question calls otherwise. */
  readonly own?: { readonly dimension: CubeDimension; readonly as: StoredDimension }
}

async function readCube(db: Kysely<Database>, cube: Cube, query: SumsQuery): Promise<readonly SumsCell[]> {
  const columns = query.dimensions.map((dimension) => ({ dimension, column: columnOf(cube, dimension) }))
  const timed = query.grain !== 'none'
  const filters = (query.filters ?? []).map(
    ({ dimension, values }) => sql`AND ${sql.ref(columnOf(cube, dimension))} IN (${sql.join(values)})`,
  )
  const groups = [...(timed ? ['day_us'] : []), ...columns.map(({ column }) => column)].map((column) => sql.ref(column))
  const { rows } = await sql<Record<string, string | bigint>>`
    SELECT ${groups.length > 0 ? sql`${sql.join(groups)},` : sql``} ${query.plain ? plainSums : allSums}
    FROM insight_days WHERE cube = ${cube.name} AND sandbox = ${query.sandbox ? 1n : 0n}
      AND day_us >= ${BigInt(query.fromUs)} AND day_us < ${BigInt(query.toUs)} ${join(filters)}
    ${groups.length > 0 ? sql`GROUP BY ${sql.join(groups)}` : sql``}`.execute(db)
  const cells = rows.map((row) => ({
    values: valuesOf(columns, row),
    atUs: timed ? Number(row['day_us']) : null,
    sums: toSums(row),
  }))
  return query.grain === 'month' ? byMonth(cells) : cells
}

const join = (parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> => (parts.length > 0 ? sql.join(parts, sql` `) : sql``)

const summed = (columns: readonly string[]) => sql.raw(columns.map((column) => `sum(${column}) AS ${column}`).join(', '))
const allSums = summed(daySums)
const plainSums = summed(fineSums)

function columnOf({ name, dimensions, own }: Cube, dimension: StoredDimension): string {
  const index = dimensions.indexOf(own?.as === dimension ? own.dimension : (dimension as CubeDimension))
  if (index < 0) throw new Error(`the sums ${name} are not kept by ${dimension}`)
  return `d${index + 1}`
}

const valuesOf = (
  columns: readonly { readonly dimension: StoredDimension; readonly column: string }[],
  row: Readonly<Record<string, unknown>>,
): StoredValues => Object.fromEntries(columns.map(({ dimension, column }) => [dimension, String(row[column] ?? '')]))

/** Days become months here: a day's row knows no month in either database's own words. */
function byMonth(cells: readonly SumsCell[]): readonly SumsCell[] {
  return cells.map((cell) => ({ ...cell, atUs: cell.atUs === null ? null : monthOf(cell.atUs) }))
}

async function readDistribution(db: Kysely<Database>, query: DistributionQuery): ReturnType<LedgerInsight['distribution']> {
  if (query.grain === 'hour') return undefined
  const names = Object.keys(histogramCubes) as (keyof typeof histogramCubes)[]
  const allowed = query.measure === 'duration' ? names.filter((name) => name === 'product') : names
  // Of outcomes the waits for failures are kept too, so that it stands for nothing else.
  const name = allowed.find((each) => has(histogramCubes[each], query.dimensions))
  if (!name) return undefined
  const cube = { name, dimensions: histogramCubes[name] }
  const columns = query.dimensions.map((dimension) => ({ dimension, column: columnOf(cube, dimension) }))
  const timed = query.grain !== 'none'
  const groups = [...(timed ? ['day_us'] : []), ...columns.map(({ column }) => column), 'bucket'].map((column) => sql.ref(column))
  const { rows } = await sql<Record<string, string | bigint>>`
    SELECT ${sql.join(groups)}, sum(entries) AS entries, sum(amount) AS amount
    FROM insight_histograms WHERE measure = ${query.measure} AND cube = ${name} AND sandbox = ${query.sandbox ? 1n : 0n}
      AND day_us >= ${BigInt(query.fromUs)} AND day_us < ${BigInt(query.toUs)}
    GROUP BY ${sql.join(groups)}`.execute(db)
  return rows.map((row) => {
    const dayUs = timed ? Number(row['day_us']) : null
    return {
      values: valuesOf(columns, row),
      atUs: dayUs !== null && query.grain === 'month' ? monthOf(dayUs) : dayUs,
      bucket: Number(row['bucket']),
      entries: Number(toSum(row['entries'])),
      amount: toSum(row['amount']),
    }
  })
}
