/** Cloudflare Workers AI: one path per model, called with JSON or a form, answered with base64 in an envelope or the picture itself. */
import { z } from 'zod'
import type { ErrorCode } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { type Usage, wholeUnits } from '../core/usage.ts'
import { bodyIndexOf } from '../net/json-scanner.ts'
import { type CloudflareModel, cloudflareModels } from './cloudflare/models.ts'
import {
  type CallBody,
  type Decoded,
  defineProvider,
  type Encoded,
  type MultipartPart,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asNumber, asObject, asText, objectsOf } from './kit/read.ts'

const id = 'cloudflare'

/** Members that were priced or carry pictures. */
const reserved: ReadonlySet<string> = new Set([
  ...['width', 'height', 'steps', 'num_steps', 'image', 'image_b64', 'mask'],
  ...[0, 1, 2, 3].map((index) => `input_image_${index}`),
])

export const cloudflare = defineProvider({
  id,
  baseUrl: 'https://api.cloudflare.com/client/v4',
  keyVariables: ['CLOUDFLARE_API_TOKEN'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options: z.strictObject({ account: z.string().min(1).describe('Cloudflare account id.') }),
  bodyKeys: ['image'],
  facts: {
    refusals: 'a prompt that is flagged is answered with error 3030; what that costs is not documented: unknown',
    documentation: 'https://developers.cloudflare.com/workers-ai/models/',
  },

  offers: (config) => offersOf(config, id, cloudflareModels),

  encode(request, candidate, { options }): Encoded {
    const model = knownAs(candidate)
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate, model), request, candidate, reserved)
    const body = model.call === 'json' ? ({ kind: 'json', value: parameters } as const) : formOf(request, parameters)
    const path = `${aiPath(options)}/run/${candidate.offer.wireModel}`
    return { call: { method: 'POST', path, body, accept: model.answer, stream: false }, warnings }
  },

  decode(response, { request, candidate }): Decoded {
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    if (response.status !== 200 || answer?.['success'] === false) return { kind: 'failed', failure: failureOf(response) }
    const result = asObject(answer?.['result']) ?? answer
    const body = response.body.kind === 'image' ? 0 : bodyIndexOf(result?.['image'])
    if (body === undefined) return { kind: 'done', images: [] }
    return { kind: 'done', images: [{ source: { body } }], usage: usageOf(request, candidate) }
  },

  probe: ({ options }): Probe => ({
    call: lookUp(`${aiPath(options)}/models/search?task=Text-to-Image&per_page=1`),
    decode(response) {
      if (response.status === 200) return { ok: true, message: 'The token may use Workers AI of this account.' }
      return { ok: false, message: `GET /ai/models/search: ${failureOf(response).message}` }
    },
  }),
})

const aiPath = (options: JsonObject | undefined): string =>
  `/accounts/${encodeURIComponent(asText(options?.['account']) ?? '')}/ai`

function knownAs({ offer }: Candidate): CloudflareModel {
  const known = cloudflareModels.find(({ wireModel }) => wireModel === offer.wireModel)
  if (!known) throw new Error(`${offer.id} is not in the table of models.`)
  return known
}

function parametersOf(request: ImageRequest, { settings }: Candidate, { stepsField, isSized }: CloudflareModel): Parameters {
  const { width, height } = settings.size
  return {
    prompt: request.prompt,
    ...(isSized ? { width, height } : {}),
    ...(stepsField === undefined ? {} : { [stepsField]: settings.steps }),
    seed: request.seed,
    guidance: request.guidance,
    negative_prompt: request.negativePrompt,
  }
}

function formOf({ inputs }: ImageRequest, parameters: JsonObject): CallBody {
  const fields = Object.entries(parameters).map(
    ([name, value]): MultipartPart => ({
      kind: 'field',
      name,
      value: typeof value === 'object' ? JSON.stringify(value) : String(value),
    }),
  )
  const files = inputs.map((input, index): MultipartPart => {
    return { kind: 'file', name: `input_image_${index}`, input, filename: filenameOf(input, index) }
  })
  return { kind: 'multipart', parts: [...fields, ...files] }
}

/** The answer tells nothing; tiles and steps are those of the call. */
function usageOf({ inputs }: ImageRequest, { settings: { size, steps } }: Candidate): Usage {
  const pixelsIn = inputs.reduce((sum, { width, height }) => sum + width * height, 0)
  return {
    'images.out': wholeUnits(1),
    'megapixels.out': BigInt(size.width * size.height),
    ...(pixelsIn > 0 && { 'megapixels.in': BigInt(pixelsIn) }),
    ...(steps !== undefined && { steps: wholeUnits(steps) }),
  }
}

/** Codes that say more than their status: developers.cloudflare.com/workers-ai/platform/errors. */
const codes: Readonly<Record<number, ErrorCode>> = {
  3030: 'content_refused',
  3036: 'provider_quota',
  4006: 'provider_quota',
  5007: 'provider_not_found',
}

/** `{success: false, errors: [{code, message}]}`. */
function failureOf(response: ProviderResponse): AttemptFailure {
  const root = response.body.kind === 'json' ? asObject(response.body.value) : undefined
  const [error] = objectsOf(root?.['errors'])
  const message = asText(error?.['message'])
  const found = failureOfStatus(response, message === undefined ? wireErrorOf(response) : { message: message.slice(0, 400) })
  const code = codes[asNumber(error?.['code']) ?? 0]
  if (code === 'content_refused') return failure(code, found.message, 'unknown', { stage: 'before' })
  if (code !== undefined) return failure(code, found.message, 'no')
  // An error inside a success: the envelope tells, whatever the status.
  return response.status === 200 ? failure('provider_error', found.message, 'unknown') : found
}
