/** How an attempt ended, as the pure core sees it; and what a charge is. */
import type { Billed, ErrorCode } from './error.ts'
import type { NanoUsd } from './money.ts'
import type { Usage } from './usage.ts'

export const attemptKinds = ['primary', 'retry', 'fallback', 'hedge', 'step', 'poll', 'lookup', 'preflight'] as const
export type AttemptKind = (typeof attemptKinds)[number]

/**
 * `intent` (priced, held) -> `dispatched` (a call may have been made) -> `settled` | `voided` (known not billed) |
 * `unknown` -> `reconciled`. Forward only.
 */
export const attemptStates = ['intent', 'dispatched', 'settled', 'voided', 'unknown', 'reconciled'] as const
export type AttemptState = (typeof attemptStates)[number]

/** Where a charge's amount comes from, best evidence last. */
export const provenances = ['estimated', 'metered', 'reported', 'invoiced'] as const
export type Provenance = (typeof provenances)[number]

/** Why an attempt ended; the rollups' outcome dimension. */
export const outcomes = [
  'succeeded',
  'partial',
  'refused',
  'rejected',
  'rate_limited',
  'timeout',
  'error',
  'cancelled',
  'unknown',
] as const
export type Outcome = (typeof outcomes)[number]

/** When the provider refused: before it made the image, or after (and so perhaps billed). */
export type RefusalStage = 'before' | 'after' | 'unknown'

/** A failure as told by a codec or the engine. */
export interface AttemptFailure {
  readonly code: ErrorCode
  /** Safe for the client: no secrets, no foreign HTML. */
  readonly message: string
  readonly retryable: boolean
  readonly billed: Billed
  readonly retryAfterMs?: number
  readonly stage?: RefusalStage
  /** The request parameter the provider complained about. */
  readonly param?: string
  /** What was consumed all the same, if the provider said. */
  readonly usage?: Usage
  /** What it cost all the same, if the provider said. */
  readonly reportedCost?: ReportedCost
}

/** An amount the provider itself reported; 0 is a value, absence is not. */
export interface ReportedCost {
  /** Exact decimal text. */
  readonly amount: string
  /** ISO currency or a credit unit of the price book. */
  readonly unit: string
  /** Where it was read: `usage.cost`, a header name. */
  readonly source: string
  /** The part of `amount` that an intermediary takes for itself, in the same unit: it becomes a charge line of its own. */
  readonly surcharge?: string
}

/** One priced line of one attempt. Everything needed to compute it again is on it. */
export interface ChargeLine {
  /** `usage` for a rate, `adjustment` for markup or discount, `provisional` for an unknown outcome, `reversal`, `breakage`, ... */
  readonly kind: ChargeKind
  /** The meter, for usage lines. */
  readonly meter?: string
  /** Decimal text of the quantity that was priced, after rounding rules. */
  readonly quantity?: string
  readonly amountNanoUsd: NanoUsd
  /** Decimal text of what this month or contract had bought before, where the price depends on it: part of the inputs of a replay. */
  readonly volumeBefore?: string
  /** Exact decimal text in `nativeUnit`, before conversion. */
  readonly nativeAmount: string
  readonly nativeUnit: string
  /** Exact decimal: USD per native unit, with its source and ISO date; `1` for USD. */
  readonly fxRate: string
  readonly fxSource: string
  /** The rate or adjustment that produced the line. */
  readonly rateId: string
  /** Hash of the price book the rate came from; pinned at intent. */
  readonly priceBook: string
  readonly provenance: Provenance
  /** One readable line: `1 image out, medium, 1024x1024 at $0.053`. */
  readonly description: string
}

export const chargeKinds = [
  'usage',
  'adjustment',
  'provisional',
  'reversal',
  'correction',
  'breakage',
  'storage',
  'step',
] as const
export type ChargeKind = (typeof chargeKinds)[number]
