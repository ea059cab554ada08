/** Prices and the ledger: what a correction of the past posts, the books that charges name, and drafted changes. */
import type { JsonObject } from '../core/json.ts'
import type { ReportedCost } from '../core/outcome.ts'
import type { PriceBook } from '../core/pricing/price-book.ts'
import type { Correction } from '../core/pricing/rerate.ts'
import type { InputRole, Operation, Size } from '../core/request.ts'
import type { TimestampUs } from './ledger.ts'
import type { AttemptRecordRow } from './ledger-reads.ts'

export interface LedgerPrices {
  /**
   * Post adjusting charges for a settled attempt, and correct its budgets and rollups in the same commit. The charges it was
   * worked out from must still be those that stand, so that doing it twice, or on two nodes at once, posts nothing twice.
   */
  correct(command: CorrectCommand): Promise<CorrectResult>
  /** Settled attempts priced at or after `sinceUs`, oldest first, with everything their price was worked out from. */
  settled(query: SettledQuery): Promise<{ readonly rows: readonly SettledAttempt[]; readonly nextCursor: string | null }>
  /** Keep books that charges name by their hash; what is there stays. */
  keep(books: readonly KeptBook[]): Promise<void>
  /** Books by hash; those never kept are absent. */
  kept(hashes: readonly string[]): Promise<readonly KeptBook[]>
  /** Insert or replace by id. */
  putDraft(draft: DraftRecord): Promise<void>
  /** All drafted changes, newest first. */
  drafts(): Promise<readonly DraftRecord[]>
}

export interface CorrectCommand {
  readonly attemptId: string
  readonly atUs: TimestampUs
  /** Ids of every charge that stood. */
  readonly standing: readonly string[]
  readonly corrections: readonly Correction[]
  /** Why: stored as an event of the attempt. */
  readonly evidence: JsonObject
}

export type CorrectResult =
  | { readonly kind: 'corrected' }
  /** Other charges stand by now; nothing was posted. */
  | { readonly kind: 'changed' }
  /** A prepaid lot paid for it, by the amount it had; nothing was posted. */
  | { readonly kind: 'drawn' }

export interface SettledQuery {
  readonly sinceUs: TimestampUs
  /** The last id of the page before. */
  readonly cursor?: string
  readonly limit: number
  /** Only attempts whose cost the provider reported. */
  readonly reported?: boolean
}

export interface SettledAttempt {
  readonly attempt: AttemptRecordRow
  readonly reportedCost: ReportedCost | null
  readonly request: {
    readonly operation: Operation
    readonly n: number
    /** Its settings are gone: nothing can be priced again. */
    readonly isRecordDeleted: boolean
    readonly parameters: JsonObject
    readonly features: JsonObject
    /** Null where it was not kept, or deleted. */
    readonly prompt: string | null
    readonly inputs: readonly (Size & { readonly role: InputRole })[]
  }
}

export interface KeptBook {
  /** SHA-256 of its file, as charges name it. */
  readonly hash: string
  /** The book's provider, or the configured name for the operator's own prices. */
  readonly name: string
  readonly isOverlay: boolean
  readonly book: PriceBook
  readonly keptUs: TimestampUs
}

export interface DraftRecord {
  readonly id: string
  readonly provider: string
  /** Counts changes of the draft. */
  readonly version: number
  readonly createdUs: TimestampUs
  /** When it was accepted or rejected. */
  readonly closedUs: TimestampUs | null
  readonly document: JsonObject
}
