/** Replicate: predictions, waited for a moment and then polled; official models by the table in replicate/models.ts. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { MICRO, type Usage, wholeUnits } from '../core/usage.ts'
import {
  type DecodeContext,
  type Decoded,
  defineProvider,
  type EncodeContext,
  type Encoded,
  type HttpCall,
  inputReference,
  type MultipartPart,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { ratioOf } from './kit/ratios.ts'
import { asList, asNumber, asObject, asText } from './kit/read.ts'
import { sourceOf } from './openai-dialect/answer.ts'
import { otherModel, type ReplicateModel, replicateModels } from './replicate/models.ts'

const id = 'replicate'
const POLL_MS = 500

/**
 * A picture that takes longer is polled. Longer waits are possible, but until the answer comes nobody here knows the id of the
 * job, and a crash would leave it unknown.
 */
const WAIT_SECONDS = 5

/** Members that were priced or carry images. */
const reserved: ReadonlySet<string> = new Set([
  ...['width', 'height', 'aspect_ratio', 'resolution', 'megapixels', 'num_outputs', 'number_of_images', 'go_fast'],
  ...['num_inference_steps', 'steps', 'output_format', 'image', 'mask', 'input_image', 'input_images', 'image_prompt'],
])

export const replicate = defineProvider({
  id,
  baseUrl: 'https://api.replicate.com/v1',
  keyVariables: ['REPLICATE_API_TOKEN'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: [],
  offers: (config) => offersOf(config, id, replicateModels, ({ id: wireModel, model }) => otherModel(model, wireModel)),

  encode(request, candidate, context): Encoded {
    const { call, warnings } = predictionCall(request, candidate, context)
    return isInline(request) ? { call, warnings } : { call: uploadCall(request, candidate, 0), warnings, state: { uploaded: [] } }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const uploaded = asList(asObject(context.state)?.['uploaded'])
    if (uploaded) return decodeUpload(response, answer, uploaded, context)
    const status = asText(answer['status'])
    // Errors have a number under the same name.
    if (response.status >= 400 || status === undefined) return { kind: 'failed', failure: failureOf(response, answer) }
    switch (status) {
      case 'starting':
      case 'processing':
        return pending(answer, jobOf(context.state))
      case 'succeeded':
        return decodeSuccess(answer, context)
      case 'canceled':
      case 'aborted': {
        const billed = knownAs(context.candidate).isTimed ? 'unknown' : 'no'
        return { kind: 'failed', failure: failure('cancelled', 'The prediction was cancelled.', billed), isFinal: true }
      }
      default:
        return { kind: 'failed', failure: failureOfJob(answer, context), isFinal: true }
    }
  },

  probe: (): Probe => ({
    call: lookUp('/account'),
    decode: (response) => {
      const account = response.body.kind === 'json' ? asText(asObject(response.body.value)?.['username']) : undefined
      return response.status === 200 && account !== undefined
        ? { ok: true, message: `The key works; it is that of ${account}.` }
        : { ok: false, message: failureOfStatus(response).message }
    },
  }),

  facts: {
    reportsCost: '`metrics.predict_time` in seconds, for what is billed by time; no amount of money.',
    refusals: 'A failed prediction names the safety checker; whether official models bill it is not documented.',
    documentation: 'https://replicate.com/docs/reference/http',
  },
})

function knownAs({ offer }: Candidate): ReplicateModel {
  const known = replicateModels.find(({ model, wireModel }) => model === offer.model && wireModel === offer.wireModel)
  return (
    known ?? replicateModels.find(({ wireModel }) => wireModel === offer.wireModel) ?? otherModel(offer.model, offer.wireModel)
  )
}

/** A version is named in the body; a model or a deployment in the path. */
function endpointOf(wireModel: string): { readonly path: string; readonly body: JsonObject } {
  const [name = '', version] = wireModel.split(':')
  if (version !== undefined) return { path: '/predictions', body: { version } }
  return name.startsWith('deployments/')
    ? { path: `/${name}/predictions`, body: {} }
    : { path: `/models/${name}/predictions`, body: {} }
}

/** `urls`: where the inputs were uploaded to, in their order. */
function predictionCall(
  request: ImageRequest,
  candidate: Candidate,
  { webhookUrl }: EncodeContext,
  urls?: readonly JsonValue[],
): Pick<Encoded, 'call' | 'warnings'> {
  const model = knownAs(candidate)
  const { parameters, warnings } = mergeExtra(inputOf(request, candidate, model, urls), request, candidate, reserved)
  const { path, body } = endpointOf(model.byQuality?.[candidate.settings.quality ?? 'medium'] ?? candidate.offer.wireModel)
  const webhook = webhookUrl === undefined ? {} : { webhook: webhookUrl, webhook_events_filter: ['completed'] }
  return {
    call: {
      method: 'POST',
      path,
      headers: { prefer: `wait=${WAIT_SECONDS}` },
      body: { kind: 'json', value: { ...body, input: parameters, ...webhook } },
      accept: 'json',
      stream: false,
    },
    warnings,
  }
}

/** Images of all inputs together that may travel inside the call, as the vendor's SDK has it; more are uploaded before. */
const MAX_INLINE_BYTES = 10_000_000

const isInline = ({ inputs }: ImageRequest): boolean => inputs.reduce((total, { bytes }) => total + bytes, 0) <= MAX_INLINE_BYTES

function uploadCall({ inputs }: ImageRequest, candidate: Candidate, index: number): HttpCall {
  const { mask } = knownAs(candidate)
  const parts = inputs.slice(index, index + 1).map((input): MultipartPart => {
    const file = { kind: 'file', name: 'content', input } as const
    return input.role === 'mask' && mask
      ? { ...file, filename: 'mask.png', transform: mask }
      : { ...file, filename: filenameOf(input, index) }
  })
  return { method: 'POST', path: '/files', body: { kind: 'multipart', parts }, accept: 'json', stream: false, spends: false }
}

/** One file is there; the next one follows, or the prediction that uses them. */
function decodeUpload(
  response: ProviderResponse,
  answer: JsonObject,
  before: readonly JsonValue[],
  { request, candidate, encode }: DecodeContext,
): Decoded {
  const url = asText(asObject(answer['urls'])?.['get'])
  if (response.status >= 400 || url === undefined)
    return { kind: 'failed', failure: { ...failureOf(response, answer), billed: 'no' } }
  const uploaded = [...before, url]
  return uploaded.length < request.inputs.length
    ? { kind: 'next', call: uploadCall(request, candidate, uploaded.length), state: { uploaded } }
    : { kind: 'next', call: predictionCall(request, candidate, encode, uploaded).call }
}

function inputOf(
  request: ImageRequest,
  { settings }: Candidate,
  model: ReplicateModel,
  urls: readonly JsonValue[] | undefined,
): Parameters {
  const said: Parameters = {
    seed: request.seed,
    n: settings.n,
    steps: settings.steps,
    guidance: request.guidance,
    negativePrompt: request.negativePrompt,
    strength: request.strength,
    style: request.style,
    outputCompression: request.outputCompression,
    format: settings.format === 'jpeg' ? 'jpg' : settings.format,
  }
  const members: Record<string, JsonValue | undefined> = { prompt: request.prompt }
  if (!request.inputs.some(({ role }) => role === 'mask')) Object.assign(members, sizeOf(model.size, settings.size))
  for (const [name, member] of Object.entries(model.members)) members[member] = said[name]
  return { ...members, ...imagesOf(request, model, urls), ...model.fixed }
}

function sizeOf(size: ReplicateModel['size'], { width, height }: Candidate['settings']['size']): Parameters {
  if (typeof size === 'object') return { aspect_ratio: ratioOf(size, { width, height }) }
  return size === 'custom' ? { aspect_ratio: 'custom', width, height } : { width, height }
}

/** As data URLs inside the call, or where they were uploaded to. */
function imagesOf(
  { inputs }: ImageRequest,
  { images, mask }: ReplicateModel,
  urls: readonly JsonValue[] | undefined,
): Parameters {
  const members: Record<string, JsonValue> = {}
  const found: JsonValue[] = []
  inputs.forEach(({ role }, index) => {
    const isMask = role === 'mask'
    if (isMask && !mask) return
    const value = urls?.[index] ?? inputReference(index, { dataUrl: true, ...(isMask && mask ? { transform: mask } : {}) })
    if (isMask) members['mask'] = value
    else found.push(value)
  })
  const [first] = found
  if (images && first !== undefined) members[images.member] = images.isList ? found : first
  return members
}

function pending(answer: JsonObject, job: Job | undefined): Decoded {
  if (job) return pendingJob(job)
  const urls = asObject(answer['urls'])
  const jobId = asText(answer['id'])
  const pollUrl = asText(urls?.['get'])
  if (jobId === undefined || pollUrl === undefined)
    return { kind: 'failed', failure: failure('provider_invalid_response', 'The prediction has no URL to poll.', 'unknown') }
  const cancelUrl = asText(urls?.['cancel'])
  const cancel = cancelUrl === undefined ? {} : { cancel: { method: 'POST' as const, url: cancelUrl } }
  return pendingJob({ jobId, pollUrl, ...cancel, afterMs: POLL_MS })
}

function decodeSuccess(answer: JsonObject, context: DecodeContext): Decoded {
  const { output } = answer
  const items = asList(output) ?? (output === null || output === undefined ? [] : [output])
  const images = items.flatMap((item) => {
    const text = asText(item ?? undefined)
    const source = text === undefined ? sourceOf(item ?? null) : { url: text }
    return source ? [{ source }] : []
  })
  const usage = usageOf(answer, images.length, context)
  if (images.length === 0 && answer['data_removed'] === true) {
    const message = 'The provider has deleted the result; it keeps results for an hour.'
    const gone = failure('provider_invalid_response', message, 'yes', { retryable: false, usage })
    return { kind: 'failed', failure: gone, isFinal: true }
  }
  return { kind: 'done', images, usage }
}

/** Official models are billed by what comes out, all others by the time they run. */
function usageOf(answer: JsonObject, images: number, { candidate }: DecodeContext): Usage {
  if (!knownAs(candidate).isTimed) return { 'images.out': wholeUnits(images) }
  const seconds = asNumber(asObject(answer['metrics'])?.['predict_time'])
  if (seconds === undefined) return { 'images.out': wholeUnits(images) }
  const meter = candidate.offer.model === 'replicate/cpu' ? 'compute.seconds' : 'gpu.seconds'
  return { 'images.out': wholeUnits(images), [meter]: BigInt(Math.round(seconds * Number(MICRO))) }
}

const REFUSALS: readonly (readonly [pattern: RegExp, stage: 'after' | 'unknown'])[] = [
  [/NSFW content detected/i, 'after'],
  [
    /flagged (?:as sensitive|by)|E005|content (?:policy|moderation)|safety (?:system|checker|filter)|sensitive content/i,
    'unknown',
  ],
]

/** An input too large for the model's memory, and a webhook without an address: the same request fails the same way. */
const NEVER_OTHERWISE = /\bE(?:1001|4875)\b/

/** A failure in the model's own words. */
function failureOfJob(answer: JsonObject, context: DecodeContext): AttemptFailure {
  const text = (asText(answer['error']) ?? 'no reason given').replace(/\p{Cc}+/gu, ' ').slice(0, 400)
  const details = knownAs(context.candidate).isTimed ? { usage: usageOf(answer, 0, context) } : {}
  const stage = REFUSALS.find(([pattern]) => pattern.test(text))?.[1]
  if (stage) return failure('content_refused', `The provider refused the content: ${text}`, 'unknown', { ...details, stage })
  const retryable = !NEVER_OTHERWISE.test(text)
  return failure('provider_error', `The prediction failed: ${text}`, 'unknown', { ...details, retryable })
}

/** A throttled call says how long to wait, in words or in the body. */
function failureOf(response: ProviderResponse, answer: JsonObject): AttemptFailure {
  const general = failureOfStatus(response)
  const seconds = asNumber(answer['retry_after']) ?? asNumber(/resets? in ~?(\d+)s/.exec(general.message)?.[1])
  return response.status === 429 && general.retryAfterMs === undefined && seconds !== undefined
    ? { ...general, retryAfterMs: seconds * 1000 }
    : general
}
