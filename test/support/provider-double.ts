/**
 * A provider that is not there: a real HTTP server speaking OpenAI's Images API. It counts what it would have billed, by
 * request id, and can be told to misbehave. In a process of its own: `node test/support/provider-double.ts --port 0`, which
 * prints `listening <port>`; another process scripts it and reads its bill over `/double/*`.
 *
 * What a real provider does is kept: an image is billed when it is made, whether or not anybody is left to receive it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import busboy from 'busboy'
import { closing, pictureFor, sendAnswer, sendError, sendJson, sendScripted, sendStream, usageFor } from './double-answers.ts'
import type { BilledCall, DoubleScript, SeenCall } from './double-script.ts'

export { doublePicture } from './double-picture.ts'
export type { BilledCall, DoubleFault, DoubleScript, SeenCall } from './double-script.ts'

export interface ProviderDouble {
  readonly port: number
  /** With `/v1`. */
  readonly baseUrl: string
  /** Everything billed so far, in order. */
  readonly billed: readonly BilledCall[]
  readonly calls: readonly SeenCall[]
  /** Requests received and not answered yet. */
  readonly waiting: number
  /** Replace the script for the calls that follow. */
  script(script: DoubleScript): void
  /** One script for each of the next calls, in order. */
  enqueue(...scripts: readonly DoubleScript[]): void
  reset(): void
  close(): Promise<void>
}

export interface DoubleOptions {
  readonly port?: number
  readonly host?: string
  readonly script?: DoubleScript
  /** Refuse calls without this key, as a real provider does. */
  readonly apiKey?: string
  /** Chooses the script of a call from what it asks for; undefined: the queued or the general one. */
  readonly scriptFor?: (call: SeenCall) => DoubleScript | undefined
  /** Told of each call as it is billed, and once more when its whole answer was handed to the socket. */
  readonly onBilled?: (call: BilledCall) => void
}

export async function startProviderDouble(options: DoubleOptions = {}): Promise<ProviderDouble> {
  const double = new Double(options)
  await double.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  return double
}

class Double implements ProviderDouble {
  readonly billed: BilledCall[] = []
  readonly calls: SeenCall[] = []
  waiting = 0
  readonly #server: Server
  readonly #options: DoubleOptions
  readonly #files = new Map<string, Buffer>()
  #script: DoubleScript
  #queue: DoubleScript[] = []
  #uses = 0
  #count = 0

