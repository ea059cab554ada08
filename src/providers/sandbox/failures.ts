/** How scripted and real failures look to the gateway. */
import { type ErrorCode, errorCatalogue, HalftoneError } from '../../core/error.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { Usage } from '../../core/usage.ts'
import type { Script } from './directives.ts'

export interface FailedEnding {
  readonly kind: 'failed'
  readonly failure: AttemptFailure
  /** Absent where the provider would not have answered at all. */
  readonly httpStatus?: number
}

const failure = (code: ErrorCode, message: string, details: Partial<AttemptFailure> = {}): AttemptFailure => ({
  code,
  message,
  retryable: errorCatalogue[code].retryable,
  billed: 'no',
  ...details,
})

/** What is answered before any work is done; undefined when the script lets the attempt go on. */
export function refusalAtOnce({ outcome, retryAfterMs }: Script): FailedEnding | undefined {
  if (outcome === '429') {
    const details = retryAfterMs === undefined ? {} : { retryAfterMs }
    return failed(failure('provider_rate_limited', 'The sandbox was told to limit the rate.', details), 429)
  }
  if (outcome === '500') return failed(failure('provider_error', 'The sandbox was told to fail.'), 500)
  if (outcome !== 'refuse') return undefined
  return failed(failure('content_refused', 'The sandbox was told to refuse this prompt.', { stage: 'before' }), 400)
}

export const refusalAfterwards = (usage: Usage): FailedEnding =>
  failed(failure('content_refused', 'The sandbox was told to refuse the result.', { stage: 'after', billed: 'yes', usage }), 400)

export const lostConnection = (): FailedEnding =>
  failed(failure('provider_unreachable', 'The sandbox was told to lose the connection after the request.', { billed: 'unknown' }))

export const cutOff = (received: number, expected: number): FailedEnding => {
  const message = `The answer ended after ${received} of ${expected} bytes.`
  return failed(failure('provider_invalid_response', message, { billed: 'unknown' }), 200)
}

export const noImage = (): FailedEnding => failed(failure('provider_no_image', 'The sandbox was told to make no image.'), 200)

export const missingImage = (index: number): AttemptFailure =>
  failure('provider_error', `The sandbox was told not to make image ${index + 1}.`)

export const unknownJob = (): FailedEnding =>
  failed(failure('provider_invalid_response', 'The job to resume is not one of the sandbox.', { retryable: false }), 404)

/** Aborted from outside or by the time limit. Work was under way, so whether it was billed is not known. */
export function abortEnding(reason: unknown): FailedEnding {
  const billed = 'unknown'
  if (reason instanceof HalftoneError)
    return failed(failure(reason.code, reason.message, { billed, retryable: reason.retryable }))
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError'
  if (timedOut) return failed(failure('provider_timeout', reason.message, { billed }))
  return failed(failure('cancelled', 'The call was cancelled.', { billed }))
}

/** An error thrown on the way: bad directives, inputs that do not decode, a full disk, a bug. */
export function failureEnding(error: unknown): FailedEnding {
  if (!(error instanceof HalftoneError)) {
    return failed(
      failure('internal_error', `The sandbox could not draw: ${error instanceof Error ? error.message : String(error)}`),
    )
  }
  const { code, message, retryable, param } = error
  return failed(failure(code, message, { retryable, billed: error.billed ?? 'no', ...(param !== undefined && { param }) }))
}

const failed = (problem: AttemptFailure, httpStatus?: number): FailedEnding => ({
  kind: 'failed',
  failure: problem,
  ...(httpStatus !== undefined && { httpStatus }),
})
