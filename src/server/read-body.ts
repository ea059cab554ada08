/** Request bodies: JSON through the scanner, multipart through busboy, both counted by the bytes that arrive. */
import type { IncomingMessage } from 'node:http'
import busboy from 'busboy'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { InputRole } from '../core/request.ts'
import { bodyIndexOf, createJsonScanner, ScanError, type ScannedBody } from '../net/json-scanner.ts'
import type { Spool, SpooledBody } from '../ports/blob-store.ts'
import { checkedJson } from './checked-json.ts'
import type { ServerSettings } from './context.ts'

/** A parsed body: parameters by name, and images in the order they came, not yet looked at. */
export interface ReadBody {
  readonly parameters: JsonObject
  readonly images: readonly RawImage[]
}

export interface RawImage {
  readonly role: InputRole
  /** As the client would recognise it: `image`, `images[1].image_url`, `mask`. */
  readonly param: string
  readonly source:
    | { readonly kind: 'body'; readonly body: SpooledBody; readonly filename?: string }
    | { readonly kind: 'url'; readonly url: string }
}

export interface ReadBodyOptions {
  readonly spool: Spool
  readonly settings: ServerSettings
}

const MAX_PARAMETER_BYTES = 1024 * 1024
const MAX_FILES = 20
const MAX_FIELDS = 200

/** Read the body by its content type. Everything spooled is disposed when reading fails. */
export function readBody(raw: IncomingMessage, multipart: boolean, options: ReadBodyOptions): Promise<ReadBody> {
  const type = (raw.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'multipart/form-data' && multipart) return readMultipart(raw, options)
  if (type === 'application/json' || type.endsWith('+json')) return readJsonWithImages(raw, options)
  const wanted = multipart ? 'multipart/form-data or application/json' : 'application/json'
  throw new HalftoneError('unsupported_content_type', `Content-Type is "${type || 'missing'}"; send ${wanted}.`)
}

/** A JSON object of a path that takes no images. `maxBytes` is small. */
export async function readJson(raw: IncomingMessage, maxBytes = MAX_PARAMETER_BYTES): Promise<JsonValue> {
  const type = (raw.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw new HalftoneError('unsupported_content_type', `Content-Type is "${type || 'missing'}"; send application/json.`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunksOf(raw)) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return checkedJson(parseJson(Buffer.concat(chunks).toString('utf8')))
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (cause) {
    throw new HalftoneError('invalid_json', 'The body is not valid JSON.', { cause })
  }
}

/** Breaking off leaves the socket open: the refusal still has to go out on it. */
async function* chunksOf(raw: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) yield chunk
  } catch (cause) {
    throw new HalftoneError('cancelled', 'The connection was closed before the body was complete.', { cause })
  }
}

const tooLarge = (limit: number): HalftoneError => new HalftoneError('body_too_large', `The body is larger than ${limit} bytes.`)

async function readJsonWithImages(raw: IncomingMessage, { spool, settings }: ReadBodyOptions): Promise<ReadBody> {
  const scanner = createJsonScanner({
    openBody: () => spool.create({ maxBytes: settings.maxImageBytes, tooLargeCode: 'image_too_large' }),
    textKeys: new Set(['prompt', 'negative_prompt']),
    maxSkeletonBytes: MAX_PARAMETER_BYTES,
    maxBodies: MAX_FILES,
  })
  try {
    let bytes = 0
    for await (const chunk of chunksOf(raw)) {
      bytes += chunk.length
      if (bytes > settings.maxBodyBytes) throw tooLarge(settings.maxBodyBytes)
      const waiting = scanner.write(chunk)
      if (waiting) await waiting
    }
    const { value, bodies } = await scanner.end()
    return takeImages(checkedJson(value), bodies)
  } catch (error) {
    await scanner.abort()
    throw fromScan(error)
  }
}

function fromScan(error: unknown): unknown {
  if (!(error instanceof ScanError)) return error
  if (error.kind === 'malformed_base64')
    return new HalftoneError('invalid_image', `An image in the body is not valid base64: ${error.message}.`, { cause: error })
  if (error.kind === 'too_large')
    return new HalftoneError('body_too_large', 'The parameters are larger than 1 MiB.', { cause: error })
  return new HalftoneError('invalid_json', `The body is not valid JSON: ${error.message}.`, { cause: error })
}

/** Separate the images from the parameters; what stays in `image_url` is for the schema to look at. */
function takeImages(value: JsonValue, bodies: readonly ScannedBody[]): ReadBody {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HalftoneError('invalid_json', 'The body must be a JSON object.')
  const images: RawImage[] = []
  const taken = new Set<number>()
  const take = (reference: JsonValue | undefined, role: InputRole, param: string): JsonValue | undefined => {
    if (typeof reference !== 'object' || reference === null || Array.isArray(reference)) return reference
    const fields = reference as JsonObject
    const url = fields['image_url']
    const index = bodyIndexOf(url)
    const scanned = index === undefined ? undefined : bodies[index]
    if (index !== undefined && scanned) {
      taken.add(index)
      images.push({ role, param: `${param}.image_url`, source: { kind: 'body', body: scanned.body } })
      return { ...fields, image_url: 'data:' }
    }
    if (typeof url === 'string') {
      if (url.startsWith('data:'))
        throw new HalftoneError('invalid_image', `"${param}.image_url" is a data: URL without a base64 image.`, { param })
      images.push({ role, param: `${param}.image_url`, source: { kind: 'url', url } })
    } else if (typeof fields['file_id'] === 'string') {
      throw new HalftoneError('file_id_unsupported', `"${param}.file_id" cannot be used: /v1/files is not available yet.`, {
        param: `${param}.file_id`,
      })
    }
    return reference
  }
  const object = value as JsonObject
  const list = object['images']
  const parameters: Record<string, JsonValue | undefined> = { ...object }
  if (Array.isArray(list))
    parameters['images'] = list.map((reference: JsonValue, index) => take(reference, 'image', `images[${index}]`) ?? null)
  if ('mask' in object) parameters['mask'] = take(object['mask'], 'mask', 'mask')
  if ('markup' in object) parameters['markup'] = take(object['markup'], 'markup', 'markup')
  if ('control_image' in object) parameters['control_image'] = take(object['control_image'], 'control', 'control_image')
  if (bodies.some((_, index) => !taken.has(index))) {
    throw new HalftoneError(
      'invalid_value',
      'The body carries image data in a place that takes none; images go into images[].image_url, mask, markup or control_image.',
    )
  }
  return { parameters, images }
}

