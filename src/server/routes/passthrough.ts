/** Non-image OpenAI paths, handed to one configured provider unchanged: opt-in, so that one base URL serves an application. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { request as undiciRequest } from 'undici'
import { HalftoneError } from '../../core/error.ts'
import type { ServerContext } from '../context.ts'

/** Only these travel on; our own key, cookies and hop-by-hop headers stay here. */
const forwarded = ['content-type', 'accept', 'openai-beta', 'idempotency-key'] as const
const returned = ['content-type', 'x-request-id', 'retry-after', 'x-should-retry', 'cache-control'] as const

const SEGMENT = /^(?:[\w~:@!$&'()*+,;=.-]|%(?!2[ef]|5c|00)[0-9a-f]{2})+$/i

/**
 * A path of OpenAI's that makes no images. Only one spelling of each is taken: what another server would read as dots, as a
 * slash or as another case must not reach its image paths past the ledger, nor leave `/v1`. Files and batches are ours: a batch may
 * make images.
 */
export function isTextPath(path: string): boolean {
  const [empty, version, ...segments] = path.split('/')
  if (empty !== '' || version !== 'v1' || segments.length === 0) return false
  if (!segments.every((segment) => SEGMENT.test(segment) && !/^\.+$/.test(segment))) return false
  return !/^(images|halftone|files|uploads|batches)/i.test(segments[0] ?? '')
}

export async function passThrough(context: ServerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const target = context.settings.passthrough
  if (!target) {
    throw new HalftoneError(
      'passthrough_not_configured',
      `Halftone serves images; ${request.url.split('?')[0]?.slice(0, 120)} is not one of its paths. Send it to your text gateway, or name a provider in halftone.yaml: passthrough: {provider: openai}.`,
    )
  }
  const headers: Record<string, string> = { ...target.headers() }
  for (const name of forwarded) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const abort = new AbortController()
  reply.raw.once('close', () => abort.abort())
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const answer = await undiciRequest(target.baseUrl + request.url.slice('/v1'.length), {
    method: request.method as 'GET' | 'POST' | 'DELETE',
    headers,
    body: hasBody ? limited(request.raw, context.settings.maxBodyBytes) : null,
    signal: abort.signal,
    headersTimeout: 600_000,
    bodyTimeout: 600_000,
  }).catch((cause: unknown) => {
    if (cause instanceof HalftoneError) throw cause
    throw new HalftoneError('provider_unreachable', 'The pass-through provider could not be reached.', {
      cause,
      billed: 'unknown',
      retryable: false,
    })
  })
  reply.code(answer.statusCode)
  for (const name of returned) {
    const value = answer.headers[name]
    if (typeof value === 'string') reply.header(name, value)
  }
  return reply.send(answer.body)
}

function limited(source: AsyncIterable<Buffer>, maxBytes: number): Readable {
  return Readable.from(
    (async function* () {
      let bytes = 0
      for await (const chunk of source) {
        bytes += chunk.length
        if (bytes > maxBytes) throw new HalftoneError('body_too_large', `The body is larger than ${maxBytes} bytes.`)
        yield chunk
      }
    })(),
  )
}
