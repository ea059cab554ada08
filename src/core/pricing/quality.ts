/**
 * Public quality scores, dated and sourced, for floors. A score belongs to one quality tier of one model and is never
 * carried to another: a tier without a row has no known quality.
 */
import type { Quality } from '../request.ts'
import { qualities } from '../request.ts'
import { check, choice, date, list, number, object, optional, required, text } from './shape.ts'

export const qualityLevels = ['draft', 'standard', 'high'] as const
export type QualityLevel = (typeof qualityLevels)[number]

export interface QualityPriors {
  /** ISO date. */
  readonly asOf: string
  /** What the numbers mean. */
  readonly scale: string
  /** Lowest score that meets a level. */
  readonly levels: Readonly<Record<QualityLevel, { readonly atLeast: number; readonly reason: string }>>
  readonly scores: readonly QualityScore[]
}

export interface QualityScore {
  /** `publisher/name`. */
  readonly model: string
  readonly quality?: Quality
  readonly score: number
  /** Half width of the 95 % interval; floors are compared with `score - margin`. */
  readonly margin: number
  readonly source: string
}

const level = object({ atLeast: required(number), reason: required(text) })
const shape = object({
  $schema: optional(text),
  asOf: required(date),
  scale: required(text),
  levels: required(object({ draft: required(level), standard: required(level), high: required(level) })),
  scores: required(
    list(
      object({
        model: required(text),
        quality: optional(choice(qualities)),
        score: required(number),
        margin: required(number),
        source: required(text),
      }),
    ),
  ),
})

/** Read `quality.json` from parsed JSON. Raises `config_invalid` with every problem. */
export function loadQualityPriors(json: unknown, name = 'quality'): QualityPriors {
  check(shape, json, name)
  // Every field of the type was checked above.
  return json as QualityPriors
}

/** Lower confidence bounds by `publisher/name@quality` (or `publisher/name`), as floors compare them. */
export const qualityBounds = ({ scores }: QualityPriors): ReadonlyMap<string, number> =>
  new Map(scores.map(({ model, quality, score, margin }) => [quality ? `${model}@${quality}` : model, score - margin]))

/** The score a floor asks for: a level's threshold, or that of `publisher/name@quality`; undefined when it is not known. */
export function floorScore(priors: QualityPriors, floor: string): number | undefined {
  const level = qualityLevels.find((name) => name === floor)
  return level ? priors.levels[level].atLeast : qualityBounds(priors).get(floor)
}
