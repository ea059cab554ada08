/** The identity of a request: equal for a retry, whatever the multipart boundary or the order of keys. */
import { hash } from 'node:crypto'
import type { ExecuteInput } from './execution.ts'

/** Hex SHA-256 of the canonical request and the hashes of its inputs. Delivery (stream, url or bytes) is part of it. */
export function fingerprintOf({ request, options }: Pick<ExecuteInput, 'request' | 'options'>): string {
  const { inputs, ...rest } = request
  const { allowUnsupported, fit, upscale, convert } = options
  const hashes = inputs.map(({ role, sha256, control = '', controlStrength = '' }) =>
    [role, sha256, control, controlStrength].join(':'),
  )
  return hash('sha256', canonical({ ...rest, hashes, allowUnsupported, fit, upscale, convert }))
}

/** JSON with sorted keys; absent and undefined are the same. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
    .join(',')}}`
}
