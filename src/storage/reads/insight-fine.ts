/** The finest sums by any dimensions together, grouped by the database, some days at a time. */
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Fact, LatencyFact } from '../../core/insight/explore.ts'
import type { StoredDimension, StoredValues } from '../../core/insight/rules.ts'
import type { FinePage, FineQuery } from '../../ports/ledger.ts'
import { fineSums, waitSums } from '../migrations/014-fine.ts'
import type { Database } from '../schema.ts'
import { toSum } from './decode.ts'
import { startOf, toSums } from './insight-rows.ts'

const US_PER_DAY = 86_400_000_000
/** Days that one query reads: short ones let other questions in between, and can be given up. */
const DAYS_AT_ONCE = 16
/** Sums by hour have several times as many rows. */
const DAYS_OF_HOURS_AT_ONCE = 4

/** Columns of `insight_shapes`. */
const shapeColumns: Readonly<Partial<Record<StoredDimension, string>>> = {
  offer: 'offer',
  operation: 'operation',
  size: 'size_class',
  quality: 'quality',
  route: 'route',
  project: 'project_id',
  key: 'key_id',
  outcome: 'outcome',
  prompt_class: 'prompt_class',
}
/** Columns of `insight_labels`. */
const labelColumns: Readonly<Partial<Record<StoredDimension, string>>> = { end_customer: 'end_customer', group: 'request_group' }

type Table = 'insight_fine_days' | 'insight_fine_hours' | 'insight_fine_waits'

interface Part {
  readonly table: Table
  readonly columns: readonly string[]
  readonly withBucket: boolean
}

/** Rows of one group may come several times, on several pages. Throws for dimensions that are kept nowhere. */
export async function* readFine(db: Kysely<Database>, query: FineQuery): AsyncIterable<FinePage> {
  const isHourly = query.grain === 'hour'
  const sums: Part = { table: isHourly ? 'insight_fine_hours' : 'insight_fine_days', columns: fineSums, withBucket: false }
  if (query.wants !== 'latencies') {
    for await (const rows of pages(db, query, sums)) yield { facts: factsOf(query, rows), latencies: [] }
  }
  if (query.wants === 'sums') return
  const needsHours = isHourly || query.dimensions.some((dimension) => shapeColumns[dimension] === undefined)
  const waits: Part = { table: needsHours ? 'insight_fine_hours' : 'insight_fine_waits', columns: waitSums, withBucket: true }
  for await (const rows of pages(db, query, waits)) yield { facts: [], latencies: latenciesOf(query, rows) }
}

type Row = Readonly<Record<string, string | bigint | null>>

async function* pages(db: Kysely<Database>, query: FineQuery, part: Part): AsyncIterable<readonly Row[]> {
  const step = (part.table === 'insight_fine_hours' ? DAYS_OF_HOURS_AT_ONCE : DAYS_AT_ONCE) * US_PER_DAY
  for (let fromUs = query.fromUs; fromUs < query.toUs; fromUs += step) {
    const span = { fromUs, toUs: Math.min(fromUs + step, query.toUs) }
    const { rows } = await statement({ ...query, ...span }, part).execute(db)
    yield rows
  }
}

/**
 * Grouped twice: by shape and label first, which are integers, then by what they say. `CROSS JOIN` keeps one database from beginning with
 * the names; the others make no difference of it.
 */
