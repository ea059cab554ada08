/** The floor that a request is held to: that of its route, a lower one where the prompt is taken for easy, or its own. Pure. */
import type { PromptFeatures } from '../prompt/features.ts'
import type { ImageRequest, RequestOptions } from '../request.ts'
import type { Policy, Snapshot } from '../routing/types.ts'
import { type DifficultyGate, type GateFeatures, isEasy } from './difficulty.ts'

export interface GatedRequest {
  readonly request: Pick<ImageRequest, 'operation' | 'attribution'>
  readonly options: Pick<RequestOptions, 'floor'>
  readonly features: GateFeatures
  readonly gate: DifficultyGate
  /** 0 to 1, of this request alone; see `drawOf`. */
  readonly draw: number
}

/**
 * The policy with the floor that this prompt is held to. A request that names a floor of its own is never lowered, and a group is not
 * either: what its first picture is made by has to do for the hard prompts that follow. Only what is painted from words is looked at.
 */
export function withEasyFloor(policy: Policy, { request, options, features, gate, draw }: GatedRequest): Policy {
  const { floor, easyFloor } = policy
  if (floor === undefined || easyFloor === undefined || options.floor !== undefined) return policy
  if (request.attribution.group !== undefined || (request.operation !== 'generate' && request.operation !== 'edit')) return policy
  const easy = isEasy(gate, features, draw)
  return { ...policy, floor: easy ? easyFloor : floor, gated: { easy, otherwise: floor } }
}

/** What the gate looks at and learns from; kept with the request, without its words. */
export const gateFeaturesOf = ({
  numerals,
  comparatives,
  negations,
  spatial,
  attributePairs,
  styleWords,
  complexity,
}: PromptFeatures): GateFeatures => ({ numerals, comparatives, negations, spatial, attributePairs, styleWords, complexity })

/** `easy` and `not_easy`: the prompt decided. */
export type FloorReason = 'route' | 'request' | 'easy' | 'not_easy'

export interface AppliedFloor {
  readonly name: string
  readonly because: FloorReason
}

/** The higher one of the two that hold, and why it does; undefined: none. A name that is not known is the higher one: nothing meets it. */
export function appliedFloor(
  { floor, gated }: Pick<Policy, 'floor' | 'gated'>,
  { floor: own }: Pick<RequestOptions, 'floor'>,
  scores: Pick<Snapshot, 'quality' | 'qualityLevels'>,
): AppliedFloor | undefined {
  const because = gated === undefined ? 'route' : gated.easy ? 'easy' : 'not_easy'
  if (own === undefined) return floor === undefined ? undefined : { name: floor, because }
  if (floor === undefined || scoreOfFloor(own, scores) > scoreOfFloor(floor, scores)) return { name: own, because: 'request' }
  return { name: floor, because }
}

const scoreOfFloor = (name: string, { quality, qualityLevels }: Pick<Snapshot, 'quality' | 'qualityLevels'>): number =>
  qualityLevels.get(name) ?? quality.get(name) ?? Number.POSITIVE_INFINITY

/** A number from 0 to 1 out of the random end of a UUID, so that a request is decided alike whenever it is decided again. */
export function drawOf(id: string): number {
  const digits = /[0-9a-f]{12}$/i.exec(id)
  return digits ? Number.parseInt(digits[0], 16) / 2 ** 48 : 0.5
}
