/** Runware: tasks in a JSON array, answered at once or, by what takes a while, asked about until they are done. */
import type { ErrorCode } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { wholeUnits } from '../core/usage.ts'
import { bodyIndexOf } from '../net/json-scanner.ts'
import {
  type Decoded,
  type DecodedImage,
  type Done,
  defineProvider,
  type EncodeContext,
  type Encoded,
  type HttpCall,
  inputReference,
  type Pending,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { decimalSum } from './kit/decimals.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { offersOf } from './kit/offers.ts'
import { asNumber, asObject, asText, decimalText, objectsOf } from './kit/read.ts'
import { uuidOf } from './kit/uuid.ts'
import { strengthIgnored } from './kit/warnings.ts'
import { type RunwareModel, runwareModels } from './runware/models.ts'

const id = 'runware'
/** "Start with 1-2 second intervals." */
const POLL_MS = 1_000

/** Members that were priced, carry pictures or would make the answer something else. */
const reserved: ReadonlySet<string> = new Set([
  ...['taskType', 'taskUUID', 'model', 'width', 'height', 'steps', 'numberResults', 'upscaleFactor', 'resolution'],
  ...['outputType', 'outputFormat', 'includeCost', 'deliveryMethod', 'webhookURL', 'uploadEndpoint'],
  ...['seedImage', 'maskImage', 'referenceImages', 'inputs', 'inputImage', 'controlNet', 'outpaint', 'refiner', 'ipAdapters'],
])

export const runware = defineProvider({
  id,
  baseUrl: 'https://api.runware.ai/v1',
  keyVariables: ['RUNWARE_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: ['imageBase64Data'],
  facts: {
    reportsCost: '`cost` of each result, in USD',
    refusals: 'an error in place of a result; what it costs is not documented: unknown',
    documentation: 'https://runware.ai/docs/image-inference/api-reference',
  },

  offers: (config) => offersOf(config, id, runwareModels, ({ id: air, model }) => ({ ...generic, model, wireModel: air })),

  encode(request, candidate, context): Encoded {
    const model = knownAs(candidate)
    const ours = { ...taskOf(candidate, model, context), ...membersOf(request, candidate, model) }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    return { call: post(parameters), warnings: [...strengthIgnored(request, candidate), ...warnings] }
  },

  decode(response, { candidate, encode, state }): Decoded {
    const taskUUID = asText(asObject(state)?.['taskUUID']) ?? uuidOf(encode.attemptId)
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    const isOfTask = (item: JsonObject): boolean => item['taskUUID'] === undefined || item['taskUUID'] === taskUUID
    const results = objectsOf(answer?.['data']).filter(isOfTask)
    const failures = objectsOf(answer?.['errors'])
      .filter(isOfTask)
      .map((error) => failureOf(response, error))
    const images = results.flatMap((result) => imageOf(result) ?? [])
    const isRunning = results.some(({ status }) => status === 'processing')
    // Of several pictures the ones that are ready come with every answer.
    if (
      response.status === 200 &&
      candidate.offer.capabilities.asyncJobs &&
      (isRunning || images.length + failures.length === 0)
    ) {
      return pending(taskUUID)
    }
    const [first] = failures
    if (images.length > 0) return { ...done(images, results), ...(first && { failures }) }
    if (first) return { kind: 'failed', failure: first, ...(response.status === 200 && state !== undefined && { isFinal: true }) }
    return response.status === 200 ? { kind: 'done', images: [] } : { kind: 'failed', failure: failureOfStatus(response) }
  },

  // Asks about a task that never was: whoever has no key is told so first.
  probe: (): Probe => ({
    call: { ...post(question(uuidOf('probe'))), spends: false },
    decode(response) {
      const [error] = response.body.kind === 'json' ? objectsOf(asObject(response.body.value)?.['errors']) : []
      const found = error ? failureOf(response, error) : failureOfStatus(response)
      const isKnown =
        response.status < 500 &&
        response.body.kind === 'json' &&
        found.code !== 'provider_auth' &&
        found.code !== 'provider_quota'
      return isKnown ? { ok: true, message: 'reachable; the key works' } : { ok: false, message: `POST /v1: ${found.message}` }
    },
  }),
})

/** A model named in the configuration by its AIR: what every model of this task takes. */
const generic: Omit<RunwareModel, 'model' | 'wireModel'> = {
  task: 'imageInference',
  assumed: true,
  capabilities: { ...(runwareModels.find(({ model }) => model === 'alibaba/qwen-image') as RunwareModel).capabilities },
}

const knownAs = ({ offer }: Candidate): RunwareModel =>
  runwareModels.find(({ model, wireModel }) => model === offer.model && wireModel === offer.wireModel) ?? {
    ...generic,
    model: offer.model,
    wireModel: offer.wireModel,
  }

const post = (task: JsonObject): HttpCall => ({
  method: 'POST',
  path: '',
  body: { kind: 'json-list', value: [task] },
  accept: 'json',
  stream: false,
})

const question = (taskUUID: string): JsonObject => ({ taskType: 'getResponse', taskUUID })

const pending = (taskUUID: string): Pending => ({
  kind: 'pending',
  jobId: taskUUID,
  poll: { ...post(question(taskUUID)), spends: false },
  afterMs: POLL_MS,
  state: { taskUUID },
})

const formats = { png: 'PNG', jpeg: 'JPG', webp: 'WEBP', gif: undefined, svg: undefined } as const

function taskOf({ offer, settings }: Candidate, { task }: RunwareModel, { attemptId, webhookUrl }: EncodeContext): Parameters {
  const { asyncJobs } = offer.capabilities
  return {
    taskType: task,
    taskUUID: uuidOf(attemptId),
    model: offer.wireModel,
    outputType: 'base64Data',
    outputFormat: formats[settings.format],
    includeCost: true,
    ...(asyncJobs ? { deliveryMethod: 'async', webhookURL: webhookUrl } : {}),
  }
}

function membersOf(request: ImageRequest, candidate: Candidate, model: RunwareModel): Parameters {
  const { inputs } = request
  const picture = (index: number): JsonObject => inputReference(index, { dataUrl: true })
  if (model.task === 'imageBackgroundRemoval') return { inputImage: picture(0) }
  if (model.task === 'imageUpscale') {
    return { inputImage: picture(0), upscaleFactor: Math.round(candidate.settings.size.width / (inputs[0]?.width ?? 1)) }
  }
  const { size, steps, n } = candidate.settings
  return {
    positivePrompt: request.prompt,
    negativePrompt: request.negativePrompt,
    width: size.width,
    height: size.height,
    numberResults: n,
    steps,
    CFGScale: request.guidance,
    seed: request.seed,
    strength: inputs.some(({ role }) => role === 'image') ? request.strength : undefined,
    outpaint: request.outpaint && { ...request.outpaint },
    ...picturesOf(request, model),
  }
}

function picturesOf({ inputs }: ImageRequest, { pictures, controlNets }: RunwareModel): Parameters {
  const found: { shown: JsonObject[]; rest: Record<string, JsonValue> } = { shown: [], rest: {} }
  for (const [index, { role, control = 'canny', controlStrength }] of inputs.entries()) {
    if (role === 'mask') found.rest['maskImage'] = inputReference(index, { dataUrl: true, transform: 'white-is-edit' })
    else if (role === 'control') {
      const weight = controlStrength === undefined ? {} : { weight: controlStrength }
      const guide = { model: controlNets?.[control] ?? '', guideImage: inputReference(index, { dataUrl: true }), ...weight }
      found.rest['controlNet'] = [guide]
    } else found.shown.push(inputReference(index, { dataUrl: true }))
  }
  const [first] = found.shown
  if (!first) return found.rest
  if (pictures === 'inputs.referenceImages') return { ...found.rest, inputs: { referenceImages: found.shown } }
  return { ...found.rest, ...(pictures === 'referenceImages' ? { referenceImages: found.shown } : { seedImage: first }) }
}

function imageOf(result: JsonObject): DecodedImage | undefined {
  const body = bodyIndexOf(result['imageBase64Data'])
  const url = asText(result['imageURL'])
  const seed = asNumber(result['seed'])
  const source = body === undefined ? url && { url } : { body }
  return source ? { source, ...(seed === undefined ? {} : { seed }) } : undefined
}

function done(images: readonly DecodedImage[], results: readonly JsonObject[]): Done {
  const costs = results.map(({ cost }) => decimalText(cost)).filter((cost) => cost !== undefined)
  return {
    kind: 'done',
    images,
    usage: { 'images.out': wholeUnits(images.length) },
    // A sum of which a part is missing would be too low.
    ...(costs.length === images.length && { reportedCost: { amount: decimalSum(...costs), unit: 'USD', source: 'cost' } }),
  }
}

/**
 * Codes are "actively being standardized", so they are read for what they speak of, in the order of the vendor's own SDK. What
 * begins with `provider` is between Runware and the maker: a key that was refused there is not the account's.
 */
const codesByWords: readonly (readonly [RegExp, ErrorCode])[] = [
  [/rate_?limit|too_?many|concurren/i, 'provider_rate_limited'],
  [/credit|balance|payment|quota/i, 'provider_quota'],
  [/nsfw|moderat|safety|content_?(?:policy|filter)|(?:sensitive|unsafe)_?content|^(?:prompt|image)_?blocked/i, 'content_refused'],
  [/timeout_?provider|provider_?timeout/i, 'provider_timeout'],
  [
    /^(?:provider|inference|processing|task_?failed|no_?available)|^model_?(?:unavailable|disabled|not_?ready)/i,
    'provider_error',
  ],
  [
    /api_?key|auth|^forbidden|permission|^token_?(?:expired|invalid|missing|revoked)|^(?:account|organi[sz]ation|workspace)_?(?:suspended|disabled)/i,
    'provider_auth',
  ],
  [/timeout/i, 'provider_timeout'],
  [/model.*not_?found|(?:invalid|unknown)_?model/i, 'provider_not_found'],
  [
    /^(?:invalid|missing|unsupported|required|conflict|duplicate|incompatible|mismatch|unknown_?param|value|array|max)/i,
    'provider_rejected',
  ],
]

/** One of `errors`: `{code, message, parameter, taskUUID}`. */
function failureOf(response: ProviderResponse, error: JsonObject): AttemptFailure {
  const word = asText(error['code']) ?? ''
  const message = (asText(error['message']) ?? wireErrorOf(response).message).slice(0, 400)
  const param = asText(error['parameter'])
  const found = failureOfStatus(response, { message: `${word}: ${message}`, ...(param === undefined ? {} : { param }) })
  const byWords = codesByWords.find(([words]) => words.test(word))?.[1]
  const code = byWords ?? (response.status === 200 ? 'provider_error' : found.code)
  const isUnclear = code === 'content_refused' || code === 'provider_timeout' || code === 'provider_error'
  return failure(code, found.message, isUnclear ? 'unknown' : 'no', {
    ...(found.retryAfterMs === undefined ? {} : { retryAfterMs: found.retryAfterMs }),
    ...(param === undefined ? {} : { param }),
    ...(code === 'content_refused' ? { stage: 'unknown' as const } : {}),
  })
}
