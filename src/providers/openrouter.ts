/** OpenRouter's Image API: the models of many makers behind one key, with what each call cost in its answer. */
import type { JsonObject } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import { formatSize, type ImageRequest } from '../core/request.ts'
import { addUsage, type Usage, wholeUnits } from '../core/usage.ts'
import {
  type Decoded,
  type DecodedEvent,
  type Done,
  defineProvider,
  type Encoded,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { geminiModel } from './gemini-dialect/models.ts'
import { wordsFor } from './gemini-dialect/sizes.ts'
import { decimalSum } from './kit/decimals.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asCount, asList, asObject, asText, decimalText } from './kit/read.ts'
import { imageKeys, imagesOf, sourceOf } from './openai-dialect/answer.ts'
import { failureFromEvent, failureFromResponse, hasError } from './openai-dialect/errors.ts'
import { streamWarnings } from './openai-dialect/parameters.ts'
import { modelsOf, openrouterModels, unlistedModel } from './openrouter/models.ts'

const id = 'openrouter'

/** What was priced, or carries images; `size` would contradict `resolution` and `aspect_ratio`. */
const reserved: ReadonlySet<string> = new Set([
  'size',
  'resolution',
  'aspect_ratio',
  'quality',
  'n',
  'input_references',
  'stream',
])

export const openrouter = defineProvider({
  id,
  baseUrl: 'https://openrouter.ai/api/v1',
  keyVariables: ['OPENROUTER_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: imageKeys,
  facts: {
    reportsCost: '`usage.cost` in USD; with a key of your own `usage.cost_details.upstream_inference_cost` comes on top.',
    refusals: 'A refused prompt (403), an error and an answer without a picture are not billed ("zero completion insurance").',
    documentation: 'https://openrouter.ai/docs/guides/overview/multimodal/image-generation',
  },

  offers: (config) => offersOf(config, id, openrouterModels, unlistedModel),

  encode(request, candidate): Encoded {
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate), request, candidate, reserved)
    const stream = parameters['stream'] === true
    return {
      call: { method: 'POST', path: '/images', body: { kind: 'json', value: parameters }, accept: 'json', stream },
      warnings: [...streamWarnings(request, candidate), ...warnings],
    }
  },

  decode(response, { request }): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    if (response.status !== 200 || hasError(answer)) return { kind: 'failed', failure: failureOf(response, answer) }
    const images = imagesOf(answer)
    const consumed = consumption(asObject(answer['usage']), images.length, request)
    return images.length > 0 ? { kind: 'done', images, ...consumed } : withoutPicture(consumed)
  },

  decodeEvent({ name, value }, { partials, request }): DecodedEvent {
    const event = asObject(value) ?? {}
    const type = event['type'] ?? name
    if (type === 'error' || hasError(event)) return { kind: 'failed', failure: explained(failureFromEvent(event), event) }
    const source = sourceOf(event)
    if (!source) return { kind: 'ignored' }
    if (type === 'image_generation.partial_image')
      return { kind: 'partial', index: asCount(event['partial_image_index']) ?? partials, source }
    const consumed = consumption(asObject(event['usage']), 1, request)
    const usage = partials === 0 ? consumed.usage : addUsage(consumed.usage, { 'images.partial': wholeUnits(partials) })
    return { kind: 'done', images: [{ source }], ...consumed, usage }
  },

  probe: (): Probe => ({
    // The list of models answers any key, this one only a good one.
    call: lookUp('/key'),
    decode: (response) => {
      const data = response.body.kind === 'json' ? asObject(asObject(response.body.value)?.['data']) : undefined
      if (response.status !== 200 || !data) return { ok: false, message: `GET /key: ${failureFromResponse(response).message}` }
      const left = decimalText(data['limit_remaining'])
      return {
        ok: true,
        message: `The key works; ${left === undefined ? 'it has no limit of its own' : `$${left} of its limit are left`}.`,
      }
    },
  }),

  discover: {
    call: lookUp('/images/models'),
    decode: ({ body }) => (body.kind === 'json' ? modelsOf(body.value) : undefined),
  },
})

function parametersOf(request: ImageRequest, candidate: Candidate): Parameters {
  const { settings, offer } = candidate
  const { formats, qualities, maxN, maxPartialImages = 0 } = offer.capabilities
  const streams = request.stream && request.partialImages > 0 && maxPartialImages > 0 && settings.format !== 'svg'
  const images = request.inputs.map((_, index) => index)
  return {
    model: offer.wireModel,
    prompt: request.prompt,
    // Makers that draw one picture refuse the question.
    n: maxN > 1 ? settings.n : undefined,
    ...sizeOf(candidate),
    quality: qualities.length > 0 ? settings.quality : undefined,
    output_format: formats.length > 1 ? settings.format : undefined,
    output_compression: request.outputCompression,
    background: settings.background,
    seed: request.seed,
    input_references:
      images.length > 0
        ? images.map((index) => ({ type: 'image_url', image_url: { url: inputReference(index, { dataUrl: true }) } }))
        : undefined,
    stream: streams ? true : undefined,
  }
}

