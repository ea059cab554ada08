/** The floor of a request, as its record, its answer and what is said about its pictures go by it. */
import type { JsonObject } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import { type AppliedFloor, appliedFloor } from '../core/planning/easy-floor.ts'
import type { Policy } from '../core/routing/index.ts'
import { type Correction, correctionOf } from '../core/routing/learning/corrections.ts'
import { qualityKeysOf } from '../core/routing/standing.ts'
import type { ExecuteInput } from './execution.ts'
import type { Corrections } from './quality-feed.ts'
import type { GatewayState } from './state.ts'

/** Undefined: there is none, or a model that the client falls back to may be held to another one. */
export const floorOf = (
  policy: Policy,
  { options }: Pick<ExecuteInput, 'options'>,
  state: Pick<GatewayState, 'quality' | 'qualityLevels'>,
): AppliedFloor | undefined => ((options.fallbackModels ?? []).length > 0 ? undefined : appliedFloor(policy, options, state))

/** As the decision keeps it. */
export const floorToJson = ({ name, because }: AppliedFloor, { gated }: Policy): JsonObject => ({
  name,
  because,
  otherwise: gated?.otherwise ?? null,
})

/** What was said about the pictures of a candidate, where it stands against it under some floor. */
export function correctionToJson(candidate: Candidate, corrections: Corrections | undefined): JsonObject | undefined {
  const correction = corrections && correctionOf(corrections, qualityKeysOf(candidate))
  return correction && wordsToJson(correction)
}

const wordsToJson = ({ failsAt, rejected, accepted, sinceUs, untilUs }: Correction): JsonObject => ({
  failsAt,
  rejected: Number(rejected.toFixed(2)),
  accepted: Number(accepted.toFixed(2)),
  since: isoTime(sinceUs),
  until: isoTime(untilUs),
})

const isoTime = (us: number): string => new Date(us / 1_000).toISOString()
