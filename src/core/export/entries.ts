/** What an export is made from: charges with all that is known about them, and the lots that paid for some. */
import type { NanoUsd } from '../money.ts'
import type { AttemptKind, ChargeLine } from '../outcome.ts'
import type { Lot } from '../pricing/lots.ts'

export interface ExportCharge extends ChargeLine {
  readonly id: string
  readonly incurredUs: number
  readonly postedUs: number
  readonly reverses: string | null
  readonly corrects: string | null
  /** First instant of the closed month that it corrects; booked in the open one because of that. */
  readonly correctsMonthUs: number | null
  readonly sandbox: boolean
}

export interface ExportLot extends Lot {
  /** Configured provider. */
  readonly provider: string
  readonly commitment: string
}

export interface ExportDraw {
  readonly id: string
  readonly lot: ExportLot
  /** Nano-USD, or micro-units of the lot's meter; negative where a draw was given back. */
  readonly drawn: bigint
  readonly coveredNanoUsd: NanoUsd
  readonly effectiveNanoUsd: NanoUsd
  readonly drawnUs: number
  readonly reverses: string | null
}

export interface ExportAttempt {
  readonly id: string
  readonly kind: AttemptKind
  readonly offer: string
  /** Configured provider, and what kind of provider it is. */
  readonly provider: string
  readonly providerType: string
  /** `publisher/name`. */
  readonly model: string
  readonly outcome: string | null
  readonly requestId: string
  readonly operation: string
  readonly route: string
  readonly keyId: string
  readonly projectId: string
  /** Null once the project is gone. */
  readonly projectName: string | null
  readonly endCustomer: string | null
  readonly group: string | null
  readonly tags: Readonly<Record<string, string>>
}

export type ExportEntry =
  /** Only the charges of this instant are meant; the others are there because draws are of an attempt, not of a charge. */
  | {
      readonly kind: 'attempt'
      readonly incurredUs: number
      readonly attempt: ExportAttempt
      readonly charges: readonly ExportCharge[]
      readonly draws: readonly ExportDraw[]
    }
  /** What was left of a lot at its end. */
  | { readonly kind: 'breakage'; readonly charge: ExportCharge; readonly lot: ExportLot }
  /** Money of no attempt and no lot, such as storage. */
  | { readonly kind: 'loose'; readonly charge: ExportCharge }
  | { readonly kind: 'purchase'; readonly lot: ExportLot }
  /** A draw on a shared lot that was made outside Halftone. */
  | { readonly kind: 'outside'; readonly draw: ExportDraw }
