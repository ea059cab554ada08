/** Sending one call: which host, which credentials, which connections. One pool per origin; foreign hosts only when public. */
import { Agent, type Dispatcher, Pool, WebSocket } from 'undici'
import { type BodyConsumer, ExchangeError, exchange } from '../../net/exchange.ts'
import { hostWithPort } from '../../net/foreign-fetch.ts'
import { BlockedAddressError, createPublicConnector, type Resolve } from '../../net/public-address.ts'
import type { ReadingTurns } from '../../net/reading-turns.ts'
import { createSharedReads } from '../../net/shared-reads.ts'
import type { Tracer } from '../../ports/tracer.ts'
import type { HttpCall } from '../define-provider.ts'
import { defaultTimeouts, type ProviderConfig } from '../provider-config.ts'
import { flatHeaders } from './answer.ts'
import { emptyBody, type OutgoingBody } from './call-body.ts'
import type { Credential } from './credentials.ts'

export interface SendOptions {
  readonly credential: Credential
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export type Consume<Result> = (status: number, headers: Readonly<Record<string, string>>) => BodyConsumer<Result>

export interface Transport {
  /** `host:port` of the configured API. */
  readonly host: string
  send<Result>(call: HttpCall, body: OutgoingBody, options: SendOptions, consume: Consume<Result>): Promise<Result>
  /** A socket to the configured host; the caller closes it. Faults are events of it. */
  openSocket(path: string, credential: Credential, signal: AbortSignal): Promise<WebSocket>
  close(): Promise<void>
}

export interface TransportOptions {
  /** `siblingHosts` of the codec. */
  readonly siblingHosts?: RegExp
  readonly resolve?: Resolve
  readonly tracer?: Tracer
  /** Absent: large answers are read as they come. */
  readonly turns?: ReadingTurns
}

const noHeaders = {}

export function createTransport(
  config: ProviderConfig,
  baseUrl: URL,
  { siblingHosts, resolve, tracer, turns }: TransportOptions = {},
): Transport {
  const connectTimeoutMs = config.connectTimeoutMs ?? defaultTimeouts.connectTimeoutMs
  const reads = createSharedReads({ timeout: connectTimeoutMs })
  const pool = new Pool(baseUrl.origin, {
    // As many as there are requests: each image call holds its connection for as long as the image takes.
    connections: null,
    pipelining: 1,
    allowH2: false,
    connect: reads.connect,
  })
  let foreign: Agent | undefined
  let sockets: Agent | undefined
  const openForeign = (): Agent => {
    foreign ??= new Agent({
      pipelining: 1,
      connect: createPublicConnector({ timeoutMs: connectTimeoutMs, ...(resolve && { resolve }) }),
    })
    return foreign
  }
  const prefix = baseUrl.pathname.replace(/\/$/, '')

  const send = async <Result>(
    call: HttpCall,
    body: OutgoingBody,
    options: SendOptions,
    consume: Consume<Result>,
    traceHeaders: Readonly<Record<string, string>>,
  ): Promise<Result> => {
    const url = /^https?:/i.test(call.path) ? new URL(call.path) : new URL(`${baseUrl.origin}${prefix}${call.path}`)
    const isOwn = url.origin === baseUrl.origin
    if (!isOwn && url.protocol !== 'https:') {
      throw new ExchangeError('connect', 'connecting', 'Blocked.', new BlockedAddressError(url.host))
    }
    const own = requestHeaders(call, body, {})
    const unsigned = isOwn && traceHeaders !== noHeaders ? { ...traceHeaders, ...own } : own
    const signing = { method: call.method, url, headers: unsigned, bodySha256: () => body.sha256() }
    const headers = getsCredentials(url, baseUrl, siblingHosts)
      ? { ...unsigned, ...(await options.credential.headers(signing, options.signal)) }
      : unsigned
    const dispatcher = isOwn ? pool : withOrigin(openForeign(), url.origin)
    const path = `${url.pathname}${url.search}`
    const inTurn = { ...options, ...(turns && { turns }), ...(isOwn && { reads }) }
    const sendOnce = () => {
      const content = body.open()
      const request = { method: call.method, path, headers, ...(content && { body: content }) }
      return exchange(dispatcher, request, inTurn, (status, received) => consume(status, flatHeaders(received)))
    }
    return sendOnce().catch((error: unknown) => {
      if (isWorthResending(error)) return sendOnce()
      throw error
    })
  }

  /** The path is not told: of a link it may be a credential. */
  const sendTraced = <Result>(
    tracer: Tracer,
    call: HttpCall,
    body: OutgoingBody,
    options: SendOptions,
    consume: Consume<Result>,
  ): Promise<Result> => {
    const host = /^https?:/i.test(call.path) ? new URL(call.path).hostname : baseUrl.hostname
    const attributes = { 'http.request.method': call.method, 'server.address': host }
    return tracer.part(call.method, { kind: 'client', attributes }, (part) =>
      send(
        call,
        body,
        options,
        (status, received) => {
          part.set({ 'http.response.status_code': status })
          if (status >= 400) part.fail(String(status))
          return consume(status, received)
        },
        tracer.headers(),
      ),
    )
  }

  return {
    host: hostWithPort(baseUrl),
    send(call, body, options, consume) {
      return tracer ? sendTraced(tracer, call, body, options, consume) : send(call, body, options, consume, noHeaders)
    },
    async openSocket(path, credential, signal) {
      const url = new URL(`${baseUrl.origin}${prefix}${path}`)
      const headers = await credential.headers({ method: 'GET', url, headers: {}, bodySha256: () => emptyBody.sha256() }, signal)
      // Not the pool: a socket of an upgraded connection would count as one of its connections until it is closed.
      sockets ??= new Agent({ connect: { timeout: connectTimeoutMs } })
      return new WebSocket(url.href.replace(/^http/, 'ws'), { headers: { ...headers }, dispatcher: sockets })
    },
    async close() {
      await Promise.all([pool.destroy(), foreign?.destroy(), sockets?.destroy()])
    },
  }
}

/**
 * The configured origin, and hosts of the same API that an answer names: those only over https, and only while the configured
 * host is one of them too, because a key for somebody's proxy is nobody else's.
 */
export const getsCredentials = (url: URL, baseUrl: URL, siblingHosts?: RegExp): boolean =>
  url.origin === baseUrl.origin ||
  (siblingHosts !== undefined &&
    url.protocol === 'https:' &&
    url.port === '' &&
    siblingHosts.test(baseUrl.hostname) &&
    siblingHosts.test(url.hostname))

const acceptable: Readonly<Record<HttpCall['accept'], string>> = {
  json: 'application/json',
  image: 'image/*',
  'json-file': '*/*',
}

/** `credentials` are those meant for the host: none for a URL that came out of an answer. They are last, so no codec can replace them. */
export function requestHeaders(
  call: Pick<HttpCall, 'accept' | 'stream' | 'headers'>,
  body: Pick<OutgoingBody, 'headers'>,
  credentials: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    accept: call.stream ? 'text/event-stream' : acceptable[call.accept],
    // Compressed base64 costs more time than it saves bytes; an answer that is compressed all the same is understood.
    'accept-encoding': 'identity',
    'user-agent': 'halftone',
    ...call.headers,
    ...body.headers,
    ...credentials,
  }
}

/** Not a byte was written, so sending again cannot pay twice; a name that does not resolve will not do so now either. */
function isWorthResending(error: unknown): boolean {
  if (!(error instanceof ExchangeError) || error.fault !== 'connect') return false
  const code = (error.cause as { code?: unknown } | undefined)?.code
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE'
}

function withOrigin(agent: Agent, origin: string): Dispatcher {
  return { dispatch: (request, handler) => agent.dispatch({ ...request, origin }, handler) } as Dispatcher
}
