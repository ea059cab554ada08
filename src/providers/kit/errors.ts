/** Error answers: what they say, and what their status alone tells. A provider's own words are looked at by its codec. */
import type { Billed, ErrorCode } from '../../core/error.ts'
import type { JsonValue } from '../../core/json.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { asList, asNumber, asObject, asText } from './read.ts'

/** What an error says, wherever it stood. */
export interface WireError {
  readonly message: string
  readonly code?: string
  readonly type?: string
  readonly param?: string
}

const MAX_MESSAGE_CHARS = 500

/** `{error: {message}}`, `{error: "text"}`, `{detail: "text"}`, `{detail: {error}}`, `{detail: [{msg}]}`, `{message}`, or plain text. */
export function readError(value: JsonValue | undefined, text: string | undefined): WireError {
  const root = asObject(value)
  const error = asObject(root?.['error']) ?? asObject(root?.['detail'])
  const details = asList(root?.['detail'])?.map((item) => asText(asObject(item)?.['msg'])) ?? []
  const message =
    asText(error?.['message']) ??
    asText(error?.['error']) ??
    asText(root?.['error']) ??
    asText(root?.['detail']) ??
    asText(details.filter((item) => item !== undefined).join('; ')) ??
    asText(root?.['message']) ??
    asText(value ?? undefined) ??
    text
  const code = asText(error?.['code']) ?? asText(root?.['code'])
  const type = asText(error?.['type'])
  const param = asText(error?.['param']) ?? locationOf(asObject(asList(root?.['detail'])?.[0])?.['loc'])
  return {
    message: cleaned(message ?? 'no message'),
    ...(code === undefined ? {} : { code }),
    ...(type === undefined ? {} : { type }),
    ...(param === undefined ? {} : { param }),
  }
}

/** `["body", "width"]` of a validation error; indexes and the place itself are left out. */
function locationOf(location: JsonValue | undefined): string | undefined {
  const names = asList(location)?.filter((part) => typeof part === 'string' && part !== 'body') ?? []
  return names.length > 0 ? names.join('.') : undefined
}

const textOf = ({ body }: ProviderResponse): string | undefined =>
  body.kind === 'text' && !body.isHtml ? asText(body.text.trim()) : undefined

/** One bounded line; the engine takes out credentials. */
const cleaned = (message: string): string => message.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_MESSAGE_CHARS)

/** The error of a whole answer, in any of the shapes above. */
export const wireErrorOf = (response: ProviderResponse): WireError =>
  readError(response.body.kind === 'json' ? response.body.value : undefined, textOf(response))

/** What the status tells about an answer that is not a success: the default of every codec, after its own refusals and quotas. */
export function failureOfStatus(response: ProviderResponse, error: WireError = wireErrorOf(response)): AttemptFailure {
  const { status, headers, body } = response
  const retryAfterMs = retryAfterOf(headers)
  const isOwnAnswer = body.kind !== 'empty' && !(body.kind === 'text' && body.isHtml)
  return failure(codeOfStatus(status), `The provider answered ${status}: ${error.message}`, billedOfStatus(status, isOwnAnswer), {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(error.param === undefined ? {} : { param: error.param }),
  })
}

export function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'provider_auth'
  if (status === 402) return 'provider_quota'
  if (status === 404) return 'provider_not_found'
  if (status === 429) return 'provider_rate_limited'
  if (status === 408 || status === 504 || status === 524) return 'provider_timeout'
  // Somebody between here and there hung up: it says nothing against the request.
  if (status === 499) return 'provider_error'
  return status >= 400 && status < 500 ? 'provider_rejected' : 'provider_error'
}

/**
 * An API that says it failed does not bill. What stands in front of it (a proxy's page, 502, 504) does not know whether the
 * request went on behind it.
 */
export function billedOfStatus(status: number, isOwnAnswer: boolean): Billed {
  if (status >= 400 && status < 500) return status === 408 || status === 499 ? 'unknown' : 'no'
  if (status === 503 || status === 529) return 'no'
  return isOwnAnswer && status === 500 ? 'no' : 'unknown'
}

/** `Retry-After` in seconds or as a date, `retry-after-ms`; undefined when absent or nonsense. */
export function retryAfterOf(headers: Readonly<Record<string, string>>): number | undefined {
  const ms = asNumber(headers['retry-after-ms'])
  if (ms !== undefined && ms >= 0) return Math.ceil(ms)
  const text = headers['retry-after']
  if (text === undefined) return undefined
  const seconds = asNumber(text)
  if (seconds !== undefined) return seconds >= 0 ? Math.ceil(seconds * 1000) : undefined
  const wait = Date.parse(text) - Date.parse(headers['date'] ?? '')
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}
