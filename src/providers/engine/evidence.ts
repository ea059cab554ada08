/** What is kept of an answer: no image bytes, no secrets, bounded. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Evidence } from '../../ports/provider.ts'
import type { ProviderResponse } from '../define-provider.ts'

/** Request ids, limits, reported costs, timings. Cookies and credentials never match. */
const KEPT_HEADERS =
  /^(content-type|date|retry-after|server-timing|via|cf-ray|apim-request-id|[a-z-]*request-id|[a-z-]*rate-?limit[a-z-]*|x-litellm-[a-z-]+|x-portkey-[a-z-]+|openai-(processing-ms|version|model)|[a-z-]*(cost|credits|billable-units)[a-z-]*)$/
const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'apim-request-id', 'x-litellm-call-id', 'x-portkey-trace-id'] as const
const KEY_FORMS = /\b(sk|key|rk)-[A-Za-z0-9_*-]{6,}/g
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

/** Credentials that a provider quotes back: the account's own, and anything of the usual forms, also with stars in it. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const own = secrets.filter((secret) => secret.length >= 4)
  return (text) => own.reduce((left, secret) => left.replaceAll(secret, '[key]'), text.replace(KEY_FORMS, '[key]'))
}

/** The same value with each text in it changed. */
export function mapTexts(value: JsonValue | undefined, change: (text: string) => string): JsonValue {
  if (value === undefined) return null
  if (typeof value === 'string') return change(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item) => mapTexts(item, change))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapTexts(member, change)]))
}

function evidenceBody({ body }: ProviderResponse): JsonObject | undefined {
  if (body.kind === 'text') return { text: body.text.slice(0, MAX_STRING_CHARS) }
  if (body.kind !== 'json') return undefined
  // A body that is short as a whole has no text in it that is too long; most are.
  const isShort = JSON.stringify(body.value).length <= MAX_STRING_CHARS
  const shortened = isShort ? body.value : mapTexts(body.value, shorten)
  const object =
    typeof shortened === 'object' && shortened !== null && !Array.isArray(shortened) ? shortened : { value: shortened }
  const isKept = isShort || JSON.stringify(object).length <= MAX_BODY_CHARS
  return isKept ? (object as JsonObject) : { omitted: 'larger than 16 KiB' }
}

const shorten = (text: string): string => (text.length > MAX_STRING_CHARS ? `${text.slice(0, MAX_STRING_CHARS)}…` : text)
