/** Uploaded files and batches: requests that were handed in together and are answered within a day, whatever restarts meanwhile. */
import type { JsonObject } from '../core/json.ts'
import type { NanoUsd } from '../core/money.ts'
import type { TimestampUs } from './ledger.ts'

export type FilePurpose = 'batch' | 'vision'

/** Whoever handed it in. */
interface Owned {
  readonly keyId: string
  readonly projectId: string
}

/** A file somebody uploaded; its bytes are a blob that is kept until the file is deleted or expires. */
export interface FileRecord extends Owned {
  readonly id: string
  readonly purpose: FilePurpose
  readonly filename: string
  readonly bytes: number
  readonly sha256: string
  readonly createdUs: TimestampUs
  readonly expiresUs: TimestampUs
}

/** `failed`: its input file could not be read; a batch whose requests all failed is `completed`. */
export type BatchEnd = 'completed' | 'failed' | 'cancelled' | 'expired'
export type BatchState = 'validating' | 'in_progress' | 'cancelling' | BatchEnd

export interface BatchProblem {
  readonly code: string
  readonly message: string
  readonly param: string | null
  /** From 1; null: the file as a whole. */
  readonly line: number | null
}

export interface BatchRecord extends Owned {
  readonly id: string
  readonly endpoint: string
  readonly fileId: string
  readonly metadata: JsonObject | null
  readonly state: BatchState
  readonly createdUs: TimestampUs
  readonly startedUs: TimestampUs | null
  readonly cancellingUs: TimestampUs | null
  readonly finishedUs: TimestampUs | null
  readonly expiresUs: TimestampUs
  readonly problems: readonly BatchProblem[]
}

export interface BatchCounts {
  readonly total: number
  readonly done: number
  /** Refused, failed, expired and cancelled ones. */
  readonly failed: number
  /** What its requests cost so far. */
  readonly costNanoUsd: NanoUsd
}

export type LineEnd = 'done' | 'failed' | 'cancelled' | 'expired'

export interface NewBatchLine {
  readonly line: number
  readonly customId: string
  /** Where it stands in the input file. */
  readonly byteFrom: number
  readonly bytes: number
}

export interface BatchLine extends NewBatchLine {
  readonly state: 'waiting' | LineEnd
  /** How often it was given back to be tried again. */
  readonly tries: number
  readonly requestId: string | null
  readonly httpStatus: number | null
  readonly links: boolean
  /** What the client would have got: `{ error: ... }`. */
  readonly error: JsonObject | null
}

export interface FinishedLine {
  readonly batchId: string
  readonly line: number
  readonly state: LineEnd
  readonly atUs: TimestampUs
  readonly requestId?: string
  readonly httpStatus?: number
  /** Its answer holds links to the pictures instead of their bytes. */
  readonly links?: boolean
  readonly error?: JsonObject
}

export interface OwnedQuery {
  readonly keyId?: string
  readonly projectId?: string
  /** The id of the last one of the page before. */
  readonly after?: string
  readonly limit: number
}

export interface LedgerBatches {
  /** The blob is stored already, and held; from here on the file's row keeps it. */
  addFile(file: FileRecord): Promise<void>
  file(id: string): Promise<FileRecord | undefined>
  /** Newest first. */
  files(query: OwnedQuery & { readonly purpose?: FilePurpose }): Promise<readonly FileRecord[]>
  /** False: there is none, or a batch still reads it. */
  deleteFile(command: { readonly id: string; readonly atUs: TimestampUs }): Promise<boolean>

  /** Null: it was made. Otherwise the id of the batch that this key made under the same idempotency key before. */
  add(batch: BatchRecord & { readonly idempotencyKey?: string }): Promise<string | null>
  batch(id: string): Promise<BatchRecord | undefined>
  /** Newest first. */
  batches(query: OwnedQuery): Promise<readonly BatchRecord[]>
  counts(batchId: string): Promise<BatchCounts>
  /** False: it is not running any more. */
  cancel(command: { readonly id: string; readonly atUs: TimestampUs }): Promise<boolean>

  /** Unfinished batches, oldest first, that no other living node works on; from now on they are this node's, until it stops. */
  claim(command: { readonly nodeId: string; readonly limit: number }): Promise<readonly BatchRecord[]>
  /** Lines of an input file that is being read; those that are there already stay as they are. */
  addLines(command: {
    readonly batchId: string
    readonly lines: readonly NewBatchLine[]
    readonly atUs: TimestampUs
  }): Promise<void>
  /** The whole file was read. */
  start(command: { readonly id: string; readonly atUs: TimestampUs }): Promise<void>
  /** Waiting lines whose time has come, in order. */
  waiting(query: { readonly batchId: string; readonly nowUs: TimestampUs; readonly limit: number }): Promise<readonly BatchLine[]>
  /** In order, from `afterLine` on. */
  lines(query: {
    readonly batchId: string
    readonly afterLine: number
    readonly limit: number
    /** Absent: all of them. */
    readonly states?: readonly BatchLine['state'][]
  }): Promise<readonly BatchLine[]>
  finishLine(line: FinishedLine): Promise<void>
  /** Give it back, to be done later; `tried`: it ran and failed, and what comes next is another try of it. */
  postponeLine(command: {
    readonly batchId: string
    readonly line: number
    readonly runAtUs: TimestampUs
    readonly tried: boolean
  }): Promise<void>
  /** Close all lines that wait. */
  closeWaiting(command: {
    readonly batchId: string
    readonly state: 'cancelled' | 'expired'
    readonly atUs: TimestampUs
  }): Promise<void>
  end(command: {
    readonly id: string
    readonly state: BatchEnd
    readonly atUs: TimestampUs
    readonly problems?: readonly BatchProblem[]
    /** Its input holds texts that are not kept any longer than needed. */
    readonly dropInput: boolean
  }): Promise<void>
}
