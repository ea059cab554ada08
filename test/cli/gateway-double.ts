/** Recorded answers over a real socket: what the commands make of them is tested apart from the gateway. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as records from './records.ts'

export interface Recorded {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  readonly body: string
}

export interface GatewayDouble {
  readonly url: string
  readonly seen: Recorded[]
  close(): Promise<void>
}

export const DOUBLE_KEY = 'ht_double_key_0123456789'

interface Answer {
  readonly status?: number
  readonly body: unknown
  readonly stream?: readonly { readonly event: string; readonly data: unknown }[]
}

const list = (data: readonly unknown[]): Answer => ({ body: { object: 'list', data, next_cursor: null } })
const failure = (status: number, code: string, message: string): Answer => ({
  status,
  body: { error: { message, type: 'invalid_request_error', param: null, code, request_id: records.REQUEST_ID } },
})

/** Prompts that fail: the word in the prompt is the error code. */
const failures: Readonly<Record<string, number>> = {
  insufficient_quota: 429,
  content_refused: 400,
  provider_timeout: 504,
  model_not_found: 404,
}

function answerTo({ method, path, body }: Recorded): Answer {
  const [pathname = ''] = path.split('?')
  if (pathname === '/v1/images/generations') {
    const request = JSON.parse(body) as { prompt: string; stream?: boolean }
    const status = failures[request.prompt]
    if (status !== undefined) return failure(status, request.prompt, `It is ${request.prompt}.`)
    const { data, ...rest } = records.imagesRecord
    if (!request.stream) return { body: records.imagesRecord }
    const events = [
      {
        event: 'image_generation.partial_image',
        data: { type: 'image_generation.partial_image', b64_json: records.PIXEL, partial_image_index: 0 },
      },
      { event: 'image_generation.completed', data: { type: 'image_generation.completed', b64_json: data[0]?.b64_json, ...rest } },
    ]
    return { body: undefined, stream: events }
  }
  if (pathname === '/v1/images/edits') return { body: records.imagesRecord }
  if (pathname === '/v1/models') return list(records.modelRecords)
  if (pathname === '/v1/halftone/quote') return { body: records.quoteRecord }
  if (pathname === '/v1/halftone/requests')
    return list(records.requestRecords.slice(0, Number(new URL(path, 'http://x').searchParams.get('limit'))))
  if (pathname === `/v1/halftone/requests/${records.REQUEST_ID}/receipt`) return { body: records.receiptRecord }
  if (pathname === `/v1/halftone/requests/${records.REQUEST_ID}/explain`) return { body: records.explanationRecord }
  if (pathname === '/v1/halftone/routes/trial/observation') return { body: records.observationRecord }
  if (pathname === '/v1/halftone/keys') return method === 'POST' ? { body: records.createdKeyRecord } : list(records.keyRecords)
  if (pathname.startsWith('/v1/halftone/keys/')) return { body: { id: pathname.split('/').at(-1), deleted: true } }
  if (pathname === '/v1/halftone/status') return { body: records.statusRecord }
  if (pathname === '/v1/halftone/overview') return { body: records.overviewRecord }
  if (pathname === '/v1/halftone/probe') return list(records.probeRecords)
  if (pathname === '/v1/halftone/session') return { body: records.sessionRecord }
  if (pathname === '/readyz') return { body: { status: 'ready', problems: [], notices: 0 } }
  return failure(404, 'not_found', 'There is nothing here.')
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

export async function startGatewayDouble(): Promise<GatewayDouble> {
  const seen: Recorded[] = []
  const server: Server = createServer(async (request, response) => {
    const recorded: Recorded = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
      contentType: request.headers['content-type'],
      body: await textOf(request),
    }
    seen.push(recorded)
    const open = recorded.path === '/readyz'
    const answer =
      open || recorded.authorization === `Bearer ${DOUBLE_KEY}`
        ? answerTo(recorded)
        : failure(401, 'invalid_api_key', 'This key is not valid.')
    if (answer.stream !== undefined) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': records.REQUEST_ID })
      response.write(': heartbeat\n\n')
      for (const { event, data } of answer.stream) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      return void response.end()
    }
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
