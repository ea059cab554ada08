/** fal's queue: submit, ask for the status, fetch the result; any of its endpoints by the table in fal/models.ts. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { MICRO, type Usage, wholeUnits } from '../core/usage.ts'
import {
  type DecodeContext,
  type Decoded,
  type DecodedImage,
  type Done,
  defineProvider,
  type Encoded,
  type Failed,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { type FalEndpoint, type FalMember, type FalModel, falModels, otherEndpoint, otherModel } from './fal/models.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { ratioOf } from './kit/ratios.ts'
import { asList, asNumber, asObject, asText } from './kit/read.ts'
import { sourceOf } from './openai-dialect/answer.ts'

const id = 'fal'
const POLL_MS = 500

/** What one unit of a price by megapixel stands for: 1024 x 1024 pixels. */
const MEGAPIXEL = 1_048_576n

/** Members that were priced, carry images, or would make the answer something else. */
const reserved: ReadonlySet<string> = new Set([
  ...['image_size', 'aspect_ratio', 'resolution', 'num_images', 'max_images', 'num_inference_steps', 'output_format'],
  ...['quality', 'rendering_speed', 'scale', 'upscale_factor', 'sync_mode'],
  ...['image_url', 'image_urls', 'mask_url', 'mask_image_url', 'preprocess'],
])

