/**
 * Answers in parts (multipart/form-data): JSON and text become members of an object named after the parts, everything else is cut
 * out while it arrives, as pictures in JSON are.
 */
import type { Writable } from 'node:stream'
import busboy from 'busboy'
import type { JsonValue } from '../../core/json.ts'
import type { BodyConsumer } from '../../net/exchange.ts'
import { ScanError, type ScannedBody } from '../../net/json-scanner.ts'
import type { Answer, AnswerLimits } from './answer.ts'

/** What describes a picture is small; the pictures themselves are limited by their writers. */
const MAX_TEXT_BYTES = 256 * 1024
const MAX_PARTS = 64

export interface Parts {
  /** By name, in order; a name that comes again makes a list of its values. Pictures are `{"$body": k}`. */
  readonly value: Readonly<Record<string, JsonValue>>
  readonly bodies: readonly ScannedBody[]
}

/** Fails with `ScanError`. */
export function consumeMultipart(
  contentType: string,
  { openBody }: Pick<AnswerLimits, 'openBody'>,
  answer: (parts: Parts) => Answer,
): BodyConsumer<Answer> {
  const parser = parserOf(contentType)
  const values: [name: string, value: JsonValue][] = []
  const bodies: ScannedBody[] = []
  const reading: Promise<void>[] = []
  let fault: unknown
  const fail = (error: unknown): void => {
    fault ??= error
    parser.destroy()
  }
  const closed = new Promise<void>((resolve) => parser.once('close', resolve))

  const take = async (at: [string, JsonValue], mediaType: string, stream: AsyncIterable<Uint8Array>): Promise<void> => {
    if (isText(mediaType)) {
      at[1] = parsed(await textOf(stream), mediaType)
      return
    }
    const writer = openBody()
    try {
      for await (const chunk of stream) {
        const waiting = writer.write(chunk)
        if (waiting) await waiting
      }
    } catch (error) {
      await writer.abort()
      throw error
    }
    at[1] = { $body: bodies.push({ body: await writer.end() }) - 1 }
  }
  parser.on('file', (name, stream, { mimeType }) => {
    const at: [string, JsonValue] = [name, null]
    values.push(at)
    reading.push(take(at, mimeType.toLowerCase(), stream).catch(fail))
  })
  parser.on('field', (name, text, { mimeType, valueTruncated }) => {
    if (valueTruncated) return fail(tooLarge())
    try {
      values.push([name, parsed(text, mimeType.toLowerCase())])
    } catch (error) {
      fail(error)
    }
  })
  parser.on('partsLimit', () => fail(tooLarge()))
  parser.on('error', () => fail(new ScanError('truncated', 'The parts are damaged or cut off.')))

  const release = async (): Promise<void> => {
    await Promise.all(reading)
    await Promise.all(bodies.map(({ body }) => body.dispose()))
  }
  return {
    // What arrives may be overwritten by the next chunk while a part still reads it.
    write: (chunk) => written(parser, Buffer.from(chunk), () => fault),
    async end() {
      if (!parser.destroyed) parser.end()
      await closed
      await Promise.all(reading)
      if (fault === undefined) return answer({ value: membersOf(values), bodies })
      await release()
      throw fault
    },
    async abort() {
      fail(new ScanError('truncated', 'The answer broke off.'))
      await release()
    },
  }
}

function parserOf(contentType: string): busboy.Busboy {
  try {
    return busboy({
      headers: { 'content-type': contentType },
      limits: { parts: MAX_PARTS, fieldSize: MAX_TEXT_BYTES, fieldNameSize: 256 },
    })
  } catch {
    throw new ScanError('truncated', 'The parts have no boundary.')
  }
}

/** Settles when the parser, and the part it is in, want more. */
function written(parser: Writable, chunk: Buffer, faultOf: () => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      const fault = faultOf()
      if (fault === undefined) resolve()
      else reject(fault)
    }
    if (parser.destroyed) return settle()
    parser.once('close', settle)
    parser.write(chunk, () => {
      parser.off('close', settle)
      settle()
    })
  })
}

const isJson = (mediaType: string): boolean => mediaType === 'application/json' || mediaType.endsWith('+json')
const isText = (mediaType: string): boolean => isJson(mediaType) || mediaType.startsWith('text/')

const tooLarge = (): ScanError => new ScanError('too_large', 'The parts that are no pictures are too large.')

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > MAX_TEXT_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string, mediaType: string): JsonValue {
  if (!isJson(mediaType)) return text
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    throw new ScanError('invalid_json', 'A part that should be JSON is none.')
  }
}

function membersOf(values: readonly (readonly [string, JsonValue])[]): Record<string, JsonValue> {
  const byName = new Map<string, JsonValue[]>()
  for (const [name, value] of values) byName.set(name, [...(byName.get(name) ?? []), value])
  return Object.fromEntries(
    [...byName].map(([name, [first = null, ...more]]) => [name, more.length > 0 ? [first, ...more] : first]),
  )
}
