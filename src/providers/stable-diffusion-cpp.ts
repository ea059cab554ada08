/** stable-diffusion.cpp's `sd-server` by its own API: jobs of one model, worked off one by one. */
import { z } from 'zod'
import type { Capabilities, SizeRule } from '../core/capability.ts'
import type { JsonObject } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { type ControlKind, controlKinds, type ImageRequest } from '../core/request.ts'
import { MICRO, type Usage } from '../core/usage.ts'
import {
  type DecodeContext,
  type Decoded,
  type DecodedImage,
  defineProvider,
  type Encoded,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { localModel } from './kit/local-model.ts'
import { makeOffer } from './kit/offers.ts'
import { asCount, asList, asObject, asText, objectsOf } from './kit/read.ts'
import { safePrompt } from './kit/safe-prompt.ts'
import { seedOf } from './kit/seed.ts'
import type { ModelConfig } from './provider-config.ts'

const id = 'stable-diffusion-cpp'
const POLL_MS = 500
const API = '/sdcpp/v1'

const options = z.strictObject({
  edits: z
    .enum(['start', 'reference'])
    .default('start')
    .describe(
      'What an edited image is to the model: the picture it starts from (`strength` counts), or one it looks at, as FLUX Kontext does.',
    ),
  controls: z.array(z.enum(controlKinds)).default([]).describe('What the ControlNet that the server was started with follows.'),
})

/** Members that were priced, carry images, or change the size. */
const reserved: ReadonlySet<string> = new Set([
  ...['width', 'height', 'batch_count', 'init_image', 'ref_images', 'mask_image', 'control_image', 'ip_adapter_image'],
  ...['hires', 'output_format', 'output_compression', 'embed_image_metadata', 'sample_params.sample_steps', 'lora'],
])

const defaultSizes = {
  kind: 'area',
  multipleOf: 64,
  minEdge: 64,
  maxEdge: 2048,
  minPixels: 4096,
  maxPixels: 4_194_304,
  maxAspect: 8,
} as const

export const stableDiffusionCpp = defineProvider({
  id,
  requiresKey: false,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options,
  bodyKeys: ['b64_json'],
  stripsMetadata: true,
  concurrency: 1,

  offers: (config) =>
    (config.models ?? []).map((changes) =>
      makeOffer(
        config,
        id,
        { model: changes.model, wireModel: changes.id, capabilities: capabilitiesOf(config.options) },
        changes,
      ),
    ),

  encode(request, candidate, { attemptId, options: own }): Encoded {
    const { prompt, warnings: promptWarnings } = safePrompt(request.prompt)
    const ours = { prompt, ...membersOf(request, candidate, attemptId), ...inputsOf(request, own) }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, {
      reserved,
      open: new Set(['sample_params', 'sample_params.guidance']),
    })
    return {
      call: { method: 'POST', path: `${API}/img_gen`, body: { kind: 'json', value: parameters }, accept: 'json', stream: false },
      warnings: [...promptWarnings, ...ignoredBy(request), ...warnings],
    }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const job = jobOf(context.state)
    return job ? decodeJob(response, answer, job, context) : decodeSubmit(response, answer)
  },

  discover: {
    call: lookUp(`${API}/capabilities`),
    decode: ({ body }) => (body.kind === 'json' ? modelsOf(asObject(body.value)) : undefined),
  },

  probe: (): Probe => ({
    call: lookUp(`${API}/capabilities`),
    decode(response) {
      const [model] = (response.body.kind === 'json' && modelsOf(asObject(response.body.value))) || []
      if (response.status !== 200 || !model) return { ok: false, message: failureOfStatus(response).message }
      return { ok: true, message: `It answers and serves ${model.id}.` }
    },
  }),

  facts: {
    refusals: 'It refuses nothing.',
    documentation: 'https://github.com/leejet/stable-diffusion.cpp/blob/master/examples/server/api.md',
  },
})

function capabilitiesOf(own: JsonObject | undefined): Capabilities {
  const controls = (asList(own?.['controls']) ?? []) as readonly ControlKind[]
  return {
    operations: ['generate', 'edit', 'variation'],
    sizes: defaultSizes,
    defaultSize: { width: 1024, height: 1024 },
    qualities: [],
    maxN: 4,
    formats: ['png', 'jpeg'],
    defaultFormat: 'png',
    backgrounds: [],
    maxInputs: own?.['edits'] === 'reference' ? 4 : 1,
    mask: true,
    ...(controls.length > 0 && { controls }),
    maxPromptChars: 32_000,
    parameters: ['seed', 'negativePrompt', 'steps', 'guidance', 'strength', 'outputCompression'],
    // A job that waits is taken back; one that runs cannot be stopped, and then says so.
    cancelStopsBilling: true,
    asyncJobs: true,
  }
}

function membersOf(request: ImageRequest, { settings }: Candidate, attemptId: string): Parameters {
  const steps = settings.steps ?? request.steps
  const { guidance } = request
  return {
    negative_prompt: request.negativePrompt,
    width: settings.size.width,
    height: settings.size.height,
    seed: request.seed ?? seedOf(attemptId),
    batch_count: settings.n,
    strength: request.strength,
    output_format: settings.format,
    output_compression: request.outputCompression,
    embed_image_metadata: false,
    sample_params:
      steps === undefined && guidance === undefined
        ? undefined
        : {
            ...(steps !== undefined && { sample_steps: steps }),
            // One of the two counts, by the kind of model.
            ...(guidance !== undefined && { guidance: { txt_cfg: guidance, distilled_guidance: guidance } }),
          },
  }
}

