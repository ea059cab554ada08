/**
 * Runs a codec: sends, waits, polls, downloads, limits and records. It never re-sends a call that may have been received, and
 * everything a provider may do ends as a result, not as an exception.
 */
import { request as undiciRequest } from 'undici'
import { HalftoneError } from '../core/error.ts'
import type { JsonValue } from '../core/json.ts'
import { createForeignFetcher } from '../net/foreign-fetch.ts'
import type { Resolve } from '../net/public-address.ts'
import { createReadingTurns } from '../net/reading-turns.ts'
import type { Clock } from '../ports/clock.ts'
import type { DrawSvg } from '../ports/draw-svg.ts'
import type { AttemptIo, AttemptResult, Provider, ProviderCall } from '../ports/provider.ts'
import type { Tracer } from '../ports/tracer.ts'
import { type AuthorizerDeps, ownBaseUrl, type ProviderDefinition } from './define-provider.ts'
import type { EngineContext } from './engine/conversation.ts'
import { createCredentials } from './engine/credentials.ts'
import { runDiscovery } from './engine/discover.ts'
import { redactor } from './engine/evidence.ts'
import { failure } from './engine/failures.ts'
import { createGate, type Gate } from './engine/gate.ts'
import { createLoadGauge } from './engine/load.ts'
import { runProbe } from './engine/probe.ts'
import { runAttempt } from './engine/run.ts'
import { createTidier } from './engine/tidier.ts'
import { createTransport } from './engine/transport.ts'
import { defaultLimits, defaultTimeouts, type ProviderConfig } from './provider-config.ts'

export interface ProviderDeps {
  readonly clock: Clock
  /** For codecs whose models write SVG; absent: none of them can be used. */
  readonly drawSvg?: DrawSvg
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer
  /** For tests: how names of foreign hosts resolve. */
  readonly resolve?: Resolve
}

/** Answers of one account that are read at the same time when the loop has more to read than it can. */
const READING_PLACES = 16
const READING_TURN_MS = 1_000

/** A codec with an account as a `Provider`. Nothing is connected before the first call. */
export function createCodecProvider(definition: ProviderDefinition, config: ProviderConfig, deps: ProviderDeps): Provider {
  const baseUrl = new URL(config.baseUrl ?? ownBaseUrl(definition, config) ?? missingBaseUrl(config))
  const { siblingHosts } = definition
  const { clock } = deps
  const transport = createTransport(config, baseUrl, {
    ...(siblingHosts && { siblingHosts }),
    ...(deps.resolve && { resolve: deps.resolve }),
    ...(deps.tracer && { tracer: deps.tracer }),
    turns: createReadingTurns({ places: READING_PLACES, turnMs: READING_TURN_MS, clock }),
  })
  const credentials = createCredentials(definition, config, {
    nowUs: () => clock.nowUs(),
    monotonicMs: () => clock.monotonicMs(),
    postForm,
  })
  const timeoutMs = config.timeoutMs ?? defaultTimeouts.timeoutMs
  const fetcher = createForeignFetcher({
    allowHosts: [transport.host, ...(config.allowHosts ?? [])],
    maxBytes: config.maxImageBytes ?? defaultLimits.maxImageBytes,
    timeoutMs,
    ...(deps.resolve && { resolve: deps.resolve }),
  })
  const tidier = createTidier(clock)
  const context: EngineContext = {
    ...{ definition, config, transport, credentials, fetcher, clock, timeoutMs, tidier, baseUrl: baseUrl.href },
    redact: redactor(secretsOf(config)),
    bodyKeys: new Set(definition.bodyKeys),
    ...(deps.drawSvg && { drawSvg: deps.drawSvg }),
  }
  const { probe, discover, load } = definition
  const places = config.concurrency ?? definition.concurrency
  const gate = places === undefined ? undefined : createGate(places)
  const gauge =
    load || gate ? createLoadGauge(load, { transport, credentials, monotonicMs: () => clock.monotonicMs(), gate }) : undefined
  return {
    name: config.name,
    type: definition.id,
    offers: definition.offers(config),
    run: (call, io) => (gate ? runInTurn(gate, context, call, io) : runAttempt(context, call, io)),
    state: () => ({ keys: credentials.state(), places: gate?.places }),
    ...(gauge && { ahead: () => gauge.ahead() }),
    ...(probe && { probe: (signal: AbortSignal) => runProbe(probe(config), transport, credentials.take(), signal) }),
    // Models that the operator lists are the list.
    ...(discover &&
      !config.models && {
        discover: (signal: AbortSignal) =>
          runDiscovery(discover, { definition, config, transport, credential: credentials.take() }, signal),
      }),
    async close() {
      gauge?.close()
      await tidier.close()
      await Promise.all([transport.close(), fetcher.close()])
    },
  }
}

const secretsOf = ({ apiKey, moreApiKeys = [], headers = {} }: ProviderConfig): readonly string[] =>
  [apiKey, ...moreApiKeys, ...Object.values(headers)].flatMap((secret) => secret?.reveal() ?? [])

/** Waiting is not part of the call: neither its time limit nor the GPU time it is measured by. */
async function runInTurn(gate: Gate, context: EngineContext, call: ProviderCall, io: AttemptIo): Promise<AttemptResult> {
  const startedMs = context.clock.monotonicMs()
  // A job that is resumed runs already.
  if (call.resume !== undefined) return runAttempt(context, call, io)
  let leave: () => void
  try {
    leave = await gate.enter(io.signal, context.timeoutMs)
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    const evidence = { timings: { totalMs: context.clock.monotonicMs() - startedMs } }
    return { kind: 'failed', failure: failure(error.code, error.message, 'no'), evidence }
  }
  try {
    return await runAttempt(context, call, io)
  } finally {
    leave()
  }
}

const TOKEN_TIMEOUT_MS = 10_000
const MAX_TOKEN_BYTES = 64 * 1024

/** Token endpoints are named by the operator's own credential, so their host may be private. */
const postForm: AuthorizerDeps['postForm'] = async (url, form, signal) => {
  const { statusCode, body } = await undiciRequest(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
    headersTimeout: TOKEN_TIMEOUT_MS,
    bodyTimeout: TOKEN_TIMEOUT_MS,
    signal,
  })
  let text = ''
  for await (const chunk of body.setEncoding('utf8')) {
    text += chunk
    if (text.length > MAX_TOKEN_BYTES) throw new HalftoneError('provider_auth', `${url.host} answered with too much.`)
  }
  if (statusCode !== 200) throw new HalftoneError('provider_auth', `${url.host} answered ${statusCode} when asked for a token.`)
  return JSON.parse(text) as JsonValue
}

function missingBaseUrl(config: ProviderConfig): never {
  throw new Error(`providers.${config.name} needs a baseUrl.`)
}
