/**
 * Alibaba Cloud Model Studio (DashScope): newer Qwen-Image models answer a message with pictures, older ones are tasks. Each region
 * has keys, hosts and prices of its own.
 */
import { type ErrorCode, errorCatalogue } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest, Size } from '../core/request.ts'
import { type Usage, wholeUnits } from '../core/usage.ts'
import { type QwenModel, qwenModels } from './dashscope/models.ts'
import {
  type BaseUrlFacts,
  type Decoded,
  type Done,
  defineProvider,
  type Encoded,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, readError, type WireError, wireErrorOf } from './kit/errors.ts'
import { mergeExtra } from './kit/extra.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asCount, asObject, asText, objectsOf } from './kit/read.ts'

const id = 'dashscope'
const POLL_MS = 2_000
const REGION = 'ap-southeast-1'

const hosts: Readonly<Record<string, string>> = {
  'ap-southeast-1': 'dashscope-intl.aliyuncs.com',
  'us-east-1': 'dashscope-us.aliyuncs.com',
  'cn-beijing': 'dashscope.aliyuncs.com',
}

const rules = {
  reserved: new Set(['input', 'parameters.n', 'parameters.size']),
  open: new Set(['parameters']),
}

export const dashscope = defineProvider({
  id,
  baseUrl: ({ region = REGION }: BaseUrlFacts) => `https://${hosts[region] ?? hosts[REGION]}/api/v1`,
  keyVariables: ['DASHSCOPE_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: [],
  facts: {
    reportsCost: 'usage.image_count: how many pictures are billed, not how much money',
    refusals: '"Only successfully generated images are billed": refused and failed requests are not',
    documentation: 'https://www.alibabacloud.com/help/en/model-studio/qwen-image-api',
  },

  offers: (config) => offersOf({ ...config, region: config.region ?? REGION }, id, qwenModels),

  encode(request, candidate): Encoded {
    const isTask = knownAs(candidate)?.isTask === true
    const ours = {
      model: candidate.offer.wireModel,
      input: isTask ? taskInput(request) : { messages: [{ role: 'user', content: contentOf(request) }] },
      parameters: settingsOf(request, candidate, isTask),
    }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, rules)
    const settings = { watermark: false, ...asObject(parameters['parameters']) }
    return {
      call: {
        method: 'POST',
        path: `/services/aigc/${isTask ? 'text2image/image-synthesis' : 'multimodal-generation/generation'}`,
        ...(isTask ? { headers: { 'x-dashscope-async': 'enable' } } : {}),
        body: { kind: 'json', value: { ...parameters, parameters: settings } },
        accept: 'json',
        stream: false,
      },
      warnings,
    }
  },

  decode(response, { state, request }): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const output = asObject(answer['output']) ?? {}
    if (response.status !== 200 || (asText(answer['code']) !== undefined && Object.keys(output).length === 0))
      return { kind: 'failed', failure: failureOfAnswer(response) }
    const job = jobOf(state)
    if (job) return decodeTask(answer, output, job, request)
    const jobId = asText(output['task_id'])
    if (jobId === undefined) return decodePictures(answer, output)
    const url = `/tasks/${encodeURIComponent(jobId)}`
    return pendingJob({ jobId, pollUrl: url, cancel: { method: 'POST', url: `${url}/cancel` }, afterMs: POLL_MS })
  },

  probe: (): Probe => ({
    // A task that does not exist: a key that works is told so, any other is refused first.
    call: lookUp('/tasks/00000000-0000-0000-0000-000000000000'),
    decode: (response) =>
      response.status === 200 || response.status === 404
        ? { ok: true, message: 'The key works.' }
        : { ok: false, message: failureOfAnswer(response).message },
  }),
})

const knownAs = ({ offer }: Candidate): QwenModel | undefined => qwenModels.find(({ wireModel }) => wireModel === offer.wireModel)

const taskInput = ({ prompt, negativePrompt }: ImageRequest): JsonObject => ({
  prompt,
  ...(negativePrompt === undefined ? {} : { negative_prompt: negativePrompt }),
})

/** Pictures before the words about them, as data URLs. */
const contentOf = ({ prompt, inputs }: ImageRequest): JsonValue => [
  ...inputs.map((_, index) => ({ image: inputReference(index, { dataUrl: true }) })),
  { text: prompt },
]

function settingsOf({ seed, negativePrompt }: ImageRequest, candidate: Candidate, isTask: boolean): JsonObject {
  const { size, n } = candidate.settings
  return {
    n,
    ...(knownAs(candidate)?.keepsSize ? {} : { size: starred(size) }),
    ...(seed === undefined ? {} : { seed }),
    ...(isTask || negativePrompt === undefined ? {} : { negative_prompt: negativePrompt }),
  }
}

