/** A local HTTP server for doubles of providers: one function from call to answer, with every call kept. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'

export interface DoubleCall {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The body as a JSON object; empty when it is none. */
  readonly json: JsonObject
  form(): Promise<FormData>
}

export interface DoubleAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: JsonValue
  readonly bytes?: Buffer
  /** Of `bytes`; PNG when absent. */
  readonly type?: string
}

export interface DoubleServer {
  readonly origin: string
  /** In order of arrival. */
  readonly calls: readonly DoubleCall[]
  close(): Promise<void>
}

export async function startServer(
  answer: (call: DoubleCall, origin: string) => DoubleAnswer | Promise<DoubleAnswer>,
  /** Takes over connections that are upgraded, such as websockets; without it they are closed. */
  onUpgrade?: (request: IncomingMessage, socket: Duplex) => void,
): Promise<DoubleServer> {
  const calls: DoubleCall[] = []
  let origin = ''
  const server = createServer((request, response) => {
    readCall(request)
      .then(async (call) => {
        calls.push(call)
        const { status = 200, headers = {}, json, bytes, type = 'image/png' } = await answer(call, origin)
        response.writeHead(status, { 'content-type': bytes ? type : 'application/json', ...headers })
        response.end(bytes ?? (json === undefined ? undefined : JSON.stringify(json)))
      })
      .catch((error: unknown) => response.writeHead(599).end(String(error)))
  })
  const upgraded = new Set<Duplex>()
  if (onUpgrade)
    server.on('upgrade', (request, socket) => {
      upgraded.add(socket)
      onUpgrade(request, socket)
    })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    calls,
    close: async () => {
      for (const socket of upgraded) socket.destroy()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function readCall(request: IncomingMessage): Promise<DoubleCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://double')
  const { headers, method = 'GET' } = request
  const isJson = headers['content-type']?.startsWith('application/json') === true
  return {
    method,
    path: pathname,
    query: searchParams,
    headers,
    body,
    json: isJson && body.length > 0 ? (JSON.parse(body.toString()) as JsonObject) : {},
    form: () => new Response(new Uint8Array(body), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData(),
  }
}
