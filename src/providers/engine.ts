/**
 * Runs a codec: sends, waits, polls, downloads, limits and records. It never re-sends a call that may have been received, and
 * everything a provider may do ends as a result, not as an exception.
 */
import { createForeignFetcher } from '../net/foreign-fetch.ts'
import type { Resolve } from '../net/public-address.ts'
import type { Clock } from '../ports/clock.ts'
import type { Provider } from '../ports/provider.ts'
import type { ProviderDefinition } from './define-provider.ts'
import { runProbe } from './engine/probe.ts'
import { type EngineContext, runAttempt } from './engine/run.ts'
import { createTransport } from './engine/transport.ts'
import { defaultLimits, defaultTimeouts, type ProviderConfig } from './provider-config.ts'

export interface ProviderDeps {
  readonly clock: Clock
  /** For tests: how names of foreign hosts resolve. */
  readonly resolve?: Resolve
}

/** A codec with an account as a `Provider`. Nothing is connected before the first call. */
export function createCodecProvider(definition: ProviderDefinition, config: ProviderConfig, deps: ProviderDeps): Provider {
  const baseUrl = new URL(config.baseUrl ?? definition.baseUrl ?? missingBaseUrl(config))
  const transport = createTransport(definition, config, baseUrl, deps.resolve)
  const timeoutMs = config.timeoutMs ?? defaultTimeouts.timeoutMs
  const fetcher = createForeignFetcher({
    allowHosts: [transport.host, ...(config.allowHosts ?? [])],
    maxBytes: config.maxImageBytes ?? defaultLimits.maxImageBytes,
    timeoutMs,
    ...(deps.resolve && { resolve: deps.resolve }),
  })
  const context: EngineContext = { definition, config, transport, fetcher, clock: deps.clock, timeoutMs, baseUrl: baseUrl.href }
  const { probe } = definition
  return {
    name: config.name,
    type: definition.id,
    offers: definition.offers(config),
    run: (call, io) => runAttempt(context, call, io),
    ...(probe && { probe: (signal: AbortSignal) => runProbe(probe(config), transport, signal) }),
    async close() {
      await Promise.all([transport.close(), fetcher.close()])
    },
  }
}

function missingBaseUrl(config: ProviderConfig): never {
  throw new Error(`providers.${config.name} needs a baseUrl.`)
}
