/** Any table with a heading: which column is what is given on the command line, or stands there under Halftone's own words. */
import { createHash } from 'node:crypto'
import { parse as parseCsv } from 'csv-parse/sync'
import { type ImportRow, importRow } from '../contract/imports.ts'
import { type Fields, ImportReader, optionalText } from './reader.ts'
import type { FormatOptions, ImportFile, ImportFormat } from './types.ts'

const required = ['at', 'model', 'amount_usd'] as const
const optional = [
  'id',
  'provider',
  'images',
  'operation',
  'quality',
  'size',
  'end_customer',
  'provenance',
  'outcome',
  'description',
] as const

export const csv: ImportFormat = {
  id: 'csv',
  summary: `any table: columns ${required.join(', ')}; further ${optional.join(', ')}, tag:<name>`,
  columns: { required, optional },
  parse(files, options) {
    const reader = new ImportReader()
    const seen = new Map<string, number>()
    for (const file of files) {
      for (const { record, line, isFirst } of recordsOf(reader, file)) {
        if (isFirst && !hasColumns(reader, file, record, options)) break
        addRecord(reader, file, { record, line, options, seen })
      }
    }
    return reader.done()
  },
}

interface Record {
  readonly record: Fields
  readonly line: number
  readonly isFirst: boolean
}

function recordsOf(reader: ImportReader, file: ImportFile): readonly Record[] {
  try {
    const options = { columns: true, bom: true, skip_empty_lines: true, trim: true, info: true } as const
    // `info` makes the library answer pairs, which its types do not say for named columns.
    const pairs = parseCsv(file.text, options) as unknown as readonly { record: Fields; info: { lines: number } }[]
    if (pairs.length === 0) reader.problem(file, 'file', 'has no rows.')
    return pairs.map(({ record, info }, index) => ({ record, line: info.lines, isFirst: index === 0 }))
  } catch (cause) {
    reader.problem(file, 'file', `is no CSV: ${cause instanceof Error ? cause.message : String(cause)}`)
    return []
  }
}

const columnOf = (word: string, { columns }: FormatOptions): string => columns.get(word) ?? word

function hasColumns(reader: ImportReader, file: ImportFile, record: Fields, options: FormatOptions): boolean {
  const wanted = new Set([...required, ...options.columns.keys()])
  const missing = [...wanted].filter((word) => !Object.hasOwn(record, columnOf(word, options)))
  for (const word of missing) {
    const remedy = `say which one it is with --column ${word}=<heading>`
    reader.problem(
      file,
      'line 1',
      `has no column "${columnOf(word, options)}"; ${remedy}. There are: ${Object.keys(record).join(', ')}.`,
    )
  }
  return missing.length === 0
}

interface Place {
  readonly record: Fields
  readonly line: number
  readonly options: FormatOptions
  /** How often an id that was made up here was given so far. */
  readonly seen: Map<string, number>
}

function addRecord(reader: ImportReader, file: ImportFile, { record, line, options, seen }: Place): void {
  const place = `line ${line}`
  const cell = (word: string): string | undefined => optionalText(record[columnOf(word, options)])
  const at = reader.time(file, `${place}, ${columnOf('at', options)}`, cell('at'))
  const amount = reader.amount(file, `${place}, ${columnOf('amount_usd', options)}`, cell('amount_usd'))
  const provider = cell('provider') ?? options.provider
  if (provider === undefined) reader.problem(file, place, 'names no provider: add a column, or give --provider.')
  if (at === undefined || amount === undefined || provider === undefined) return
  const tags = Object.fromEntries(
    Object.entries(record)
      .filter(([name, value]) => name.startsWith('tag:') && typeof value === 'string' && value !== '')
      .map(([name, value]) => [name.slice(4), String(value)]),
  )
  const images = cell('images')
  const words = ['operation', 'quality', 'size', 'end_customer', 'outcome', 'description'] as const
  const row: unknown = {
    evidence_id: cell('id') ?? idFrom([at, provider, cell('model'), amount, images, ...words.map(cell)], seen),
    at,
    provider,
    model: cell('model') ?? '',
    images: images === undefined ? 0 : Number(images),
    amount_usd: amount,
    provenance: cell('provenance') ?? 'invoiced',
    ...Object.fromEntries(words.flatMap((word) => (cell(word) === undefined ? [] : [[word, cell(word)]]))),
    ...(Object.keys(tags).length > 0 && { tags }),
  }
  const checked = importRow.safeParse(row)
  if (checked.success) reader.rows.push(checked.data as ImportRow)
  else for (const { path, message } of checked.error.issues) reader.problem(file, `${place}, ${path.join('.')}`, message)
}

/** Without an id a row is known by what it says, and rows that say the same by their order: all of them are spend. */
function idFrom(said: readonly (string | undefined)[], seen: Map<string, number>): string {
  const digest = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 32)
  const count = (seen.get(digest) ?? 0) + 1
  seen.set(digest, count)
  return count === 1 ? digest : `${digest}#${count}`
}
