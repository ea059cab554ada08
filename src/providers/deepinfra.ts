/** DeepInfra: pictures by its own call, which says what it cost; edits by the one in OpenAI's dialect; tools with a file. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import { formatSize, type ImageRequest } from '../core/request.ts'
import { type DeepInfraModel, deepInfraModels } from './deepinfra/models.ts'
import { type Decoded, defineProvider, type Encoded, type HttpCall, type MultipartPart, type Probe } from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asCount, asList, asObject, decimalText } from './kit/read.ts'
import { imageKeys, sourceOf } from './openai-dialect/answer.ts'
import { decodeImages } from './openai-dialect/images-api.ts'
import { fieldParts, imagesCall } from './openai-dialect/parameters.ts'
import { decodeModelList } from './openai-dialect/probe.ts'

const id = 'deepinfra'

/** Members that were priced or carry pictures. */
const reserved: ReadonlySet<string> = new Set([
  ...['width', 'height', 'size', 'aspect_ratio', 'num_images', 'n', 'num_inference_steps', 'response_format', 'image_format'],
  ...['image', 'mask', 'images', 'webhook'],
])

export const deepinfra = defineProvider({
  id,
  baseUrl: 'https://api.deepinfra.com/v1',
  keyVariables: ['DEEPINFRA_TOKEN', 'DEEPINFRA_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: imageKeys,
  facts: {
    reportsCost: 'inference_status.cost of its own call, in dollars; edits in the dialect of OpenAI report nothing',
    refusals: 'pictures with something unsafe are flagged; the cost reported beside them is what they cost',
    documentation: 'https://deepinfra.com/docs',
  },

  offers: (config) => offersOf(config, id, deepInfraModels),

  encode(request, candidate): Encoded {
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate), request, candidate, reserved)
    return { call: callOf(request, candidate, parameters), warnings }
  },

  decode(response): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    if (answer['data'] !== undefined) return decodeImages(response)
    if (response.status !== 200) return { kind: 'failed', failure: failureOfStatus(response) }
    return decodeInference(answer)
  },

  probe: (): Probe => ({ call: lookUp('/openai/models'), decode: decodeModelList }),
})

const knownAs = ({ offer }: Candidate): DeepInfraModel | undefined =>
  deepInfraModels.find(({ wireModel }) => wireModel === offer.wireModel)

const isDialect = (request: ImageRequest, candidate: Candidate): boolean =>
  request.operation === 'edit' && !knownAs(candidate)?.tool

function parametersOf(request: ImageRequest, candidate: Candidate): Parameters {
  const { offer, settings } = candidate
  if (isDialect(request, candidate)) {
    const size = formatSize(settings.size)
    return { model: offer.wireModel, prompt: request.prompt, n: settings.n, size, response_format: 'b64_json' }
  }
  // What removes needs no words.
  if (knownAs(candidate)?.tool) return { prompt: request.prompt || undefined }
  return {
    prompt: request.prompt,
    num_images: settings.n,
    width: settings.size.width,
    height: settings.size.height,
    num_inference_steps: settings.steps,
    guidance_scale: request.guidance,
    negative_prompt: request.negativePrompt,
    seed: request.seed,
  }
}

function callOf(request: ImageRequest, candidate: Candidate, parameters: JsonObject): HttpCall {
  if (isDialect(request, candidate)) return { ...imagesCall(request, parameters, 'image'), path: '/openai/images/edits' }
  const own = { method: 'POST', path: `/inference/${candidate.offer.wireModel}`, accept: 'json', stream: false } as const
  if (!knownAs(candidate)?.tool) return { ...own, body: { kind: 'json', value: parameters } }
  const files = request.inputs.map((input, index): MultipartPart => {
    const file = { kind: 'file', input, filename: filenameOf(input, index) } as const
    return input.role === 'mask' ? { ...file, name: 'mask', transform: 'white-is-edit' } : { ...file, name: 'image' }
  })
  return { ...own, body: { kind: 'multipart', parts: [...fieldParts(parameters), ...files] } }
}

/** `{images: [data URL], nsfw_content_detected: [flag], seed, inference_status: {cost}}`; failed items are null. */
function decodeInference(answer: JsonObject): Decoded {
  const items = asList(answer['images']) ?? []
  const flags = asList(answer['nsfw_content_detected']) ?? []
  const reportedCost = costOf(answer['inference_status'])
  const seed = asCount(answer['seed'])
  const images = items.flatMap((item, index) => {
    const source = flags[index] === true ? undefined : sourceOf(item)
    return source ? [{ source, ...(seed === undefined ? {} : { seed }) }] : []
  })
  const failures = flags.filter((flag) => flag === true).map(() => refusedAfter(reportedCost))
  const [refusal] = failures
  if (images.length === 0 && refusal) return { kind: 'failed', failure: refusal }
  return { kind: 'done', images, failures, ...(reportedCost ? { reportedCost } : {}) }
}

function costOf(status: JsonValue | undefined): ReportedCost | undefined {
  const amount = decimalText(asObject(status)?.['cost'])
  return amount === undefined ? undefined : { amount, unit: 'USD', source: 'inference_status.cost' }
}

function refusedAfter(cost: ReportedCost | undefined): AttemptFailure {
  const billed = cost === undefined ? 'unknown' : Number(cost.amount) > 0 ? 'yes' : 'no'
  return failure('content_refused', 'The provider refused the content: the picture was flagged as unsafe.', billed, {
    stage: 'after',
  })
}
