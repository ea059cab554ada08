/** One open transaction, as the batch code sees it. Two implementations; nothing above this file knows which. */
import type { SqlValue, TableName } from './schema.ts'

export type Row = Readonly<Record<string, SqlValue>>
/** A list stands for the one `IN (?...)` it is bound to. */
export type SqlParameter = SqlValue | readonly SqlValue[]

export interface Tx {
  /**
   * Rows of a query. Placeholders are `?`, or `IN (?...)` for a list. `FOR UPDATE` and `FOR SHARE` lock where the database
   * has more than one writer. Integers come as bigint.
   */
  all(sql: string, parameters?: readonly SqlParameter[]): Promise<readonly Row[]>
  /** Number of rows changed. */
  run(sql: string, parameters?: readonly SqlParameter[]): Promise<number>
  /** Insert tuples in column order; `ignore` leaves rows that exist untouched. */
  insertMany(table: TableName, rows: readonly (readonly SqlValue[])[], conflict?: 'ignore'): Promise<void>
  /** Insert tuples, or add the values of `add` to the row with the same primary key. */
  addMany(table: TableName, rows: readonly (readonly SqlValue[])[], add: readonly string[]): Promise<void>
  /** Update rows by key, each tuple being the values of `where`, then of `set`. Returns how many rows matched. */
  updateMany(table: TableName, columns: UpdateColumns, rows: readonly (readonly SqlValue[])[]): Promise<number>
  /** Microseconds on the clock leases are measured by: the database's own. */
  clockUs(): Promise<number>
  /** Wait until no other writer of this database holds `name`, and hold it until the transaction ends. */
  exclusively(name: string): Promise<void>
}

export interface UpdateColumns {
  readonly where: readonly string[]
  readonly set: readonly string[]
}