export const fal = defineProvider({
  id,
  baseUrl: 'https://queue.fal.run',
  keyVariables: ['FAL_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Key ${apiKey}` }),
  bodyKeys: [],
  offers: (config) => offersOf(config, id, falModels, ({ id: wireModel, model }) => otherModel(model, wireModel)),

  encode(request, candidate, { webhookUrl }): Encoded {
    const endpoint = endpointOf(request, candidate)
    const ours = { ...membersOf(request, candidate, endpoint), ...inputsOf(request, endpoint), ...endpoint.fixed }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    const query = webhookUrl === undefined ? '' : `?fal_webhook=${encodeURIComponent(webhookUrl)}`
    return {
      call: {
        method: 'POST',
        path: `/${endpoint.path}${query}`,
        body: { kind: 'json', value: parameters },
        accept: 'json',
        stream: false,
      },
      warnings: [...ignoredBy(endpoint, request, candidate), ...warnings],
    }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const job = jobOf(context.state)
    if (!job) return decodeSubmit(response, answer)
    return asObject(context.state)?.['phase'] === 'result'
      ? decodeResult(response, answer, context)
      : decodeStatus(response, answer, job)
  },

  probe: (): Probe => ({
    // A request that does not exist: a key that works is told so, any other is refused first.
    call: lookUp('/fal-ai/flux/requests/00000000-0000-0000-0000-000000000000/status'),
    decode: (response) =>
      response.status === 404 || response.status === 422 || response.status === 200
        ? { ok: true, message: 'The key works.' }
        : { ok: false, message: failureOfStatus(response).message },
  }),

  facts: {
    reportsCost: 'The header `x-fal-billable-units` of the result: how many units of the price, not how much money.',
    refusals: '"You only pay for successful outputs"; 5xx are never billed, a 422 may be where GPU time was spent.',
    documentation: 'https://docs.fal.ai/model-apis/model-endpoints/queue',
  },
})

const knownAs = ({ offer }: Candidate): FalModel | undefined => falModels.find(({ wireModel }) => wireModel === offer.wireModel)

/** A mask or a control image leads to an endpoint of its own. */
function endpointOf({ operation, inputs }: ImageRequest, candidate: Candidate): FalEndpoint {
  const endpoints: FalModel['endpoints'] = knownAs(candidate)?.endpoints ?? {}
  const has = (role: 'image' | 'mask' | 'control'): boolean => inputs.some((input) => input.role === role)
  const special = has('mask') ? endpoints.inpaint : has('control') && !has('image') ? endpoints.control : undefined
  return special ?? endpoints[operation] ?? otherEndpoint(candidate.offer.wireModel)
}

/** By the request's words, the member and its value. */
const wireMembers = {
  prompt: ({ prompt }) => ({ prompt }),
  n: (_, { n }) => ({ num_images: n }),
  format: (_, { format }) => ({ output_format: format }),
  quality: (_, { quality }) => ({ quality }),
  renderingSpeed: (_, { quality }) => ({
    rendering_speed: { low: 'TURBO', medium: 'BALANCED', high: 'QUALITY' }[String(quality)],
  }),
  background: (_, { background }) => ({ background }),
  scale: ({ operation, inputs: [input] }, { size }, path) =>
    operation === 'upscale' && input
      ? { [path.endsWith('clarity-upscaler') ? 'upscale_factor' : 'scale']: size.width / input.width }
      : {},
  seed: ({ seed }) => ({ seed }),
  negativePrompt: ({ negativePrompt }) => ({ negative_prompt: negativePrompt }),
  steps: (_, { steps }) => ({ num_inference_steps: steps }),
  guidance: ({ guidance }) => ({ guidance_scale: guidance }),
  strength: ({ strength }) => ({ strength }),
  style: ({ style }) => ({ style }),
} satisfies Partial<Record<FalMember, (request: ImageRequest, settings: Candidate['settings'], path: string) => Parameters>>

function membersOf(request: ImageRequest, { settings }: Candidate, { takes, size, path }: FalEndpoint): Parameters {
  const members: Record<string, JsonValue | undefined> = {}
  const table: Readonly<Partial<Record<FalMember, (typeof wireMembers)[keyof typeof wireMembers]>>> = wireMembers
  for (const member of takes) Object.assign(members, table[member]?.(request, settings, path))
  if (size === 'pixels') members['image_size'] = { width: settings.size.width, height: settings.size.height }
  else if (size !== 'none') members[size.member] = ratioOf(size.table, settings.size)
  return members
}

/** Images travel as data URLs inside the call. */
function inputsOf({ inputs }: ImageRequest, { images, mask, controls }: FalEndpoint): Parameters {
  const members: Record<string, JsonValue> = {}
  const urls: JsonObject[] = []
  inputs.forEach(({ role, control, controlStrength }, index) => {
    if (role === 'mask') {
      if (mask) members[mask] = inputReference(index, { dataUrl: true, transform: 'white-is-edit' })
      return
    }
    if (role === 'control') {
      if (!controls) return
      members['preprocess'] = (control && controls[control]) ?? 'none'
      if (controlStrength !== undefined) members['control_scale'] = controlStrength
    }
    urls.push(inputReference(index, { dataUrl: true }))
  })
  const [first] = urls
  if (images && first) members[images] = images === 'image_url' ? first : urls
  return members
}

/** The offer takes it at another endpoint than the one this request goes to. */
function ignoredBy({ takes, controls, path }: FalEndpoint, request: ImageRequest, { offer }: Candidate): Warning[] {
  const asked = offer.capabilities.parameters.filter((name) => request[name as keyof ImageRequest] !== undefined)
  const ignored: string[] = asked.filter((name) => !takes.some((member) => member === name))
  if (!controls && request.inputs.some(({ role }) => role === 'control')) ignored.push('control')
  if (request.prompt !== '' && offer.capabilities.maxPromptChars > 0 && !takes.includes('prompt')) ignored.push('prompt')
  return ignored.map((param) => ({
    code: 'parameter_ignored',
    param,
    message: `${path} has no ${param}; it was left out.`,
  }))
}

function decodeSubmit(response: ProviderResponse, answer: JsonObject): Decoded {
  const jobId = asText(answer['request_id'])
  const pollUrl = asText(answer['status_url'])
  const resultUrl = asText(answer['response_url'])
  if (response.status !== 200 || jobId === undefined || pollUrl === undefined || resultUrl === undefined)
    return { kind: 'failed', failure: failureOfSubmit(response) }
  const cancelUrl = asText(answer['cancel_url'])
  const cancel = cancelUrl === undefined ? {} : { cancel: { method: 'PUT' as const, url: cancelUrl } }
  return pendingJob({ jobId, pollUrl, ...cancel, afterMs: POLL_MS, notes: { resultUrl } })
}

/** An account without balance is locked, with 403. */
function failureOfSubmit(response: ProviderResponse): AttemptFailure {
  const general = failureOfStatus(response)
  return response.status === 403 && /balance/i.test(general.message) ? failure('provider_quota', general.message, 'no') : general
}

function decodeStatus(response: ProviderResponse, answer: JsonObject, job: Job): Decoded {
  const { notes = {} } = job
  switch (answer['status']) {
    case 'IN_QUEUE':
    case 'IN_PROGRESS':
      return pendingJob({ ...job, notes: { ...notes, status: answer['status'] } })
    case 'COMPLETED':
      return {
        kind: 'next',
        call: lookUp(String(notes['resultUrl'])),
        state: { job: job as unknown as JsonObject, phase: 'result' },
      }
    case 'CANCELLATION_REQUESTED': {
      // A job that already runs may come to its end all the same.
      const billed = notes['status'] === 'IN_QUEUE' ? 'no' : 'unknown'
      return { kind: 'failed', failure: failure('cancelled', 'The job was cancelled.', billed) }
    }
    default:
      return { kind: 'failed', failure: failureOfStatus(response) }
  }
}

function decodeResult(response: ProviderResponse, answer: JsonObject, context: DecodeContext): Decoded {
  if (response.status !== 200) return failedResult(response, answer)
  const items = asList(answer['images']) ?? (answer['image'] === undefined ? [] : [answer['image']])
  const flags = isChecked(context) ? (asList(answer['has_nsfw_concepts']) ?? []) : []
  const usage = usageOf(response, items.length, context)
  const shown = items.flatMap((item, index) => (flags[index] === true ? [] : pictureOf(item ?? null, answer, context)))
  const refused = flags.filter((flag) => flag === true).length
  const refusals = Array.from({ length: refused }, () => refusedAfter(usage))
  if (shown.length === 0 && refusals[0]) return { kind: 'failed', failure: refusals[0], isFinal: true }
  return { kind: 'done', images: shown, failures: refusals, ...(usage ? { usage } : {}) }
}

/** Flags mean a blackened picture only where the checker is on. */
const isChecked = ({ request, candidate }: DecodeContext): boolean =>
  !['fal', candidate.offer.provider].some((name) => request.extraBody[name]?.['enable_safety_checker'] === false)

function pictureOf(item: JsonValue, { seed, prompt }: JsonObject, { request }: DecodeContext): DecodedImage[] {
  const source = sourceOf(item)
  const used = asNumber(seed)
  const revised = asText(prompt)
  if (!source) return []
  return [
    {
      source,
      ...(used === undefined ? {} : { seed: used }),
      ...(revised === undefined || revised === request.prompt ? {} : { revisedPrompt: revised }),
    },
  ]
}

const refusedAfter = (usage: Usage | undefined): AttemptFailure =>
  failure('content_refused', 'The safety checker blackened the picture after it was made.', 'yes', {
    stage: 'after',
    ...(usage ? { usage } : {}),
  })

/** The header counts what is billed; without it the price book estimates. */
function usageOf({ headers }: ProviderResponse, images: number, { candidate }: DecodeContext): Done['usage'] {
  const count = asNumber(headers['x-fal-billable-units'])
  const unit = knownAs(candidate)?.unit ?? 'unknown'
  if (count === undefined || unit === 'unknown') return undefined
  const units = BigInt(Math.round(count * Number(MICRO)))
  if (unit === 'image') return { 'images.out': units }
  // Input and output have one price; the header does not tell them apart.
  return { 'images.out': wholeUnits(images), 'megapixels.out': (units * MEGAPIXEL) / MICRO, 'megapixels.in': 0n }
}

/** What a type says that its status does not. */
const meanings: ReadonlyMap<string, Pick<AttemptFailure, 'code' | 'retryable'>> = new Map([
  ['downstream_service_error', { code: 'provider_error', retryable: true }],
  ['no_media_generated', { code: 'provider_no_image', retryable: false }],
  ['client_cancelled', { code: 'cancelled', retryable: true }],
])

/** The model's errors are a list in `detail`; the platform's have a type of their own. */
const typesOf = (answer: JsonObject): readonly string[] =>
  [answer['error_type'], ...(asList(answer['detail']) ?? []).map((detail) => asObject(detail)?.['type'])].flatMap(
    (type) => asText(type) ?? [],
  )

function failedResult(response: ProviderResponse, answer: JsonObject): Failed {
  const types = typesOf(answer)
  if (types.includes('content_policy_violation')) {
    // What it found fault with is named; a member of the request was looked at before anything was made.
    const { param, message } = wireErrorOf(response)
    const stage = param === undefined ? 'unknown' : 'before'
    const refused = failure('content_refused', `The provider refused the content: ${message}`, 'unknown', { stage })
    return { kind: 'failed', failure: refused, isFinal: true }
  }
  const meaning = types.map((type) => meanings.get(type)).find((each) => each !== undefined)
  const failed: AttemptFailure = { ...failureOfStatus(response), ...meaning, ...retryableOf(response) }
  if (response.status < 500) {
    return { kind: 'failed', failure: { ...failed, billed: 'unknown' }, isFinal: response.status !== 429 }
  }
  const isOwn = response.body.kind === 'json'
  return { kind: 'failed', failure: isOwn ? { ...failed, billed: 'no' } : failed, isFinal: isOwn }
}

/** The model may say of its failure whether asking again is of any use. */
function retryableOf({ headers }: ProviderResponse): Partial<Pick<AttemptFailure, 'retryable'>> {
  const said = headers['x-fal-retryable']
  return said === 'true' || said === 'false' ? { retryable: said === 'true' } : {}
}