/** Words where the maker takes only words: exact pixels would be rounded to them without being told. */
function sizeOf({ offer, settings }: Candidate): Parameters {
  const maker = geminiModel(offer.wireModel.replace(/^google\//, ''))
  const words = maker && wordsFor(maker.sizes, settings.size)
  if (words) return { aspect_ratio: words.aspectRatio, resolution: words.imageSize }
  return { size: formatSize(settings.size) }
}

interface Consumption {
  readonly usage: Usage
  readonly reportedCost?: ReportedCost
}

/**
 * Tokens of prompt and pictures sent come as one number: with pictures they count as the pictures', which dwarf the text. Cached
 * ones count as any other, since the book has no price for them and they are never dearer.
 */
function consumption(usage: JsonObject | undefined, images: number, { inputs }: ImageRequest): Consumption {
  const sent = asCount(usage?.['prompt_tokens'])
  const details = asObject(usage?.['completion_tokens_details'])
  const made = asCount(usage?.['completion_tokens'])
  const pictures = asCount(details?.['image_tokens'])
  const words = made === undefined || pictures === undefined ? 0 : Math.max(0, made - pictures)
  const kind = inputs.length > 0 ? 'image' : 'text'
  const reportedCost = costOf(usage)
  return {
    usage: {
      'images.out': wholeUnits(images),
      ...(sent === undefined ? {} : { [`tokens.${kind}.in`]: wholeUnits(sent) }),
      ...(made === undefined ? {} : { 'tokens.image.out': wholeUnits(made - words) }),
      ...(words === 0 ? {} : { 'tokens.text.out': wholeUnits(words) }),
    },
    ...(reportedCost ? { reportedCost } : {}),
  }
}

/** With a key of one's own `cost` is OpenRouter's fee alone, and the maker sends its own bill. */
function costOf(usage: JsonObject | undefined): ReportedCost | undefined {
  const cost = decimalText(usage?.['cost'])
  if (cost === undefined) return undefined
  const upstream = decimalText(asObject(usage?.['cost_details'])?.['upstream_inference_cost'])
  if (usage?.['is_byok'] !== true || upstream === undefined) return { amount: cost, unit: 'USD', source: 'usage.cost' }
  const source = 'usage.cost and usage.cost_details.upstream_inference_cost'
  return { amount: decimalSum(cost, upstream), unit: 'USD', source, surcharge: cost }
}

/** Not billed unless the answer itself says that it is. */
function withoutPicture({ reportedCost, usage }: Consumption): Done | Extract<Decoded, { kind: 'failed' }> {
  if (reportedCost && Number(reportedCost.amount) > 0) return { kind: 'done', images: [], usage, reportedCost }
  return { kind: 'failed', failure: failure('provider_no_image', 'The provider answered without an image.', 'no') }
}

function failureOf(response: ProviderResponse, answer: JsonObject): AttemptFailure {
  const metadata = asObject(asObject(answer['error'])?.['metadata'])
  const reasons = asList(metadata?.['reasons'])?.filter((reason) => typeof reason === 'string')
  if (response.status === 403 && (reasons || asText(metadata?.['flagged_input']) !== undefined)) {
    const why = reasons && reasons.length > 0 ? ` (${reasons.join(', ').slice(0, 200)})` : ''
    return failure('content_refused', `The provider refused the content${why}.`, 'no', { stage: 'before' })
  }
  if (!hasError(answer)) return failureFromResponse(response)
  return explained(response.status === 200 ? failureFromEvent(answer) : failureFromResponse(response), answer)
}

function explained(found: AttemptFailure, answer: JsonObject): AttemptFailure {
  return { ...insured(found), ...meaningOf(found, asObject(asObject(answer['error'])?.['metadata'])) }
}

/** What the metadata of an error say that its status does not: whose limit it was, and of what type the error is. */
function meaningOf(found: AttemptFailure, metadata: JsonObject | undefined): Partial<AttemptFailure> {
  const limit = asText(metadata?.['limit_source'])
  // Calls that still run hold the budget: it is free again in a moment.
  if (limit === 'openrouter_in_flight_budget') return { code: 'provider_rate_limited', retryable: true }
  if (limit !== undefined && found.code !== 'provider_rate_limited') return { code: 'provider_quota', retryable: false }
  if (found.code === 'provider_auth' && asList(metadata?.['patterns'])) {
    return { code: 'content_refused', retryable: false, stage: 'before' }
  }
  switch (asText(metadata?.['error_type'])) {
    case 'content_policy_violation':
    case 'refusal':
      return { code: 'content_refused', retryable: false, stage: 'unknown' }
    case 'image_not_found':
      return { code: 'provider_rejected', retryable: false }
    default:
      return {}
  }
}

/**
 * An answer that ends in an error is not billed, when OpenRouter itself says so. A timeout is left open: the edge that tells of it
 * does not know how the call ended behind it.
 */
const insured = (found: AttemptFailure): AttemptFailure =>
  found.billed === 'unknown' && found.code === 'provider_error' ? { ...found, billed: 'no' } : found
