/** Consumers for what a provider may answer: JSON through the scanner, parts, one image, text, nothing. */
import type { IncomingHttpHeaders } from 'node:http'
import type { JsonValue } from '../../core/json.ts'
import { type BodyConsumer, Enough } from '../../net/exchange.ts'
import { createJsonScanner, type JsonScannerOptions, type ScannedBody } from '../../net/json-scanner.ts'
import type { HttpCall, ProviderResponse, ResponseContent } from '../define-provider.ts'
import { consumeMultipart } from './multipart.ts'

/** A complete answer; the receiver disposes the bodies. */
export interface Answer {
  readonly response: ProviderResponse
  readonly bodies: readonly ScannedBody[]
}

/** Where images go and which members hold them. */
export type AnswerLimits = Pick<JsonScannerOptions, 'openBody' | 'bodyKeys'>

/** Of an answer that is not JSON only this much is looked at. */
const MAX_TEXT_BYTES = 64 * 1024

/** Header values as one text each; names are lower-case already. */
export function flatHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined)
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]))
}

export const mediaTypeOf = (headers: Readonly<Record<string, string>>): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

const isJson = (mediaType: string): boolean => mediaType === 'application/json' || mediaType.endsWith('+json')

/** Choose by status and declared type. A successful answer of no clear type is tried as JSON: some servers do not say. */
export function consumeAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  accept: HttpCall['accept'],
  limits: AnswerLimits,
): BodyConsumer<Answer> {
  const mediaType = mediaTypeOf(headers)
  const answer = (body: ResponseContent, bodies: readonly ScannedBody[] = []): Answer => ({
    response: { status, headers, body },
    bodies,
  })
  const isSuccess = status >= 200 && status < 300
  if (mediaType === 'multipart/form-data') {
    const contentType = headers['content-type'] ?? ''
    return consumeMultipart(contentType, limits, ({ value, bodies }) => answer({ kind: 'json', value }, bodies))
  }
  if (isSuccess && accept === 'image' && !isJson(mediaType) && !mediaType.startsWith('text/')) return consumeImage(limits, answer)
  const isJsonFile = isSuccess && accept === 'json-file'
  if (isJsonFile || isJson(mediaType) || (isSuccess && !mediaType.startsWith('text/'))) return consumeJson(limits, answer)
  return consumeText(mediaType, limits, answer)
}

type MakeAnswer = (body: ResponseContent, bodies?: readonly ScannedBody[]) => Answer

function consumeJson(limits: AnswerLimits, answer: MakeAnswer): BodyConsumer<Answer> {
  const scanner = createJsonScanner(limits)
  let isEmpty = true
  return {
    isDoneAtOnce: true,
    write(chunk) {
      isEmpty = false
      return scanner.write(chunk)
    },
    async end() {
      if (isEmpty) return answer({ kind: 'empty' })
      const { value, bodies } = await scanner.end()
      return answer({ kind: 'json', value }, bodies)
    },
    abort: () => scanner.abort(),
  }
}

function consumeImage({ openBody }: AnswerLimits, answer: MakeAnswer): BodyConsumer<Answer> {
  const writer = openBody()
  return {
    isDoneAtOnce: writer.copies,
    write: (chunk) => writer.write(chunk),
    end: async () => answer({ kind: 'image' }, [{ body: await writer.end() }]),
    abort: () => writer.abort(),
  }
}

/** Text may still be JSON under a wrong type, as plain-text errors of small servers are. */
function consumeText(mediaType: string, limits: AnswerLimits, answer: MakeAnswer): BodyConsumer<Answer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const finish = async (): Promise<Answer> => {
    const all = Buffer.concat(chunks)
    if (all.length === 0) return answer({ kind: 'empty' })
    const isHtml = mediaType === 'text/html' || /^\s*<(?:!doctype|html)/i.test(all.toString('latin1', 0, 64))
    const scanned = isHtml ? undefined : await scanText(all, limits)
    if (scanned) return answer({ kind: 'json', value: scanned.value }, scanned.bodies)
    return answer({ kind: 'text', text: all.toString('utf8'), isHtml })
  }
  return {
    write(chunk) {
      chunks.push(chunk.subarray(0, MAX_TEXT_BYTES - bytes))
      bytes += chunk.length
      if (bytes < MAX_TEXT_BYTES) return undefined
      return finish().then((result) => {
        throw new Enough(result)
      })
    },
    end: finish,
    abort: async () => undefined,
  }
}

async function scanText(
  bytes: Buffer,
  limits: AnswerLimits,
): Promise<{ readonly value: JsonValue; readonly bodies: readonly ScannedBody[] } | undefined> {
  const scanner = createJsonScanner(limits)
  try {
    await scanner.write(bytes)
    return await scanner.end()
  } catch {
    return undefined
  }
}
