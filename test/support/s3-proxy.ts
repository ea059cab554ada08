/** Stands between a store and its service, on real sockets: passes requests on, holds, refuses, damages or cuts them. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'

/** What becomes of one request. */
export type S3Fate =
  | { readonly kind: 'pass' }
  /** Take it, and never answer. */
  | { readonly kind: 'hang' }
  /** Answer so without asking the service. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string }
  /** Break the answer's body off after so many bytes. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Change the first byte of the request's body. */
  | { readonly kind: 'damage' }
  /** Pass it on once this has resolved. */
  | { readonly kind: 'hold'; readonly until: Promise<void> }

export interface SeenS3Request {
  readonly method: string
  /** With the query. */
  readonly path: string
}

export interface S3Proxy {
  readonly endpoint: string
  readonly seen: SeenS3Request[]
  /** Answers that are being sent now. */
  readonly open: number
  /** Passes everything by default. */
  decide: (request: SeenS3Request) => S3Fate
  /** Whether it gives leave to send a body to those who ask for it; true by default. */
  permits: boolean
  /** No connection is accepted until `up`. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

export async function startS3Proxy(target: string): Promise<S3Proxy> {
  const to = new URL(target)
  let open = 0
  const server = createServer((request, response) => {
    const seen = { method: request.method ?? '', path: request.url ?? '' }
    proxy.seen.push(seen)
    open += 1
    response.once('close', () => {
      open -= 1
    })
    void treat(to, proxy.decide(seen), request, response)
  })
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (proxy.permits) response.writeContinue()
    server.emit('request', request, response)
  })
  const listen = (port: number) => new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise<void>((done) => server.close(() => done()))
  }
  await listen(0)
  const { port } = server.address() as AddressInfo
  const proxy: S3Proxy = {
    endpoint: `http://127.0.0.1:${port}`,
    seen: [],
    get open() {
      return open
    },
    decide: () => ({ kind: 'pass' }),
    permits: true,
    down: close,
    up: () => listen(port),
    close: () => (server.listening ? close() : Promise.resolve()),
  }
  return proxy
}

async function treat(to: URL, fate: S3Fate, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (fate.kind === 'hang') return void request.resume()
  if (fate.kind === 'answer') {
    request.resume()
    const body = request.method === 'HEAD' ? '' : `<?xml version="1.0"?><Error><Code>${fate.code}</Code></Error>`
    response.writeHead(fate.status, { 'content-type': 'application/xml', 'content-length': body.length }).end(body)
    return
  }
  if (fate.kind === 'hold') await fate.until
  const { expect: _, ...headers } = request.headers
  const onward = httpRequest({ host: to.hostname, port: to.port, method: request.method, path: request.url, headers })
  onward.on('error', () => response.destroy())
  response.once('close', () => onward.destroy())
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    if (fate.kind === 'cut' && request.method === 'GET') answer.pipe(cutAfter(fate.after, response)).pipe(response)
    else answer.pipe(response)
  })
  if (fate.kind === 'damage') request.pipe(damaged()).pipe(onward)
  else request.pipe(onward)
}

function cutAfter(bytes: number, response: ServerResponse): Transform {
  let left = bytes
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const part = chunk.subarray(0, left)
      left -= part.length
      this.push(part)
      if (left > 0) return done()
      // What was passed on reaches the reader first.
      setTimeout(() => response.destroy(), 50)
    },
  })
}

function damaged(): Transform {
  let done = false
  return new Transform({
    transform(chunk: Buffer, _, next) {
      const copy = Buffer.from(chunk)
      if (!done && copy.length > 0) copy[0] = (copy[0] ?? 0) ^ 1
      done = true
      next(null, copy)
    },
  })
}
