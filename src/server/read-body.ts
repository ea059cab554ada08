/** Request bodies: JSON through the scanner, multipart through busboy, both counted by the bytes that arrive. */
import type { IncomingMessage } from 'node:http'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { InputRole } from '../core/request.ts'
import { bodyIndexOf, createJsonScanner, ScanError, type ScannedBody, type ScannedJson } from '../net/json-scanner.ts'
import type { Spool, SpooledBody } from '../ports/blob-store.ts'
import { checkedJson } from './checked-json.ts'
import type { ServerSettings } from './context.ts'
import { readForm } from './read-form.ts'

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
    /** An upload of before. */
    | { readonly kind: 'file'; readonly id: string }
}

export interface ReadBodyOptions {
  readonly spool: Spool
  readonly settings: ServerSettings
}

const MAX_PARAMETER_BYTES = 1024 * 1024
const MAX_FILES = 20

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
export async function* chunksOf(raw: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) yield chunk
  } catch (cause) {
    throw new HalftoneError('cancelled', 'The connection was closed before the body was complete.', { cause })
  }
}

const tooLarge = (limit: number): HalftoneError => new HalftoneError('body_too_large', `The body is larger than ${limit} bytes.`)

async function readJsonWithImages(raw: IncomingMessage, options: ReadBodyOptions): Promise<ReadBody> {
  const { value, bodies } = await scanJson(chunksOf(raw), { ...options, maxBytes: options.settings.maxBodyBytes })
  return takeImages(value, bodies)
}

/** JSON from wherever its bytes come, its images spooled. Nothing is left behind when that fails. */
export async function scanJson(
  chunks: AsyncIterable<Uint8Array>,
  { spool, settings, maxBytes }: ReadBodyOptions & { readonly maxBytes: number },
): Promise<ScannedJson> {
  const scanner = createJsonScanner({
    openBody: () => spool.create({ maxBytes: settings.maxImageBytes, tooLargeCode: 'image_too_large' }),
    textKeys: new Set(['prompt', 'negative_prompt']),
    maxSkeletonBytes: MAX_PARAMETER_BYTES,
    maxBodies: MAX_FILES,
  })
  try {
    let bytes = 0
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      const waiting = scanner.write(chunk)
      if (waiting) await waiting
    }
    const { value, bodies } = await scanner.end()
    return { value: checkedJson(value), bodies }
  } catch (error) {
    await scanner.abort()
    throw fromScan(error)
  }
}

function fromScan(error: unknown): unknown {
  if (!(error instanceof ScanError)) return error
  if (error.kind === 'malformed_base64')
    return new HalftoneError('invalid_image', `An image in the body is not valid base64: ${error.message.replace(/\.$/, '')}.`, {
      cause: error,
    })
  if (error.kind === 'too_large')
    return new HalftoneError('body_too_large', 'The parameters are larger than 1 MiB.', { cause: error })
  return new HalftoneError('invalid_json', `The body is not valid JSON: ${error.message.replace(/\.$/, '')}.`, { cause: error })
}

/** Separate the images from the parameters, or refuse them and dispose what was spooled. */
export async function takeImages(value: JsonValue | undefined, bodies: readonly ScannedBody[]): Promise<ReadBody> {
  try {
    return separated(value, bodies)
  } catch (error) {
    await Promise.all(bodies.map(({ body }) => body.dispose()))
    throw error
  }
}

/** What stays in `image_url` is for the schema to look at. */
function separated(value: JsonValue | undefined, bodies: readonly ScannedBody[]): ReadBody {
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
      images.push({ role, param: `${param}.file_id`, source: { kind: 'file', id: fields['file_id'] } })
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

async function readMultipart(raw: IncomingMessage, { spool, settings }: ReadBodyOptions): Promise<ReadBody> {
  const { fields, files } = await readForm(raw, {
    spool,
    maxBodyBytes: settings.maxBodyBytes,
    maxFileBytes: settings.maxImageBytes,
    tooLargeCode: 'image_too_large',
    maxFiles: MAX_FILES,
    tooManyParam: 'image',
    refuse: (name) => (fileRoles.has(name) ? undefined : 'send image, image[], mask, markup or control'),
  })
  const images = files.map(({ name, body, filename }): RawImage => {
    // Refused above unless it has one.
    const role = fileRoles.get(name) ?? 'image'
    return { role, param: name.replace('[]', ''), source: { kind: 'body', body, ...(filename && { filename }) } }
  })
  return { parameters: fields, images }
}

const disposeRaw = async ({ source }: RawImage): Promise<void> => {
  if (source.kind === 'body') await source.body.dispose()
}

/** Give back what was spooled, when the request is refused after reading. */
export const disposeImages = async (images: readonly RawImage[]): Promise<void> => {
  await Promise.all(images.map(disposeRaw))
}
