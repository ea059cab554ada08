/** The members of a call: what Halftone decided, and what the client passes through. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Candidate, Warning } from '../../core/offer.ts'
import type { ImageRequest } from '../../core/request.ts'
import { asObject } from './read.ts'

/** Members in the order they are sent; undefined ones are not. */
export type Parameters = Readonly<Record<string, JsonValue | undefined>>

export interface Merged {
  readonly parameters: JsonObject
  readonly warnings: readonly Warning[]
}

export interface ExtraRules {
  /** Further members the client may not set, such as those that carry input images; nested ones as `a.b`. */
  readonly reserved?: ReadonlySet<string>
  /** Objects of ours that take further members one by one: `generationConfig`, `generationConfig.imageConfig`. */
  readonly open?: ReadonlySet<string>
}

/**
 * Add what the client passes through untouched. It cannot replace what Halftone sends, since that was priced, and may not set
 * `reserved` members.
 */
export function mergeExtra(
  ours: Parameters,
  request: ImageRequest,
  { offer }: Candidate,
  rules: ReadonlySet<string> | ExtraRules = {},
): Merged {
  const extra = { ...request.extraBody[offer.providerType], ...request.extraBody[offer.provider] }
  const { reserved = new Set(), open = new Set() }: ExtraRules = 'has' in rules ? { reserved: rules } : rules
  const warnings: Warning[] = []
  const merge = (mine: Parameters, theirs: JsonObject, prefix: string): JsonObject => {
    const members: Record<string, JsonValue> = {}
    for (const [name, value] of Object.entries(mine)) if (value !== undefined) members[name] = value
    for (const [name, value] of Object.entries(theirs)) {
      if (value === undefined) continue
      const path = `${prefix}${name}`
      const [inner, outer] = [asObject(value), asObject(members[name])]
      if (open.has(path) && inner && outer) members[name] = merge(outer, inner, `${path}.`)
      else if (name in mine || reserved.has(path)) {
        const why = name in mine ? `use the parameter "${path}" of the request itself` : 'Halftone decides it, or it has no price'
        const message = `extra_body.${offer.provider}.${path} was left out: ${why}.`
        warnings.push({ code: 'parameter_dropped', param: path, message })
      } else members[name] = value
    }
    return members
  }
  return { parameters: merge(ours, extra, ''), warnings }
}