function statement(query: FineQuery, { table, columns, withBucket }: Part): RawBuilder<Row> {
  const { dimensions, grain } = query
  const time = table === 'insight_fine_hours' ? 'hour_us' : 'day_us'
  const at =
    grain === 'none'
      ? []
      : [sql`${grain === 'hour' ? sql.ref(time) : sql`${sql.ref(time)} / ${sql.lit(US_PER_DAY)} * ${sql.lit(US_PER_DAY)}`}`]
  const hasLabel = dimensions.some((dimension) => shapeColumns[dimension] === undefined)
  const tags = dimensions.filter((dimension) => dimension.startsWith('tag:'))
  const ids = [sql.ref('shape'), ...(hasLabel ? [sql.ref('label')] : []), ...(withBucket ? [sql.ref('bucket')] : [])]
  const inner = sql`SELECT ${sql.join([
    ...at.map((expression) => sql`${expression} AS at_us`),
    ...ids,
    ...columns.map((column) => sql`sum(${sql.ref(column)}) AS ${sql.ref(column)}`),
  ])} FROM ${sql.table(table)} WHERE sandbox = ${query.sandbox ? 1n : 0n} AND ${sql.ref(time)} >= ${BigInt(query.fromUs)}
    AND ${sql.ref(time)} < ${BigInt(query.toUs)} ${withBucket ? sql`AND waits <> 0` : sql``} GROUP BY ${sql.join([...at, ...ids])}`
  const values = dimensions.map((dimension) => columnFor(dimension, tags))
  const groups = [
    ...(grain === 'none' ? [] : [sql`f.at_us`]),
    ...(withBucket ? [sql`f.bucket`] : []),
    ...values.map((_, index) => sql.ref(`d${index}`)),
  ]
  const joins = [
    ...(hasLabel ? [sql`CROSS JOIN insight_labels l`] : []),
    ...tags.map(
      (tag, index) => sql`LEFT JOIN insight_label_tags ${sql.ref(`t${index}`)} ON ${sql.ref(`t${index}.label`)} = f.label
      AND ${sql.ref(`t${index}.tag_key`)} = ${tag.slice(4)}`,
    ),
  ]
  const selected = [
    ...(grain === 'none' ? [] : [sql`f.at_us AS at_us`]),
    ...(withBucket ? [sql`f.bucket AS bucket`] : []),
    ...values.map((value, index) => sql`${value} AS ${sql.ref(`d${index}`)}`),
    ...columns.map((column) => sql`sum(${sql.ref(`f.${column}`)}) AS ${sql.ref(column)}`),
  ]
  return sql<Row>`SELECT ${sql.join(selected)} FROM (${inner}) f CROSS JOIN insight_shapes s ${sql.join(joins, sql` `)}
    WHERE s.id = f.shape ${hasLabel ? sql`AND l.id = f.label` : sql``} ${conditions(query, { tags, withBucket })}
    ${groups.length > 0 ? sql`GROUP BY ${sql.join(groups)}` : sql``}`
}

function columnFor(dimension: StoredDimension, tags: readonly string[]): RawBuilder<unknown> {
  const shape = shapeColumns[dimension]
  if (shape !== undefined) return sql.ref(`s.${shape}`)
  const label = labelColumns[dimension]
  if (label !== undefined) return sql.ref(`l.${label}`)
  const index = tags.indexOf(dimension)
  if (index < 0) throw new Error(`no sums are kept by ${dimension}`)
  return sql`coalesce(${sql.ref(`t${index}.tag_value`)}, '')`
}

function conditions(
  { dimensions, filters = [] }: FineQuery,
  { tags, withBucket }: { readonly tags: readonly string[]; readonly withBucket: boolean },
): RawBuilder<unknown> {
  const wanted = filters.map(({ dimension, values }) => sql`AND ${columnFor(dimension, tags)} IN (${sql.join(values)})`)
  // How long failures took counts where outcomes are told apart, and nowhere else.
  if (withBucket && !dimensions.includes('outcome')) wanted.push(sql`AND s.outcome IN ('succeeded', 'partial')`)
  return wanted.length > 0 ? sql.join(wanted, sql` `) : sql``
}

const valuesOf = ({ dimensions }: FineQuery, row: Row): StoredValues =>
  Object.fromEntries(dimensions.map((dimension, index) => [dimension, String(row[`d${index}`] ?? '')]))

const atOf = ({ grain }: FineQuery, row: Row): number | null => startOf(grain, Number(row['at_us']))

/** What was corrected away leaves no group without anything in it. */
function factsOf(query: FineQuery, rows: readonly Row[]): readonly Fact[] {
  return rows
    .filter((row) => fineSums.some((column) => toSum(row[column]) !== 0n))
    .map((row) => ({ values: valuesOf(query, row), atUs: atOf(query, row), sums: toSums(row) }))
}

const latenciesOf = (query: FineQuery, rows: readonly Row[]): readonly LatencyFact[] =>
  rows
    .filter((row) => toSum(row['waits']) !== 0n)
    .map((row) => ({
      values: valuesOf(query, row),
      atUs: atOf(query, row),
      bucket: Number(row['bucket']),
      entries: Number(toSum(row['waits'])),
      amount: toSum(row['waited_us']),
    }))
