/** Rows as they travel between threads. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SqlValue } from '../schema.ts'
import type { ReaderReply } from './sqlite-messages.ts'

export interface Prepared {
  readonly statement: StatementSync
  readonly columns: readonly string[]
  /** A row without values, to be copied: copies share its layout, and are made several times as fast as objects that grow. */
  readonly empty: Readonly<Record<string, SqlValue>>
}

export function prepareRows(db: DatabaseSync, sql: string): Prepared {
  const statement = db.prepare(sql)
  statement.setReadBigInts(true)
  statement.setReturnArrays(true)
  const columns = statement.columns().map(({ name }) => name)
  return { statement, columns, empty: emptyRow(columns) }
}

/** Throws what the database throws. */
export function readRows({ statement, columns }: Prepared, parameters: readonly SqlValue[]): ReaderReply {
  // With `setReturnArrays` each row is a list.
  return { kind: 'rows', columns, rows: statement.all(...parameters) as unknown as readonly (readonly SqlValue[])[] }
}

export const toRows = (
  { columns, empty }: Pick<Prepared, 'columns' | 'empty'>,
  rows: readonly (readonly SqlValue[])[],
): Record<string, SqlValue>[] =>
  rows.map((values) => {
    const row = { ...empty }
    for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ''] = values[index] ?? null
    return row
  })

export const toObjects = (columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Record<string, SqlValue>[] =>
  toRows({ columns, empty: emptyRow(columns) }, rows)

const emptyRow = (columns: readonly string[]): Record<string, SqlValue> =>
  Object.fromEntries(columns.map((column) => [column, null]))
