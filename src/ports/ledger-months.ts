/** Months whose books are closed. Nothing is ever booked to them again, and none is opened again. */
import type { JsonObject } from '../core/json.ts'
import type { NanoUsd } from '../core/money.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerMonths {
  /**
   * Close a month that is over. `conflict` when it is closed, when an earlier one is open, or, unless forced, when calls of unknown outcome
   * stand in it at what was held for them. The first month that is closed closes all before it.
   */
  close(command: CloseMonth): Promise<void>
  /** Keep what a closed month holds; a second time changes nothing. */
  seal(command: SealMonth): Promise<void>
  /** Closed months, oldest first. */
  closed(): Promise<readonly ClosedMonth[]>
  /** Sums of the money that was booked to a month, read from the charges in pages. */
  holds(span: { readonly fromUs: TimestampUs; readonly untilUs: TimestampUs }): AsyncIterable<readonly BookedCharge[]>
}

export interface CloseMonth {
  /** `2026-10`. */
  readonly month: string
  readonly fromUs: TimestampUs
  /** The first instant after it. */
  readonly untilUs: TimestampUs
  readonly atUs: TimestampUs
  readonly forced: boolean
}

export interface SealMonth {
  readonly month: string
  readonly untilUs: TimestampUs
  readonly document: JsonObject
}

export interface ClosedMonth {
  readonly month: string
  readonly untilUs: TimestampUs
  readonly closedUs: TimestampUs
  readonly closedBy: string
  readonly forced: boolean
  /** Attempts of unknown outcome when it was closed by force; the first of them. */
  readonly unknown: readonly string[]
  /** Undefined: the close was cut off before it was added up. */
  readonly seal: JsonObject | undefined
}

export interface BookedCharge {
  readonly id: string
  readonly amountNanoUsd: NanoUsd
  readonly sandbox: boolean
}
