/**
 * A provider that is not there: a real HTTP server speaking OpenAI's Images API. It counts what it would have billed, by
 * request id, and can be told to misbehave. In a process of its own: `node test/support/provider-double.ts --port 0`, which
 * prints `listening <port>`; another process scripts it and reads its bill over `/double/*`.
 *
 * What a real provider does is kept: an image is billed when it is made, whether or not anybody is left to receive it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { crc32, deflateSync, gzipSync } from 'node:zlib'
import busboy from 'busboy'

export interface DoubleScript {
  /** Wait before answering; the image counts as billed after it. */
  readonly delayMs?: number
  /** Answer with this instead of 200; nothing is billed. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of the usual body: text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly contentType?: string
  /** Bytes of each image, at least 1,024; default: a small picture of the size asked for. */
  readonly imageBytes?: number
  /** `null`: the answer carries no usage. */
  readonly usage?: Readonly<Record<string, unknown>> | null
  /** Answer with links to `/double/files/...` instead of bytes. */
  readonly asUrls?: boolean
  /** Bill and picture as usual, then fail on the wire in this way. */
  readonly fault?: DoubleFault
  /** Part of the answer that is sent before `reset_mid_body`, `stall` and `truncate`; 0.5 by default. */
  readonly faultAt?: number
  /** Images fewer than asked for. */
  readonly missing?: number
  /** Use this script for so many calls, then the default again; default: for ever. */
  readonly times?: number
}

export type DoubleFault =
  /** Never answer. Billed: the image is made. */
  | 'hang'
  /** Close the connection without reading the request. Not billed. */
  | 'reset_before'
  /** Read the request, bill it, and close the connection without an answer. */
  | 'reset_after'
  | 'reset_mid_body'
  /** End the chunked answer properly in the middle of the JSON. */
  | 'truncate'
  /** Stop sending in the middle and keep the connection. */
  | 'stall'
  /** One byte every 50 ms. */
  | 'trickle'
  | 'endless_body'
  | 'gzip'
  | 'gzip_bomb'
  | 'html_200'
  | 'empty_204'
  | 'not_an_image'
  | 'empty_data'
  /** Send all events of a stream, and never end it. */
  | 'never_end'

export interface BilledCall {
  /** Our answer's `x-request-id`. */
  readonly id: string
  /** What the caller sent as `x-request-id` or `x-client-request-id`, to match its own records. */
  readonly clientId?: string
  readonly operation: 'generations' | 'edits'
  readonly images: number
  readonly prompt: string
  /** The caller was still there when the answer was complete. */
  delivered: boolean
}

export interface SeenCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** JSON members or form fields. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly files: readonly {
    readonly field: string
    readonly filename: string
    readonly mediaType: string
    readonly bytes: number
  }[]
}

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
    if (script.fault === 'hang') return new Promise((resolve) => response.once('close', resolve))
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

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function sendError(response: ServerResponse, status: number, message: string, code: string): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', param: null, code } })
}

function sendScripted(response: ServerResponse, status: number, { body, contentType }: DoubleScript): void {
  const fallback = { error: { message: `Scripted ${status}.`, type: 'server_error', param: null, code: null } }
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? fallback)
  response
    .writeHead(status, { 'content-type': contentType ?? (typeof body === 'string' ? 'text/plain' : 'application/json') })
    .end(text)
}

function usageFor(seen: SeenCall, n: number): Record<string, unknown> {
  const text = Math.ceil(String(seen.fields['prompt'] ?? '').length / 4)
  const image = seen.files.length * 300
  const out = 1000 * n
  return {
    input_tokens: text + image,
    input_tokens_details: { text_tokens: text, image_tokens: image },
    output_tokens: out,
    output_tokens_details: { image_tokens: out, text_tokens: 0 },
    total_tokens: text + image + out,
  }
}

function sendAnswer(
  response: ServerResponse,
  items: readonly string[],
  usage: unknown,
  script: DoubleScript,
  seen: SeenCall,
): void | Promise<void> {
  const { fault } = script
  if (fault === 'html_200') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><html><body>It works!</body></html>')
    return
  }
  if (fault === 'empty_204') {
    response.writeHead(204).end()
    return
  }
  const data = fault === 'empty_data' ? [] : fault === 'not_an_image' ? [`{"b64_json":"${notAnImage}"}`] : items
  const size = typeof seen.fields['size'] === 'string' ? `,"size":${JSON.stringify(seen.fields['size'])}` : ''
  const tail = usage === null ? '' : `,"usage":${JSON.stringify(usage)}`
  const body = Buffer.from(`{"created":1770000000${size},"data":[${data.join(',')}]${tail}}`)
  const type = script.contentType ?? 'application/json'
  if (fault === 'gzip') {
    response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' }).end(gzipSync(body))
    return
  }
  if (fault === 'gzip_bomb') {
    response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' }).end(bomb())
    return
  }
  if (fault === undefined || !wireFaults.has(fault)) {
    response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body)
    return
  }
  return sendBroken(response, type, body, script)
}

/** Faults of sending, whatever is sent. */
const wireFaults: ReadonlySet<DoubleFault> = new Set(['reset_mid_body', 'truncate', 'stall', 'trickle', 'endless_body'])

