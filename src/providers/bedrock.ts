/** Amazon Bedrock: models by `InvokeModel`, a JSON body and a base64 picture back, each call signed for its region. */
import type { JsonObject } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { wholeUnits } from '../core/usage.ts'
import { bodyIndexOf } from '../net/json-scanner.ts'
import { createAwsAuthorizer } from './bedrock/credentials.ts'
import { bedrockModels, bedrockRetired } from './bedrock/models.ts'
import {
  type BaseUrlFacts,
  type Decoded,
  type DecodedImage,
  defineProvider,
  type Encoded,
  type HttpCall,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra } from './kit/extra.ts'
import { offersOf } from './kit/offers.ts'
import { asList, asNumber, asObject, asText } from './kit/read.ts'
import { strengthIgnored } from './kit/warnings.ts'
import { fieldsOf } from './stability/fields.ts'
import type { StabilityModel } from './stability/models.ts'

const id = 'bedrock'

/** The region that has every model. */
const DEFAULT_REGION = 'us-west-2'
const regionOf = ({ region }: Pick<BaseUrlFacts, 'region'>): string => region ?? DEFAULT_REGION

/** Members that were priced or carry images. */
const reserved: ReadonlySet<string> = new Set([
  ...['mode', 'aspect_ratio', 'output_format', 'left', 'right', 'up', 'down'],
  ...['image', 'mask', 'init_image', 'style_image'],
])

export const bedrock = defineProvider({
  id,
  baseUrl: (config) => `https://bedrock-runtime.${regionOf(config)}.amazonaws.com`,
  // AWS's own variable of a Bedrock API key; access keys are two variables there, and one text here.
  keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  createAuthorizer: (apiKey, config, deps) => createAwsAuthorizer(apiKey, { name: config.name, region: regionOf(config) }, deps),
  bodyKeys: ['images'],
  facts: {
    refusals: 'an answer whose `finish_reasons` says filtered has no picture; what it costs is not documented: unknown',
    documentation: 'https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html',
  },

  // A model may be called by another id: that of another region's inference profile, or an ARN.
  offers: (config) =>
    offersOf(config, id, [...bedrockModels, ...bedrockRetired]).map((offer) => {
      const named = config.models?.find(({ model }) => model === offer.model)?.id
      return named === undefined || named === offer.model ? offer : { ...offer, wireModel: named }
    }),

  encode(request, candidate): Encoded {
    const model = knownAs(candidate)
    const ours = { ...picturesOf(request, model), ...fieldsOf(request, candidate, model) }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    return {
      call: invoke(candidate.offer.wireModel, parameters),
      warnings: [...strengthIgnored(request, candidate), ...warnings],
    }
  },

  decode(response): Decoded {
    if (response.status !== 200) return { kind: 'failed', failure: failureOf(response) }
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    const reasons = (asList(answer?.['finish_reasons']) ?? []).map(asText).filter((reason) => reason !== undefined)
    const images = picturesIn(answer)
    const [reason] = reasons
    if (images.length === 0 && reason !== undefined) return { kind: 'failed', failure: unfinished(reason) }
    return {
      kind: 'done',
      images,
      ...(images.length > 0 && { usage: { 'images.out': wholeUnits(images.length) } }),
      ...(reason === undefined ? {} : { failures: reasons.map(unfinished) }),
    }
  },

  // A call without its required prompt: whoever may make it is told what is missing, and nothing is made.
  probe: (config): Probe => ({
    call: { ...invoke(bedrock.offers(config)[0]?.wireModel ?? '', {}), spends: false },
    decode(response) {
      const message = wireErrorOf(response).message
      return errorTypeOf(response) === 'ValidationException'
        ? { ok: true, message: `The key may call models in ${regionOf(config)}.` }
        : { ok: false, message: `InvokeModel in ${regionOf(config)} answered ${response.status}: ${message}` }
    },
  }),
})

const invoke = (wireModel: string, value: JsonObject): HttpCall => ({
  method: 'POST',
  path: `/model/${encodeURIComponent(wireModel)}/invoke`,
  body: { kind: 'json', value },
  accept: 'json',
  stream: false,
})

/** Retired models are never called, so they are not looked for. */
function knownAs({ offer }: Candidate): StabilityModel {
  const known = bedrockModels.find(({ model }) => model === offer.model)
  if (!known) throw new Error(`${offer.id} cannot be called.`)
  return known
}

function picturesOf({ inputs }: ImageRequest, { files }: StabilityModel): JsonObject {
  const pictures = inputs.flatMap(({ role }, index) => {
    const name = files[role]
    if (name === undefined) return []
    const transform = role === 'mask' ? ({ transform: 'white-is-edit' } as const) : {}
    return [[name, inputReference(index, { dataUrl: false, ...transform })] as const]
  })
  return Object.fromEntries(pictures)
}

/** `{images: [base64], seeds: [number], finish_reasons: [null]}`, position by position. */
function picturesIn(answer: JsonObject | undefined): DecodedImage[] {
  const seeds = asList(answer?.['seeds']) ?? []
  return (asList(answer?.['images']) ?? []).flatMap((image, at) => {
    const body = bodyIndexOf(image)
    const seed = asNumber(seeds[at])
    return body === undefined ? [] : [{ source: { body }, ...(seed === undefined ? {} : { seed }) }]
  })
}

/** `Filter reason: prompt | input image | output image`, or `Inference error`. */
function unfinished(reason: string): AttemptFailure {
  if (!reason.startsWith('Filter reason')) return failure('provider_error', `The model ended with "${reason}".`, 'unknown')
  const stage = reason.includes('output') ? 'after' : 'before'
  return failure('content_refused', `The provider refused: ${reason}.`, 'unknown', { stage })
}

/** `x-amzn-errortype: ThrottlingException:http://...`, or the last part of `__type`. */
function errorTypeOf({ headers, body }: ProviderResponse): string | undefined {
  const inBody = body.kind === 'json' ? asText(asObject(body.value)?.['__type']) : undefined
  return headers['x-amzn-errortype']?.split(':', 1)[0] ?? inBody?.split('#').at(-1)
}

function failureOf(response: ProviderResponse): AttemptFailure {
  const found = failureOfStatus(response)
  switch (errorTypeOf(response)) {
    // Common to all services of AWS, which answer 400 to some of what others have a status for.
    case 'IncompleteSignature':
    case 'NotAuthorized':
    case 'RequestExpired':
      return { ...found, code: 'provider_auth', retryable: false }
    case 'ThrottlingException':
      return { ...found, code: 'provider_rate_limited', retryable: true }
    case 'ServiceQuotaExceededException':
      return failure('provider_quota', found.message, 'no')
    case 'ModelErrorException':
      // The model itself failed, on the far side of what AWS meters.
      return failure('provider_error', found.message, 'unknown')
    case 'ValidationException':
      return /content (?:filter|moderation)|responsible ai/i.test(found.message)
        ? failure('content_refused', found.message, 'unknown', { stage: 'unknown' })
        : found
    default:
      return found
  }
}
