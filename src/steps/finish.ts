/** From the picture that was bought to the one that was asked for: flattened, resized and converted in one pass. */
import { HalftoneError } from '../core/error.ts'
import { type ConvertibleFormat, convertibleFormats, type FinishingStep } from '../core/finishing.ts'
import { formatSize, type Size } from '../core/request.ts'
import type { Step } from '../ports/step.ts'
import { asInvalidImage, DEFAULT_MAX_PIXELS, type ImageHeader, openImage, readAll, type SharpImage } from './sharp.ts'
import { spoolBytes } from './thumbnail.ts'

export interface FinishOptions {
  /** Done in this order; those that the picture does not need are left out. */
  readonly steps: readonly FinishingStep[]
  readonly maxPixels?: number
}

/** Decoding and encoding of one picture, in the library's own threads; above it the picture stays as it was. */
const TIMEOUT_SECONDS = 20
const DEFAULT_QUALITY = 90
const WHITE = '#ffffff'

/**
 * A picture that needs none of the steps is returned as it is, to the byte: its provenance marks stay. A changed one is upright and
 * carries no metadata. Animations are refused rather than cut to a frame, and nothing is enlarged beyond what its step allows.
 */
export const finish: Step<FinishOptions> = {
  id: 'finish',
  async run(input, { steps, maxPixels = DEFAULT_MAX_PIXELS }, { spool, signal }) {
    signal.throwIfAborted()
    const { image, header } = await openImage(await readAll(input.body.open()), maxPixels)
    const { width, height, format } = header
    const needed = steps.filter((step) => isNeeded(step, header))
    if (needed.length === 0) return { body: input.body, format, size: { width, height } }
    if (header.frames > 1) throw new HalftoneError('invalid_image', `An animation of ${header.frames} frames cannot be changed.`)
    const target = needed.findLast((step) => step.kind === 'convert')
    // Around a picture with transparency there is nothing; around any other there is paper.
    const around = header.hasAlpha && !needed.some(({ kind }) => kind === 'flatten') ? '#ffffff00' : WHITE
    const limits = { header, maxPixels, around }
    const changed = needed.reduce((before, step) => apply(before, step, limits), image.rotate())
    const made = target?.format ?? keptFormat(header)
    const { data, info } = await encoders[made](changed, target?.quality ?? DEFAULT_QUALITY)
      .timeout({ seconds: TIMEOUT_SECONDS })
      .toBuffer({ resolveWithObject: true })
      .catch(asInvalidImage)
    signal.throwIfAborted()
    return { body: await spoolBytes(spool, data), format: made, size: { width: info.width, height: info.height } }
  },
}

function isNeeded(step: FinishingStep, header: ImageHeader): boolean {
  switch (step.kind) {
    case 'flatten':
      return header.hasAlpha
    case 'resize':
      return formatSize(step.size) !== formatSize(header)
    case 'convert':
      return step.format !== header.format
  }
}

interface Limits {
  readonly header: ImageHeader
  readonly maxPixels: number
  /** What a padded picture stands on. */
  readonly around: string
}

function apply(image: SharpImage, step: FinishingStep, { header, maxPixels, around }: Limits): SharpImage {
  switch (step.kind) {
    case 'flatten':
      return image.flatten({ background: WHITE })
    case 'resize':
      checkResize(step, header, maxPixels)
      return image.resize(step.size.width, step.size.height, {
        fit: step.fit,
        kernel: 'lanczos3',
        background: around,
      })
    case 'convert':
      return image
  }
}

/** What came back may be smaller than what was bought: an enlargement that nobody allowed is no service. */
function checkResize(
  { size, fit, enlarge = 1 }: Extract<FinishingStep, { kind: 'resize' }>,
  header: Size,
  maxPixels: number,
): void {
  const pick = fit === 'contain' ? Math.min : Math.max
  const factor = pick(size.width / header.width, size.height / header.height)
  if (factor > enlarge * 1.02)
    throw new HalftoneError('invalid_image', `A picture of ${formatSize(header)} is too small for ${formatSize(size)}.`)
  if (size.width * size.height > maxPixels)
    throw new HalftoneError('image_too_large', `${formatSize(size)} is more than ${maxPixels} pixels.`)
}

function keptFormat({ format }: ImageHeader): ConvertibleFormat {
  const kept = convertibleFormats.find((known) => known === format)
  if (!kept) throw new HalftoneError('invalid_image', `A ${format} file cannot be changed without another format.`)
  return kept
}

const encoders: Readonly<Record<ConvertibleFormat, (image: SharpImage, quality: number) => SharpImage>> = {
  png: (image) => image.png({ compressionLevel: 6 }),
  // It has no transparency and gets white.
  jpeg: (image, quality) => image.flatten({ background: WHITE }).jpeg({ quality }),
  webp: (image, quality) => image.webp({ quality }),
}
