/** The members of a call: what Halftone decided, and what the client passes through. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Candidate, Warning } from '../../core/offer.ts'
import type { ImageRequest } from '../../core/request.ts'

/** Members in the order they are sent; undefined ones are not. */
export type Parameters = Readonly<Record<string, JsonValue | undefined>>

export interface Merged {
  readonly parameters: JsonObject
  readonly warnings: readonly Warning[]
}

/**
 * Add what the client passes through untouched. It cannot replace what Halftone sends, since that was priced;
 * `reserved` are further members it may not set, such as those that carry input images.
 */
export function mergeExtra(
  ours: Parameters,
  request: ImageRequest,
  { offer }: Candidate,
  reserved: ReadonlySet<string> = new Set(),
): Merged {
  const parameters: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(ours)) if (value !== undefined) parameters[name] = value
  const warnings: Warning[] = []
  const extra = { ...request.extraBody[offer.providerType], ...request.extraBody[offer.provider] }
  for (const [name, value] of Object.entries(extra)) {
    if (value === undefined) continue
    if (name in ours || reserved.has(name)) {
      const message = `extra_body.${offer.provider}.${name} was left out: use the parameter "${name}" of the request itself.`
      warnings.push({ code: 'parameter_dropped', param: name, message })
    } else parameters[name] = value
  }
  return { parameters, warnings }
}
