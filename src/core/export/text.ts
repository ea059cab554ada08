/** Tables as text: CSV by RFC 4180 and JSON lines. Every value is text or null; numbers stand as they were written. */

const NEEDS_QUOTES = /[",\r\n]/

/** One record with its line end. Null is nothing; an empty text is `""`, so that the two differ. */
export const csvRecord = (values: readonly (string | null | undefined)[]): string => `${values.map(csvField).join(',')}\r\n`

function csvField(value: string | null | undefined): string {
  if (value === null || value === undefined) return ''
  return value === '' || NEEDS_QUOTES.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

/** One line per row. Decimals are strings, because a JSON number is read as a binary fraction. */
export const jsonLine = (columns: readonly string[], row: Readonly<Record<string, string | null | undefined>>): string =>
  `${JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column] ?? null])))}\n`

/** Reads CSV piece by piece, however it was cut. `push` answers the records that are complete. */
export function createCsvReader(): {
  push(text: string): readonly (readonly (string | null)[])[]
  /** The last record, where no line end follows it. Throws `SyntaxError` inside a quoted field. */
  end(): readonly (readonly (string | null)[])[]
} {
  let record: (string | null)[] = []
  let field = ''
  let state: 'start' | 'plain' | 'quoted' | 'quote' = 'start'
  const endField = (): void => {
    // Only an unquoted nothing is null.
    record.push(state === 'start' ? null : field)
    field = ''
    state = 'start'
  }
  const isBlank = (): boolean => record.length === 0 && state === 'start'
  return {
    push(text) {
      const records: (readonly (string | null)[])[] = []
      for (const char of text) {
        if (state === 'quoted') {
          if (char === '"') state = 'quote'
          else field += char
        } else if (char === '"' && state !== 'plain') {
          if (state === 'quote') field += char
          state = 'quoted'
        } else if (char === ',') endField()
        else if (char === '\n') {
          if (isBlank()) continue
          endField()
          records.push(record)
          record = []
        } else if (char !== '\r') {
          field += char
          state = 'plain'
        }
      }
      return records
    },
    end() {
      if (state === 'quoted') throw new SyntaxError('The file ends inside a quoted field.')
      if (isBlank()) return []
      endField()
      return [record]
    },
  }
}
