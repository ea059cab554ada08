/**
 * Long answers on their way from the reader's thread. What crosses is copied value by value on both sides, on this one while no picture is
 * delivered: so integers go as one block that changes hands, and texts that repeat go once.
 */
import type { SqlValue } from '../schema.ts'

/** The values of one column, in the order of the rows. */
export type PackedColumn =
  | { readonly kind: 'ints'; readonly values: BigInt64Array<ArrayBuffer>; readonly nulls: Uint8Array<ArrayBuffer> | null }
  | { readonly kind: 'repeated'; readonly texts: readonly (string | null)[]; readonly places: Uint32Array<ArrayBuffer> }
  | { readonly kind: 'plain'; readonly values: readonly SqlValue[] }

type Row = readonly SqlValue[]

/** After so many rows texts that are mostly different are known to be so. */
const TRIED = 256

export const packColumns = (columns: number, rows: readonly Row[]): readonly PackedColumn[] =>
  Array.from({ length: columns }, (_, at) => packInts(at, rows) ?? packTexts(at, rows) ?? plain(at, rows))

const plain = (at: number, rows: readonly Row[]): PackedColumn => ({
  kind: 'plain',
  values: rows.map((row) => row[at] ?? null),
})

function packInts(at: number, rows: readonly Row[]): PackedColumn | undefined {
  const values = new BigInt64Array(rows.length)
  let nulls: Uint8Array<ArrayBuffer> | null = null
  for (let index = 0; index < rows.length; index += 1) {
    const value = rows[index]?.[at] ?? null
    if (typeof value === 'bigint') values[index] = value
    else if (value === null) {
      nulls ??= new Uint8Array(rows.length)
      nulls[index] = 1
    } else return undefined
  }
  return { kind: 'ints', values, nulls }
}

function packTexts(at: number, rows: readonly Row[]): PackedColumn | undefined {
  const places = new Uint32Array(rows.length)
  const known = new Map<string | null, number>()
  for (let index = 0; index < rows.length; index += 1) {
    const value = rows[index]?.[at] ?? null
    if (value !== null && typeof value !== 'string') return undefined
    if (index === TRIED && known.size > TRIED / 2) return undefined
    const place = known.get(value) ?? known.size
    if (place === known.size) known.set(value, place)
    places[index] = place
  }
  return { kind: 'repeated', texts: [...known.keys()], places }
}

/** What changes hands instead of being copied. */
export const blocksOf = (columns: readonly PackedColumn[]): readonly ArrayBuffer[] =>
  columns.flatMap((column) => {
    if (column.kind === 'plain') return []
    if (column.kind === 'repeated') return [column.places.buffer]
    return [column.values.buffer, ...(column.nulls ? [column.nulls.buffer] : [])]
  })

export function valueAt(column: PackedColumn, index: number): SqlValue {
  switch (column.kind) {
    case 'ints':
      return column.nulls?.[index] === 1 ? null : (column.values[index] ?? null)
    case 'repeated':
      return column.texts[column.places[index] ?? 0] ?? null
    case 'plain':
      return column.values[index] ?? null
  }
}
