/** Prodia: jobs of many types at one path, answered at once in parts: the job, with what it cost, and the picture. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import { wholeUnits } from '../core/usage.ts'
import { bodyIndexOf } from '../net/json-scanner.ts'
import {
  type CallBody,
  type Decoded,
  defineProvider,
  type Encoded,
  type HttpCall,
  type MultipartPart,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { offersOf } from './kit/offers.ts'
import { asList, asNumber, asObject, asText, decimalText } from './kit/read.ts'
import { otherModel, prodiaModels } from './prodia/models.ts'

const id = 'prodia'

/** Members that were priced or carry pictures. */
const reserved: ReadonlySet<string> = new Set(['width', 'height', 'resolution', 'steps', 'images', 'upscale'])

export const prodia = defineProvider({
  id,
  baseUrl: 'https://inference.prodia.com/v2',
  keyVariables: ['PRODIA_TOKEN'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: [],
  facts: {
    reportsCost: '`price.dollars` of the job, in USD',
    refusals: 'an error of the job; what it costs is not documented: unknown, unless the job has a price',
    documentation: 'https://docs.prodia.com/reference/inference',
  },

  offers: (config) => offersOf(config, id, prodiaModels, (named) => otherModel(named.model, named.id)),

  encode(request, candidate): Encoded {
    const { size, steps, format } = candidate.settings
    const names = request.inputs.map(filenameOf)
    const ours = {
      prompt: request.prompt,
      width: size.width,
      height: size.height,
      steps,
      seed: request.seed,
      guidance: request.guidance,
      style_preset: request.style,
      ...(names.length > 1 && { images: names }),
    }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    const job = { type: candidate.offer.wireModel, config: parameters }
    const files = request.inputs.map((input, index): MultipartPart => {
      return { kind: 'file', name: 'input', input, filename: names[index] ?? '' }
    })
    const body: CallBody =
      files.length === 0
        ? { kind: 'json', value: job }
        : {
            kind: 'multipart',
            parts: [...files, { kind: 'field', name: 'job', value: JSON.stringify(job), mediaType: 'application/json' }],
          }
    return { call: post(body, format), warnings }
  },

  decode(response): Decoded {
    const parts = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    const job = asObject(parts?.['job'])
    const error = asText(job?.['error'])
    if (response.status !== 200 || error !== undefined) return { kind: 'failed', failure: failureOf(response, job) }
    const body = bodiesOf(parts?.['output'])[0]
    const seed = asNumber(asObject(job?.['config'])?.['seed'])
    return {
      kind: 'done',
      images: body === undefined ? [] : [{ source: { body }, ...(seed === undefined ? {} : { seed }) }],
      ...(body === undefined ? {} : { usage: { 'images.out': wholeUnits(1) } }),
      ...costOf(job),
    }
  },

  // A job without its required prompt: whoever may ask is told what is missing, and nothing is made.
  probe: (): Probe => ({
    call: {
      ...post({ kind: 'json', value: { type: 'inference.flux-fast.schnell.txt2img.v2', config: {} } }, 'png'),
      spends: false,
    },
    decode(response) {
      if (response.status === 400) return { ok: true, message: 'reachable; the token works' }
      const parts = response.body.kind === 'json' ? asObject(response.body.value) : undefined
      return { ok: false, message: `POST /v2/job: ${failureOf(response, asObject(parts?.['job'])).message}` }
    },
  }),
})

const post = (body: CallBody, format: string): HttpCall => ({
  method: 'POST',
  path: '/job?price=true',
  // Its own form of naming the type of the output.
  headers: { accept: `multipart/form-data; image/${format}` },
  body,
  accept: 'json',
  stream: false,
})

const bodiesOf = (output: JsonValue | undefined): readonly number[] =>
  (asList(output) ?? [output ?? null]).map(bodyIndexOf).filter((index) => index !== undefined)

/** `price: {product, dollars}`; null for accounts that are billed otherwise. */
function costOf(job: JsonObject | undefined): { readonly reportedCost?: ReportedCost } {
  const amount = decimalText(asObject(job?.['price'])?.['dollars'])
  return amount === undefined ? {} : { reportedCost: { amount, unit: 'USD', source: 'price.dollars' } }
}

function failureOf(response: ProviderResponse, job: JsonObject | undefined): AttemptFailure {
  const message = asText(job?.['error'])
  const found = failureOfStatus(response, message === undefined ? wireErrorOf(response) : { message: message.slice(0, 400) })
  if (/nsfw|moderat|safety|content policy/i.test(found.message) && response.status < 500) {
    return failure('content_refused', found.message, 'unknown', { stage: 'unknown', ...costOf(job) })
  }
  return response.status === 200 ? failure('provider_error', found.message, 'unknown', costOf(job)) : found
}
