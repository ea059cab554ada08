/** The schema as JSON Schema, and which keys it allows where. */
import { z } from 'zod'
import { fileSchema } from './schema.ts'

export interface JsonSchema {
  readonly [key: string]: unknown
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
}

/** JSON Schema (draft 2020-12) of `halftone.yaml`, for editors. Rules that span keys are checked by Halftone only. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-2020-12' }) as JsonSchema
  return { $schema, title: 'halftone.yaml', description: 'Configuration of the Halftone image gateway.', ...schema }
}

/** Keys that may stand in the mapping at `path`; empty when there is none, or when names are free. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const here = path.reduce<readonly JsonSchema[]>(
    (schemas, part) => schemas.flatMap((schema) => stepInto(schema, part)),
    alternatives(configJsonSchema()),
  )
  return [...new Set(here.flatMap((schema) => Object.keys(schema.properties ?? {})))]
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const choices = schema.anyOf ?? schema.oneOf
  return choices ? choices.flatMap(alternatives) : [schema]
}

function stepInto(schema: JsonSchema, part: PropertyKey): readonly JsonSchema[] {
  const next = typeof part === 'number' ? schema.items : (schema.properties?.[String(part)] ?? schema.additionalProperties)
  return next === undefined || typeof next === 'boolean' ? [] : alternatives(next)
}
