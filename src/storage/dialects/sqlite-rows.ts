/** Rows as they travel between threads. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { SqlValue } from '../schema.ts'
import { packColumns, valueAt } from './sqlite-columns.ts'
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

/** From so many rows on packing them is quicker than copying them. */
const MANY = 64
/** So many are made at once: a few milliseconds, after which the event loop has its turn. */
const AT_ONCE = 2_000

/** Throws what the database throws. */
export function readRows({ statement, columns }: Prepared, parameters: readonly SqlValue[]): ReaderReply {
  // With `setReturnArrays` each row is a list.
  const rows = statement.all(...parameters) as unknown as readonly (readonly SqlValue[])[]
  if (rows.length < MANY) return { kind: 'rows', columns, rows }
  return { kind: 'packed', columns, count: rows.length, packed: packColumns(columns.length, rows) }
}

/** The rows of an answer as objects. */
export async function unpackRows(reply: Exclude<ReaderReply, { readonly kind: 'error' }>): Promise<Record<string, SqlValue>[]> {
  if (reply.kind === 'rows') return toObjects(reply.columns, reply.rows)
  const { columns, count, packed } = reply
  const empty = emptyRow(columns)
  const all: Record<string, SqlValue>[] = []
  for (let index = 0; index < count; index += 1) {
    if (index > 0 && index % AT_ONCE === 0) await setImmediate()
    const row = { ...empty }
    for (let at = 0; at < packed.length; at += 1) {
      const column = packed[at]
      if (column) row[columns[at] ?? ''] = valueAt(column, index)
    }
    all.push(row)
  }
  return all
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

const toObjects = (columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Record<string, SqlValue>[] =>
  toRows({ columns, empty: emptyRow(columns) }, rows)

const emptyRow = (columns: readonly string[]): Record<string, SqlValue> =>
  Object.fromEntries(columns.map((column) => [column, null]))
