/** Short-lived tokens bought with a longer-lived credential: fetched once, shared by the calls in flight, renewed before they end. */
import { HalftoneError } from '../../core/error.ts'
import type { JsonValue } from '../../core/json.ts'
import { asNumber, asObject, asText } from './read.ts'

/** Renewed this long before its end, so that no call leaves with a token that ends on the way. */
const MARGIN_SECONDS = 120
const DEFAULT_SECONDS = 3600

export interface TokenSourceOptions {
  /** The token endpoint, named in errors. */
  readonly host: string
  /** Asks the endpoint; the answer holds `access_token` and `expires_in`. */
  readonly exchange: (signal: AbortSignal) => Promise<JsonValue>
  readonly nowUs: () => number
}

/** Rejects with a `HalftoneError`: `provider_auth` when the endpoint says no, `provider_unreachable` when it says nothing. */
export function createTokenSource({ host, exchange, nowUs }: TokenSourceOptions): (signal: AbortSignal) => Promise<string> {
  let current: { readonly token: string; readonly endsUs: number } | undefined
  let pending: Promise<string> | undefined
  const renew = async (): Promise<string> => {
    // Not the caller's signal: others wait for the same token.
    const answer = asObject(await exchange(new AbortController().signal).catch((error: unknown) => unreachable(host, error)))
    const token = asText(answer?.['access_token'])
    if (token === undefined) throw new HalftoneError('provider_auth', `${host} answered without an access token.`)
    const seconds = asNumber(answer?.['expires_in']) ?? DEFAULT_SECONDS
    current = { token, endsUs: nowUs() + Math.max(0, seconds - MARGIN_SECONDS) * 1_000_000 }
    return token
  }
  return (signal) => {
    if (current && current.endsUs > nowUs()) return Promise.resolve(current.token)
    pending ??= renew().finally(() => {
      pending = undefined
    })
    return untilAborted(pending, signal)
  }
}

function unreachable(host: string, error: unknown): never {
  if (error instanceof HalftoneError) throw error
  throw new HalftoneError('provider_unreachable', `No token could be fetched from ${host}.`, { cause: error })
}

function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new HalftoneError('cancelled', 'The call was cancelled.'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
