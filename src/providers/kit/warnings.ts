/** Warnings that several codecs give in the same words. */
import type { Candidate, Warning } from '../../core/offer.ts'
import type { ImageRequest } from '../../core/request.ts'

/** For edits whose picture takes the shape of its input, where the client asked for another. */
export function shapeFollowsInput({ size, aspectRatio }: ImageRequest): readonly Warning[] {
  if (!size && !aspectRatio) return []
  const message = 'The provider gives an edited picture the shape of its input; the size asked for could not be sent.'
  return [{ code: 'parameter_ignored', param: size ? 'size' : 'aspect_ratio', message }]
}

/** Without an image there is nothing to leave. */
export const strengthIgnored = ({ strength, inputs }: ImageRequest, { offer }: Candidate): readonly Warning[] =>
  strength !== undefined && offer.capabilities.parameters.includes('strength') && !inputs.some(({ role }) => role === 'image')
    ? [{ code: 'parameter_ignored', param: 'strength', message: 'strength was left out: there is no image.' }]
    : []
