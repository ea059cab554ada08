/** Tables as CSV (RFC 4180). */

/** What a spreadsheet would run as a formula: a cell that begins so gets an apostrophe in front. */
const FORMULA = /^[=+\-@\t\r]/
/** A plain number may begin with a minus. */
const NUMBER = /^-?\d+(\.\d+)?$/

/** One line per row, CRLF, header first. Text that a spreadsheet would take for a formula is made text. */
export function toCsv(header: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(value: string | number | null): string {
  if (value === null) return ''
  const text = String(value)
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
