/** The image library, loaded on first use: a gateway that only passes images on never pays for it. */
import { HalftoneError } from '../core/error.ts'
import type { OutputFormat } from '../core/request.ts'

type SharpModule = typeof import('sharp')['default']
export type SharpImage = import('sharp').Sharp

/** Formats the steps read and write. */
const rasterFormats = ['png', 'jpeg', 'webp', 'gif'] as const satisfies readonly OutputFormat[]
type RasterFormat = (typeof rasterFormats)[number]

/** Images with more pixels are refused before they are decoded. */
export const DEFAULT_MAX_PIXELS = 64_000_000

async function loadSharp(): Promise<SharpModule> {
  try {
    const { default: sharp } = await import('sharp')
    // Its cache of decoded images would hold up to 50 MB for pictures that are never seen twice.
    sharp.cache(false)
    return sharp
  } catch (cause) {
    const message = 'Image steps need the library "sharp", which could not be loaded; run npm install on this machine.'
    throw new HalftoneError('internal_error', message, { cause })
  }
}

/**
 * Open an image for decoding. Throws `invalid_image` when the bytes are not PNG, JPEG, WebP or GIF and `image_too_large` when
 * the header announces more than `maxPixels`, before a pixel is decoded.
 */
export async function openImage(
  bytes: Uint8Array,
  maxPixels = DEFAULT_MAX_PIXELS,
): Promise<{ image: SharpImage; header: ImageHeader }> {
  const header = await readImageHeader(bytes, maxPixels)
  const sharp = await loadSharp()
  return { image: sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error', sequentialRead: true }), header }
}

export interface ImageHeader {
  readonly format: RasterFormat
  /** As shown: after the orientation in its metadata. */
  readonly width: number
  readonly height: number
  readonly hasAlpha: boolean
  /** Frames of an animation; 1 for a still. */
  readonly frames: number
}

export async function readImageHeader(bytes: Uint8Array, maxPixels: number): Promise<ImageHeader> {
  const format = sniffFormat(bytes)
  // Told apart by their first bytes, so that the library's readers for SVG and documents never see a stranger's file.
  if (!format) throw new HalftoneError('invalid_image', 'This is not a PNG, JPEG, WebP or GIF file.')
  const sharp = await loadSharp()
  const metadata = await sharp(bytes, { limitInputPixels: false, pages: -1 }).metadata().catch(asInvalidImage)
  const frames = metadata.pages ?? 1
  const height = metadata.pageHeight ?? metadata.height
  if (metadata.width * height * frames > maxPixels) {
    const size = `${metadata.width}x${height}${frames > 1 ? ` in ${frames} frames` : ''}`
    throw new HalftoneError('image_too_large', `The image has ${size} pixels; the limit is ${maxPixels}.`)
  }
  const turned = (metadata.orientation ?? 1) >= 5
  const size = turned ? { width: height, height: metadata.width } : { width: metadata.width, height }
  return { format, ...size, hasAlpha: metadata.hasAlpha, frames }
}

export function asInvalidImage(cause: unknown): never {
  if (cause instanceof HalftoneError) throw cause
  throw new HalftoneError('invalid_image', 'The image could not be decoded.', { cause })
}

const signatures: Readonly<Record<RasterFormat, (text: string) => boolean>> = {
  png: (text) => text.startsWith('\x89PNG\r\n\x1a\n'),
  jpeg: (text) => text.startsWith('\xff\xd8\xff'),
  webp: (text) => text.startsWith('RIFF') && text.startsWith('WEBP', 8),
  gif: (text) => text.startsWith('GIF87a') || text.startsWith('GIF89a'),
}

function sniffFormat(bytes: Uint8Array): RasterFormat | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 12))
  return rasterFormats.find((format) => signatures[format](start))
}

/** All bytes of a body in one piece, as the library takes them; no copy when they are in one piece already. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const found: Uint8Array[] = []
  // A spool may read into the same buffer again.
  for await (const chunk of chunks) found.push(Buffer.from(chunk))
  const [only] = found
  return only && found.length === 1 ? only : Buffer.concat(found)
}
