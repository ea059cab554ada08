/** What was said about pictures that were made under a floor. */
import type { PictureWord, StoredGate } from '../core/routing/learning/spoken.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerQuality {
  /**
   * Words of people, not signals, about pictures that were made under a floor, the newest `limit` since then. Without those about pictures
   * that another offer enlarged or cut out: whose doing it was cannot be told; and without those whose record was deleted.
   */
  words(query: { sinceUs: TimestampUs; limit: number }): Promise<readonly PictureWord[]>
  /** The newest requests of a route whose prompts were looked at, oldest first. */
  gated(query: { route: string; limit: number }): Promise<readonly GatedRequestRow[]>
  /** When what was said about a product was last put aside, since then. */
  resets(sinceUs: TimestampUs): Promise<ReadonlyMap<string, TimestampUs>>
  /** From now on what was said about a product before counts no more. */
  reset(command: { product: string; atUs: TimestampUs }): Promise<void>
}

export interface GatedRequestRow {
  readonly gate: StoredGate
  readonly n: number
}
