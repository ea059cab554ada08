/** From table specifications to `CREATE TABLE`. What differs between databases comes in as a `DdlFlavour`. */

export type ColumnType = 'text' | 'text?' | 'int' | 'int?'

export interface TableSpec {
  /** Columns of the primary key, in order. */
  readonly key: readonly string[]
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Narrow rows read by their key: stored inside the key's tree where the database can. */
  readonly compact?: boolean
  /** A few rows updated all the time: leave room on the page where the database can. */
  readonly hot?: boolean
}
export type TableSpecs = Readonly<Record<string, TableSpec>>

export interface DdlFlavour {
  /** Type and collation; text compares by code point everywhere, so that pages and locks have one order. */
  readonly types: { readonly text: string; readonly int: string }
  /** A type with decimals, to calculate in. */
  readonly decimal: string
  /** SQL for the text at a path of a JSON column; NULL where there is none. */
  jsonText(column: string, path: readonly string[]): string
  /** SQL for a table of `key` and `value` of a JSON object, to stand in FROM. */
  jsonEach(column: string): string
  /** What follows the closing parenthesis. */
  tableOptions(spec: TableSpec): string
  /** Statements that make the database refuse UPDATE and DELETE on the table. */
  insertOnly(table: string): readonly string[]
  /** Statements that let rows of an insert-only table be deleted where a condition on `OLD` holds, and nowhere else. */
  deletableOnlyWhen(table: string, condition: string): readonly string[]
  /** Statements that make the database refuse to move `attempts.state` backwards. */
  forwardOnlyAttempts(): readonly string[]
}

function columnText(column: string, type: ColumnType, flavour: DdlFlavour): string {
  const nullable = type.endsWith('?')
  return `${column} ${flavour.types[nullable ? (type.slice(0, -1) as 'text' | 'int') : (type as 'text' | 'int')]}${nullable ? '' : ' NOT NULL'}`
}

/** One statement per column; rows that exist have NULL in it, so that its type must allow that. */
export const addColumns = (table: string, columns: Readonly<Record<string, ColumnType>>, flavour: DdlFlavour): string[] =>
  Object.entries(columns).map(([column, type]) => `ALTER TABLE ${table} ADD COLUMN ${columnText(column, type, flavour)}`)

export function createTable(name: string, spec: TableSpec, flavour: DdlFlavour): string {
  const columns = Object.entries(spec.columns).map(([column, type]) => columnText(column, type, flavour))
  return `CREATE TABLE ${name} (${[...columns, `PRIMARY KEY (${spec.key.join(', ')})`].join(', ')})${flavour.tableOptions(spec)}`
}

/** SQL expression for the rank of an attempt state; states only move to a higher rank. */
export const stateRank = (column: string): string =>
  `CASE ${column} WHEN 'intent' THEN 0 WHEN 'dispatched' THEN 1 WHEN 'reconciled' THEN 3 ELSE 2 END`
