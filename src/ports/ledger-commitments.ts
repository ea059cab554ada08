/** Volumes that prices depend on, and lots that were paid for in advance. */
import type { NanoUsd } from '../core/money.ts'
import type { Lot } from '../core/pricing/lots.ts'
import type { Meter, Quantity } from '../core/usage.ts'
import type { ManagedBy } from './ledger-admin.ts'

/** What a settled call adds to volumes, and what may pay for it. Quantities are those that were charged for. */
export interface Consumption {
  /** The volumes it counts towards: the sku, or the group that several skus share. */
  readonly scope: string
  readonly usage: Readonly<Partial<Record<Meter, Quantity>>>
  /** Ids of the commitments whose lots may be drawn on. */
  readonly commitments: readonly string[]
}

export interface Volume {
  /** Configured provider. */
  readonly provider: string
  readonly scope: string
  readonly meter: Meter
  readonly quantity: Quantity
}

export interface NewLot extends Omit<Lot, 'remaining'> {
  /** Configured provider. */
  readonly provider: string
  readonly commitment: string
  /** As it was written, for people: `500 USD`. */
  readonly nativeAmount: string
  readonly nativeUnit: string
  readonly source: string
  readonly managedBy: ManagedBy
}

export interface LotRecord extends NewLot, Pick<Lot, 'remaining'> {
  /** When its end was posted; null while it can be drawn on. */
  readonly closedUs: number | null
}

/** One use of a lot. `drawn` is in the lot's unit: nano-USD or micro-units of its meter. */
export interface DrawRecord {
  readonly lotId: string
  readonly drawn: bigint
  readonly coveredNanoUsd: NanoUsd
  readonly effectiveNanoUsd: NanoUsd
}

export interface OutsideDraw {
  /** Stable id of the evidence, such as a line of a statement; the same one draws once. */
  readonly id: string
  readonly lotId: string
  /** Nano-USD, or micro-units of the lot's meter. */
  readonly amount: bigint
  readonly atUs: number
  readonly source: string
}

export interface LedgerCommitments {
  /**
   * Make lots that are not there yet. One that is there takes the new size, price and end, keeping what was drawn; one that
   * was closed stays as it is.
   */
  putLots(lots: readonly NewLot[]): Promise<void>
  /** Record use of a shared lot that Halftone did not make. Answers what was left to draw, at most `amount`. */
  drawOutside(draw: OutsideDraw): Promise<{ readonly drawn: bigint }>
  /** Post a `breakage` charge for what is left of each lot that ended at or before `atUs`, once. */
  closeLots(command: { readonly atUs: number }): Promise<readonly { readonly lotId: string; readonly breakageNanoUsd: NanoUsd }[]>
  /** Open lots, and with `closed` all that end after an instant or never; first to expire first. */
  lots(query?: { readonly closed?: boolean; readonly endsAfterUs?: number }): Promise<readonly LotRecord[]>
  /** Sums of volumes since a UTC day began, without those that `exceptNode` wrote. */
  volumes(query: { readonly sinceUs: number; readonly exceptNode?: string }): Promise<readonly Volume[]>
}
