/** Masks in the conventions of other APIs than OpenAI's, where the alpha channel says what to edit. */
import { HalftoneError } from '../../core/error.ts'
import type { ImageInput } from '../../core/request.ts'
import type { MaskTransform } from '../define-provider.ts'

/** Far above what any provider edits; a small file that unpacks to more is refused before its pixels are read. */
const MAX_MASK_PIXELS = 64 * 1024 * 1024

/**
 * The mask as a grey PNG without alpha: what is transparent becomes white (or black), what is opaque the other. Softness is
 * kept unless the transform is a hard one. Throws `invalid_image` for a mask without alpha, which would mean "edit nothing".
 */
export async function convertMask(
  input: ImageInput,
  content: AsyncIterable<Uint8Array>,
  transform: MaskTransform,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  const { default: sharp } = await import('sharp')
  const image = sharp(Buffer.concat(chunks), { limitInputPixels: MAX_MASK_PIXELS, failOn: 'error' })
  try {
    const { hasAlpha } = await image.metadata()
    if (!hasAlpha) {
      const message = 'The mask has no alpha channel: transparent pixels say where to edit.'
      throw new HalftoneError('invalid_image', message, { param: input.role })
    }
    const alpha = image.extractChannel('alpha').negate(transform.startsWith('white'))
    // A half opaque pixel is kept, whichever colour that is.
    if (transform.endsWith('-hard')) alpha.threshold(128)
    return await alpha.toColourspace('b-w').png().toBuffer()
  } catch (error) {
    if (error instanceof HalftoneError) throw error
    throw new HalftoneError('invalid_image', 'The mask could not be decoded.', { param: input.role, cause: error })
  }
}