const notAnImage = Buffer.from('this is not an image, whatever its name says. '.repeat(300)).toString('base64')

/** 256 MiB of base64 `A` in an answer of a few hundred KiB: gzip members may follow one another. */
function bomb(): Buffer {
  const member = gzipSync(Buffer.alloc(8 * 1024 * 1024, 0x41), { level: 9 })
  return Buffer.concat([gzipSync('{"data":[{"b64_json":"'), ...Array.from({ length: 32 }, () => member), gzipSync('"}]}')])
}

async function sendBroken(response: ServerResponse, type: string, body: Buffer, { fault, faultAt }: DoubleScript): Promise<void> {
  response.writeHead(200, { 'content-type': type })
  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  const part = body.subarray(0, Math.floor(body.length * (faultAt ?? 0.5)))
  if (fault === 'truncate') return void response.end(part)
  if (fault === 'reset_mid_body') {
    response.write(part, () => setTimeout(() => response.socket?.resetAndDestroy(), 20))
    return closed
  }
  if (fault === 'stall') {
    response.write(part)
    return closed
  }
  if (fault === 'trickle') {
    let at = 0
    const timer = setInterval(() => response.write(body.subarray(at, ++at)), 50)
    await closed
    clearInterval(timer)
    return
  }
  // Endless: an image that never stops, as fast as it is read.
  response.write('{"data":[{"b64_json":"')
  const filler = Buffer.alloc(64 * 1024, 0x41)
  while (!response.destroyed) {
    if (!response.write(filler)) await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed])
  }
}

async function sendStream(
  response: ServerResponse,
  operation: BilledCall['operation'],
  seen: SeenCall,
  images: readonly Buffer[],
  usage: unknown,
  script: DoubleScript,
): Promise<void> {
  const prefix = operation === 'generations' ? 'image_generation' : 'image_edit'
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  const send = (type: string, image: Buffer, extra: Record<string, unknown>): Promise<void> => {
    const rest = JSON.stringify({ type, created_at: 1_770_000_000, size: seen.fields['size'], ...extra }).slice(1)
    const text = `event: ${type}\ndata: {"b64_json":"${image.toString('base64')}",${rest}\n\n`
    return new Promise((resolve) => response.write(text, () => resolve()))
  }
  const partials = Number(seen.fields['partial_images'] ?? 0)
  for (const image of images) {
    for (let index = 0; index < partials; index++) {
      await send(`${prefix}.partial_image`, image, { partial_image_index: index })
      if (script.fault === 'reset_mid_body') return void response.socket?.resetAndDestroy()
      if (script.fault === 'truncate') return void response.end()
      if (script.fault === 'stall') return closed
    }
    await send(`${prefix}.completed`, image, usage === null ? {} : { usage })
  }
  if (script.fault === 'never_end') return closed
  response.end()
}

/** A valid PNG of the size asked for, blown up to `imageBytes` by a private chunk of noise that decoders skip. */
function pictureFor(seen: SeenCall, script: DoubleScript, seed: number): Buffer {
  const size = /^(\d+)x(\d+)$/.exec(String(seen.fields['size'] ?? ''))
  return doublePicture(Number(size?.[1] ?? 1024), Number(size?.[2] ?? 1024), {
    seed,
    ...(script.imageBytes ? { bytes: script.imageBytes } : {}),
  })
}

export function doublePicture(
  width: number,
  height: number,
  options: { readonly seed?: number; readonly bytes?: number } = {},
): Buffer {
  const seed = Buffer.alloc(4)
  seed.writeUInt32BE((options.seed ?? 0) >>> 0)
  const { before, after } = canvas(width, height, options.bytes ?? 0)
  return Buffer.concat([before, chunk('noIS', seed), after])
}

const canvases = new Map<string, { readonly before: Buffer; readonly after: Buffer }>()

/** What pictures of one size share, made once: a load test asks for thousands. */
function canvas(width: number, height: number, bytes: number): { readonly before: Buffer; readonly after: Buffer } {
  const key = `${width}x${height}:${bytes}`
  const known = canvases.get(key)
  if (known) return known
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0], 8)
  const row = Buffer.alloc(width + 1, 0x60)
  row[0] = 0
  const before = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header)])
  const end = Buffer.concat([
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))),
    chunk('IEND', Buffer.alloc(0)),
  ])
  // 16 bytes for the chunk of the seed, 12 for the frame of the noise.
  const missing = bytes - before.length - end.length - 16 - 12
  const made = { before, after: missing > 0 ? Buffer.concat([chunk('noIS', noise(missing)), end]) : end }
  canvases.set(key, made)
  return made
}

/** The same bytes each time, and nothing a compressor could make small. */
function noise(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = 0x9e3779b9
  for (let at = 0; at < length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 0xff
  }
  return bytes
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, script: { type: 'string', default: '{}' } } })
  const double = await startProviderDouble({ port: Number(values.port), script: JSON.parse(values.script) as DoubleScript })
  process.stdout.write(`listening ${double.port}\n`)
  process.once('SIGTERM', () => void double.close().then(() => process.exit(0)))
}
