/** Stability AI, v2beta: a form to each service, answered with the picture itself or, by the slow ones, with a job to poll. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { wholeUnits } from '../core/usage.ts'
import { bodyIndexOf } from '../net/json-scanner.ts'
import {
  type Decoded,
  type DecodedImage,
  defineProvider,
  type Encoded,
  type MultipartPart,
  type Pending,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asList, asNumber, asObject, asText } from './kit/read.ts'
import { strengthIgnored } from './kit/warnings.ts'
import { fieldsOf } from './stability/fields.ts'
import { type StabilityModel, stabilityModels } from './stability/models.ts'

const id = 'stability'

/** Slow services take ten seconds to a minute. */
const POLL_MS = 3_000

/** Members that were priced or carry images. */
const reserved: ReadonlySet<string> = new Set([
  ...['model', 'mode', 'aspect_ratio', 'output_format', 'left', 'right', 'up', 'down'],
  ...['image', 'mask', 'subject_image', 'init_image', 'style_image', 'background_reference', 'light_reference'],
])

export const stability = defineProvider({
  id,
  baseUrl: 'https://api.stability.ai',
  keyVariables: ['STABILITY_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: ['image'],
  offers: (config) => offersOf(config, id, stabilityModels),

  encode(request, candidate): Encoded {
    const model = knownAs(candidate)
    const { parameters, warnings } = mergeExtra(fieldsOf(request, candidate, model), request, candidate, reserved)
    const fields = Object.entries(parameters).map(
      ([name, value]): MultipartPart => ({ kind: 'field', name, value: textOf(value) }),
    )
    return {
      call: {
        method: 'POST',
        path: model.wireModel,
        body: { kind: 'multipart', parts: [...filesOf(request, model), ...fields] },
        accept: candidate.offer.capabilities.asyncJobs ? 'json' : 'image',
        stream: false,
      },
      warnings: [...strengthIgnored(request, candidate), ...warnings],
    }
  },

  decode(response, { state }): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const job = jobOf(state)
    if (job && response.status === 202) return asked(job)
    if (response.status !== 200 && response.status !== 202) return failed(response, answer, job)
    const picture = pictureOf(response, answer)
    const jobId = asText(answer['id'])
    if (!picture && jobId !== undefined)
      return asked({ jobId, pollUrl: `/v2beta/results/${encodeURIComponent(jobId)}`, afterMs: POLL_MS })
    // The picture is blurred then, and by the description only successful generations are charged.
    if (finishOf(response, answer) === 'CONTENT_FILTERED') {
      const message = 'The provider filtered the picture after it was made.'
      return { kind: 'failed', failure: failure('content_refused', message, 'no', { stage: 'after' }), isFinal: true }
    }
    return { kind: 'done', images: picture ? [picture] : [], ...(picture ? { usage: { 'images.out': wholeUnits(1) } } : {}) }
  },

  probe: (): Probe => ({
    call: lookUp('/v1/user/balance'),
    decode: (response) => {
      const credits = response.body.kind === 'json' ? asNumber(asObject(response.body.value)?.['credits']) : undefined
      return response.status === 200 && credits !== undefined
        ? { ok: true, message: `The key works; ${credits} credits are left.` }
        : { ok: false, message: failureOfStatus(response).message }
    },
  }),

  facts: {
    refusals: '"You will not be charged for failed generations", which covers 403 before and CONTENT_FILTERED after.',
    documentation: 'https://platform.stability.ai/docs/api-reference',
  },
})

/** The three of Stable Diffusion share a path, so the model's name decides. */
function knownAs({ offer }: Candidate): StabilityModel {
  const known = stabilityModels.find(({ model }) => model === offer.model)
  if (!known) throw new Error(`${offer.id} is not in the table of services.`)
  return known
}

const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)

function filesOf({ inputs }: ImageRequest, { files }: StabilityModel): MultipartPart[] {
  return inputs.flatMap((input, index): MultipartPart[] => {
    const name = files[input.role]
    if (name === undefined) return []
    return input.role === 'mask'
      ? [{ kind: 'file', name, input, filename: 'mask.png', transform: 'white-is-edit' }]
      : [{ kind: 'file', name, input, filename: filenameOf(input, index) }]
  })
}

/** The results endpoint takes no `image/*`. */
function asked(job: Job): Pending {
  const pending = pendingJob({ ...job, accept: 'image' })
  return { ...pending, poll: { ...pending.poll, headers: { accept: '*/*' } } }
}

/** The body itself, or base64 in JSON. */
function pictureOf({ body, headers }: ProviderResponse, answer: JsonObject): DecodedImage | undefined {
  const index = body.kind === 'image' ? 0 : bodyIndexOf(answer['image'] ?? answer['result'])
  if (index === undefined) return undefined
  const seed = asNumber(answer['seed']) ?? asNumber(headers['seed'])
  return { source: { body: index }, ...(seed === undefined ? {} : { seed }) }
}

const finishOf = ({ headers }: ProviderResponse, answer: JsonObject): string | undefined =>
  asText(answer['finish_reason']) ?? asText(headers['finish-reason'])

/** `{id, name, errors: []}`. */
function failed(response: ProviderResponse, answer: JsonObject, job: Job | undefined): Decoded {
  const texts = (asList(answer['errors']) ?? []).filter((text) => typeof text === 'string')
  const error = wireErrorOf(response)
  const general = failureOfStatus(response, texts.length > 0 ? { ...error, message: texts.join('; ').slice(0, 400) } : error)
  if (answer['name'] === 'content_moderation') return { kind: 'failed', failure: refused(general, job) }
  if (job && response.status === 404) {
    const message = 'The provider no longer knows the job; results are kept for a day.'
    return { kind: 'failed', failure: failure('provider_error', message, 'unknown', { retryable: false }), isFinal: true }
  }
  return { kind: 'failed', failure: general }
}

const refused = ({ message }: AttemptFailure, job: Job | undefined): AttemptFailure =>
  failure('content_refused', message, 'no', { stage: job ? 'unknown' : 'before' })
