/** What a request comes to in the members of Stability's services, wherever they are hosted. */
import type { Candidate } from '../../core/offer.ts'
import type { ImageRequest } from '../../core/request.ts'
import type { Parameters } from '../kit/extra.ts'
import { ratioOf } from '../kit/ratios.ts'
import { megapixelSizes, type StabilityMember, type StabilityModel } from './models.ts'

export function fieldsOf(request: ImageRequest, { settings }: Candidate, model: StabilityModel): Parameters {
  const { takes, promptField = 'prompt', controlStrengthField, hasMode, fixed, files } = model
  const isAfterImage = files.image !== undefined && request.inputs.some(({ role }) => role === 'image')
  const said: Readonly<Record<StabilityMember, Parameters>> = {
    prompt: { [promptField]: request.prompt === '' ? undefined : request.prompt },
    // A picture that is given has a shape of its own.
    aspectRatio: isAfterImage ? {} : { aspect_ratio: ratioOf(megapixelSizes, settings.size) },
    seed: { seed: request.seed },
    negativePrompt: { negative_prompt: request.negativePrompt },
    style: { style_preset: request.style },
    guidance: { cfg_scale: request.guidance },
    strength: isAfterImage ? { strength: request.strength ?? DEFAULT_STRENGTH } : {},
    outpaint: sidesOf(request),
    format: { output_format: settings.format },
  }
  const members = Object.assign({}, ...takes.map((member) => said[member])) as Parameters
  const control = request.inputs.find(({ role }) => role === 'control')
  return {
    ...members,
    ...(hasMode ? { mode: isAfterImage ? 'image-to-image' : 'text-to-image' } : {}),
    ...(controlStrengthField === undefined ? {} : { [controlStrengthField]: control?.controlStrength }),
    ...fixed,
  }
}

/** Required beside an image; the documentation's own examples use it. */
const DEFAULT_STRENGTH = 0.7

function sidesOf({ outpaint }: ImageRequest): Parameters {
  if (!outpaint) return {}
  const sides = { left: outpaint.left, right: outpaint.right, up: outpaint.top, down: outpaint.bottom }
  return Object.fromEntries(Object.entries(sides).filter(([, pixels]) => pixels > 0))
}
