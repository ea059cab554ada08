import type { JsonValue } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import { Secret } from './secret.ts'
import type { Config } from './types.ts'

/** The configuration as JSON for people (`halftone doctor`): secrets and key hashes redacted, money in USD. */
export function describeConfig(config: Config): JsonValue {
  return describe(config)
}

function describe(value: unknown): JsonValue {
  if (value instanceof Secret) return value.toJSON()
  if (Array.isArray(value)) return value.map(describe)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]): [string, JsonValue][] => {
        if (key === 'hash') return [[key, '[redacted]']]
        if (typeof inner === 'bigint') return [[key.replace(/NanoUsd$/, 'Usd'), formatUsd(inner)]]
        return inner === undefined ? [] : [[key, describe(inner)]]
      }),
    )
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}
