/** The finest sums by any dimensions together, grouped by the database, some days at a time. */
import { setImmediate } from 'node:timers/promises'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Fact, LatencyFact } from '../../core/insight/explore.ts'
import type { StoredDimension, StoredValues } from '../../core/insight/rules.ts'
import type { FinePage, FineQuery } from '../../ports/ledger.ts'
import { fineSums, waitSums } from '../migrations/014-fine.ts'
import type { Database } from '../schema.ts'
import { toSum } from './decode.ts'
import { plainColumns, startOf, toSums } from './insight-rows.ts'

const US_PER_DAY = 86_400_000_000
/** Days that one query reads: short ones let other questions in between, and can be given up. */
const DAYS_AT_ONCE = 16
/** Sums by hour have several times as many rows. */
const DAYS_OF_HOURS_AT_ONCE = 4

/** Rows that are looked at before the event loop has its turn. */
const ROWS_AT_ONCE = 2_000

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
  const needsHours = isHourly || query.dimensions.some((dimension) => plainColumns[dimension] === undefined)
  const waits: Part = { table: needsHours ? 'insight_fine_hours' : 'insight_fine_waits', columns: waitSums, withBucket: true }
  for await (const rows of pages(db, query, waits)) yield { facts: [], latencies: latenciesOf(query, rows) }
}

type Row = Readonly<Record<string, string | bigint | null>>

async function* pages(db: Kysely<Database>, query: FineQuery, part: Part): AsyncIterable<readonly Row[]> {
  const step = (part.table === 'insight_fine_hours' ? DAYS_OF_HOURS_AT_ONCE : DAYS_AT_ONCE) * US_PER_DAY
  for (let fromUs = query.fromUs; fromUs < query.toUs; fromUs += step) {
    const span = { fromUs, toUs: Math.min(fromUs + step, query.toUs) }
    const { rows } = await statement({ ...query, ...span }, part).execute(db)
    for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
      if (start > 0) await setImmediate()
      yield rows.slice(start, start + ROWS_AT_ONCE)
    }
  }
}

/**
 * Where many rows have one shape and label they are grouped by those first, which are integers, and then by what they say. `CROSS JOIN`
 * keeps one database from beginning with the names; to others it makes no difference.
 */
function statement(query: FineQuery, part: Part): RawBuilder<Row> {
  const { dimensions, grain } = query
  const { columns, withBucket } = part
  const tags = dimensions.filter((dimension) => dimension.startsWith('tag:'))
  const hasLabel = dimensions.some((dimension) => plainColumns[dimension] === undefined)
  const isDirect = grain === 'hour' || (grain !== 'none' && hasLabel)
  const from = isDirect ? sql`${sql.table(part.table)} f` : sql`(${byNumbers(query, part, hasLabel)}) f`
  const at = grain === 'none' ? [] : [isDirect ? startColumn(query, part) : sql`f.at_us`]
  const groups = [...at, ...(withBucket ? [sql`f.bucket`] : []), ...dimensions.map((dimension) => columnFor(dimension, tags))]
  const selected = [
    ...at.map((start) => sql`${start} AS at_us`),
    ...(withBucket ? [sql`f.bucket AS bucket`] : []),
    ...dimensions.map((dimension, index) => sql`${columnFor(dimension, tags)} AS ${sql.ref(`d${index}`)}`),
    ...columns.map((column) => sql`sum(${sql.ref(`f.${column}`)}) AS ${sql.ref(column)}`),
  ]
  const names = dimensions.some((dimension) => labelColumns[dimension] !== undefined)
  return sql<Row>`SELECT ${sql.join(selected)} FROM ${from} CROSS JOIN insight_shapes s ${names ? sql`CROSS JOIN insight_labels l` : sql``}
    ${all(tags.map(joinTag))}
    WHERE s.id = f.shape ${names ? sql`AND l.id = f.label` : sql``} ${isDirect ? sql`AND ${within(query, part)}` : sql``}
    ${conditions(query, { tags, withBucket })} ${groups.length > 0 ? sql`GROUP BY ${sql.join(groups)}` : sql``}`
}

const all = (parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> => (parts.length > 0 ? sql.join(parts, sql` `) : sql``)

const joinTag = (tag: string, index: number): RawBuilder<unknown> => {
  const own = `t${index}`
  return sql`LEFT JOIN insight_label_tags ${sql.ref(own)}
    ON ${sql.ref(`${own}.label`)} = f.label AND ${sql.ref(`${own}.tag_key`)} = ${tag.slice(4)}`
}

/** Sums by shape, by label where it matters, and by time. */
function byNumbers(query: FineQuery, part: Part, hasLabel: boolean): RawBuilder<unknown> {
  const at = query.grain === 'none' ? [] : [startColumn(query, part)]
  const ids = [sql`f.shape`, ...(hasLabel ? [sql`f.label`] : []), ...(part.withBucket ? [sql`f.bucket`] : [])]
  const selected = [
    ...at.map((start) => sql`${start} AS at_us`),
    ...ids,
    ...part.columns.map((column) => sql`sum(${sql.ref(`f.${column}`)}) AS ${sql.ref(column)}`),
  ]
  return sql`SELECT ${sql.join(selected)} FROM ${sql.table(part.table)} f WHERE ${within(query, part)} GROUP BY ${sql.join([...at, ...ids])}`
}

const timeOf = ({ table }: Part): string => (table === 'insight_fine_hours' ? 'f.hour_us' : 'f.day_us')

/** Start of the hour or the day; months are made of days afterwards. */
function startColumn({ grain }: FineQuery, part: Part): RawBuilder<unknown> {
  const time = sql.ref(timeOf(part))
  const isStart = part.table !== 'insight_fine_hours' || grain === 'hour'
  return isStart ? sql`${time}` : sql`${time} / ${sql.lit(US_PER_DAY)} * ${sql.lit(US_PER_DAY)}`
}

function within({ sandbox, fromUs, toUs }: FineQuery, part: Part): RawBuilder<unknown> {
  const time = sql.ref(timeOf(part))
  const waits = part.withBucket ? sql`AND f.waits <> 0` : sql``
  return sql`f.sandbox = ${sandbox ? 1n : 0n} AND ${time} >= ${BigInt(fromUs)} AND ${time} < ${BigInt(toUs)} ${waits}`
}

function columnFor(dimension: StoredDimension, tags: readonly string[]): RawBuilder<unknown> {
  const shape = plainColumns[dimension]
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
  return all(wanted)
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
