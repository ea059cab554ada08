/** A schema that also refuses what it does not declare, at any depth: for checking our own answers. */
import { z } from 'zod'

export function strictly(schema: z.ZodType): z.ZodType {
  const closed = close(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as Json)
  return z.fromJSONSchema(closed as Parameters<typeof z.fromJSONSchema>[0])
}

type Json = { readonly [key: string]: unknown }

/** Every object with declared properties takes no others. */
function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [key, close(member)] as const)
  const isRecord = !('properties' in value) && 'additionalProperties' in value
  const isObject = 'properties' in value && !isRecord
  return Object.fromEntries(isObject ? [...entries, ['additionalProperties', false]] : entries)
}
