/** What was decided about a request, read from its record and told in the words of the API. */
import type { FloorFeedback } from '../../contract/floor.ts'
import type { Explanation, Receipt } from '../../contract/records.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import type { RequestRecord } from '../../ports/ledger.ts'

/** As `gateway/decision.ts` stored it. */
export function snapshotOf({ decision }: RequestRecord): Explanation['snapshot'] {
  const stored = decision['snapshot'] as
    | {
        readonly config: string
        readonly managedBy?: 'file' | 'api' | 'built_in'
        readonly routeVersion?: number
        readonly experience: string
      }
    | undefined
  if (!stored) return null
  const { config, managedBy = null, routeVersion = null, experience } = stored
  return { config, route_managed_by: managedBy, route_version: routeVersion, experience }
}

interface StoredChoice {
  readonly offer: string
  readonly quality: string | null
  readonly expectedUsd: string
}

/** As `gateway/observe.ts` stored it. */
export function observationOf({ decision }: RequestRecord): Explanation['observation'] {
  const stored = decision['observation'] as
    | {
        readonly arm: 'observed' | 'routed'
        readonly observes: string
        readonly named: StoredChoice | null
        readonly routed: StoredChoice | null
      }
    | undefined
  if (!stored) return null
  const { arm, observes, named, routed } = stored
  const saved = named && routed && parseUsd(named.expectedUsd) - parseUsd(routed.expectedUsd)
  return {
    arm,
    observes,
    named: named && choiceWire(named),
    routed: routed && choiceWire(routed),
    saved_usd: saved === null ? null : formatUsd(saved),
  }
}

const choiceWire = ({ offer, quality, expectedUsd }: StoredChoice) => ({ offer, quality, expected_usd: expectedUsd })

/** As `gateway/explorer.ts` stored it. */
export function exploredOf({ decision }: RequestRecord): Explanation['explored'] {
  const stored = decision['explored'] as
    | { readonly offer: string; readonly insteadOf: string; readonly extraUsd: string; readonly observations: number }
    | undefined
  if (!stored) return null
  const { offer, insteadOf, extraUsd, observations } = stored
  return { offer, instead_of: insteadOf, extra_usd: extraUsd, observations }
}

/** The quote as `gateway/request-row.ts` stored it. */
export function quoteOf({ decision }: RequestRecord): Receipt['quote'] {
  const stored = decision['quote'] as { readonly id: string; readonly maxUsd: string; readonly expiresAt: string } | undefined
  return stored ? { id: stored.id, max_usd: stored.maxUsd, expires_at: stored.expiresAt } : null
}

interface StoredCandidate {
  readonly offer: string
  readonly size: string
  readonly quality: string | null
  readonly finishing?: readonly string[]
  readonly expectedUsd: string
  readonly maxUsd: string | null
  /** Infinity is null in JSON. */
  readonly score: number | null
  readonly success?: number
  readonly observations?: number
  readonly plannedUsd?: number
  readonly shadowUsd?: number
  readonly inVainUsd?: number
  readonly latenessUsd?: number
  readonly feedback?: StoredFeedback
}

/** As `gateway/floor.ts` stored it. */
interface StoredFeedback extends Omit<FloorFeedback, 'fails_at'> {
  readonly failsAt: number
}

export const feedbackWire = ({ failsAt, ...words }: StoredFeedback): FloorFeedback => ({ fails_at: failsAt, ...words })

/** As `gateway/floor.ts` stored it. */
export const floorOf = ({ decision }: RequestRecord): Receipt['floor'] => (decision['floor'] ?? null) as Receipt['floor']

/** The baseline as `gateway/decision.ts` stored it, against what the whole request cost. */
export function baselineOf({ decision, costNanoUsd }: RequestRecord): Receipt['baseline'] {
  const stored = decision['baseline'] as
    | { readonly name: string; readonly offer: string; readonly quality: string | null; readonly expectedUsd: string }
    | undefined
  if (!stored) return null
  const { name, offer, quality, expectedUsd } = stored
  return { name, offer, quality, expected_usd: expectedUsd, saved_usd: formatUsd(parseUsd(expectedUsd) - costNanoUsd) }
}

/** As `gateway/groups.ts` stored it. */
export function consistencyOf({ decision }: RequestRecord): Receipt['consistency'] {
  const stored = decision['consistency'] as
    | (Pick<NonNullable<Receipt['consistency']>, 'because' | 'role' | 'group' | 'offer'> & {
        readonly cheapest: string | null
        readonly costUsd: string
      })
    | undefined
  if (!stored) return null
  const { because, role, group, offer, cheapest, costUsd } = stored
  return { because, role, group, offer, cheapest_offer: cheapest, cost_usd: costUsd }
}

/** The decision as `gateway/decision.ts` stored it. */
export const candidatesOf = ({ decision }: RequestRecord): readonly StoredCandidate[] =>
  (decision['candidates'] ?? []) as unknown as readonly StoredCandidate[]
