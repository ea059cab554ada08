/** What can be done to a picture here so that an offer which cannot make it as asked can serve all the same. Pure. */
import type { Capabilities } from '../capability.ts'
import { type ConvertibleFormat, convertibleFormats, type FinishingStep } from '../finishing.ts'
import type { ImageRequest, OutputFormat } from '../request.ts'

/** Partial pictures go to the client as they come: a last one in another size or format would not continue them. */
export const mayFinish = ({ stream, partialImages }: ImageRequest): boolean => !stream || partialImages === 0

interface Conversion {
  /** The format to buy. */
  readonly from: ConvertibleFormat
  readonly step: Extract<FinishingStep, { kind: 'convert' }>
}

const isConvertible = (format: OutputFormat): format is ConvertibleFormat => convertibleFormats.some((known) => known === format)

/** Undefined when the offer makes the format itself, or makes none that could become it. */
export function conversion(
  { formats }: Capabilities,
  { background, outputCompression }: ImageRequest,
  wanted: OutputFormat,
): Conversion | undefined {
  if (formats.includes(wanted) || !isConvertible(wanted)) return undefined
  // From the least lossy one. What must be transparent cannot come from a format without transparency, nor go to one.
  const from = (['png', 'webp', 'jpeg'] as const).find(
    (format) => formats.includes(format) && !(background === 'transparent' && format === 'jpeg'),
  )
  if (!from || (background === 'transparent' && wanted === 'jpeg')) return undefined
  const quality = wanted === 'png' || outputCompression === undefined ? undefined : Math.max(outputCompression, 1)
  return { from, step: { kind: 'convert', format: wanted, ...(quality !== undefined && { quality }) } }
}
