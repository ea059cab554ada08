/** Luma: uni-1 on the Agents API, Photon on the Dream Machine API; both jobs, with keys and hosts of their own. */
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import {
  type BaseUrlFacts,
  type Decoded,
  defineProvider,
  type EncodeContext,
  type Encoded,
  inputReference,
  type Probe,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { ratioOf } from './kit/ratios.ts'
import { asNumber, asObject, asText, objectsOf } from './kit/read.ts'
import { photonModels, photonSizes, uniModels, uniSizes } from './luma/models.ts'

const id = 'luma'
const POLL_MS = 2_000

/** Members that were priced, carry pictures or are Halftone's own to set. */
const reserved: ReadonlySet<string> = new Set([
  ...['aspect_ratio', 'output_format', 'format', 'type', 'generation_type', 'source', 'image_ref', 'video'],
  ...['callback_url', 'sync', 'sync_timeout'],
])

const isPhoton = (options: JsonObject | undefined): boolean => options?.['api'] === 'dream-machine'

export const luma = defineProvider({
  id,
  baseUrl: ({ options }: BaseUrlFacts) =>
    isPhoton(options) ? 'https://api.lumalabs.ai/dream-machine/v1' : 'https://agents.lumalabs.ai/v1',
  keyVariables: ['LUMA_AGENTS_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options: z.strictObject({
    api: z
      .enum(['agents', 'dream-machine'])
      .optional()
      .describe(
        '`agents` (uni-1, the default) or `dream-machine` (Photon, which has no published price); each has keys of its own.',
      ),
  }),
  bodyKeys: [],
  facts: {
    refusals: 'a moderated request is told by failure_code; whether it is billed is not documented',
    documentation: 'https://docs.agents.lumalabs.ai',
  },

  offers: (config) => offersOf(config, id, isPhoton(config.options) ? photonModels : uniModels),

  encode(request, candidate, context): Encoded {
    const ours = isPhoton(context.options) ? photonParameters(request, candidate, context) : uniParameters(request, candidate)
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    const path = isPhoton(context.options) ? '/generations/image' : '/generations'
    return { call: { method: 'POST', path, body: { kind: 'json', value: parameters }, accept: 'json', stream: false }, warnings }
  },

  decode(response, { state }): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const jobId = asText(answer['id'])
    if (response.status >= 300 || jobId === undefined) return { kind: 'failed', failure: failureOfStatus(response) }
    const job = jobOf(state) ?? { jobId, pollUrl: `/generations/${encodeURIComponent(jobId)}`, afterMs: POLL_MS }
    switch (answer['state']) {
      case 'completed':
        return { kind: 'done', images: linksOf(answer).map((url) => ({ source: { url } })) }
      case 'failed':
        return { kind: 'failed', failure: failureOfJob(answer), isFinal: true }
      default:
        return pendingJob(job)
    }
  },

  probe: ({ options }): Probe => ({
    // The Agents API has no balance to ask for: a job that does not exist is told only to a key that works.
    call: lookUp(isPhoton(options) ? '/credits' : '/generations/00000000-0000-0000-0000-000000000000'),
    decode: (response) => {
      const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
      const cents = asNumber(answer?.['credit_balance'])
      if (cents !== undefined) return { ok: true, message: `The key works; $${(cents / 100).toFixed(2)} are left.` }
      return response.status === 404
        ? { ok: true, message: 'The key works.' }
        : { ok: false, message: failureOfStatus(response).message }
    },
  }),
})

/** Edits have a source; further pictures guide. */
function uniParameters(request: ImageRequest, { offer, settings }: Candidate): Parameters {
  const isEdit = request.operation === 'edit'
  const pictures = request.inputs.map((input, index) => ({
    data: inputReference(index, { dataUrl: false }),
    media_type: input.mediaType,
  }))
  const [source, ...references] = pictures
  return {
    prompt: request.prompt,
    model: offer.wireModel,
    type: isEdit ? 'image_edit' : 'image',
    aspect_ratio: ratioOf(uniSizes, settings.size),
    output_format: settings.format,
    style: request.style,
    source: isEdit ? source : undefined,
    image_ref: isEdit && references.length > 0 ? references : undefined,
    user_id: request.attribution.endCustomer,
  }
}

const photonParameters = (
  { prompt }: ImageRequest,
  { offer, settings }: Candidate,
  { webhookUrl }: EncodeContext,
): Parameters => ({
  prompt,
  model: offer.wireModel,
  aspect_ratio: ratioOf(photonSizes, settings.size),
  format: settings.format === 'png' ? 'png' : 'jpg',
  callback_url: webhookUrl,
})

/** `output[].url` of the one API, `assets.image` of the other. */
const linksOf = (answer: JsonObject): readonly string[] =>
  [...objectsOf(answer['output']).map(({ url }) => asText(url)), asText(asObject(answer['assets'])?.['image'])].filter(
    (url) => url !== undefined,
  )

const INPUT_FAULTS: ReadonlySet<string> = new Set(['image_too_large', 'unsupported_format', 'corrupt_input', 'invalid_request'])

/** Photon gives a reason in words alone. */
function failureOfJob(answer: JsonObject): AttemptFailure {
  const code = asText(answer['failure_code']) ?? ''
  const reason = asText(answer['failure_reason']) ?? (code || 'no reason was given')
  if (code === 'content_moderated' || /moderat/i.test(reason)) {
    const said = `The provider refused the content: ${reason}`
    return failure('content_refused', said, 'unknown', { stage: code === 'content_moderated' ? 'before' : 'unknown' })
  }
  if (code === 'budget_exhausted') return failure('provider_quota', `The provider account has no credit: ${reason}`, 'unknown')
  if (code === 'rate_limited') return failure('provider_rate_limited', `The job was limited: ${reason}`, 'unknown')
  const kind = INPUT_FAULTS.has(code) ? 'provider_rejected' : 'provider_error'
  return failure(kind, `The job failed: ${reason}`, 'unknown')
}
