/** Failures as clients get them, whatever stage the request had reached. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HalftoneError } from '../core/error.ts'
import type { ServerContext } from './context.ts'
import { toHttpError, toKnownError } from './errors.ts'
import { traceError } from './trace-request.ts'

/** From the first byte of a request to the last of its body. */
export const UPLOAD_MS = 600_000

/** Every failure of a request in the one envelope, on record where it is ours. */
export function sendError(context: ServerContext, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toKnownError(error, context.services.newId)
  const { status, headers, body } = toHttpError(known)
  traceError(request, known.code)
  if (known.code === 'internal_error')
    context.services.log.error({ err: error, requestId: known.requestId }, 'a request failed inside Halftone')
  finishReading(request.raw)
  return reply
    .code(status)
    .headers({ ...headers, 'content-type': 'application/json; charset=utf-8' })
    .send(JSON.stringify(body))
}

const UNREAD_BODY_MS = 2_000

/** The rest of a refused upload is read for a moment, so that the client gets to read why; then it is cut off. */
function finishReading(raw: IncomingMessage): void {
  if (raw.complete) return
  raw.resume()
  const timer = setTimeout(() => raw.destroy(), UNREAD_BODY_MS)
  timer.unref()
  raw.once('close', () => clearTimeout(timer))
}

const clientErrors: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are larger than this server takes.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: `The request was not complete within ${UPLOAD_MS / 60_000} minutes.` },
}

/** Bytes that are no HTTP, headers beyond the limit, or a request that does not end. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, message } = clientErrors[error.code ?? ''] ?? { status: 400, message: 'The request is not well-formed HTTP.' }
  const text = JSON.stringify(toHttpError(new HalftoneError('invalid_header', message)).body)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}
