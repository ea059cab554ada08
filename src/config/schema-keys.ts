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

/** Keys that may stand in the mapping at `path` below `root`, by default the whole file; empty when there is none, or when names are free. */
export function keysAt(path: readonly PropertyKey[], root = configJsonSchema()): readonly string[] {
  return [...new Set(schemasAt(path, root).flatMap((schema) => Object.keys(schema.properties ?? {})))]
}

/** What the key at `path` is for: its description, or of a list entry that of its list. */
export function descriptionAt(path: readonly PropertyKey[], root = configJsonSchema()): string | undefined {
  let schemas: readonly JsonSchema[] = [root]
  let found: string | undefined
  for (const part of path) {
    schemas = schemas.flatMap(alternatives).flatMap((schema) => stepInto(schema, part))
    const here = schemas.find(({ description }) => description)?.description
    if (here !== undefined || typeof part !== 'number') found = here
  }
  return found
}

function schemasAt(path: readonly PropertyKey[], root: JsonSchema): readonly JsonSchema[] {
  return path
    .reduce<readonly JsonSchema[]>(
      (schemas, part) => schemas.flatMap(alternatives).flatMap((schema) => stepInto(schema, part)),
      [root],
    )
    .flatMap(alternatives)
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const choices = schema.anyOf ?? schema.oneOf
  return choices ? choices.flatMap(alternatives) : [schema]
}

function stepInto(schema: JsonSchema, part: PropertyKey): readonly JsonSchema[] {
  const next = typeof part === 'number' ? schema.items : (schema.properties?.[String(part)] ?? schema.additionalProperties)
  return next === undefined || typeof next === 'boolean' ? [] : [next]
}
