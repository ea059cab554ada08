/** `x-halftone-require` and its twin in the body: the facts an offer has to have. */
import type { IncomingHttpHeaders } from 'node:http'
import { type RequestRequirement, requestRequirement } from '../contract/facts.ts'
import { HalftoneError } from '../core/error.ts'
import type { FactRequirement } from '../core/offer-facts.ts'

const HEADER = 'x-halftone-require'
const MAX_LENGTH = 1_024

/** The header goes before the twin. Throws `invalid_header` for what cannot be read: a requirement is never ignored. */
export function requirementOf(headers: IncomingHttpHeaders, twin: RequestRequirement | undefined): FactRequirement | undefined {
  const text = headers[HEADER]
  const wanted = text === undefined ? twin : fromHeader(text)
  if (!wanted) return undefined
  const { retention_days, ...rest } = wanted
  return { ...rest, ...(retention_days !== undefined && { retentionDays: retention_days }) }
}

function fromHeader(text: string | readonly string[]): RequestRequirement {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) throw unreadable('it is given twice, or is too long')
  const values: Record<string, unknown> = Object.create(null)
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(at, 0)).trim()
    const value = pair.slice(at + 1).trim()
    if (name === '' || value === '') throw unreadable('each fact needs a value')
    if (name in values) throw unreadable('a fact is given twice')
    values[name] = wireValue(name, value)
  }
  const parsed = requestRequirement.safeParse({ ...values })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw unreadable([issue?.path.join('.'), issue?.message].filter(Boolean).join(': '))
}

function wireValue(name: string, value: string): unknown {
  if (name === 'region') return value.split('|').map((each) => each.trim())
  return name === 'retention_days' && /^\d+$/.test(value) ? Number(value) : value
}

const unreadable = (problem: string): HalftoneError =>
  new HalftoneError(
    'invalid_header',
    `${HEADER} must look like "region=eu|us,retention_days=0,training=no,licence=commercial,watermark=none": ${problem}.`,
    { param: HEADER },
  )
