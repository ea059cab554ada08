/** Together: one call for every model, in a dialect of the Images API with `width`, `height` and links or data URLs of pictures. */
import type { JsonObject } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { type Decoded, defineProvider, type Encoded, inputReference, type Probe } from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { imageKeys } from './openai-dialect/answer.ts'
import { decodeImages } from './openai-dialect/images-api.ts'
import { decodeModelList } from './openai-dialect/probe.ts'
import { type PictureMember, type TogetherModel, togetherModels } from './together/models.ts'

const id = 'together'

/** Members that were priced or carry pictures. */
const reserved: ReadonlySet<string> = new Set([
  ...['width', 'height', 'aspect_ratio', 'steps', 'n', 'response_format', 'output_format'],
  ...['image_url', 'image_base64', 'condition_image', 'reference_images', 'frame_images'],
])

export const together = defineProvider({
  id,
  baseUrl: 'https://api.together.ai/v1',
  keyVariables: ['TOGETHER_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: imageKeys,
  facts: {
    refusals: 'the safety checker is documented, what it costs is not: unknown',
    documentation: 'https://docs.together.ai/reference/post-images-generations',
  },

  offers: (config) => offersOf(config, id, togetherModels),

  encode(request, candidate): Encoded {
    const ours = { ...parametersOf(request, candidate), ...picturesOf(request, knownAs(candidate)?.pictures) }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    const path = '/images/generations'
    return { call: { method: 'POST', path, body: { kind: 'json', value: parameters }, accept: 'json', stream: false }, warnings }
  },

  decode(response): Decoded {
    const decoded = decodeImages(response)
    return decoded.kind === 'failed' ? { ...decoded, failure: reworded(decoded.failure) } : decoded
  },

  probe: (): Probe => ({ call: lookUp('/models'), decode: decodeModelList }),
})

const knownAs = ({ offer }: Candidate): TogetherModel | undefined =>
  togetherModels.find(({ wireModel }) => wireModel === offer.wireModel)

function parametersOf(request: ImageRequest, { offer, settings }: Candidate): Parameters {
  return {
    model: offer.wireModel,
    prompt: request.prompt,
    // Google's models refuse even a count of one.
    n: offer.capabilities.maxN > 1 ? settings.n : undefined,
    width: settings.size.width,
    height: settings.size.height,
    steps: settings.steps,
    seed: request.seed,
    negative_prompt: request.negativePrompt,
    guidance_scale: request.guidance,
    output_format: settings.format,
    response_format: 'base64',
  }
}

function picturesOf({ inputs }: ImageRequest, member: PictureMember = 'reference_images'): Parameters {
  const pictures: JsonObject[] = inputs.map((_, index) => inputReference(index, { dataUrl: true }))
  const [first] = pictures
  if (!first) return {}
  return { [member]: member === 'image_url' ? first : pictures }
}

/** The checker has no code of its own; its message is all there is. A prompt that is too long is told with 403. */
function reworded(found: AttemptFailure): AttemptFailure {
  if (found.code === 'provider_auth' && /token count|context length/i.test(found.message))
    return { ...found, code: 'provider_rejected' }
  if (found.code !== 'provider_rejected' || !/nsfw|safety (?:checker|filter)|unsafe content/i.test(found.message)) return found
  return failure('content_refused', found.message, 'unknown', { stage: 'unknown' })
}
