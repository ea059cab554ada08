/** FOCUS rows as Parquet, a row group at a time. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { readDecimal, unitsAt } from '../../core/export/decimals.ts'
import type { ColumnType, FocusColumn, FocusRow, FocusVersion } from '../../core/export/focus/columns.ts'
import { focusColumns } from '../../core/export/focus/columns.ts'

/** Rows in memory at a time. */
const GROUP = 5_000
/** Decimals of every number: DECIMAL(38, 18) holds each exactly. */
const PARQUET_SCALE = 18

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

const elements: Readonly<Record<ColumnType, Omit<SchemaElement, 'name'>>> = {
  String: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  Json: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  Decimal: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, converted_type: 'DECIMAL', precision: 38, scale: PARQUET_SCALE },
  DateTime: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
}

const schemaOf = (columns: readonly FocusColumn[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.map(({ name, type, nullable }) => ({
    name,
    ...elements[type],
    repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
  })),
]

function cellOf(text: string | null, type: ColumnType): string | bigint | Date | null {
  if (text === null) return null
  if (type === 'DateTime') return new Date(text)
  if (type !== 'Decimal') return text
  const value = readDecimal(text)
  if (!value) throw new Error(`"${text}" is not a decimal`)
  return unitsAt(value, PARQUET_SCALE)
}

/** The file in pieces. */
export async function* parquetFile(rows: AsyncIterable<FocusRow>, version: FocusVersion): AsyncIterable<Uint8Array> {
  const columns = focusColumns(version)
  const writer = new ByteWriter()
  const file = new ParquetWriter({
    writer,
    schema: schemaOf(columns),
    kvMetadata: [{ key: 'FOCUSVersion', value: version }],
    createdBy: 'halftone',
  })
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice()
    // What was handed over is written over; offsets in the file go on.
    writer.index = 0
    return bytes
  }
  let group: FocusRow[] = []
  const write = async (): Promise<Uint8Array> => {
    const columnData = columns.map(({ name, type }) => ({ name, data: group.map((row) => cellOf(row[name], type)) }))
    await file.write({ columnData, rowGroupSize: group.length })
    group = []
    return taken()
  }
  for await (const row of rows) {
    group.push(row)
    if (group.length === GROUP) yield await write()
  }
  if (group.length > 0) yield await write()
  await file.finish()
  yield taken()
}
