/** Formats of bills and logs. Each is one file: text in, rows and problems out, nothing written. */
import type { ImportRow } from '../contract/imports.ts'

export interface ImportFormat {
  readonly id: string
  /** One line for the help: what to export, and where. */
  readonly summary: string
  /** Of a table: the words for its columns. Absent: the format names its own fields. */
  readonly columns?: { readonly required: readonly string[]; readonly optional: readonly string[] }
  /** Files by name and content, as given on the command line. */
  parse(files: readonly ImportFile[], options: FormatOptions): Parsed
}

export interface ImportFile {
  readonly name: string
  readonly text: string
}

export interface FormatOptions {
  /** Where the source names no provider. */
  readonly provider?: string
  /** Columns of a table by the word Halftone has for them. */
  readonly columns: ReadonlyMap<string, string>
}

export interface Parsed {
  readonly rows: readonly ImportRow[]
  /** Lines that are about something else than pictures, by what they are about. */
  readonly skipped: ReadonlyMap<string, number>
  /** Anything here, and nothing is imported. */
  readonly problems: readonly ImportProblem[]
}

export interface ImportProblem {
  readonly file: string
  /** Where in the file: a line, or a path into JSON. */
  readonly at: string
  readonly message: string
}
