/** Rows as CSV (RFC 4180) that a spreadsheet can open without running what a stranger wrote into a tag. */

/** A text that a spreadsheet would take for a formula gets an apostrophe in front; our own numbers are left alone. */
const FORMULA = /^[=+\-@\t\r]/
const NUMBER = /^-?\d+(\.\d+)?$/
const SPECIAL = /[",\r\n]/

export type CsvCell = string | number | bigint | null

export const csvOf = (rows: readonly (readonly CsvCell[])[]): string =>
  rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('')

function cellText(cell: CsvCell): string {
  if (cell === null) return ''
  const text = String(cell)
  const safe = typeof cell === 'string' && FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return SPECIAL.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
