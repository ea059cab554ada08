/** What the main thread and the SQLite workers say to each other. */
import type { BatchContext, Command, CommandResult } from '../commands.ts'
import type { SqlValue } from '../schema.ts'
import type { PackedColumn } from './sqlite-columns.ts'

export interface WorkerOptions {
  readonly dataDir: string
  readonly nowUs: number
}

/** Each worker says this first: it is open, or why it is not. */
export type Opened = { readonly kind: 'opened' } | { readonly kind: 'failed'; readonly code: string; readonly message: string }

export type WriterRequest = { readonly commands: readonly Command[]; readonly context: BatchContext } | { readonly kind: 'close' }
export type WriterReply = { readonly kind: 'written'; readonly results: readonly CommandResult[] }

export type ReaderRequest = { readonly sql: string; readonly parameters: readonly SqlValue[] } | { readonly kind: 'close' }
export type ReaderReply =
  /** Values in the order of the columns: their names are not copied for every row. */
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly (readonly SqlValue[])[] }
  /** The same of many rows. */
  | {
      readonly kind: 'packed'
      readonly columns: readonly string[]
      readonly count: number
      readonly packed: readonly PackedColumn[]
    }
  | { readonly kind: 'error'; readonly message: string }
