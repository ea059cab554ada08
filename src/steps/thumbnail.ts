/** A small WebP picture of an image, for lists and the dashboard. */
import type { Spool } from '../ports/blob-store.ts'
import type { Step } from '../ports/step.ts'
import { asInvalidImage, DEFAULT_MAX_PIXELS, openImage, readAll } from './sharp.ts'

const THUMBNAIL_EDGE = 320
const QUALITY = 76

export interface ThumbnailOptions {
  /** Longest edge in pixels; smaller images are not enlarged. */
  readonly edge?: number
  readonly maxPixels?: number
}

export interface Thumbnail {
  readonly bytes: Uint8Array
  readonly width: number
  readonly height: number
}

/** Throws `invalid_image` or `image_too_large`. */
export async function makeThumbnail(
  source: AsyncIterable<Uint8Array>,
  { edge = THUMBNAIL_EDGE, maxPixels = DEFAULT_MAX_PIXELS }: ThumbnailOptions = {},
): Promise<Thumbnail> {
  const { image } = await openImage(await readAll(source), maxPixels)
  const { data, info } = await image
    .rotate()
    .resize(edge, edge, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY, effort: 1 })
    .toBuffer({ resolveWithObject: true })
    .catch(asInvalidImage)
  return { bytes: data, width: info.width, height: info.height }
}

export const thumbnail: Step<ThumbnailOptions> = {
  id: 'thumbnail',
  async run(input, options, { spool, signal }) {
    signal.throwIfAborted()
    const { bytes, width, height } = await makeThumbnail(input.body.open(), options)
    signal.throwIfAborted()
    return { body: await spoolBytes(spool, bytes), format: 'webp', size: { width, height } }
  },
}

export async function spoolBytes(spool: Spool, bytes: Uint8Array): ReturnType<ReturnType<Spool['create']>['end']> {
  const writer = spool.create({ maxBytes: bytes.byteLength })
  await writer.write(bytes)
  return writer.end()
}
