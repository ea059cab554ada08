/** What went wrong between here and the provider, told honestly: what it means and whether it may have been billed. */
import { type Billed, type ErrorCode, errorCatalogue, HalftoneError } from '../../core/error.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import { ExchangeError } from '../../net/exchange.ts'
import { type ForeignFault, ForeignFetchError } from '../../net/foreign-fetch.ts'
import { BlockedAddressError } from '../../net/public-address.ts'
import { ScanError } from '../../net/scan-error.ts'

export function failure(
  code: ErrorCode,
  message: string,
  billed: Billed,
  details: Partial<Pick<AttemptFailure, 'retryable' | 'retryAfterMs' | 'stage' | 'param' | 'usage' | 'reportedCost'>> = {},
): AttemptFailure {
  return { code, message, retryable: errorCatalogue[code].retryable, billed, ...details }
}

/**
 * An exchange that did not end. Before the whole request was written the provider cannot have acted on it; afterwards nobody
 * knows, unless the offer stops billing when the connection closes.
 */
export function failureOfExchange(
  error: unknown,
  { cancelStopsBilling }: { readonly cancelStopsBilling: boolean },
): AttemptFailure {
  if (!(error instanceof ExchangeError)) throw error
  const wasSent = error.phase === 'sent' || error.phase === 'receiving'
  const billed: Billed = wasSent ? 'unknown' : 'no'
  const cause = error.cause
  // Whatever the reason, what was aborted is billed as the offer says.
  if (error.fault === 'aborted') return failure('cancelled', 'The call was cancelled.', cancelStopsBilling ? 'no' : billed)
  // A full disk or a lost input is ours, not the provider's.
  if (cause instanceof HalftoneError)
    return failure(cause.code, cause.message, billed, { retryable: cause.retryable && !wasSent })
  switch (error.fault) {
    case 'connect':
      if (cause instanceof BlockedAddressError)
        return failure('blocked_address', 'The provider named an address that is not public.', 'no')
      return failure('provider_unreachable', 'No connection to the provider could be made.', 'no')
    case 'timeout':
      return failure('provider_timeout', timeoutMessage(error), billed)
    case 'idle':
      return failure('provider_timeout', 'The provider stopped sending in the middle of its answer.', billed)
    case 'too_large':
      return failure('provider_response_too_large', error.message, 'unknown')
    case 'reset':
      return failure('provider_error', resetMessage(error), billed)
    case 'encoding':
      return failure('provider_invalid_response', error.message, 'unknown')
    case 'consumer':
      return failureOfBody(cause)
  }
}

const timeoutMessage = (error: ExchangeError): string =>
  error.phase === 'connecting'
    ? 'No connection to the provider was free in time.'
    : 'The provider did not finish its answer in time.'

const resetMessage = (error: ExchangeError): string =>
  error.phase === 'receiving'
    ? 'The connection to the provider broke in the middle of its answer.'
    : 'The connection to the provider broke before it answered.'

/** A body that was received but is not what it should be. */
function failureOfBody(cause: unknown): AttemptFailure {
  if (cause instanceof ScanError) {
    const code = cause.kind === 'too_large' ? 'provider_response_too_large' : 'provider_invalid_response'
    return failure(code, `The provider's answer could not be read: ${lowerFirst(cause.message)}`, 'unknown')
  }
  throw cause
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

const downloadCodes = {
  bad_url: 'provider_invalid_response',
  blocked: 'blocked_address',
  unreachable: 'provider_unreachable',
  timeout: 'provider_timeout',
  aborted: 'cancelled',
  status: 'provider_invalid_response',
  too_large: 'provider_response_too_large',
  not_an_image: 'provider_invalid_response',
} as const satisfies Record<ForeignFault, ErrorCode>

/** A result URL that gave no image: the picture was made, so it counts as billed. */
export function failureOfDownload(error: unknown): AttemptFailure {
  if (error instanceof HalftoneError) return failure(error.code, error.message, 'yes')
  if (!(error instanceof ForeignFetchError)) throw error
  return failure(downloadCodes[error.fault], `The result could not be fetched: ${lowerFirst(error.message)}`, 'yes', {
    retryable: false,
  })
}
