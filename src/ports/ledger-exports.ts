/** What exports are made from, read page by page. */
import type { ExportEntry } from '../core/export/entries.ts'

export interface ExportQuery {
  /** By the time the money was incurred; `toUs` is exclusive. */
  readonly fromUs: number
  readonly toUs: number
  /** True: sandbox money alone; it never mixes with real money. */
  readonly sandbox: boolean
}

/** What a UTC day holds, as numbers that change when anything is posted to it, however late. */
export interface ExportDay {
  readonly dayUs: number
  readonly content: string
}

export interface LedgerExports {
  /**
   * Everything of a time, day by day; within a day charges by time, then purchases, then draws made outside Halftone, in an order
   * that stays. Memory is that of a page.
   */
  entries(query: ExportQuery): AsyncIterable<ExportEntry>
  /** Days that hold anything, oldest first. */
  days(query: ExportQuery): Promise<readonly ExportDay[]>
}
