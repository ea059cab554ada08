/** An input image on its way in: spooled once, recognised by its bytes, within the limits. */
import { HalftoneError } from '../core/error.ts'
import { formatSize, type ImageInput, type InputRole } from '../core/request.ts'
import { ForeignFetchError, type ForeignFetcher } from '../net/foreign-fetch.ts'
import { readImageHeader } from '../net/image-header.ts'
import type { Spool, SpooledBody } from '../ports/blob-store.ts'
import type { ServerSettings } from './context.ts'

export interface IncomingImage {
  readonly input: ImageInput
  readonly body: SpooledBody
}

const accepted: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif'])

/** Check a spooled body; on refusal it is disposed. `param` names it to the client. */
export async function toIncomingImage(
  body: SpooledBody,
  role: InputRole,
  param: string,
  settings: ServerSettings,
  filename?: string,
): Promise<IncomingImage> {
  try {
    if (body.bytes === 0) throw new HalftoneError('invalid_image', `"${param}" is empty.`, { param })
    const header = readImageHeader(body.head)
    if (!header || !accepted.has(header.mediaType) || header.width === 0) {
      throw new HalftoneError('invalid_image', `"${param}" is not a PNG, JPEG, WebP or GIF image.`, { param })
    }
    if (header.width * header.height > settings.maxImagePixels) {
      throw new HalftoneError(
        'image_too_large',
        `"${param}" has ${formatSize(header)} pixels; at most ${settings.maxImagePixels} are taken.`,
        { param },
      )
    }
    if (role === 'mask' && header.mediaType !== 'image/png') {
      throw new HalftoneError('invalid_image', 'A mask must be a PNG whose transparent pixels are edited.', { param })
    }
    const input = {
      role,
      sha256: body.sha256,
      bytes: body.bytes,
      mediaType: header.mediaType,
      width: header.width,
      height: header.height,
    }
    return { input: filename === undefined ? input : { ...input, filename }, body }
  } catch (error) {
    await body.dispose()
    throw error
  }
}

/** Fetch an `image_url`: public addresses only, once, into the spool. */
export async function fetchIncomingImage(
  url: string,
  role: InputRole,
  param: string,
  io: {
    readonly foreign: ForeignFetcher
    readonly spool: Spool
    readonly signal: AbortSignal
    readonly settings: ServerSettings
  },
): Promise<IncomingImage> {
  const { body } = await io.foreign.fetch(url, { spool: io.spool, signal: io.signal }).catch((error: unknown) => {
    if (!(error instanceof ForeignFetchError)) throw error
    throw new HalftoneError('invalid_image_url', `"${param}": ${error.message}`, { param, cause: error })
  })
  return toIncomingImage(body, role, param, io.settings)
}
