/** FOCUS rows of a time as a file, streamed. */
import { TextEncoder } from 'node:util'
import type { ExportFormat } from '../../contract/export-endpoints.ts'
import type { FocusOptions } from '../../core/export/focus/cells.ts'
import { type FocusRow, type FocusVersion, focusColumns } from '../../core/export/focus/columns.ts'
import { focusRows } from '../../core/export/focus/rows.ts'
import { csvRecord, jsonLine } from '../../core/export/text.ts'
import type { ExportQuery, LedgerExports } from '../../ports/ledger.ts'
import { parquetFile } from './parquet.ts'

export interface FocusSource {
  readonly exports: LedgerExports
  readonly providerTypeOf: (provider: string) => string | undefined
  readonly listOf: NonNullable<FocusOptions['listOf']>
  readonly version: FocusVersion
  readonly query: ExportQuery
}

export const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
}

export async function* readFocusRows({ exports, query, ...options }: FocusSource): AsyncIterable<FocusRow> {
  for await (const entry of exports.entries(query)) yield* focusRows(entry, options)
}

/** Bytes are gathered, so that a row is not a packet. */
const CHUNK = 64 * 1024

async function* encoded(texts: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder()
  let gathered = ''
  for await (const text of texts) {
    gathered += text
    if (gathered.length < CHUNK) continue
    yield encoder.encode(gathered)
    gathered = ''
  }
  if (gathered !== '') yield encoder.encode(gathered)
}

async function* csvFile(rows: AsyncIterable<FocusRow>, version: FocusVersion): AsyncIterable<string> {
  const names = focusColumns(version).map(({ name }) => name)
  yield csvRecord(names)
  for await (const row of rows) yield csvRecord(names.map((name) => row[name]))
}

async function* jsonLines(rows: AsyncIterable<FocusRow>, version: FocusVersion): AsyncIterable<string> {
  const names = focusColumns(version).map(({ name }) => name)
  for await (const row of rows) yield jsonLine(names, row)
}

/** The whole file; memory is that of a page of the ledger and a row group. */
export function focusFile(source: FocusSource, format: ExportFormat): AsyncIterable<Uint8Array> {
  const rows = readFocusRows(source)
  if (format === 'parquet') return parquetFile(rows, source.version)
  return encoded(format === 'csv' ? csvFile(rows, source.version) : jsonLines(rows, source.version))
}
