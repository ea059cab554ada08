/** `Tx` on PostgreSQL: whole batches as arrays, one prepared statement per shape. */
import type { ClientBase, QueryResult } from 'pg'
import { columnsOf, columnType, type SqlValue, type TableName, tables } from '../schema.ts'
import { forManyWriters } from '../sql.ts'
import type { Row, SqlParameter, Tx } from '../tx.ts'

const arrayTypes = { text: 'text[]', int: 'bigint[]' } as const

/** Prepared statements by their text; names are the same on every connection. */
export interface StatementNames {
  nameOf(sql: string): { readonly name: string; readonly text: string }
}

export function createStatementNames(): StatementNames {
  const known = new Map<string, { readonly name: string; readonly text: string }>()
  return {
    nameOf: (sql) => {
      const statement = known.get(sql) ?? { name: `halftone_${known.size}`, text: forManyWriters(sql) }
      known.set(sql, statement)
      return statement
    },
  }
}

export function createPostgresTx(client: ClientBase, names: StatementNames): Tx {
  const query = (sql: string, values: readonly unknown[]): Promise<QueryResult> =>
    client.query({ ...names.nameOf(sql), values: values as unknown[] })
  const bulk = async (sql: string, width: number, rows: readonly (readonly SqlValue[])[]): Promise<number> => {
    const columns: string[] = []
    for (let index = 0; index < width; index += 1) columns.push(arrayLiteral(rows, index))
    return (await query(sql, columns)).rowCount ?? 0
  }
  return {
    all: async (sql, parameters: readonly SqlParameter[] = []) => (await query(sql, parameters)).rows as readonly Row[],
    run: async (sql, parameters: readonly SqlParameter[] = []) => (await query(sql, parameters)).rowCount ?? 0,
    insertMany: async (table, rows, conflict) => {
      const sql = `${insertFrom(table)}${conflict ? ' ON CONFLICT DO NOTHING' : ''}`
      await bulk(sql, columnsOf[table].length, rows)
    },
    addMany: async (table, rows, add) => {
      const sums = add.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
      const sql = `${insertFrom(table)} ON CONFLICT (${tables[table].key.join(', ')}) DO UPDATE SET ${sums.join(', ')}`
      await bulk(sql, columnsOf[table].length, rows)
    },
    updateMany: async (table, { where, set }, rows) => {
      const sql = `UPDATE ${table} AS t SET ${set.map((column, index) => `${column} = v.s${index}`).join(', ')}
        FROM unnest(${arraysOf(table, [...where, ...set])}) AS v(${[...aliases('w', where), ...aliases('s', set)].join(', ')})
        WHERE ${where.map((column, index) => `t.${column} = v.w${index}`).join(' AND ')}`
      return bulk(sql, where.length + set.length, rows)
    },
    clockUs: async () => {
      const { rows } = await query('SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us', [])
      return Number(rows[0]?.us)
    },
    exclusively: async (name) => {
      await query('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`halftone:${name}`])
    },
  }
}

const NEEDS_ESCAPE = /["\\]/

/** One column of the rows as an array literal; the driver's own serialiser takes three times as long. */
function arrayLiteral(rows: readonly (readonly SqlValue[])[], index: number): string {
  let text = '{'
  for (const row of rows) {
    const value = row[index] ?? null
    if (text.length > 1) text += ','
    if (value === null) text += 'NULL'
    else if (typeof value !== 'string') text += String(value)
    else text += NEEDS_ESCAPE.test(value) ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : `"${value}"`
  }
  return `${text}}`
}

const insertFrom = (table: TableName): string => {
  const columns = columnsOf[table]
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM unnest(${arraysOf(table, columns)})`
}

const arraysOf = (table: TableName, columns: readonly string[]): string =>
  columns.map((column) => `?::${arrayTypes[columnType(table, column)]}`).join(', ')

const aliases = (prefix: string, columns: readonly string[]): readonly string[] => columns.map((_, index) => `${prefix}${index}`)
