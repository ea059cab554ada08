/**
 * xAI's Imagine API: JSON for generations and edits, shapes and tiers instead of pixels, and the exact cost in every answer.
 * Sources: docs.x.ai image guide (copies of 2026), xai-org/xai-proto at 9700be4 (2026-05-17) and @ai-sdk/xai 5.0.12 for members.
 */
import type { Capabilities } from '../core/capability.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import {
  type Decoded,
  type DecodedImage,
  defineProvider,
  type Encoded,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra } from './kit/extra.ts'
import { type KnownModel, offersOf } from './kit/offers.ts'
import { asCount, asObject, asText, objectsOf } from './kit/read.ts'
import { shapeFollowsInput } from './kit/warnings.ts'
import { imageKeys, sourceOf } from './openai-dialect/answer.ts'
import { decodeModelList } from './openai-dialect/probe.ts'
import { sizes, wordsOf } from './xai/sizes.ts'

const id = 'xai'

const grok: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: { kind: 'list', sizes },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 10,
  formats: ['jpeg'],
  defaultFormat: 'jpeg',
  backgrounds: [],
  maxInputs: 3,
  mask: false,
  maxPromptChars: 8_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const model = (name: string, capabilities: Capabilities): KnownModel => ({ model: `xai/${name}`, wireModel: name, capabilities })

const models: readonly KnownModel[] = [
  model('grok-imagine-image-2.0', { ...grok, qualities: ['low', 'medium'], defaultQuality: 'medium', maxInputs: 5 }),
  model('grok-imagine-image-quality', grok),
  model('grok-imagine-image', grok),
]

const reserved: ReadonlySet<string> = new Set(['image', 'images', 'size', 'stream', 'sync_mode'])

export const xai = defineProvider({
  id,
  baseUrl: 'https://api.x.ai/v1',
  keyVariables: ['XAI_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: imageKeys,
  facts: {
    reportsCost: 'usage.cost_in_usd_ticks of every answer, exact',
    refusals: 'pictures that fail moderation are left out of the answer; what they cost is in the cost reported, if any',
    documentation: 'https://docs.x.ai/developers/model-capabilities/images/generation',
  },

  offers: (config) => offersOf(config, id, models),

  encode(request, candidate): Encoded {
    const { offer, settings } = candidate
    const isEdit = request.operation === 'edit'
    // A single picture that is edited keeps its shape, and the API then reads no other.
    const keepsShape = isEdit && request.inputs.length === 1
    const { aspectRatio, resolution } = wordsOf(settings.size)
    const ours = {
      model: offer.wireModel,
      prompt: request.prompt,
      n: settings.n,
      aspect_ratio: keepsShape ? undefined : aspectRatio,
      resolution,
      quality: settings.quality,
      response_format: 'b64_json',
      user: request.attribution.endCustomer,
    }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    const value = isEdit ? { ...parameters, ...inputImages(request) } : parameters
    const path = isEdit ? '/images/edits' : '/images/generations'
    return {
      call: { method: 'POST', path, body: { kind: 'json', value }, accept: 'json', stream: false },
      warnings: [...(keepsShape ? shapeFollowsInput(request) : []), ...warnings],
    }
  },

  decode(response) {
    if (response.status !== 200 || response.body.kind !== 'json') return { kind: 'failed', failure: failureOfXai(response) }
    return decodeImages(asObject(response.body.value) ?? {})
  },

  probe: (): Probe => ({
    call: { method: 'GET', path: '/models', body: { kind: 'none' }, accept: 'json', stream: false },
    decode: decodeModelList,
  }),
})

function inputImages({ inputs }: ImageRequest): JsonObject {
  const references = inputs.map((_, index) => ({ url: inputReference(index, { dataUrl: true }), type: 'image_url' }))
  return references.length === 1 ? { image: references[0] } : { images: references }
}

/** An item that fails moderation has `respect_moderation: false`, and no picture or a placeholder of one. */
function decodeImages(answer: JsonObject): Decoded {
  const items = objectsOf(answer['data'])
  const kept = items.filter((item) => item['respect_moderation'] !== false)
  const images = kept.flatMap(imageOf)
  const cost = asCount(asObject(answer['usage'])?.['cost_in_usd_ticks'])
  const refused = items.length - kept.length
  if (images.length === 0 && refused > 0) {
    const billed = cost === undefined ? 'unknown' : cost > 0 ? 'yes' : 'no'
    return { kind: 'failed', failure: { ...afterModeration(billed), ...costOf(cost) } }
  }
  const failures = Array.from({ length: refused }, () => afterModeration('unknown'))
  return { kind: 'done', images, ...(failures.length > 0 ? { failures } : {}), ...costOf(cost) }
}

function imageOf(item: JsonValue): DecodedImage[] {
  const source = sourceOf(item)
  const revisedPrompt = asText(asObject(item)?.['revised_prompt'])
  return source ? [{ source, ...(revisedPrompt === undefined ? {} : { revisedPrompt }) }] : []
}

const afterModeration = (billed: AttemptFailure['billed']): AttemptFailure =>
  failure('content_refused', 'The provider refused the content: the picture did not pass moderation.', billed, { stage: 'after' })

const TICKS_DIGITS = 10

/** 10,000,000,000 ticks are a dollar. */
function costOf(ticks: number | undefined): { readonly reportedCost?: ReportedCost } {
  if (ticks === undefined) return {}
  const digits = String(ticks).padStart(TICKS_DIGITS + 1, '0')
  const fraction = digits.slice(-TICKS_DIGITS).replace(/0+$/, '')
  const amount = `${digits.slice(0, -TICKS_DIGITS)}${fraction === '' ? '' : `.${fraction}`}`
  return { reportedCost: { amount, unit: 'USD', source: 'usage.cost_in_usd_ticks' } }
}

/** `{code, error}`, both texts; a wrong key is told with 400, an empty account with 403 or 429. */
function failureOfXai(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
  const { message } = error
  const plain = failureOfStatus(response, error)
  if (/content moderation|usage guidelines/i.test(message)) {
    const stage = /generated/i.test(message) ? 'after' : 'before'
    const said = `The provider refused the content: ${message}`
    return failure('content_refused', said, stage === 'before' ? 'no' : 'unknown', { stage })
  }
  if (/incorrect api key|invalid api key/i.test(message)) return { ...plain, code: 'provider_auth', retryable: false }
  const isEmpty = /(?:any|out of|no) credits|credit limit|spending limit/i.test(message)
  return isEmpty && response.status < 500 ? { ...plain, code: 'provider_quota', retryable: false } : plain
}
