/** Is this upload really an image? Asked before anything is paid for. */
import type { SpooledBody } from '../ports/blob-store.ts'
import { asInvalidImage, DEFAULT_MAX_PIXELS, type ImageHeader, openImage, readAll, readImageHeader } from './sharp.ts'

export interface ProbeOptions {
  /** Width x height x frames. */
  readonly maxPixels?: number
  /** Decode every pixel, too, in little memory: finds files that are cut short. About 10 ms per megapixel, off the main thread. */
  readonly decode?: boolean
}

/**
 * Read an image's header, and its pixels where asked. Throws `invalid_image` (another format, broken) or `image_too_large`
 * (more pixels than `maxPixels`, found before anything is decoded).
 */
export async function decodeProbe(
  body: SpooledBody,
  { maxPixels = DEFAULT_MAX_PIXELS, decode = false }: ProbeOptions = {},
): Promise<ImageHeader> {
  const bytes = await readAll(body.open())
  if (!decode) return readImageHeader(bytes, maxPixels)
  const { image, header } = await openImage(bytes, maxPixels)
  await image.resize(1, 1, { kernel: 'nearest', fastShrinkOnLoad: false }).raw().toBuffer().catch(asInvalidImage)
  return header
}
