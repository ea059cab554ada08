/** Months whose books are closed, and corrections that name the month they correct. */
import type { ColumnType, TableSpecs } from './ddl.ts'

export const monthTables = {
  month_closes: {
    key: ['month', 'step'],
    columns: {
      /** `2026-10`; empty for the row that closing locks. */
      month: 'text',
      /** `closed`: nothing is booked to it any more; `sealed`: what it holds was added up after that. */
      step: 'text',
      /** The first instant after it. */
      until_us: 'int',
      at_us: 'int',
      made_by: 'text',
      forced: 'int',
      /** JSON: open provisional charges for `closed`, sums and hashes for `sealed`. */
      document: 'text',
    },
  },
} as const satisfies TableSpecs

export const monthColumns = {
  /** First instant of the closed month that a charge of a later one corrects, or belongs to. */
  charges: { corrects_month_us: 'int?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

export const monthIndexes: readonly string[] = [
  'CREATE INDEX charges_of_closed_months ON charges (incurred_us) WHERE corrects_month_us IS NOT NULL',
]

/** The lock of closing and of late charges: a row of no month. */
export const monthRows: readonly string[] = [
  "INSERT INTO month_closes (month, step, until_us, at_us, made_by, forced, document) VALUES ('', 'lock', 0, 0, '', 0, '{}')",
]
