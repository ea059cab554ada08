/** Ideogram: pictures with text in them, edits, remixes and tools. Links of results expire; unsafe pictures are made, billed and withheld. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { formatSize, type ImageRequest } from '../core/request.ts'
import { wholeUnits } from '../core/usage.ts'
import {
  type CallBody,
  type Decoded,
  type DecodedImage,
  defineProvider,
  type Encoded,
  type MultipartPart,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { type IdeogramModel, ideogramModel, ideogramModels } from './ideogram/models.ts'
import { failureOfStatus, retryAfterOf, wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { offersOf } from './kit/offers.ts'
import { ratioOf } from './kit/ratios.ts'
import { asCount, asNumber, asObject, asText, objectsOf } from './kit/read.ts'

const id = 'ideogram'

/** Members that were priced, carry images, or change the form of the answer. */
const reserved: ReadonlySet<string> = new Set([
  ...['resolution', 'size', 'aspect_ratio', 'num_images', 'rendering_speed', 'quality', 'upscale_factor', 'async', 'webhook_url'],
  ...['image', 'images', 'mask', 'reference_images', 'style_reference_images', 'image_file', 'image_request'],
  ...['character_reference_images', 'character_reference_images_mask', 'custom_model_uri'],
])

export const ideogram = defineProvider({
  id,
  baseUrl: 'https://api.ideogram.ai',
  keyVariables: ['IDEOGRAM_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ 'api-key': apiKey }),
  bodyKeys: [],
  facts: {
    refusals:
      'A refused prompt (422) is not billed; a picture that was made and withheld (`is_image_safe: false`) is (Errors and Billing).',
    documentation: 'https://developer.ideogram.ai/v2/ideogram-api/api-overview',
  },

  offers: (config) => offersOf(config, id, ideogramModels),

  encode(request, candidate): Encoded {
    const model = modelOf(candidate)
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate, model), request, candidate, reserved)
    return {
      call: {
        method: 'POST',
        path: model.paths[request.operation] ?? '/',
        body: bodyOf(request, model, parameters),
        accept: 'json',
        stream: false,
      },
      warnings: [...promptWarnings(request), ...warnings],
    }
  },

  decode(response, { request }): Decoded {
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    if (response.status !== 200 || !answer) return { kind: 'failed', failure: failureOf(response) }
    const items = objectsOf(answer['data'])
    const images = items.flatMap((item) => imageOf(item, request))
    return {
      kind: 'done',
      images,
      // What was withheld was made, and is billed.
      ...(items.length > 0 ? { usage: { 'images.out': wholeUnits(items.length) } } : {}),
      failures: items.filter((item) => item['is_image_safe'] === false).map(() => withheld),
    }
  },

  probe: (): Probe => ({
    // A dry run is checked and priced, and nothing is made, stored or billed.
    call: {
      method: 'POST',
      path: '/v2/image/generate/ideogram-4-5?dry_run=true',
      body: { kind: 'json', value: { prompt: 'a red kite', quality: 'low', size: '1024x1024' } },
      accept: 'json',
      stream: false,
      spends: false,
    },
    decode: (response) => {
      const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
      const micros = asCount(answer?.['usd_micros'])
      if (response.status !== 200 || answer?.['object'] !== 'price_quote')
        return { ok: false, message: failureOf(response).message }
      const price = micros === undefined ? '' : `; a picture of low quality is quoted at $${micros / 1_000_000}`
      return { ok: true, message: `The key works${price}.` }
    },
  }),
})

/** A model under a name of its own is asked like the newest. */
const modelOf = ({ offer }: Candidate): IdeogramModel => ideogramModel(offer.wireModel) ?? (ideogramModels[0] as IdeogramModel)

