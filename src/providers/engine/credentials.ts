/** Which of an account's keys a call goes out with. A key that was refused or limited rests, and the next attempt takes another. */
import type { ErrorCode } from '../../core/error.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { ProviderState } from '../../ports/provider.ts'
import type { Authorizer, AuthorizerDeps, CallToAuthorize, ProviderDefinition } from '../define-provider.ts'
import type { ProviderConfig } from '../provider-config.ts'

export interface Credential {
  /** Position among the account's keys. */
  readonly index: number
  /** Credentials and the operator's own headers: for the configured host only. */
  headers(call: CallToAuthorize, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
}

export interface Credentials {
  /** The key for a new attempt, or the one a running job was submitted with. */
  take(index?: number): Credential
  /** Learn from a failure. True: the fault is the key's, and another one is ready now. */
  report(credential: Credential, failure: AttemptFailure): boolean
  state(): ProviderState['keys']
}

/** How long a key rests when the answer does not say. A refused key is tried again now and then: it may have been mended. */
const restMs: Partial<Record<ErrorCode, number>> = {
  provider_auth: 10 * 60_000,
  provider_quota: 10 * 60_000,
  provider_rate_limited: 20_000,
}

/** As long as an offer rests at most: a wrong or hostile `Retry-After` takes no key out for days. */
const LONGEST_REST_MS = 3_600_000

export function createCredentials(
  definition: ProviderDefinition,
  config: ProviderConfig,
  deps: AuthorizerDeps & { readonly monotonicMs: () => number },
): Credentials {
  const own = Object.fromEntries(
    Object.entries(config.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value.reveal()] as const),
  )
  const keys = [...(config.apiKey ? [config.apiKey] : []), ...(config.moreApiKeys ?? [])].map((key) => key.reveal())
  const all = (keys.length > 0 ? keys : [undefined]).map((key, index) => {
    const authorizer = authorizerOf(definition, config, key, deps)
    const headers: Credential['headers'] = async (call, signal) => ({ ...(await authorizer.authorize(call, signal)), ...own })
    return { index, headers, restsUntilMs: 0 }
  })
  let current = 0
  const next = (): (typeof all)[number] | undefined => {
    const now = deps.monotonicMs()
    // From the current key on: one key is used until it fails, so that a provider's cache of a key stays warm.
    return all.map((_, step) => all[(current + step) % all.length]).find((key) => key !== undefined && key.restsUntilMs <= now)
  }
  const soonest = () => all.reduce((first, key) => (key.restsUntilMs < first.restsUntilMs ? key : first))
  return {
    state() {
      const now = deps.monotonicMs()
      const rests = all.map((key) => key.restsUntilMs - now).filter((ms) => ms > 0)
      return { total: keys.length, resting: rests.length, ...(rests.length > 0 && { restMs: Math.min(...rests) }) }
    },
    take(index) {
      const chosen = (index === undefined ? next() : all[index]) ?? soonest()
      if (index === undefined) current = chosen.index
      return chosen
    },
    report(credential, { code, retryAfterMs }) {
      const rest = restMs[code]
      const key = all[credential.index]
      if (rest === undefined || !key || all.length === 1) return false
      key.restsUntilMs = deps.monotonicMs() + Math.min(LONGEST_REST_MS, retryAfterMs ?? rest)
      return next() !== undefined
    },
  }
}

function authorizerOf(
  definition: ProviderDefinition,
  config: ProviderConfig,
  key: string | undefined,
  deps: AuthorizerDeps,
): Authorizer {
  if (definition.createAuthorizer) return definition.createAuthorizer(key, config, deps)
  const headers = key === undefined ? {} : definition.auth(key)
  return { authorize: () => Promise.resolve(headers) }
}
