/** Non-image OpenAI paths, handed to one configured provider unchanged: opt-in, so that one base URL serves an application. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { request as undiciRequest } from 'undici'
import { HalftoneError } from '../../core/error.ts'
import type { PassthroughTarget, ServerContext } from '../context.ts'
import { createPictureAsks } from '../picture-asks.ts'
import { chunksOf } from '../read-body.ts'

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

/** What providers of OpenAI's shape answer without making pictures; the paths of others may be anything. */
const textFamilies: ReadonlySet<string> = new Set([
  'assistants',
  'audio',
  'chat',
  'completions',
  'containers',
  'conversations',
  'embeddings',
  'evals',
  'fine_tuning',
  'messages',
  'moderations',
  'realtime',
  'rerank',
  'responses',
  'threads',
  'vector_stores',
])

export async function passThrough(context: ServerContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const target = context.settings.passthrough
  const path = request.url.split('?')[0] ?? ''
  if (!target) {
    throw new HalftoneError(
      'passthrough_not_configured',
      `Halftone serves images; ${path.slice(0, 120)} is not one of its paths. Send it to your text gateway, or name a provider in halftone.yaml: passthrough: {provider: openai}.`,
    )
  }
  if (!textFamilies.has(path.split('/')[2] ?? '') && target.unrecordedImages === 'refuse') {
    throw new HalftoneError(
      'passthrough_makes_images',
      `${path.slice(0, 120)} is not known to answer without making pictures. Passed through are ${[...textFamilies].join(', ')}.`,
    )
  }
  const headers: Record<string, string> = { ...target.headers() }
  for (const name of forwarded) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const sent = await bodyOf(context, target, request, reply)
  if (sent?.bytes !== undefined) headers['content-length'] = String(sent.bytes)
  const abort = new AbortController()
  reply.raw.once('close', () => abort.abort())
  const answer = await undiciRequest(target.baseUrl + request.url.slice('/v1'.length), {
    method: request.method as 'GET' | 'POST' | 'DELETE',
    headers,
    body: sent ? Readable.from(sent.chunks) : null,
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

const typeOf = ({ headers }: FastifyRequest): string => headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''

/** Uploads of sound and files, and what opens a call by voice. */
const opaqueTypes: ReadonlySet<string> = new Set(['multipart/form-data', 'application/sdp'])

interface SentBody {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Undefined: known only at its end. */
  readonly bytes?: number
}

/** JSON is read to its end before anything is sent on: whether it asks for pictures may stand in its last line. */
async function bodyOf(
  context: ServerContext,
  target: PassthroughTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<SentBody | undefined> {
  const { maxBodyBytes } = context.settings
  const { headers, method, raw } = request
  if (method === 'GET' || method === 'HEAD') return undefined
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return undefined
  const type = typeOf(request)
  if (opaqueTypes.has(type)) return { chunks: limited(raw, maxBodyBytes) }
  if (type !== '' && type !== 'application/json' && !type.endsWith('+json')) {
    throw new HalftoneError('unsupported_content_type', `Content-Type is "${type.slice(0, 64)}"; send application/json.`)
  }
  const asks = createPictureAsks((model) => draws(context, target, model))
  const writer = context.services.spool.create({ maxBytes: maxBodyBytes, tooLargeCode: 'body_too_large' })
  try {
    for await (const chunk of limited(raw, maxBodyBytes)) {
      asks.write(chunk)
      await writer.write(chunk)
    }
    answerFor(asks.end(), context, target, reply)
    const body = await writer.end()
    reply.raw.once('close', () => void body.dispose())
    return { chunks: body.open(), bytes: body.bytes }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Refuse a call that asks for pictures, or say that nobody will know what they cost. */
function answerFor(ask: string | undefined, context: ServerContext, target: PassthroughTarget, reply: FastifyReply): void {
  if (ask === undefined) return
  if (target.unrecordedImages === 'refuse') {
    throw new HalftoneError(
      'passthrough_makes_images',
      `A text call is not recorded, and ${ask} makes pictures that cost money. Ask for pictures on /v1/images/generations or /v1/images/edits.`,
    )
  }
  context.services.log.warn({ ask, provider: target.provider }, 'a call passed through makes pictures that are in no ledger')
  reply.header('x-halftone-warnings', 'not_recorded')
}

/** Whether the provider makes pictures by this model alone: a text model that writes drawings is a text model here. */
function draws({ current }: ServerContext, { provider }: PassthroughTarget, model: string): boolean {
  const isNamed = (wireModel: string): boolean => wireModel === model || wireModel === model.replace(/:[^:/]*$/, '')
  return current().offers.some(
    (offer) => offer.provider === provider && isNamed(offer.wireModel) && !offer.capabilities.parameters.includes('svg'),
  )
}

async function* limited(raw: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0
  for await (const chunk of chunksOf(raw)) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new HalftoneError('body_too_large', `The body is larger than ${maxBytes} bytes.`)
    yield chunk
  }
}
