/**
 * One HTTP exchange with the gateway, over node:http: a picture may take longer than the five minutes after which `fetch`
 * gives up waiting for headers, and uploads are streamed from their files.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface OutgoingRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | FormData
  readonly signal: AbortSignal
}

/** Send it and resolve at the answer's headers. Rejects with Node's own error when no answer comes. */
export async function send({ method, url, headers, body, signal }: OutgoingRequest): Promise<IncomingMessage> {
  // Response writes a form as multipart, boundary included, reading the files as they are sent.
  const encoded = body instanceof FormData ? new Response(body) : undefined
  const contentType = encoded?.headers.get('content-type')
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest
  const outgoing = open(url, {
    method,
    signal,
    agent: false,
    headers: {
      ...headers,
      ...(contentType ? { 'content-type': contentType } : {}),
      ...(typeof body === 'string' ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
    },
  })
  const answer = new Promise<IncomingMessage>((resolve, reject) => outgoing.once('response', resolve).once('error', reject))
  if (encoded?.body) {
    const upload = pipeline(Readable.fromWeb(encoded.body), outgoing)
    // An early answer (401, 413) resets the upload; the answer is what counts. Without one, `answer` rejects by itself.
    upload.catch(() => {})
  } else {
    outgoing.end(typeof body === 'string' ? body : undefined)
  }
  return answer
}

/** The whole body as bytes. */
export async function readBody(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
