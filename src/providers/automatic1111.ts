/** AUTOMATIC1111's web UI and Forge: `sdapi/v1`, one picture at a time. stable-diffusion.cpp speaks a part of it. */
import { z } from 'zod'
import type { Capabilities } from '../core/capability.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { type ControlKind, controlKinds, type ImageRequest } from '../core/request.ts'
import {
  type DecodeContext,
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
import { failureOfStatus } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { lookUp } from './kit/jobs.ts'
import { localModel } from './kit/local-model.ts'
import { makeOffer } from './kit/offers.ts'
import { asCount, asList, asNumber, asObject, asText, objectsOf } from './kit/read.ts'
import { safePrompt } from './kit/safe-prompt.ts'

const id = 'automatic1111'

const controlNet = z.union([
  z.string().min(1),
  z.strictObject({ model: z.string().min(1), module: z.string().min(1).default('none') }),
])

const options = z.strictObject({
  controlNets: z
    .partialRecord(z.enum(controlKinds), controlNet)
    .default({})
    .describe(
      'ControlNet models by what they follow: `{canny: control_v11p_sd15_canny}` for control images that are maps already, `{canny: {model, module: canny}}` where the server makes the map of a photograph.',
    ),
  upscaler: z
    .string()
    .min(1)
    .exactOptional()
    .describe('Name of an upscaler, such as `R-ESRGAN 4x+`; absent: it does not upscale.'),
  sampler: z.string().min(1).exactOptional().describe("Sampler of every picture; absent: the server's own."),
  shared: z
    .boolean()
    .default(false)
    .describe('Others use the server too: a client that leaves then does not interrupt, since that ends whatever runs.'),
})

interface Options {
  readonly controlNets: Readonly<Partial<Record<ControlKind, { readonly model: string; readonly module: string }>>>
  readonly upscaler?: string
  readonly sampler?: string
  readonly shared: boolean
}

/** As checked before; what is missing in tests takes the defaults. */
function optionsOf(given: JsonObject | undefined): Options {
  const nets = Object.entries(asObject(given?.['controlNets']) ?? {}).map(([kind, value]) => {
    const net = asObject(value)
    return [kind, { model: asText(net?.['model'] ?? value) ?? '', module: asText(net?.['module']) ?? 'none' }]
  })
  const upscaler = asText(given?.['upscaler'])
  const sampler = asText(given?.['sampler'])
  return {
    controlNets: Object.fromEntries(nets),
    ...(upscaler !== undefined && { upscaler }),
    ...(sampler !== undefined && { sampler }),
    shared: given?.['shared'] === true,
  }
}

/** Members that were priced, carry images, or reach what only the operator may. */
const reserved: ReadonlySet<string> = new Set([
  ...['width', 'height', 'batch_size', 'n_iter', 'steps', 'init_images', 'mask', 'image', 'extra_images', 'firstphase_width'],
  ...['firstphase_height', 'enable_hr', 'hr_scale', 'hr_resize_x', 'hr_resize_y', 'hr_second_pass_steps', 'hr_steps'],
  ...['script_name', 'script_args', 'alwayson_scripts', 'override_settings', 'send_images', 'save_images', 'infotext'],
  ...['upscaling_resize', 'upscaling_resize_w', 'upscaling_resize_h', 'resize_mode', 'do_not_save_grid', 'do_not_save_samples'],
])

export const automatic1111 = defineProvider({
  id,
  requiresKey: false,
  // `--api-auth user:password`; anything else is for a proxy in front of it.
  auth: (apiKey) => ({
    authorization: apiKey.includes(':') ? `Basic ${Buffer.from(apiKey).toString('base64')}` : `Bearer ${apiKey}`,
  }),
  options,
  bodyKeys: ['images', 'image'],
  stripsMetadata: true,
  concurrency: 1,

  offers: (config) =>
    (config.models ?? []).map((changes) =>
      makeOffer(
        config,
        id,
        { model: changes.model, wireModel: changes.id, capabilities: capabilitiesOf(optionsOf(config.options)) },
        changes,
      ),
    ),

  encode(request, candidate, context): Encoded {
    const own = optionsOf(context.options)
    const {
      path,
      parameters: ours,
      warnings: ignored,
    } = request.operation === 'upscale' ? upscaling(request, candidate, own) : drawing(request, candidate, own)
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    return {
      call: post(path, parameters),
      warnings: [...ignored, ...warnings],
      ...(!own.shared && { cancel: { ...post('/sdapi/v1/interrupt', {}), spends: false as const } }),
    }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    if (response.status !== 200 || !answer) return { kind: 'failed', failure: failureOf(response) }
    // The answer to an interrupt.
    if (Object.keys(answer).length === 0)
      return { kind: 'failed', failure: failure('cancelled', 'The picture was interrupted.', 'no') }
    return { kind: 'done', ...picturesOf(answer, context) }
  },

  load: {
    call: lookUp('/sdapi/v1/progress?skip_current_image=true'),
    decode({ body }) {
      const state = body.kind === 'json' ? asObject(asObject(body.value)?.['state']) : undefined
      const count = asCount(state?.['job_count'])
      return count === undefined ? undefined : Math.min(1, count)
    },
  },

  // Of the job that runs, which on a shared server may be another's.
  progress: ({ options }) =>
    optionsOf(options).shared
      ? undefined
      : {
          call: lookUp('/sdapi/v1/progress?skip_current_image=true'),
          decode: ({ body }) => (body.kind === 'json' ? asNumber(asObject(body.value)?.['progress']) : undefined),
        },

  discover: {
    call: lookUp('/sdapi/v1/sd-models'),
    decode: ({ body }) =>
      body.kind === 'json' && asList(body.value)
        ? objectsOf(body.value).flatMap(({ model_name: name }) => {
            const wireModel = asText(name)
            return wireModel === undefined ? [] : [{ id: wireModel, model: localModel(wireModel), capabilities: {} }]
          })
        : undefined,
  },

  probe: (): Probe => ({
    call: lookUp('/sdapi/v1/sd-models'),
    decode(response) {
      const models = response.body.kind === 'json' ? asList(response.body.value) : undefined
      if (response.status !== 200 || !models) return { ok: false, message: failureOfStatus(response).message }
      return { ok: true, message: `It answers and has ${models.length} checkpoints.` }
    },
  }),

  facts: {
    refusals: 'It refuses nothing.',
    documentation: 'https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/API',
  },
})

function capabilitiesOf({ controlNets, upscaler, shared }: Options): Capabilities {
  const controls = Object.keys(controlNets) as ControlKind[]
  return {
    operations: ['generate', 'edit', 'variation', ...(upscaler === undefined ? [] : (['upscale'] as const))],
    sizes: { kind: 'area', multipleOf: 8, minEdge: 64, maxEdge: 2048, minPixels: 4096, maxPixels: 4_194_304, maxAspect: 4 },
    defaultSize: { width: 1024, height: 1024 },
    qualities: [],
    maxN: 8,
    formats: ['png'],
    defaultFormat: 'png',
    backgrounds: [],
    maxInputs: 1,
    mask: true,
    ...(controls.length > 0 && { controls }),
    ...(upscaler !== undefined && { upscale: { factors: [2, 3, 4], maxPixels: 67_108_864 } }),
    sizeFromInput: true,
    maxPromptChars: 32_000,
    parameters: ['seed', 'negativePrompt', 'steps', 'guidance', 'strength'],
    cancelStopsBilling: !shared,
    asyncJobs: false,
  }
}

const post = (path: string, value: JsonObject): HttpCall => ({
  method: 'POST',
  path,
  body: { kind: 'json', value },
  accept: 'json',
  stream: false,
})

interface Drafted {
  readonly path: string
  readonly parameters: Parameters
  readonly warnings: readonly Warning[]
}

function drawing(request: ImageRequest, { offer, settings }: Candidate, own: Options): Drafted {
  const { inputs, operation } = request
  const { prompt, warnings } = safePrompt(request.prompt)
  const negative = safePrompt(request.negativePrompt ?? '', 'negative_prompt')
  const image = inputs.findIndex(({ role }) => role === 'image' || role === 'reference')
  const mask = inputs.findIndex(({ role }) => role === 'mask')
  const unit = controlUnit(request, own)
  const isFromImage = image !== -1
  const parameters: Parameters = {
    prompt,
    negative_prompt: negative.prompt,
    seed: request.seed ?? -1,
    width: settings.size.width,
    height: settings.size.height,
    batch_size: settings.n,
    n_iter: 1,
    steps: settings.steps ?? request.steps,
    cfg_scale: request.guidance,
    ...(own.sampler !== undefined && { sampler_name: own.sampler }),
    send_images: true,
    save_images: false,
    // Kept for the next call: restoring the model that was there before would load it anew each time.
    override_settings: { sd_model_checkpoint: offer.wireModel },
    override_settings_restore_afterwards: false,
    alwayson_scripts: unit && { controlnet: { args: [unit] } },
    ...(isFromImage && {
      init_images: [inputReference(image, { dataUrl: false })],
      denoising_strength: request.strength ?? 0.75,
      resize_mode: 0,
    }),
    ...(mask !== -1 && {
      mask: inputReference(mask, { dataUrl: false, transform: 'white-is-edit' }),
      inpainting_mask_invert: 0,
      // From what is there, and over the whole picture: its own default crops to the mask.
      inpainting_fill: 1,
      inpaint_full_res: false,
    }),
  }
  const ignored: readonly Warning[] =
    request.strength !== undefined && !isFromImage
      ? [{ code: 'parameter_ignored', param: 'strength', message: `Strength has no meaning for ${operation} without an image.` }]
      : []
  return {
    path: `/sdapi/v1/${isFromImage ? 'img2img' : 'txt2img'}`,
    parameters,
    warnings: [...warnings, ...negative.warnings, ...ignored],
  }
}

function controlUnit({ inputs }: ImageRequest, { controlNets }: Options): JsonObject | undefined {
  const index = inputs.findIndex(({ role }) => role === 'control')
  const input = inputs[index]
  const net = input?.control && controlNets[input.control]
  if (!net) return undefined
  return {
    enabled: true,
    image: inputReference(index, { dataUrl: false }),
    model: net.model,
    module: net.module,
    weight: input.controlStrength ?? 1,
    resize_mode: 'Crop and Resize',
    pixel_perfect: true,
    // The map would come back among the pictures.
    save_detected_map: false,
  }
}

function upscaling({ inputs }: ImageRequest, { settings }: Candidate, { upscaler }: Options): Drafted {
  const index = inputs.findIndex(({ role }) => role === 'image')
  const factor = settings.size.width / (inputs[index]?.width ?? settings.size.width)
  return {
    path: '/sdapi/v1/extra-single-image',
    parameters: {
      image: inputReference(index, { dataUrl: false }),
      resize_mode: 0,
      upscaling_resize: factor,
      upscaler_1: upscaler,
    },
    warnings: [],
  }
}

/** `images` may end with maps of ControlNet, which nobody asked for. `info` is JSON inside a text. */
function picturesOf(
  answer: JsonObject,
  { candidate }: DecodeContext,
): { readonly images: readonly DecodedImage[]; readonly warnings?: readonly Warning[] } {
  const info = infoOf(answer['info'])
  const seeds = asList(info['all_seeds']) ?? (info['seed'] === undefined ? [] : [info['seed']])
  const all = asList(answer['images']) ?? (answer['image'] === undefined ? [] : [answer['image']])
  const images = all.slice(0, candidate.settings.n).flatMap((item, index): DecodedImage[] => {
    const body = asCount(asObject(item ?? null)?.['$body'])
    const seed = asCount(seeds[index])
    return body === undefined ? [] : [{ source: { body }, ...(seed !== undefined && { seed }) }]
  })
  const drawnBy = asText(info['sd_model_name'])
  const wanted = candidate.offer.wireModel
  if (drawnBy === undefined || wanted.includes(drawnBy)) return { images }
  // A checkpoint it does not know is passed over in silence.
  const message = `The server drew with ${drawnBy} instead of ${wanted}.`
  return { images, warnings: [{ code: 'parameter_ignored', param: 'model', message }] }
}

function infoOf(value: JsonValue | undefined): JsonObject {
  try {
    return asObject(JSON.parse(asText(value) ?? '{}') as JsonValue) ?? {}
  } catch {
    return {}
  }
}

/** Told with the status of a server that failed, or of a thing that is not there. */
const WRONG_INPUT = /^(?:Invalid encoded image|Init image not found)$/

/** `{error: <class of the exception>, detail, errors: <its text>}`, or FastAPI's own `{detail}`. */
function failureOf(response: ProviderResponse): AttemptFailure {
  const body = response.body.kind === 'json' ? asObject(response.body.value) : undefined
  const kind = asText(body?.['error'])
  if (kind === undefined) return failureOfStatus(response)
  const told = asText(body?.['errors'])
  const message = asText(body?.['detail']) ?? (told === undefined ? kind : `${kind}: ${told.slice(0, 400)}`)
  const found = failureOfStatus(response, { message })
  return WRONG_INPUT.test(message) ? failure('provider_rejected', found.message, 'no') : found
}
