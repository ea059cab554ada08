/** BytePlus ModelArk: Seedream in a dialect of the Images API; sets of pictures come one by one on a stream. */
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { formatSize, type ImageRequest } from '../core/request.ts'
import { type Usage, wholeUnits } from '../core/usage.ts'
import { inSets, type SeedreamModel, seedreamModels } from './byteplus/models.ts'
import {
  type Decoded,
  type DecodedEvent,
  defineProvider,
  type EncodeContext,
  type Encoded,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, readError, type WireError, wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asCount, asObject, objectsOf } from './kit/read.ts'
import { unknownNumbers } from './kit/unknown-usage.ts'
import { imageKeys, sourceOf } from './openai-dialect/answer.ts'
import { hasError } from './openai-dialect/errors.ts'

const id = 'byteplus'

/** Members that were priced, carry pictures or change the form of the answer. */
const reserved: ReadonlySet<string> = new Set([
  ...['size', 'image', 'sequential_image_generation', 'sequential_image_generation_options'],
  ...['stream', 'response_format', 'output_format', 'n', 'tools'],
])

/** Pictures are billed; the tokens beside them say the same in another unit. */
const KNOWN_USAGE = new Set(['generated_images', 'output_tokens', 'total_tokens'])

export const byteplus = defineProvider({
  id,
  baseUrl: 'https://ark.ap-southeast.bytepluses.com/api/v3',
  keyVariables: ['BYTEPLUS_API_KEY', 'ARK_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options: z.strictObject({
    sets: z
      .boolean()
      .optional()
      .describe(
        'Ask for several pictures of one prompt as one set of related pictures (sequential_image_generation), whose number the model may lower. Without it each picture is a call of its own.',
      ),
  }),
  bodyKeys: imageKeys,
  facts: {
    reportsCost: 'usage.generated_images: how many pictures are billed, not how much money',
    refusals: 'only pictures that were made are billed: neither refused requests nor refused pictures are (resellers)',
    documentation: 'https://docs.byteplus.com/en/docs/ModelArk/1541523',
  },

  offers: (config) => {
    const sets = config.options?.['sets'] === true
    const models = seedreamModels.map((known) =>
      sets && known.makesSets ? { ...known, capabilities: { ...known.capabilities, ...inSets } } : known,
    )
    return offersOf(config, id, models)
  },

  encode(request, candidate, context): Encoded {
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate, context), request, candidate, reserved)
    const stream = parameters['stream'] === true
    // Theirs puts "AI generated" on each picture unless told otherwise.
    const value = { watermark: false, ...parameters }
    return {
      call: { method: 'POST', path: '/images/generations', body: { kind: 'json', value }, accept: 'json', stream },
      warnings,
    }
  },

  decode(response): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    if (response.status !== 200 || hasError(answer)) return { kind: 'failed', failure: failureOfArk(response) }
    const items = objectsOf(answer['data'])
    const failures = items.filter(hasError).map((item) => failureOfItem(item))
    const images = items.flatMap((item) => imageOf(item))
    const usage = asObject(answer['usage'])
    const count = asCount(usage?.['generated_images'])
    const [failed] = failures
    if (images.length === 0 && failed) return { kind: 'failed', failure: failed }
    const warnings = unknownNumbers(usage, KNOWN_USAGE)
    return { kind: 'done', images, failures, warnings, ...(count === undefined ? {} : { usage: made(count) }) }
  },

  decodeEvent({ name, value }): DecodedEvent {
    const event = asObject(value) ?? {}
    const type = event['type'] ?? name
    // One of the set; the others go on.
    if (type === 'image_generation.partial_failed') return { kind: 'done', images: [], failures: [failureOfItem(event)] }
    if (hasError(event) || type === 'error') return { kind: 'failed', failure: failureOfItem(event) }
    const images = imageOf(event)
    // The last event repeats the sum of those before.
    return images.length === 0 ? { kind: 'ignored' } : { kind: 'done', images, usage: made(images.length) }
  },

  probe: (): Probe => ({
    // The list of video jobs: it needs a key that works, and makes nothing.
    call: lookUp('/contents/generations/tasks?page_size=1'),
    decode: (response) =>
      response.status === 200 ? { ok: true, message: 'The key works.' } : { ok: false, message: failureOfArk(response).message },
  }),
})

const knownAs = ({ offer }: Candidate): Partial<SeedreamModel> =>
  seedreamModels.find(({ wireModel }) => wireModel === offer.wireModel) ?? {}

function parametersOf(request: ImageRequest, candidate: Candidate, { options }: EncodeContext): Parameters {
  const { offer, settings } = candidate
  const { makesSets, choosesFormat, isAdaptive } = knownAs(candidate)
  const isSet = options['sets'] === true && makesSets === true && settings.n > 1
  const pictures: JsonObject[] = request.inputs.map((_, index) => inputReference(index, { dataUrl: true }))
  return {
    model: offer.wireModel,
    prompt: request.prompt,
    image: pictures.length > 1 ? pictures : pictures[0],
    size: isAdaptive ? 'adaptive' : formatSize(settings.size),
    seed: request.seed,
    guidance_scale: request.guidance,
    output_format: choosesFormat ? settings.format : undefined,
    response_format: 'b64_json',
    sequential_image_generation: makesSets ? (isSet ? 'auto' : 'disabled') : undefined,
    sequential_image_generation_options: isSet ? { max_images: settings.n } : undefined,
    // A set takes minutes: what has arrived is kept if the connection breaks.
    stream: isSet ? true : undefined,
  }
}

const made = (count: number): Usage => ({ 'images.out': wholeUnits(count) })

function imageOf(item: JsonObject) {
  const source = sourceOf(item)
  return source ? [{ source }] : []
}

const SENSITIVE = /SensitiveContent|RiskDetection|PolicyViolation/i

const failureOfItem = (item: JsonObject): AttemptFailure => {
  const error = readError(item, undefined)
  return refusalOf(error) ?? failure('provider_error', `A picture of the set failed: ${error.message}`, 'no')
}

function failureOfArk(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
  const plain = failureOfStatus(response, error)
  const { code = '', message } = error
  if (QUOTA.test(code) || (code === 'QuotaExceeded' && /free trial/i.test(message)))
    return { ...plain, code: 'provider_quota', retryable: false }
  if (NOT_OPEN.test(code)) return { ...plain, code: 'provider_not_found', retryable: false }
  // The check itself broke, which the status puts down to the request.
  if (code === 'ContentSecurityDetectionError') return failure('provider_error', plain.message, 'no')
  return refusalOf(error) ?? plain
}

/** Overdue, or stopped by a limit that the account set itself. A bare `QuotaExceeded` also stands for a full queue. */
const QUOTA = /^(?:AccountOverdue|OperationDenied\.ServiceOverdue|SetLimitExceeded)|InsufficientBalance/
/** The account has the model, or the endpoint, not switched on. */
const NOT_OPEN = /^(?:InvalidEndpoint\.|OperationDenied\.ServiceNotOpen)/

/** What is found in the prompt or a picture sent comes before anything is made; a picture that was made is not billed either. */
function refusalOf({ code = '', message }: WireError): AttemptFailure | undefined {
  if (!SENSITIVE.test(code)) return undefined
  const stage = code.startsWith('Output') ? 'after' : 'before'
  return failure('content_refused', `The provider refused the content: ${message}`, 'no', { stage })
}
