/** Fetch an image from a URL somebody else chose: public addresses or named hosts only, again at each redirect, into a spool. */
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type Dispatcher } from 'undici'
import { HalftoneError } from '../core/error.ts'
import type { Spool, SpooledBody } from '../ports/blob-store.ts'
import { type BodyConsumer, Enough, ExchangeError, exchange } from './exchange.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'
import { BlockedAddressError, createPublicConnector, type Resolve } from './public-address.ts'

export interface ForeignFetcherOptions {
  /** `host` or `host:port`: may be private and may be http. Compared with the URL's host, never with what it resolves to. */
  readonly allowHosts?: readonly string[]
  readonly maxBytes: number
  /** For the whole fetch, redirects included. */
  readonly timeoutMs: number
  /** Also follow http URLs to public hosts. */
  readonly allowHttp?: boolean
  readonly maxRedirects?: number
  readonly resolve?: Resolve
}

export interface ForeignImage extends ImageHeader {
  readonly body: SpooledBody
}

export type ForeignFault = 'bad_url' | 'blocked' | 'unreachable' | 'timeout' | 'aborted' | 'status' | 'too_large' | 'not_an_image'

/** Why a URL gave no image. The message names the host, never path or query: those may carry a signature. */
export class ForeignFetchError extends Error {
  readonly fault: ForeignFault
  readonly status: number | undefined
  constructor(fault: ForeignFault, message: string, details: { readonly cause?: unknown; readonly status?: number } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ForeignFetchError'
    this.fault = fault
    this.status = details.status
  }
}

export interface ForeignIo {
  readonly spool: Spool
  readonly signal: AbortSignal
}

export interface ForeignFetcher {
  /** The caller disposes the body. Rejects with `ForeignFetchError`. No header of ours but `accept` is sent. */
  fetch(url: string, io: ForeignIo): Promise<ForeignImage>
  /** The same for a file of any kind. */
  fetchFile(url: string, io: ForeignIo): Promise<SpooledBody>
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000
const IDLE_TIMEOUT_MS = 30_000

type Answer = { readonly kind: 'body'; readonly body: SpooledBody } | { readonly kind: 'redirect'; readonly location: string }

export function createForeignFetcher(options: ForeignFetcherOptions): ForeignFetcher {
  const { maxBytes, maxRedirects = 5 } = options
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs)
  const agents: Agent[] = []
  const agent = (connect: NonNullable<Agent.Options['connect']>): Agent => {
    const created = new Agent({ connect, pipelining: 1, keepAliveTimeout: 1_000 })
    agents.push(created)
    return created
  }
  const open = {
    foreign: lazy(() =>
      agent(createPublicConnector({ timeoutMs: connectTimeoutMs, ...(options.resolve && { resolve: options.resolve }) })),
    ),
    allowed: lazy(() => agent({ timeout: connectTimeoutMs, allowH2: false })),
  }
  const allowHosts = new Set(options.allowHosts?.map((host) => host.toLowerCase()))

  const check = (text: string, base?: URL): { readonly url: URL; readonly dispatcher: Dispatcher } => {
    const url = URL.parse(text, base?.href)
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      throw new ForeignFetchError('bad_url', 'Not an http(s) URL.')
    if (url.username || url.password) throw new ForeignFetchError('bad_url', 'URLs with a user name or password are not fetched.')
    const isAllowed = allowHosts.has(url.hostname) || allowHosts.has(hostWithPort(url))
    if (url.protocol === 'http:' && !isAllowed && !options.allowHttp) {
      throw new ForeignFetchError('bad_url', `The URL on ${url.host} is not https.`)
    }
    return { url, dispatcher: isAllowed ? open.allowed() : open.foreign() }
  }