function inputsOf({ inputs }: ImageRequest, own: JsonObject): Parameters {
  const members: Record<string, JsonObject | readonly JsonObject[] | number> = {}
  const references: JsonObject[] = []
  inputs.forEach(({ role, controlStrength }, index) => {
    const image = inputReference(index, { dataUrl: false })
    if (role === 'mask') members['mask_image'] = inputReference(index, { dataUrl: false, transform: 'white-is-edit' })
    else if (role === 'control') {
      members['control_image'] = image
      if (controlStrength !== undefined) members['control_strength'] = controlStrength
    } else if (role === 'image' && own['edits'] !== 'reference') members['init_image'] = image
    else references.push(image)
  })
  return { ...members, ...(references.length > 0 && { ref_images: references }) }
}

const ignoredBy = ({ strength, inputs }: ImageRequest): readonly Warning[] =>
  strength !== undefined && !inputs.some(({ role }) => role === 'image')
    ? [{ code: 'parameter_ignored', param: 'strength', message: 'Strength has no meaning without an image to start from.' }]
    : []

function decodeSubmit(response: ProviderResponse, answer: JsonObject): Decoded {
  const jobId = asText(answer['id'])
  if (response.status !== 202 || jobId === undefined) return { kind: 'failed', failure: failureOf(response, answer) }
  const path = `${API}/jobs/${encodeURIComponent(jobId)}`
  return pendingJob({ jobId, pollUrl: path, cancel: { method: 'POST', url: `${path}/cancel` }, afterMs: POLL_MS })
}

/** A queue that is full is a limit, told without a time. */
function failureOf(response: ProviderResponse, answer: JsonObject): AttemptFailure {
  const [error, more] = [asText(answer['error']), asText(answer['message'])]
  const message = [error, more].filter((part) => part !== undefined).join(': ')
  return failureOfStatus(response, message === '' ? undefined : { message })
}

function decodeJob(response: ProviderResponse, answer: JsonObject, job: Job, context: DecodeContext): Decoded {
  if (response.status === 404 || response.status === 410) {
    const message = 'The server has forgotten the job; it was restarted, or its result was not fetched in time.'
    return { kind: 'failed', failure: failure('provider_error', message, 'no'), isFinal: true }
  }
  if (response.status !== 200) return { kind: 'failed', failure: failureOf(response, answer) }
  const usage = usageOf(answer)
  switch (answer['status']) {
    case 'queued':
    case 'generating':
      return pendingJob(job)
    case 'completed':
      return { kind: 'done', images: picturesOf(answer, context), ...(usage && { usage }) }
    default: {
      const message = asText(asObject(answer['error'])?.['message']) ?? 'The job failed.'
      const code = answer['status'] === 'cancelled' ? 'cancelled' : 'provider_error'
      return { kind: 'failed', failure: failure(code, message, 'no', { ...(usage && { usage }) }), isFinal: true }
    }
  }
}

/** Whole seconds between start and end. */
function usageOf({ started, completed }: JsonObject): Usage | undefined {
  const [from, to] = [asCount(started), asCount(completed)]
  return from === undefined || to === undefined || to < from ? undefined : { 'gpu.seconds': BigInt(to - from) * MICRO }
}

/** The pictures of a batch have seeds that follow one another. */
function picturesOf({ result }: JsonObject, { request, encode }: DecodeContext): readonly DecodedImage[] {
  const first = request.seed ?? seedOf(encode.attemptId)
  return objectsOf(asObject(result)?.['images']).flatMap(({ b64_json: data, index }, position) => {
    const body = asCount(asObject(data)?.['$body'])
    return body === undefined ? [] : [{ source: { body }, seed: first + (asCount(index) ?? position) }]
  })
}

/** The one model of the server, with its limits. */
function modelsOf(found: JsonObject | undefined): readonly ModelConfig[] | undefined {
  const model = asObject(found?.['model'])
  const name = asText(model?.['stem']) ?? asText(model?.['name'])
  if (!found || name === undefined) return undefined
  const makesImages = asList(found['supported_modes'])?.includes('img_gen') ?? true
  if (!makesImages) return []
  const limits = asObject(found['limits'])
  const [minEdge, maxEdge, maxN] = [
    asCount(limits?.['min_width']),
    asCount(limits?.['max_width']),
    asCount(limits?.['max_batch_count']),
  ]
  const features = asObject(asObject(found['features_by_mode'])?.['img_gen'])
  const sizes: SizeRule = {
    ...defaultSizes,
    minEdge: Math.max(minEdge ?? 64, 64),
    maxEdge: maxEdge ?? defaultSizes.maxEdge,
    maxPixels: (maxEdge ?? defaultSizes.maxEdge) ** 2,
  }
  return [
    {
      id: name,
      model: localModel(name),
      capabilities: {
        sizes,
        ...(maxN !== undefined && maxN > 0 && { maxN }),
        ...(features && { mask: features['mask_image'] === true }),
      },
    },
  ]
}
