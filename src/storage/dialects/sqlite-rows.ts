/** Rows as they travel between threads. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SqlValue } from '../schema.ts'
import type { ReaderReply } from './sqlite-messages.ts'

export interface Prepared {
  readonly statement: StatementSync
  readonly columns: readonly string[]
}

export function prepareRows(db: DatabaseSync, sql: string): Prepared {
  const statement = db.prepare(sql)
  statement.setReadBigInts(true)
  statement.setReturnArrays(true)
  return { statement, columns: statement.columns().map(({ name }) => name) }
}

/** Throws what the database throws. */
export function readRows({ statement, columns }: Prepared, parameters: readonly SqlValue[]): ReaderReply {
  // With `setReturnArrays` each row is a list.
  return { kind: 'rows', columns, rows: statement.all(...parameters) as unknown as readonly (readonly SqlValue[])[] }
}

export const toObjects = (columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Record<string, SqlValue>[] =>
  rows.map((values) => {
    const row: Record<string, SqlValue> = {}
    for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ''] = values[index] ?? null
    return row
  })
