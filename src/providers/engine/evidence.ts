/** What is kept of an answer: no image bytes, no secrets, bounded. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Evidence } from '../../ports/provider.ts'
import type { ProviderResponse } from '../define-provider.ts'

/** Request ids, limits, reported costs, timings. Cookies and credentials never match. */
const KEPT_HEADERS =
  /^(content-type|date|retry-after|server-timing|via|cf-ray|apim-request-id|[a-z-]*request-id|x-ratelimit-[a-z-]+|x-litellm-[a-z-]+|x-portkey-[a-z-]+|openai-(processing-ms|version|model)|[a-z-]*(cost|credits|billable-units)[a-z-]*)$/
const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'apim-request-id', 'x-litellm-call-id', 'x-portkey-trace-id'] as const
const MAX_HEADER_CHARS = 256
const MAX_HEADERS = 40
const MAX_BODY_CHARS = 16 * 1024
const MAX_STRING_CHARS = 1024

export function evidenceOf(response: ProviderResponse): Omit<Evidence, 'timings'> {
  const requestId = REQUEST_ID_HEADERS.map((name) => response.headers[name]).find((value) => value !== undefined)
  const body = evidenceBody(response)
  return {
    httpStatus: response.status,
    ...(requestId === undefined ? {} : { providerRequestId: requestId.slice(0, MAX_HEADER_CHARS) }),
    headers: keptHeaders(response.headers),
    ...(body ? { body } : {}),
  }
}

export function keptHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(headers).filter(([name]) => KEPT_HEADERS.test(name))
  return Object.fromEntries(kept.slice(0, MAX_HEADERS).map(([name, value]) => [name, value.slice(0, MAX_HEADER_CHARS)]))
}

function evidenceBody({ body }: ProviderResponse): JsonObject | undefined {
  if (body.kind === 'text') return { text: body.text.slice(0, MAX_STRING_CHARS) }
  if (body.kind !== 'json') return undefined
  const shortened = shortenStrings(body.value)
  const object =
    typeof shortened === 'object' && shortened !== null && !Array.isArray(shortened) ? shortened : { value: shortened }
  return JSON.stringify(object).length <= MAX_BODY_CHARS ? (object as JsonObject) : { omitted: 'larger than 16 KiB' }
}

function shortenStrings(value: JsonValue | undefined): JsonValue {
  if (value === undefined) return null
  if (typeof value === 'string') return value.length > MAX_STRING_CHARS ? `${value.slice(0, MAX_STRING_CHARS)}…` : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(shortenStrings)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortenStrings(member)]))
}
