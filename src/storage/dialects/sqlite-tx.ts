/** `Tx` on node:sqlite: prepared single-row statements in a loop, which is what SQLite does best. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { columnsOf, type SqlValue, type TableName, tables } from '../schema.ts'
import { forSingleWriter } from '../sql.ts'
import type { SqlParameter, Tx } from '../tx.ts'
import { type Prepared, prepareRows, toRows } from './sqlite-rows.ts'

/** One per connection: statements are prepared once. `clockUs` is read at each use. */
export function createSqliteTx(db: DatabaseSync, clockUs: () => number): Tx {
  const queries = createQueries(db)
  // By a name that is short to make and to look for: a batch of one request runs fifty of these.
  const bulk = new Map<string, StatementSync>()
  const runAll = (name: string, sql: () => string, rows: readonly (readonly SqlValue[])[]): number => {
    let statement = bulk.get(name)
    if (!statement) {
      statement = db.prepare(sql())
      bulk.set(name, statement)
    }
    let changes = 0
    for (const row of rows) changes += Number(statement.run(...row).changes)
    return changes
  }
  return {
    all: async (sql, parameters = []) => {
      const prepared = queries(sql, parameters)
      // With `setReturnArrays` each row is a list.
      return toRows(prepared, prepared.statement.all(...parameters.map(bindable)) as unknown as readonly (readonly SqlValue[])[])
    },
    run: async (sql, parameters = []) => Number(queries(sql, parameters).statement.run(...parameters.map(bindable)).changes),
    insertMany: async (table, rows, conflict) => {
      const ending = conflict ? ' ON CONFLICT DO NOTHING' : ''
      runAll(`insert ${table}${ending}`, () => `${insertInto(table)}${ending}`, rows)
    },
    addMany: async (table, rows, add) => {
      runAll(`add ${table} ${add.join()}`, () => addingTo(table, add), rows)
    },
    updateMany: async (table, { where, set }, rows) =>
      runAll(
        `update ${table} ${where.join()} ${set.join()}`,
        () => `UPDATE ${table} SET ${assignments(set).join(', ')} WHERE ${assignments(where).join(' AND ')}`,
        rows.map((row) => [...row.slice(where.length), ...row.slice(0, where.length)]),
      ),
    clockUs: async () => clockUs(),
    exclusively: async () => undefined,
  }
}

/** Statements by their text, and by which of their lists have one value. */
function createQueries(db: DatabaseSync): (sql: string, parameters: readonly SqlParameter[]) => Prepared {
  const known = new Map<string, Map<number, Prepared>>()
  return (sql, parameters) => {
    let forms = known.get(sql)
    if (!forms) {
      forms = new Map()
      known.set(sql, forms)
    }
    const singles = singlesOf(parameters)
    let prepared = forms.get(singles)
    if (!prepared) {
      prepared = prepareRows(
        db,
        forSingleWriter(sql, (list) => (singles & (1 << list)) !== 0),
      )
      forms.set(singles, prepared)
    }
    return prepared
  }
}

/** One bit for each list, set when it has one value. */
function singlesOf(parameters: readonly SqlParameter[]): number {
  let singles = 0
  let list = 0
  for (const parameter of parameters) {
    if (!isList(parameter)) continue
    if (parameter.length === 1) singles |= 1 << list
    list += 1
  }
  return singles
}

const insertInto = (table: TableName): string => {
  const columns = columnsOf[table]
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
}

function addingTo(table: TableName, add: readonly string[]): string {
  const sums = add.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
  return `${insertInto(table)} ON CONFLICT (${tables[table].key.join(', ')}) DO UPDATE SET ${sums.join(', ')}`
}

const assignments = (columns: readonly string[]): readonly string[] => columns.map((column) => `${column} = ?`)

const bindable = (parameter: SqlParameter): SqlValue => {
  if (!isList(parameter)) return parameter
  const [only] = parameter
  return parameter.length === 1 && only !== undefined ? only : JSON.stringify(parameter)
}
const isList = (parameter: SqlParameter): parameter is readonly SqlValue[] => Array.isArray(parameter)
