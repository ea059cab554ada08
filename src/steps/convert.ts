/** The same picture in another file format. */
import { HalftoneError } from '../core/error.ts'
import type { Step } from '../ports/step.ts'
import { asInvalidImage, DEFAULT_MAX_PIXELS, openImage, readAll, type SharpImage } from './sharp.ts'
import { spoolBytes } from './thumbnail.ts'

export interface ConvertOptions {
  readonly format: 'png' | 'jpeg' | 'webp'
  /** 1..100 for jpeg and webp; 90 by default. */
  readonly quality?: number
  readonly maxPixels?: number
}

/**
 * An image that already has the format is returned as it is, to the byte: its provenance marks stay. A converted one is
 * upright and carries no metadata; jpeg has no transparency and gets white. Animations are refused rather than cut to a frame.
 */
export const convert: Step<ConvertOptions> = {
  id: 'convert',
  async run(input, { format, quality = 90, maxPixels = DEFAULT_MAX_PIXELS }, { spool, signal }) {
    signal.throwIfAborted()
    const { image, header } = await openImage(await readAll(input.body.open()), maxPixels)
    const { width, height } = header
    if (header.format === format) return { body: input.body, format, size: { width, height } }
    if (header.frames > 1)
      throw new HalftoneError('invalid_image', `An animation of ${header.frames} frames cannot become ${format}.`)
    const { data, info } = await encoders[format](image.rotate(), quality)
      .toBuffer({ resolveWithObject: true })
      .catch(asInvalidImage)
    signal.throwIfAborted()
    return { body: await spoolBytes(spool, data), format, size: { width: info.width, height: info.height } }
  },
}

const encoders: Readonly<Record<ConvertOptions['format'], (image: SharpImage, quality: number) => SharpImage>> = {
  png: (image) => image.png({ compressionLevel: 6 }),
  jpeg: (image, quality) => image.flatten({ background: '#ffffff' }).jpeg({ quality }),
  webp: (image, quality) => image.webp({ quality }),
}