  constructor(options: DoubleOptions) {
    this.#options = options
    this.#script = options.script ?? {}
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ error: { message: String(error), type: 'server_error', code: null, param: null } }))
      })
    })
  }

  async listen(port: number, host: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen({ port, host, backlog: 4096 }, () => resolve())
    })
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`
  }

  script(script: DoubleScript): void {
    this.#script = script
    this.#uses = 0
  }

  enqueue(...scripts: readonly DoubleScript[]): void {
    this.#queue.push(...scripts)
  }

  reset(): void {
    this.billed.length = 0
    this.calls.length = 0
    this.#queue = []
    this.#files.clear()
    this.script(this.#options.script ?? {})
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #nextScript(): DoubleScript {
    const queued = this.#queue.shift()
    if (queued) return queued
    const { times } = this.#script
    if (times !== undefined && this.#uses >= times) return this.#options.script ?? {}
    this.#uses++
    return this.#script
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0] ?? '/'
    if (path.startsWith('/double/')) return this.#control(path, request, response)
    if (path === '/v1/models') return sendJson(response, 200, { object: 'list', data: [{ id: 'gpt-image-2', object: 'model' }] })
    const operation = path === '/v1/images/generations' ? 'generations' : path === '/v1/images/edits' ? 'edits' : undefined
    if (!operation || request.method !== 'POST') return sendError(response, 404, 'Unknown request URL.', 'unknown_url')
    const { apiKey } = this.#options
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) {
      return sendError(response, 401, 'Incorrect API key provided.', 'invalid_api_key')
    }
    const { scriptFor } = this.#options
    const early = scriptFor ? undefined : this.#nextScript()
    if (early?.fault === 'reset_before') return void request.socket.resetAndDestroy()
    const seen = await readCall(request, path)
    this.calls.push(seen)
    const script = early ?? scriptFor?.(seen) ?? this.#nextScript()
    if (script.fault === 'reset_before') return void request.socket.resetAndDestroy()
    this.waiting++
    try {
      await this.#makeImages(operation, seen, script, request, response)
    } finally {
      this.waiting--
    }
  }

  async #makeImages(
    operation: BilledCall['operation'],
    seen: SeenCall,
    script: DoubleScript,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const id = `req_${++this.#count}`
    if (script.delayMs) await new Promise((resolve) => setTimeout(resolve, script.delayMs))
    if (script.isFreeWhenLeft && response.destroyed) return
    for (const [name, value] of Object.entries({ 'x-request-id': id, ...script.headers })) {
      if (!response.headersSent && !response.destroyed) response.setHeader(name, value)
    }
    if (script.status !== undefined && script.status !== 200) return sendScripted(response, script.status, script)
    const n = Math.max(0, Number(seen.fields['n'] ?? 1) - (script.missing ?? 0))
    const clientId = request.headers['x-client-request-id'] ?? request.headers['x-request-id']
    const bill: BilledCall = {
      id,
      ...(typeof clientId === 'string' ? { clientId } : {}),
      operation,
      images: n,
      prompt: String(seen.fields['prompt'] ?? ''),
      delivered: false,
    }
    this.billed.push(bill)
    this.#options.onBilled?.(bill)
    if (script.fault === 'hang') return closing(response)
    if (script.fault === 'reset_after') return void request.socket.resetAndDestroy()
    response.once('finish', () => {
      bill.delivered = true
      this.#options.onBilled?.(bill)
    })
    if (script.body !== undefined) return sendScripted(response, 200, script)
    const images = Array.from({ length: n }, (_, index) => pictureFor(seen, script, this.#count * 16 + index))
    const usage = script.usage === undefined ? usageFor(seen, n) : script.usage
    const isStream = seen.fields['stream'] === true || seen.fields['stream'] === 'true'
    if (isStream) return sendStream(response, operation, seen, images, usage, script)
    return sendAnswer(
      response,
      images.map((image, index) => this.#item(id, image, index, script)),
      usage,
      script,
      seen,
    )
  }

  #item(id: string, image: Buffer, index: number, script: DoubleScript): string {
    if (!script.asUrls) return `{"b64_json":"${image.toString('base64')}"}`
    const name = `${id}-${index}`
    this.#files.set(name, image)
    return `{"url":"http://127.0.0.1:${this.port}/double/files/${name}"}`
  }

  /** For other processes: read the bill, replace the script. */
  async #control(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path.startsWith('/double/files/')) {
      const file = this.#files.get(path.slice('/double/files/'.length))
      if (!file) return sendError(response, 404, 'No such file.', 'not_found')
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': file.length }).end(file)
      return
    }
    if (path === '/double/billed') return sendJson(response, 200, this.billed)
    if (path === '/double/calls') return sendJson(response, 200, this.calls)
    if (path === '/double/waiting') return sendJson(response, 200, { waiting: this.waiting })
    if (path === '/double/script') {
      this.script(JSON.parse((await readBytes(request)).toString()) as DoubleScript)
      return sendJson(response, 200, {})
    }
    if (path === '/double/reset') {
      this.reset()
      return sendJson(response, 200, {})
    }
    return sendError(response, 404, 'Unknown control path.', 'not_found')
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function readCall(request: IncomingMessage, path: string): Promise<SeenCall> {
  const common = { method: request.method ?? '', path, headers: request.headers }
  if (!request.headers['content-type']?.startsWith('multipart/')) {
    const fields = JSON.parse((await readBytes(request)).toString()) as Record<string, unknown>
    return { ...common, fields, files: [] }
  }
  const fields: Record<string, unknown> = {}
  const files: { field: string; filename: string; mediaType: string; bytes: number }[] = []
  await new Promise<void>((resolve, reject) => {
    const parser = busboy({ headers: request.headers })
    parser.on('field', (name, value) => {
      fields[name] = value
    })
    parser.on('file', (field, stream, info) => {
      let bytes = 0
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      stream.on('end', () => files.push({ field, filename: info.filename ?? '', mediaType: info.mimeType, bytes }))
    })
    parser.on('close', resolve).on('error', reject)
    request.on('error', reject).pipe(parser)
  })
  return { ...common, fields, files }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, script: { type: 'string', default: '{}' } } })
  const double = await startProviderDouble({ port: Number(values.port), script: JSON.parse(values.script) as DoubleScript })
  process.stdout.write(`listening ${double.port}\n`)
  process.once('SIGTERM', () => void double.close().then(() => process.exit(0)))
}