const starred = ({ width, height }: Size): string => `${width}*${height}`

/** `output.choices[].message.content[].image` are links that end after a day. */
function decodePictures(answer: JsonObject, output: JsonObject): Done {
  const contents = objectsOf(output['choices']).flatMap((choice) => objectsOf(asObject(choice['message'])?.['content']))
  const images = contents.flatMap((content) => linkOf(content['image']))
  return { kind: 'done', images, ...usageOf(answer) }
}

function decodeTask(answer: JsonObject, output: JsonObject, job: Job, request: ImageRequest): Decoded {
  switch (output['task_status']) {
    case 'PENDING':
    case 'RUNNING':
      return pendingJob(job)
    case 'SUCCEEDED':
      return decodeResults(answer, output, request)
    case 'FAILED':
      return { kind: 'failed', failure: failureOfTask(output), isFinal: true }
    // The answer to a cancelled wait names no status at all.
    case 'CANCELED':
    case undefined:
      return { kind: 'failed', failure: failure('cancelled', 'The task was cancelled before it ran.', 'no') }
    default: {
      const message = 'The provider no longer knows the task; results are kept for a day.'
      return { kind: 'failed', failure: failure('provider_error', message, 'unknown', { retryable: false }) }
    }
  }
}

/** Pictures of one task fail one by one. */
function decodeResults(answer: JsonObject, output: JsonObject, { prompt }: ImageRequest): Decoded {
  const results = objectsOf(output['results'])
  const failures = results.filter((result) => asText(result['code']) !== undefined).map(failureOfTask)
  const images = results.flatMap((result) =>
    linkOf(result['url']).map((image) => {
      const actual = asText(result['actual_prompt'])
      return { ...image, ...(actual === undefined || actual === prompt ? {} : { revisedPrompt: actual }) }
    }),
  )
  const [failed] = failures
  if (images.length === 0 && failed) return { kind: 'failed', failure: failed, isFinal: true }
  return { kind: 'done', images, failures, ...usageOf(answer) }
}

function linkOf(value: JsonValue | undefined) {
  const url = asText(value)
  return url === undefined ? [] : [{ source: { url } }]
}

function usageOf(answer: JsonObject): { readonly usage?: Usage } {
  const count = asCount(asObject(answer['usage'])?.['image_count'])
  return count === undefined ? {} : { usage: { 'images.out': wholeUnits(count) } }
}

function failureOfAnswer(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
  const plain = failureOfStatus(response, error)
  const code = codeOf(error)
  if (code === 'provider_quota' || code === 'provider_rate_limited')
    return { ...plain, code, retryable: errorCatalogue[code].retryable, billed: 'no' }
  // An answer that calls itself a success and holds nothing but what went wrong.
  const quietly = (): AttemptFailure => failure(code, `The provider answered ${error.code ?? ''}: ${error.message}`, 'no')
  return refusalOf(error) ?? (response.status === 200 ? quietly() : plain)
}

/** A task, or one picture of it, that says why it failed. */
function failureOfTask(output: JsonObject): AttemptFailure {
  const error = readError(output, undefined)
  return refusalOf(error) ?? failure(codeOf(error), `The task failed: ${error.message}`, 'no')
}

/** What the provider's own word means where there is no status, or one that says less. One word stands for two quotas. */
function codeOf({ code = '', message }: WireError): ErrorCode {
  if (/^Arrearage|FreeTierOnly|BillOverdue$|^CommodityNotPurchased/.test(code)) return 'provider_quota'
  if (/^Throttling/.test(code)) return /free allocated quota/i.test(message) ? 'provider_quota' : 'provider_rate_limited'
  return /^(?:Invalid|BadRequest|Unsupported)/.test(code) ? 'provider_rejected' : 'provider_error'
}

/** Pictures that were made and then refused are not billed either. */
function refusalOf({ code = '', message }: WireError): AttemptFailure | undefined {
  if (!/^(?:DataInspectionFailed|IPInfringementSuspect|CustomRoleBlocked|FaqRuleBlocked)/i.test(code)) return undefined
  const named = /\b(input|output)\b(?! or)/i.exec(message.replace(/input or output/gi, ''))?.[1]?.toLowerCase()
  const stage = named === undefined ? 'unknown' : named === 'input' ? 'before' : 'after'
  return failure('content_refused', `The provider refused the content: ${message}`, 'no', { stage })
}