function parametersOf(request: ImageRequest, candidate: Candidate, model: IdeogramModel): Parameters {
  const { settings, offer } = candidate
  const { operation, strength } = request
  const isRemix = model.paths[operation]?.endsWith('/remix') === true
  return {
    prompt: promptOf(request),
    num_images: offer.capabilities.maxN > 1 ? settings.n : undefined,
    ...(model.sizeField ? { [model.sizeField]: sizeWord(request, candidate, model) } : {}),
    ...(model.quality && settings.quality ? { [model.quality.field]: model.quality.words[settings.quality] } : {}),
    // Theirs says from 1 to 100 how much of the picture stays, ours how far the result may leave it.
    image_weight: isRemix && strength !== undefined ? 1 + Math.round((1 - strength) * 99) : undefined,
    negative_prompt: request.negativePrompt,
    style_type: request.style?.toUpperCase(),
    seed: request.seed,
  }
}

/** Cutting out takes no prompt, enlarging may go without. */
function promptOf({ operation, prompt }: ImageRequest): string | undefined {
  if (operation === 'remove_background' || (operation === 'upscale' && prompt === '')) return undefined
  return prompt
}

/** Of 4.5 the word for the size of an edit is that of its input. */
function sizeWord(
  { operation }: ImageRequest,
  { offer, settings }: Candidate,
  { sizeField, ratios }: IdeogramModel,
): string | undefined {
  if (ratios) return ratioOf(ratios, settings.size)
  const isInputs = operation === 'edit' && offer.capabilities.sizeFromInput === true
  return isInputs && sizeField === 'size' ? 'source' : formatSize(settings.size)
}

/** JSON where there are no files. */
function bodyOf(request: ImageRequest, model: IdeogramModel, parameters: JsonObject): CallBody {
  if (request.inputs.length === 0) return { kind: 'json', value: parameters }
  const files = request.inputs.map((input, index): MultipartPart => {
    const filename = filenameOf(input, index)
    // Black is what is edited, and the page knows no grey.
    if (input.role === 'mask') return { kind: 'file', name: 'mask', input, filename, transform: 'black-is-edit-hard' }
    const field = input.role === 'reference' ? (model.referenceField ?? model.imageField) : model.imageField
    return { kind: 'file', name: field ?? 'image', input, filename }
  })
  // The oldest endpoint takes its parameters as one JSON text.
  const fields = request.operation === 'upscale' ? [field('image_request', JSON.stringify(parameters))] : fieldsOf(parameters)
  return { kind: 'multipart', parts: [...fields, ...files] }
}

const field = (name: string, value: string): MultipartPart => ({ kind: 'field', name, value })

const fieldsOf = (parameters: JsonObject): MultipartPart[] =>
  Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [field(name, fieldText(value))]))

const fieldText = (value: JsonValue): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

function promptWarnings({ operation, prompt }: ImageRequest): readonly Warning[] {
  if (operation !== 'remove_background' || prompt === '') return []
  return [{ code: 'parameter_ignored', param: 'prompt', message: "Ideogram's background remover takes no prompt." }]
}

function imageOf(item: JsonObject, { prompt }: ImageRequest): DecodedImage[] {
  const url = asText(item['url'])
  if (url === undefined || item['is_image_safe'] === false) return []
  const revised = asText(item['prompt'])
  const seed = asNumber(item['seed'])
  return [
    {
      source: { url },
      ...(revised === undefined || revised === prompt ? {} : { revisedPrompt: revised }),
      ...(seed === undefined ? {} : { seed }),
    },
  ]
}

const withheld: AttemptFailure = failure(
  'content_refused',
  'The provider made the picture and withheld it, because it failed the safety check.',
  'yes',
  { stage: 'after' },
)

function failureOf(response: ProviderResponse): AttemptFailure {
  const { status, headers, body } = response
  const error = wireErrorOf(response)
  if (status === 422)
    return failure('content_refused', `The provider refused the content: ${error.message}`, 'no', { stage: 'before' })
  const reason = body.kind === 'json' ? asText(asObject(body.value)?.['reject_reason']) : undefined
  if (status === 402 && reason !== undefined) {
    const message = `The provider did not run the call (${reason}): ${error.message}`
    // Too many at once is over in a moment, whatever its status says.
    if (reason !== 'inflight_limit') return failure('provider_quota', message, 'no')
    const retryAfterMs = retryAfterOf(headers)
    return failure('provider_rate_limited', message, 'no', retryAfterMs === undefined ? {} : { retryAfterMs })
  }
  return failureOfStatus(response, error)
}
