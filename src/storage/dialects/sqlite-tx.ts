/** `Tx` on node:sqlite: prepared single-row statements in a loop, which is what SQLite does best. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { columnsOf, type SqlValue, type TableName, tables } from '../schema.ts'
import { forSingleWriter } from '../sql.ts'
import type { Row, SqlParameter, Tx } from '../tx.ts'

/** One per connection: statements are prepared once. `clockUs` is read at each use. */
export function createSqliteTx(db: DatabaseSync, clockUs: () => number): Tx {
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known) return known
    const statement = db.prepare(forSingleWriter(sql))
    statement.setReadBigInts(true)
    statements.set(sql, statement)
    return statement
  }
  const runAll = (sql: string, rows: readonly (readonly SqlValue[])[]): number => {
    const statement = prepare(sql)
    let changes = 0
    for (const row of rows) changes += Number(statement.run(...row).changes)
    return changes
  }
  return {
    all: async (sql, parameters = []) => prepare(sql).all(...parameters.map(bindable)) as unknown as readonly Row[],
    run: async (sql, parameters = []) => Number(prepare(sql).run(...parameters.map(bindable)).changes),
    insertMany: async (table, rows, conflict) => {
      runAll(`${insertInto(table)}${conflict ? ' ON CONFLICT DO NOTHING' : ''}`, rows)
    },
    addMany: async (table, rows, add) => {
      const sums = add.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
      runAll(`${insertInto(table)} ON CONFLICT (${tables[table].key.join(', ')}) DO UPDATE SET ${sums.join(', ')}`, rows)
    },
    updateMany: async (table, { where, set }, rows) => {
      const sets = set.map((column) => `${column} = ?`)
      const conditions = where.map((column) => `${column} = ?`)
      return runAll(
        `UPDATE ${table} SET ${sets.join(', ')} WHERE ${conditions.join(' AND ')}`,
        rows.map((row) => [...row.slice(where.length), ...row.slice(0, where.length)]),
      )
    },
    clockUs: async () => clockUs(),
    exclusively: async () => undefined,
  }
}

const insertInto = (table: TableName): string => {
  const columns = columnsOf[table]
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
}

const bindable = (parameter: SqlParameter): SqlValue => (isList(parameter) ? JSON.stringify(parameter) : parameter)
const isList = (parameter: SqlParameter): parameter is readonly SqlValue[] => Array.isArray(parameter)
