/** Error answers of Google's APIs: `{error: {code, message, status, details}}` of google.rpc. */
import type { JsonObject } from '../../core/json.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { failureOfStatus, retryAfterOf, wireErrorOf } from '../kit/errors.ts'
import { asNumber, asObject, asText, objectsOf } from '../kit/read.ts'

/** A project without billing has a limit of 0 for image models, which no waiting mends. */
const NO_QUOTA = /limit: 0\b|prepay(?:ment)? credits are depleted|exceeded its monthly spending cap/i
const REFUSAL = /responsible ai practices|sensitive words/i

/** A status that is not a success. Google bills no request that it answers with 4xx or 5xx (Gemini API billing page). */
export function failureOfGoogle(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
  const plain = failureOfStatus(response, error)
  const body = response.body.kind === 'json' ? asObject(asObject(response.body.value)?.['error']) : undefined
  const details = objectsOf(body?.['details'])
  if (details.some(({ reason }) => reason === 'API_KEY_INVALID')) return { ...plain, ...coded('provider_auth') }
  if (details.some(({ reason }) => reason === 'BILLING_DISABLED')) return { ...plain, ...coded('provider_quota') }
  if (REFUSAL.test(error.message)) {
    return failure('content_refused', `The provider refused the content: ${error.message}`, 'no', { stage: 'before' })
  }
  // Of billing that is not set up, on projects where there is no free use.
  if (body?.['status'] === 'FAILED_PRECONDITION' && /billing/i.test(error.message))
    return { ...plain, ...coded('provider_quota') }
  if (response.status !== 429) return plain
  if (NO_QUOTA.test(error.message)) return { ...plain, ...coded('provider_quota') }
  const retryAfterMs = retryAfterOf(response.headers) ?? retryDelayOf(details)
  return { ...plain, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

const coded = (code: 'provider_auth' | 'provider_quota') => ({ code, retryable: false }) as const

/** RetryInfo: `"retryDelay": "34.07s"`. */
function retryDelayOf(details: readonly JsonObject[]): number | undefined {
  const text = details.map(({ retryDelay }) => asText(retryDelay)).find((each) => each !== undefined)
  const seconds = asNumber(text?.replace(/s$/, ''))
  return seconds === undefined ? undefined : Math.ceil(seconds * 1000)
}