const fileRoles: ReadonlyMap<string, InputRole> = new Map([
  ['image', 'image'],
  ['image[]', 'image'],
  ['mask', 'mask'],
  ['markup', 'markup'],
  ['control', 'control'],
])

function readMultipart(raw: IncomingMessage, { spool, settings }: ReadBodyOptions): Promise<ReadBody> {
  // No prototype: a field may have any name.
  const fields: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>
  const files: Promise<RawImage>[] = []
  let bytes = 0
  const parser = createParser(raw)
  return new Promise<ReadBody>((resolve, reject) => {
    let failed: unknown
    const fail = (error: unknown): void => {
      if (failed) return
      failed = error
      raw.unpipe(parser)
      raw.resume()
      parser.destroy()
      const forget = async (): Promise<void> => {
        const settled = await Promise.allSettled(files)
        await Promise.all(settled.map((file) => (file.status === 'fulfilled' ? disposeRaw(file.value) : undefined)))
      }
      forget().then(
        () => reject(error),
        () => reject(error),
      )
    }
    raw.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > settings.maxBodyBytes) fail(tooLarge(settings.maxBodyBytes))
    })
    raw.once('aborted', () => fail(new HalftoneError('invalid_multipart', 'The body ended before its last boundary.')))
    raw.once('error', (cause) => fail(new HalftoneError('invalid_multipart', 'The body could not be read.', { cause })))
    parser.on('field', (name, value, info) => {
      if (info.valueTruncated || info.nameTruncated)
        return fail(
          new HalftoneError('body_too_large', `"${name.slice(0, 64)}" is larger than 1 MiB.`, { param: name.slice(0, 64) }),
        )
      fields[name] = value
    })
    parser.on('file', (name, stream, info) => {
      const role = fileRoles.get(name)
      if (!role || failed) {
        stream.on('error', () => undefined).resume()
        // The rest of a chunk is still parsed after a refusal; nothing of it may be spooled any more.
        return fail(
          new HalftoneError(
            'unknown_parameter',
            `Unknown file "${name.slice(0, 64)}": send image, image[], mask, markup or control.`,
            {
              param: name.slice(0, 64),
            },
          ),
        )
      }
      const file = spoolFile(stream, spool, settings, { name, role, filename: info.filename })
      file.catch(fail)
      files.push(file)
    })
    parser.once('filesLimit', () =>
      fail(new HalftoneError('invalid_value', `At most ${MAX_FILES} files are taken.`, { param: 'image' })),
    )
    parser.once('fieldsLimit', () => fail(new HalftoneError('invalid_value', `At most ${MAX_FIELDS} fields are taken.`)))
    // More than once: taking the parser down is itself an error to it.
    parser.on('error', (cause) =>
      fail(new HalftoneError('invalid_multipart', 'The multipart body is damaged or cut off.', { cause })),
    )
    parser.once('close', () => {
      if (failed) return
      Promise.all(files)
        .then((images) => resolve({ parameters: checkedJson(fields), images }))
        .catch(fail)
    })
    raw.pipe(parser)
  })
}

function createParser(raw: IncomingMessage): busboy.Busboy {
  try {
    return busboy({
      headers: raw.headers,
      limits: { fieldSize: MAX_PARAMETER_BYTES, fields: MAX_FIELDS, files: MAX_FILES, fieldNameSize: 256 },
    })
  } catch (cause) {
    throw new HalftoneError('invalid_multipart', 'multipart/form-data needs a boundary in its Content-Type.', { cause })
  }
}

async function spoolFile(
  stream: AsyncIterable<Buffer> & { truncated?: boolean },
  spool: Spool,
  settings: ServerSettings,
  file: { readonly name: string; readonly role: InputRole; readonly filename: string | undefined },
): Promise<RawImage> {
  const writer = spool.create({ maxBytes: settings.maxImageBytes, tooLargeCode: 'image_too_large' })
  try {
    for await (const chunk of stream) {
      const waiting = writer.write(chunk)
      if (waiting) await waiting
    }
    const body = await writer.end()
    // Names go into an outgoing header: only what needs no quoting there.
    const filename = file.filename?.replace(/[^\w.-]+/g, '_').slice(-64)
    return { role: file.role, param: file.name.replace('[]', ''), source: { kind: 'body', body, ...(filename && { filename }) } }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

const disposeRaw = async ({ source }: RawImage): Promise<void> => {
  if (source.kind === 'body') await source.body.dispose()
}

/** Give back what was spooled, when the request is refused after reading. */
export const disposeImages = async (images: readonly RawImage[]): Promise<void> => {
  await Promise.all(images.map(disposeRaw))
}
