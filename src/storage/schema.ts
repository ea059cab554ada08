/** The schema as types and lists: one source for SQL generation, bulk inserts and Kysely. */
import { initialTables } from './migrations/001-initial.ts'
import { commitmentColumns, commitmentTables } from './migrations/002-commitments.ts'
import { correctionColumns } from './migrations/003-corrections.ts'
import { insightColumns, insightTables } from './migrations/005-insight.ts'
import { accessColumns, accessTables } from './migrations/006-access.ts'
import { routeTables } from './migrations/007-routes.ts'
import { monthColumns, monthTables } from './migrations/010-months.ts'
import { retentionColumns } from './migrations/012-retention.ts'
import { recordColumns } from './migrations/013-records.ts'
import { fineTables } from './migrations/014-fine.ts'
import { qualityColumns, qualityTables } from './migrations/015-quality.ts'
import { batchTables } from './migrations/016-batches.ts'
import { classColumns, classTables } from './migrations/017-classes.ts'
import { floorTables } from './migrations/018-floors.ts'
import { unpricedColumns } from './migrations/020-unpriced.ts'
import type { ColumnType } from './migrations/ddl.ts'

/** The tables as the last migration leaves them. */
export const tables = {
  ...initialTables,
  ...commitmentTables,
  ...accessTables,
  ...routeTables,
  ...monthTables,
  ...qualityTables,
  audit: { ...initialTables.audit, columns: { ...initialTables.audit.columns, ...accessColumns.audit } },
  ...insightTables,
  ...batchTables,
  ...fineTables,
  ...classTables,
  ...floorTables,
  attempts: {
    ...initialTables.attempts,
    columns: { ...initialTables.attempts.columns, ...classColumns.attempts, ...unpricedColumns.attempts },
  },
  requests: {
    ...initialTables.requests,
    columns: {
      ...initialTables.requests.columns,
      ...insightColumns.requests,
      ...recordColumns.requests,
      ...qualityColumns.requests,
    },
  },
  charges: {
    ...initialTables.charges,
    columns: {
      ...initialTables.charges.columns,
      ...commitmentColumns.charges,
      ...correctionColumns.charges,
      ...monthColumns.charges,
    },
  },
  projects: {
    ...initialTables.projects,
    columns: { ...initialTables.projects.columns, ...retentionColumns.projects, ...recordColumns.projects },
  },
  credit_lots: {
    ...initialTables.credit_lots,
    columns: { ...initialTables.credit_lots.columns, ...commitmentColumns.credit_lots },
  },
} as const

export type TableName = keyof typeof tables
export type SqlValue = string | number | bigint | null
/** Values in the column order of a table: cheap to send to another thread and to bind. */
export type RowTuple = readonly SqlValue[]

type ReadType<T> = T extends 'text' ? string : T extends 'text?' ? string | null : T extends 'int' ? bigint : bigint | null
type WriteType<T> = T extends 'text'
  ? string
  : T extends 'text?'
    ? string | null
    : T extends 'int'
      ? number | bigint
      : number | bigint | null

/** The database as Kysely and every read see it: each int64 is a bigint. */
export type Database = {
  [T in TableName]: { [C in keyof (typeof tables)[T]['columns']]: ReadType<(typeof tables)[T]['columns'][C]> }
}
export type NewRow<T extends TableName> = {
  readonly [C in keyof (typeof tables)[T]['columns']]: WriteType<(typeof tables)[T]['columns'][C]>
}

export const columnsOf = Object.fromEntries(
  Object.entries(tables).map(([name, spec]) => [name, Object.keys(spec.columns)]),
) as unknown as Readonly<Record<TableName, readonly string[]>>

export const columnType = (table: TableName, column: string): 'text' | 'int' => {
  const type = (tables[table].columns as Readonly<Record<string, ColumnType>>)[column]
  if (type === undefined) throw new Error(`${table} has no column ${column}`)
  return type.startsWith('text') ? 'text' : 'int'
}

/** A row as a tuple in column order. The parameter's type makes a forgotten column a compile error. */
export function toTuple<T extends TableName>(table: T, row: NewRow<T>): RowTuple {
  const values = row as Readonly<Record<string, SqlValue>>
  return columnsOf[table].map((column) => values[column] ?? null)
}

// A NUL, or half of a surrogate pair.
const UNSTORABLE = /[\0\p{Surrogate}]/u

/**
 * Free text from clients and providers, made storable in every database: a NUL and lone surrogates become U+FFFD. JSON
 * columns need no such care, because JSON escapes them.
 */
export function storableText(text: string): string
export function storableText(text: string | undefined | null): string | null
export function storableText(text: string | undefined | null): string | null {
  if (text === undefined || text === null) return null
  return UNSTORABLE.test(text) ? text.replaceAll(new RegExp(UNSTORABLE, 'gu'), '\uFFFD') : text
}
