/** Black Forest Labs: every call is a job, answered with the URL to poll and with what it costs. */
import { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { ImageRequest } from '../core/request.ts'
import { MICRO, type Usage, wholeUnits } from '../core/usage.ts'
import { type FluxModel, fluxModels } from './black-forest-labs/models.ts'
import {
  type Decoded,
  type Done,
  defineProvider,
  type EncodeContext,
  type Encoded,
  inputReference,
  type Probe,
} from './define-provider.ts'
import { failureOfStatus } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { decodeFluxResult } from './kit/flux-jobs.ts'
import { kontextSizes, ultraSizes } from './kit/flux-sizes.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { ratioOf } from './kit/ratios.ts'
import { asNumber, asObject, asText, decimalText } from './kit/read.ts'

const id = 'black-forest-labs'
const POLL_MS = 500

/** Members that were priced, carry images, or are Halftone's own to set. */
const reserved: ReadonlySet<string> = new Set([
  ...['width', 'height', 'aspect_ratio', 'output_format', 'steps', 'image', 'mask', 'image_prompt', 'input_image'],
  ...Array.from({ length: 9 }, (_, index) => `input_image_${index + 2}`),
  ...['input_image_blob_path', 'top', 'bottom', 'left', 'right', 'webhook_url', 'webhook_secret'],
])

export const blackForestLabs = defineProvider({
  id,
  baseUrl: 'https://api.bfl.ai/v1',
  keyVariables: ['BFL_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ 'x-key': apiKey }),
  // The polling URL names the region the job runs in: api.us1.bfl.ai, api.eu1.bfl.ai, api.us6.bfl.ai, ...
  siblingHosts: /^api(\.[a-z0-9-]+)?\.bfl\.ai$/,
  options: z.strictObject({
    webhooks: z
      .boolean()
      .optional()
      .describe(
        'Ask for webhooks. The answer then names no URL to poll, so set it only with the baseUrl of one region, such as https://api.eu.bfl.ai/v1.',
      ),
  }),
  bodyKeys: [],
  offers: (config) => offersOf(config, id, fluxModels),

  encode(request, candidate, context): Encoded {
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate, context), request, candidate, reserved)
    return {
      call: { ...post, path: `/${candidate.offer.wireModel}`, body: { kind: 'json', value: parameters } },
      warnings,
    }
  },

  decode(response, { state, candidate }): Decoded {
    const job = jobOf(state)
    if (job) return decodeFluxResult(response, { pending: pendingJob(job), bill: billOf(job, candidate.settings.n) })
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const jobId = asText(answer['id'])
    if (response.status !== 200 || jobId === undefined) return { kind: 'failed', failure: failureOfStatus(response) }
    const pollUrl = asText(answer['polling_url']) ?? `/get_result?id=${encodeURIComponent(jobId)}`
    return pendingJob({ jobId, pollUrl, afterMs: POLL_MS, notes: noted(answer) })
  },

  probe: (): Probe => ({
    call: lookUp('/credits'),
    decode: (response) => {
      const credits = response.body.kind === 'json' ? asNumber(asObject(response.body.value)?.['credits']) : undefined
      return response.status === 200 && credits !== undefined
        ? { ok: true, message: `The key works; ${credits} credits are left.` }
        : { ok: false, message: failureOfStatus(response).message }
    },
  }),

  facts: {
    reportsCost: 'The answer to the submit: `cost` in credits of $0.01, `input_mp`, `output_mp`.',
    refusals:
      '`Request Moderated` before, `Content Moderated` after the picture was made; whether either is billed is not documented.',
    documentation: 'https://docs.bfl.ai',
  },
})

const post = { method: 'POST', accept: 'json', stream: false } as const

function parametersOf(request: ImageRequest, candidate: Candidate, { options, webhookUrl }: EncodeContext): Parameters {
  const { settings, offer } = candidate
  return {
    prompt: request.prompt,
    ...sizeOf(candidate),
    ...inputsOf(request, knownAs(offer.wireModel)),
    ...(offer.capabilities.parameters.includes('outpaint') ? request.outpaint : {}),
    seed: request.seed,
    steps: settings.steps,
    guidance: request.guidance,
    output_format: settings.format,
    webhook_url: options['webhooks'] === true ? webhookUrl : undefined,
  }
}

/** A model under a name of its own takes what FLUX.2 takes. */
const knownAs = (wireModel: string): Pick<FluxModel, 'sizing' | 'inputField'> =>
  fluxModels.find((model) => model.wireModel === wireModel) ?? { sizing: 'pixels', inputField: 'input_image' }

function sizeOf({ offer, settings }: Candidate): Parameters {
  const { sizing } = knownAs(offer.wireModel)
  if (sizing === 'pixels') return { width: settings.size.width, height: settings.size.height }
  if (sizing === 'input') return {}
  return { aspect_ratio: ratioOf(kontextSizes, settings.size) ?? ratioOf(ultraSizes, settings.size) }
}

/** Bare base64, as the specification has it. */
function inputsOf({ inputs, strength }: ImageRequest, { inputField }: Pick<FluxModel, 'inputField'>): Parameters {
  const members: Record<string, JsonObject | number> = {}
  let images = 0
  inputs.forEach(({ role }, index) => {
    if (role === 'mask') members['mask'] = inputReference(index, { dataUrl: false, transform: 'white-is-edit' })
    else members[images++ === 0 ? inputField : `${inputField}_${images}`] = inputReference(index, { dataUrl: false })
  })
  // Theirs says how much of the image stays, ours how far the picture may leave it.
  if (inputField === 'image_prompt' && images > 0 && strength !== undefined)
    members['image_prompt_strength'] = Number((1 - strength).toFixed(4))
  return members
}

const NOTES = ['cost', 'input_mp', 'output_mp'] as const

/** What the submit says of the bill; the answers to polls do not repeat it. */
const noted = (answer: JsonObject): JsonObject =>
  Object.fromEntries(NOTES.flatMap((name) => (decimalText(answer[name]) === undefined ? [] : [[name, answer[name] ?? null]])))

/** The price list counts images; megapixels are what the amount was computed from. */
function billOf({ notes = {} }: Job, images: number): Pick<Done, 'usage' | 'reportedCost'> {
  const amount = decimalText(notes['cost'])
  const usage: Usage = {
    'images.out': wholeUnits(images),
    ...megapixels('megapixels.in', notes['input_mp']),
    ...megapixels('megapixels.out', notes['output_mp']),
  }
  return { usage, ...(amount === undefined ? {} : { reportedCost: { amount, unit: 'credit', source: 'cost' } }) }
}

function megapixels(meter: 'megapixels.in' | 'megapixels.out', value: JsonValue | undefined): Usage {
  const count = asNumber(value)
  return count === undefined ? {} : { [meter]: BigInt(Math.round(count * Number(MICRO))) }
}
