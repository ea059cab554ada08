/** Error answers in OpenAI's shape, and in all the shapes of servers that imitate it. */
import type { Billed, ErrorCode } from '../../core/error.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { AttemptFailure, RefusalStage } from '../../core/outcome.ts'
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

/** A status that is not a success, as a failure. */
export function failureFromResponse(response: ProviderResponse): AttemptFailure {
  const error = readError(response.body.kind === 'json' ? response.body.value : undefined, textOf(response))
  const retryAfterMs = retryAfterOf(response.headers)
  return failureFromError(error, response.status, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    isOwnAnswer: response.body.kind !== 'empty' && !(response.body.kind === 'text' && response.body.isHtml),
  })
}

/** An error found inside a stream or an answer that calls itself a success. */
export const failureFromEvent = (value: JsonValue): AttemptFailure =>
  failureFromError(readError(value, undefined), statusInside(value), { isOwnAnswer: true })

/** An `error` member that is neither absent, null nor empty. */
export function hasError(value: JsonObject): boolean {
  const error = value['error']
  return error !== undefined && error !== null && error !== '' && error !== false
}

function statusInside(value: JsonValue): number {
  const error = asObject(asObject(value)?.['error'])
  return asNumber(error?.['status']) ?? asNumber(error?.['code']) ?? 500
}

/** `{error: {message}}`, `{error: "text"}`, `{detail: "text"}`, `{detail: [{msg}]}`, `{message}`, or plain text. */
export function readError(value: JsonValue | undefined, text: string | undefined): WireError {
  const root = asObject(value)
  const error = asObject(root?.['error']) ?? asObject(root?.['detail'])
  const details = asList(root?.['detail'])?.map((item) => asText(asObject(item)?.['msg'])) ?? []
  const message =
    asText(error?.['message']) ??
    asText(root?.['error']) ??
    asText(root?.['detail']) ??
    asText(details.filter((item) => item !== undefined).join('; ')) ??
    asText(root?.['message']) ??
    asText(value ?? undefined) ??
    text
  const code = asText(error?.['code']) ?? asText(root?.['code'])
  const type = asText(error?.['type'])
  const param = asText(error?.['param'])
  return {
    message: cleaned(message ?? 'no message'),
    ...(code === undefined ? {} : { code }),
    ...(type === undefined ? {} : { type }),
    ...(param === undefined ? {} : { param }),
  }
}

const textOf = ({ body }: ProviderResponse): string | undefined =>
  body.kind === 'text' && !body.isHtml ? asText(body.text.trim()) : undefined

/** One bounded line; the engine takes out credentials. */
const cleaned = (message: string): string => message.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_MESSAGE_CHARS)

interface FailureFacts {
  readonly retryAfterMs?: number
  /** The answer was written by the API itself, not by something in front of it. */
  readonly isOwnAnswer: boolean
}

const REFUSAL = /^(moderation_blocked|content_policy_violation|content_filter|safety_violation|sensitive_content)/
const QUOTA =
  /^(insufficient_quota|billing_hard_limit_reached|billing_not_active|quota_exceeded|insufficient_credits|insufficient_balance)/

function failureFromError(error: WireError, status: number, facts: FailureFacts): AttemptFailure {
  const label = error.code ?? error.type ?? ''
  const extra = {
    ...(facts.retryAfterMs === undefined ? {} : { retryAfterMs: facts.retryAfterMs }),
    ...(error.param === undefined ? {} : { param: error.param }),
  }
  const says = (what: string): string => `${what}: ${error.message}`
  if (isRefusal(error)) {
    const stage = refusalStage(error)
    return failure('content_refused', says('The provider refused the content'), stage === 'before' ? 'no' : 'unknown', {
      ...extra,
      stage,
    })
  }
  if (QUOTA.test(error.code ?? '') || QUOTA.test(error.type ?? '') || status === 402) {
    return failure('provider_quota', says('The provider account has no credit'), 'no', extra)
  }
  const code = codeOfStatus(status, label)
  return failure(code, says(`The provider answered ${status}`), billedOfStatus(status, facts), extra)
}

const isRefusal = ({ code, type, message }: WireError): boolean =>
  REFUSAL.test(code ?? '') ||
  REFUSAL.test(type ?? '') ||
  // Recorded from the Images API: the code may be null while the message names the violations.
  /safety_violations=\[|rejected by (?:the|our) safety system/i.test(message)

/** The prompt filter answers before anything is made. Messages about the generated image come after, billed or not. */
const refusalStage = ({ message }: WireError): RefusalStage =>
  /(?:generated|output|resulting) image/i.test(message) ? 'after' : 'before'

function codeOfStatus(status: number, label: string): ErrorCode {
  if (status === 401 || status === 403) return 'provider_auth'
  if (status === 404) return 'provider_not_found'
  if (status === 429) return 'provider_rate_limited'
  if (status === 408 || status === 504 || status === 524) return 'provider_timeout'
  if (label === 'model_not_found') return 'provider_not_found'
  return status >= 400 && status < 500 ? 'provider_rejected' : 'provider_error'
}

/**
 * An API that says it failed does not bill. What stands in front of it (a proxy's page, 502, 504) does not know whether the
 * request went on behind it.
 */
function billedOfStatus(status: number, { isOwnAnswer }: FailureFacts): Billed {
  if (status >= 400 && status < 500) return status === 408 ? 'unknown' : 'no'
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
