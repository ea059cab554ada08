/** Leonardo: pictures go to its storage first, then a generation is asked for and polled; it says in credits or dollars what it costs. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageInput, ImageRequest } from '../core/request.ts'
import { wholeUnits } from '../core/usage.ts'
import {
  type DecodeContext,
  type Decoded,
  type Done,
  defineProvider,
  type Encoded,
  type HttpCall,
  type Next,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asCount, asList, asObject, asText, decimalText, objectsOf } from './kit/read.ts'
import { type LeonardoModel, leonardoModels, preprocessors, withoutAlchemy } from './leonardo/models.ts'

const id = 'leonardo'
const POLL_MS = 2_000
const CONTRAST = 3.5

/** Members that were priced, or name pictures. */
const reserved: ReadonlySet<string> = new Set([
  ...['modelId', 'num_images', 'width', 'height', 'num_inference_steps', 'ultra', 'highResolution', 'photoReal', 'upscaleRatio'],
  ...[
    'init_image_id',
    'init_generation_image_id',
    'controlnets',
    'imagePrompts',
    'canvasRequest',
    'canvasInitId',
    'canvasMaskId',
  ],
])

export const leonardo = defineProvider({
  id,
  baseUrl: 'https://cloud.leonardo.ai/api/rest/v1',
  keyVariables: ['LEONARDO_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: [],
  facts: {
    reportsCost: 'the answer to the submit: `cost` in dollars where one pays as one goes, else `apiCreditCost` in credits',
    refusals: 'prompts that are refused come back with 400 and make nothing; pictures are only flagged, and delivered',
    documentation: 'https://docs.leonardo.ai/reference/creategeneration',
  },

  offers: (config) => offersOf(config, id, leonardoModels),

  encode(request, candidate): Encoded {
    const { warnings } = bodyOf(request, candidate, [])
    const [first] = request.inputs
    return first ? { ...slotFor(first, []), warnings } : { call: generationOf(request, candidate, []), warnings }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const state = asObject(context.state) ?? {}
    const job = jobOf(context.state)
    if (job) return decodePoll(response, answer, job)
    if (state['step'] === 'slot') return decodeSlot(response, answer, context)
    if (state['step'] === 'upload') return decodeUpload(response, context)
    return decodeSubmit(response, answer)
  },

  probe: (): Probe => ({
    call: lookUp('/me'),
    decode: (response) =>
      response.status === 200 && response.body.kind === 'json' && asObject(response.body.value)?.['user_details'] !== undefined
        ? { ok: true, message: 'The key works.' }
        : { ok: false, message: failureOfLeonardo(response).message },
  }),
})

const knownAs = ({ offer }: Candidate): LeonardoModel | undefined =>
  leonardoModels.find(({ wireModel }) => wireModel === offer.wireModel)

const post = (path: string, value: JsonObject): HttpCall => ({
  method: 'POST',
  path,
  body: { kind: 'json', value },
  accept: 'json',
  stream: false,
})

/** Ask for a place to put a picture; `uploaded` are the ids of those before it. */
const slotFor = ({ mediaType }: Pick<ImageInput, 'mediaType'>, uploaded: readonly JsonValue[]) => ({
  call: { ...post('/init-image', { extension: mediaType.replace('image/', '') }), spends: false } as const,
  state: { step: 'slot', uploaded },
})

const uploadedOf = ({ state }: DecodeContext): readonly JsonValue[] => asList(asObject(state)?.['uploaded']) ?? []

/** `fields` is JSON in a text: what the storage wants before the file, which has to be last. */
function decodeSlot(response: ProviderResponse, answer: JsonObject, context: DecodeContext): Decoded {
  const slot = asObject(answer['uploadInitImage'])
  const [imageId, url, fields] = [asText(slot?.['id']), asText(slot?.['url']), fieldsOf(asText(slot?.['fields']))]
  const uploaded = uploadedOf(context)
  const input = context.request.inputs[uploaded.length]
  if (response.status !== 200 || imageId === undefined || url === undefined || !fields || !input)
    return { kind: 'failed', failure: { ...failureOfLeonardo(response), billed: 'no' } }
  const file = { kind: 'file', name: 'file', input, filename: filenameOf(input, uploaded.length) } as const
  const call: HttpCall = {
    method: 'POST',
    path: url,
    body: { kind: 'multipart', parts: [...fields.map(([name, value]) => ({ kind: 'field', name, value }) as const), file] },
    accept: 'json',
    stream: false,
    spends: false,
  }
  return { kind: 'next', call, state: { step: 'upload', uploaded: [...uploaded, imageId] } }
}

function fieldsOf(text: string | undefined): readonly (readonly [string, string])[] | undefined {
  try {
    const fields = asObject(JSON.parse(text ?? '') as JsonValue)
    return fields && Object.entries(fields).map(([name, value]) => [name, String(value)] as const)
  } catch {
    return undefined
  }
}

function decodeUpload({ status }: ProviderResponse, context: DecodeContext): Decoded | Next {
  if (status >= 300) {
    // The storage's own answer: its 403 says nothing of the account's key.
    const message = `The provider's storage answered ${status} to the picture.`
    return { kind: 'failed', failure: failure('provider_error', message, 'no') }
  }
  const uploaded = uploadedOf(context)
  const { request, candidate } = context
  const next = request.inputs[uploaded.length]
  return next
    ? { kind: 'next', ...slotFor(next, uploaded) }
    : { kind: 'next', call: generationOf(request, candidate, uploaded.map(String)) }
}

const generationOf = (request: ImageRequest, candidate: Candidate, images: readonly string[]): HttpCall =>
  post('/generations', bodyOf(request, candidate, images).parameters)

function bodyOf(request: ImageRequest, candidate: Candidate, images: readonly string[]) {
  const ours = { ...parametersOf(request, candidate), ...picturesOf(request, images) }
  const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
  const defaults = knownAs(candidate)?.hasContrast ? { contrast: CONTRAST } : {}
  return { parameters: { ...defaults, ...parameters }, warnings }
}

function parametersOf(request: ImageRequest, candidate: Candidate): Parameters {
  const { offer, settings } = candidate
  const hasContrast = knownAs(candidate)?.hasContrast === true
  return {
    modelId: offer.wireModel,
    prompt: request.prompt,
    num_images: settings.n,
    width: settings.size.width,
    height: settings.size.height,
    num_inference_steps: settings.steps,
    guidance_scale: request.guidance,
    seed: request.seed,
    negative_prompt: request.negativePrompt,
    styleUUID: hasContrast ? request.style : undefined,
    presetStyle: hasContrast ? undefined : request.style,
    ...(withoutAlchemy.has(offer.model) ? { alchemy: false } : {}),
    // Otherwise it would show them to everybody.
    public: false,
  }
}

/** Theirs says how much of the picture stays, ours how far it may be left. */
function picturesOf({ inputs, strength }: ImageRequest, images: readonly string[]): Parameters {
  const members: Record<string, JsonValue> = {}
  inputs.forEach(({ role, control = 'structure', controlStrength }, index) => {
    const imageId = images[index]
    if (imageId === undefined) return
    if (role !== 'control') {
      members['init_image_id'] = imageId
      if (strength !== undefined) members['init_strength'] = Number((1 - strength).toFixed(4))
      return
    }
    const reference = { initImageId: imageId, initImageType: 'UPLOADED', preprocessorId: preprocessors[control] ?? null }
    members['controlnets'] = [{ ...reference, ...strengthOf(control, controlStrength) }]
  })
  return members
}

const styleWords = ['Low', 'Mid', 'High', 'Ultra', 'Max'] as const
const contentWords = ['Low', 'Mid', 'High'] as const

function strengthOf(control: NonNullable<ImageInput['control']>, strength: number | undefined): JsonObject {
  if (control !== 'style' && control !== 'structure') return strength === undefined ? {} : { weight: strength * 2 }
  const words = control === 'style' ? styleWords : contentWords
  const word = words[Math.min(words.length - 1, Math.floor((strength ?? 0.5) * words.length))]
  return { strengthType: word ?? 'Mid' }
}

function decodeSubmit(response: ProviderResponse, answer: JsonObject): Decoded {
  const generation = asObject(answer['sdGenerationJob'])
  const jobId = asText(generation?.['generationId'])
  if (response.status !== 200 || jobId === undefined) return { kind: 'failed', failure: failureOfLeonardo(response) }
  const notes = { cost: generation?.['cost'] ?? null, credits: generation?.['apiCreditCost'] ?? null }
  return pendingJob({ jobId, pollUrl: `/generations/${encodeURIComponent(jobId)}`, afterMs: POLL_MS, notes })
}

function decodePoll(response: ProviderResponse, answer: JsonObject, job: Job): Decoded {
  const generation = asObject(answer['generations_by_pk'])
  if (response.status !== 200 || !generation) return { kind: 'failed', failure: failureOfLeonardo(response) }
  switch (generation['status']) {
    case 'COMPLETE':
      return { kind: 'done', ...picturesIn(generation), ...billOf(job) }
    case 'FAILED':
      return { kind: 'failed', failure: failure('provider_error', 'The generation failed.', 'unknown'), isFinal: true }
    default:
      return pendingJob(job)
  }
}

function picturesIn(generation: JsonObject): Pick<Done, 'images'> {
  const seed = asCount(generation['seed'])
  const urls = objectsOf(generation['generated_images']).flatMap(({ url }) => asText(url) ?? [])
  return { images: urls.map((url) => ({ source: { url }, ...(seed === undefined ? {} : { seed }) })) }
}

/** Dollars are an amount; credits are a count, whose price is the account's own. */
function billOf({ notes = {} }: Job): Pick<Done, 'usage' | 'reportedCost'> {
  const cost = asObject(notes['cost'])
  const amount = decimalText(cost?.['amount'])
  if (amount !== undefined && cost?.['unit'] === 'DOLLARS')
    return { reportedCost: { amount, unit: 'USD', source: 'sdGenerationJob.cost' } }
  const credits = decimalText(cost?.['unit'] === 'CREDITS' ? cost['amount'] : notes['credits'])
  if (credits === undefined) return {}
  const source = cost?.['unit'] === 'CREDITS' ? 'sdGenerationJob.cost' : 'sdGenerationJob.apiCreditCost'
  const count = asCount(credits)
  const usage = count === undefined ? {} : { usage: { credits: wholeUnits(count) } }
  return { ...usage, reportedCost: { amount: credits, unit: 'credit', source } }
}

/** `{error, path, code}`; nearly all of them have the code "unexpected". */
function failureOfLeonardo(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
  const plain = failureOfStatus(response, error)
  const { message, code } = error
  if (/content moderation|inappropriate content/i.test(message))
    return failure('content_refused', `The provider refused the content: ${message}`, 'no', { stage: 'before' })
  if (code === 'access-denied' || /authorization hook|authentication hook/i.test(message))
    return { ...plain, code: 'provider_auth', retryable: false }
  if (/not enough (?:api )?(?:tokens|credits)|insufficient/i.test(message))
    return { ...plain, code: 'provider_quota', retryable: false }
  if (/not supported within the production api/i.test(message)) return { ...plain, code: 'provider_not_found', retryable: false }
  return plain
}
