/** A receipt as a ledger: attempts, their charges, and the proof that the lines make the total. */
import type { AttemptWire, ChargeWire, Receipt } from '../../../../src/contract/records.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'
import { deltaUsd, exactUsd, isZeroUsd } from '../../lib/money.ts'

export interface ReceiptAttempt {
  readonly id: string
  readonly sequence: number
  readonly kind: string
  readonly offer: string
  readonly outcome: string | null
  readonly durationMs: number | null
  readonly lines: readonly ChargeWire[]
  readonly totalUsd: string
  /** What the absence or the uncertainty of charges means. */
  readonly note: string | null
  readonly error: string | null
}

export interface ReceiptView {
  readonly attempts: readonly ReceiptAttempt[]
  readonly totalUsd: string
  /** The sum of the lines, added up here. */
  readonly linesUsd: string
  readonly agrees: boolean
  readonly alternatives: readonly {
    readonly name: string
    readonly usd: string
    readonly delta: string
    readonly cheaper: boolean
  }[]
}

export function selectReceipt(receipt: Receipt): ReceiptView {
  const charges = receipt.attempts.flatMap((attempt) => attempt.charges)
  const linesUsd = sumUsd(charges)
  return {
    attempts: receipt.attempts.map(selectAttempt),
    totalUsd: receipt.total_usd,
    linesUsd,
    agrees: parseUsd(linesUsd) === parseUsd(receipt.total_usd),
    alternatives: receipt.alternatives.map((other) => ({
      name: other.quality ? `${other.offer}, ${other.quality}` : other.offer,
      usd: other.expected_usd,
      delta: deltaUsd(receipt.total_usd, other.expected_usd),
      cheaper: parseUsd(other.expected_usd) < parseUsd(receipt.total_usd),
    })),
  }
}

const sumUsd = (charges: readonly ChargeWire[]): string =>
  formatUsd(charges.reduce((sum, charge) => sum + parseUsd(charge.amount_usd), 0n))

const selectAttempt = (attempt: AttemptWire): ReceiptAttempt => ({
  id: attempt.id,
  sequence: attempt.sequence,
  kind: attempt.kind,
  offer: attempt.offer,
  outcome: attempt.outcome,
  durationMs: attempt.duration_ms,
  lines: attempt.charges,
  totalUsd: sumUsd(attempt.charges),
  note: noteOf(attempt),
  error: attempt.error_code && `${attempt.error_code}${attempt.error_message ? `: ${attempt.error_message}` : ''}`,
})

function noteOf(attempt: AttemptWire): string | null {
  switch (attempt.state) {
    case 'intent':
      return `Queued. Up to ${exactUsd(attempt.held_usd)} is held.`
    case 'dispatched':
      return `Running. Up to ${exactUsd(attempt.held_usd)} is held.`
    case 'unknown':
      return 'May have been billed. The amount held counts as spent until there is evidence.'
    default:
      if (attempt.charges.length > 0) return null
      return attempt.billed === 'no' || attempt.state === 'voided' ? 'Not billed.' : 'No charge.'
  }
}

/** `1 images.out`, or nothing for a line without a meter. */
export const quantityText = (charge: Pick<ChargeWire, 'quantity' | 'meter'>): string | null =>
  charge.quantity === null ? null : `${charge.quantity}${charge.meter ? ` ${charge.meter}` : ''}`

const provenanceTexts: Readonly<Record<string, string>> = {
  invoiced: 'from an invoice',
  reported: 'reported by the provider',
  metered: 'metered by us',
  estimated: 'estimated',
}
export const provenanceText = (provenance: string): string => provenanceTexts[provenance] ?? provenance

type Look = Pick<NonNullable<Receipt['consistency']>, 'because' | 'role' | 'group' | 'offer' | 'cheapest_offer' | 'cost_usd'>

/** Which look it was held to, and what that was expected to cost above the cheapest of that moment. */
export function lookText({ because, role, group, offer, cheapest_offer: cheapest, cost_usd: cost }: Look): string {
  const whose = because === 'edit' ? 'the picture it was made from' : `the group ${group ?? ''}`.trim()
  const done = {
    first: `It was the first of ${whose}, which the others follow.`,
    followed: `It followed ${whose}: ${offer ?? 'its offer'} gives the look.`,
    switched: `It left the look of ${whose}, which is that of ${offer ?? 'another offer'}.`,
  }[role]
  if (isZeroUsd(cost)) return done
  return `${done} Expected ${exactUsd(cost)} above the cheapest then${cheapest === null ? '' : `, ${cheapest}`}.`
}
