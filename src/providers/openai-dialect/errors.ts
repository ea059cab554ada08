/** Error answers in OpenAI's shape, and in all the shapes of servers that imitate it. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { AttemptFailure, RefusalStage } from '../../core/outcome.ts'
import type { ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { billedOfStatus, codeOfStatus, readError, retryAfterOf, type WireError, wireErrorOf } from '../kit/errors.ts'
import { asNumber, asObject } from '../kit/read.ts'

/** A status that is not a success, as a failure. */
export function failureFromResponse(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
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

interface FailureFacts {
  readonly retryAfterMs?: number
  /** The answer was written by the API itself, not by something in front of it. */
  readonly isOwnAnswer: boolean
}

const REFUSAL = /^(moderation_blocked|content_policy_violation|content_?filter|safety_violation|sensitive_content)/i
const QUOTA =
  /^(insufficient_quota|billing_hard_limit_reached|billing_not_active|quota_exceeded|insufficient_credits|insufficient_balance|credit_balance_exhausted|budget_exceeded|(?:organization|project)_(?:spend|usage)_limit_exceeded)/

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
  const code = label === 'model_not_found' ? 'provider_not_found' : codeOfStatus(status)
  return failure(code, says(`The provider answered ${status}`), billedOfStatus(status, facts.isOwnAnswer), extra)
}

const isRefusal = ({ code, type, message }: WireError): boolean =>
  REFUSAL.test(code ?? '') ||
  REFUSAL.test(type ?? '') ||
  // Recorded from the Images API: the code may be null while the message names the violations.
  /safety_violations=\[|rejected by (?:the|our) safety system/i.test(message)

/** The prompt filter answers before anything is made. Messages about the generated image come after, billed or not. */
const refusalStage = ({ message }: WireError): RefusalStage =>
  /(?:generated|output|resulting) image/i.test(message) ? 'after' : 'before'
