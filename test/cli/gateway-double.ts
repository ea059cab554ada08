/** Recorded answers over a real socket: what the commands make of them is tested apart from the gateway. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PIXEL, REQUEST_ID } from './records/call.ts'
import { explanationRecord, observationRecord } from './records/choice.ts'
import * as gateway from './records/gateway.ts'
import { imagesRecord } from './records/images.ts'
import { quoteRecord } from './records/quote.ts'
import { receiptRecord } from './records/receipt.ts'
import { requestRecords } from './records/requests.ts'

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
  body: { error: { message, type: 'invalid_request_error', param: null, code, request_id: REQUEST_ID } },
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
    const { data, ...rest } = imagesRecord
    if (!request.stream) return { body: imagesRecord }
    const events = [
      {
        event: 'image_generation.partial_image',
        data: { type: 'image_generation.partial_image', b64_json: PIXEL, partial_image_index: 0 },
      },
      { event: 'image_generation.completed', data: { type: 'image_generation.completed', b64_json: data[0]?.b64_json, ...rest } },
    ]
    return { body: undefined, stream: events }
  }
  if (pathname === '/v1/images/edits') return { body: imagesRecord }
  if (pathname === '/v1/models') return list(gateway.modelRecords)
  if (pathname === '/v1/halftone/quote') return { body: quoteRecord }
  if (pathname === '/v1/halftone/requests')
    return list(requestRecords.slice(0, Number(new URL(path, 'http://x').searchParams.get('limit'))))
  if (pathname === `/v1/halftone/requests/${REQUEST_ID}/receipt`) return { body: receiptRecord }
  if (pathname === `/v1/halftone/requests/${REQUEST_ID}/explain`) return { body: explanationRecord }
  if (pathname === '/v1/halftone/routes/trial/observation') return { body: observationRecord }
  if (pathname === '/v1/halftone/keys') return method === 'POST' ? { body: gateway.createdKeyRecord } : list(gateway.keyRecords)
  if (pathname.startsWith('/v1/halftone/keys/')) return { body: { id: pathname.split('/').at(-1), deleted: true } }
  if (pathname === '/v1/halftone/status') return { body: gateway.statusRecord }
  if (pathname === '/v1/halftone/overview') return { body: gateway.overviewRecord }
  if (pathname === '/v1/halftone/probe') return list(gateway.probeRecords)
  if (pathname === '/v1/halftone/session') return { body: gateway.sessionRecord }
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
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': REQUEST_ID })
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