  const follow = async (
    text: string,
    accept: string,
    io: ForeignIo,
  ): Promise<{ readonly body: SpooledBody; readonly url: URL }> => {
    const deadline = performance.now() + options.timeoutMs
    let target = check(text)
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const { url, dispatcher } = target
      const answer = await get(url, dispatcher, { timeoutMs: deadline - performance.now(), maxBytes, accept, ...io })
      if (answer.kind === 'body') return { body: answer.body, url }
      target = check(answer.location, url)
    }
    throw new ForeignFetchError('status', `The URL redirects more than ${maxRedirects} times.`)
  }

  return {
    async fetch(text, io) {
      const { body, url } = await follow(text, 'image/*', io)
      return asImage(body, url)
    },
    fetchFile: async (text, io) => (await follow(text, '*/*', io)).body,
    async close() {
      await Promise.all(agents.map((each) => each.destroy()))
    },
  }
}

/** `host:port` with the default port written out, so that `example.com:443` in the configuration matches too. */
export const hostWithPort = (url: URL): string => `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`

function lazy<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

interface GetOptions extends ForeignIo {
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly accept: string
}

async function get(url: URL, dispatcher: Dispatcher, options: GetOptions): Promise<Answer> {
  const { spool, signal, maxBytes } = options
  if (options.timeoutMs <= 0) throw new ForeignFetchError('timeout', `${url.host} did not answer in time.`)
  try {
    return await exchange<Answer>(
      { dispatch: (request, handler) => dispatcher.dispatch({ ...request, origin: url.origin }, handler) } as Dispatcher,
      {
        method: 'GET',
        path: `${url.pathname}${url.search}`,
        headers: { accept: options.accept, 'accept-encoding': 'identity' },
      },
      { timeoutMs: options.timeoutMs, idleTimeoutMs: IDLE_TIMEOUT_MS, maxBytes: maxBytes + 1, signal },
      (status, headers) => consumerFor(url, status, headers, spool, maxBytes),
    )
  } catch (error) {
    throw asForeignError(error, url)
  }
}

function consumerFor(
  url: URL,
  status: number,
  headers: IncomingHttpHeaders,
  spool: Spool,
  maxBytes: number,
): BodyConsumer<Answer> {
  const location = headers.location
  if (status >= 300 && status < 400 && typeof location === 'string') throw new Enough<Answer>({ kind: 'redirect', location })
  if (status !== 200) throw new ForeignFetchError('status', `${url.host} answered with status ${status}.`, { status })
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(url, maxBytes)
  const writer = spool.create({ maxBytes, tooLargeCode: 'image_too_large' })
  return {
    write: (chunk) => writer.write(chunk),
    end: async () => ({ kind: 'body', body: await writer.end() }),
    abort: () => writer.abort(),
  }
}

const tooLarge = (url: URL, maxBytes: number): ForeignFetchError =>
  new ForeignFetchError('too_large', `The file on ${url.host} is larger than the limit of ${maxBytes} bytes.`)

async function asImage(body: SpooledBody, url: URL): Promise<ForeignImage> {
  const header = readImageHeader(body.head)
  if (header) return { body, ...header }
  await body.dispose()
  throw new ForeignFetchError('not_an_image', `The file on ${url.host} is not an image.`)
}

function asForeignError(error: unknown, url: URL): ForeignFetchError {
  const cause = error instanceof ExchangeError ? (error.cause ?? error) : error
  if (cause instanceof ForeignFetchError) return cause
  if (cause instanceof BlockedAddressError)
    return new ForeignFetchError('blocked', `${url.host} is not on a public address.`, { cause })
  if (cause instanceof HalftoneError && cause.code === 'image_too_large') {
    return new ForeignFetchError('too_large', cause.message, { cause })
  }
  // The gateway's own trouble, such as a full disk, is not the URL's fault.
  if (cause instanceof HalftoneError) throw cause
  const fault = error instanceof ExchangeError ? error.fault : 'reset'
  if (fault === 'aborted') return new ForeignFetchError('aborted', 'The fetch was aborted.', { cause })
  if (fault === 'timeout' || fault === 'idle')
    return new ForeignFetchError('timeout', `${url.host} did not answer in time.`, { cause })
  if (fault === 'too_large') return new ForeignFetchError('too_large', `The file on ${url.host} is too large.`, { cause })
  return new ForeignFetchError('unreachable', `${url.host} could not be read.`, { cause })
}
