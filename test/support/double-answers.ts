/** How the provider double answers, rightly and wrongly. */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { doublePicture } from './double-picture.ts'
import type { BilledCall, DoubleFault, DoubleScript, SeenCall } from './double-script.ts'

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export function sendError(response: ServerResponse, status: number, message: string, code: string): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', param: null, code } })
}

export function sendScripted(response: ServerResponse, status: number, { body, contentType }: DoubleScript): void {
  const fallback = { error: { message: `Scripted ${status}.`, type: 'server_error', param: null, code: null } }
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? fallback)
  response
    .writeHead(status, { 'content-type': contentType ?? (typeof body === 'string' ? 'text/plain' : 'application/json') })
    .end(text)
}

export function usageFor(seen: SeenCall, n: number): Record<string, unknown> {
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

export function sendAnswer(
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

/** Resolves when the caller is gone; at once when it left before anybody looked. */
export const closing = (response: ServerResponse): Promise<void> =>
  response.destroyed || response.closed ? Promise.resolve() : new Promise((resolve) => response.once('close', () => resolve()))

async function sendBroken(response: ServerResponse, type: string, body: Buffer, { fault, faultAt }: DoubleScript): Promise<void> {
  response.writeHead(200, { 'content-type': type })
  const closed = closing(response)
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

export async function sendStream(
  response: ServerResponse,
  operation: BilledCall['operation'],
  seen: SeenCall,
  images: readonly Buffer[],
  usage: unknown,
  script: DoubleScript,
): Promise<void> {
  const prefix = operation === 'generations' ? 'image_generation' : 'image_edit'
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const closed = closing(response)
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

/** A picture of the size asked for. */
export function pictureFor(seen: SeenCall, script: DoubleScript, seed: number): Buffer {
  const size = /^(\d+)x(\d+)$/.exec(String(seen.fields['size'] ?? ''))
  return doublePicture(Number(size?.[1] ?? 1024), Number(size?.[2] ?? 1024), {
    seed,
    ...(script.imageBytes ? { bytes: script.imageBytes } : {}),
  })
}
