/**
 * The batch lane of the Images API: a file of one request, answered within a day for half the price. Sources: openai-openapi at
 * f85dbe2 (2026-08-21), createFile, createBatch, cancelBatch and downloadFile; OpenAI's Batch API FAQ (help.openai.com, article
 * 9197833) for what is billed: work that was completed, and nothing else.
 */
import type { JsonObject } from '../../core/json.ts'
import type { Candidate } from '../../core/offer.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { ImageRequest } from '../../core/request.ts'
import {
  type DecodeContext,
  type Decoded,
  type EncodeContext,
  type Encoded,
  type Failed,
  type HttpCall,
  inputReference,
  type ProviderResponse,
} from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { mergeExtra } from '../kit/extra.ts'
import { type Job, jobOf, lookUp, pendingJob } from '../kit/jobs.ts'
import { asList, asNumber, asObject, asText, objectsOf } from '../kit/read.ts'
import { failureFromResponse } from './errors.ts'
import { decodeImages } from './images-api.ts'
import { optionalParametersOf, reservedMembers, settingsParameters } from './parameters.ts'

const FIRST_POLL_MS = 10_000
/** A day is long: it is asked about less and less often. */
const SLOWEST_POLL_MS = 300_000
const SLOWER = 1.5

/** Files are deleted when the result is on record; these seconds after their creation they go by themselves, also after a crash. */
const expiry = { anchor: 'created_at', seconds: 7 * 24 * 3600 } as const

/** `images` is how an edit names its pictures in JSON. */
const reserved: ReadonlySet<string> = new Set([...reservedMembers, 'images'])

const endpointOf = ({ operation }: Pick<ImageRequest, 'operation'>): string =>
  operation === 'generate' ? '/v1/images/generations' : '/v1/images/edits'

/** The upload of the file, which nobody bills; the batch is created by what its answer leads to. */
export function encodeBatch(request: ImageRequest, candidate: Candidate, { attemptId }: EncodeContext): Encoded {
  const ours = { ...settingsParameters(candidate, request.prompt), ...optionalParametersOf(request) }
  const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
  const body = { ...parameters, ...picturesOf(request) }
  const line = { custom_id: attemptId, method: 'POST', url: endpointOf(request), body }
  const parts = [
    { kind: 'field', name: 'purpose', value: 'batch' },
    { kind: 'field', name: 'expires_after[anchor]', value: expiry.anchor },
    { kind: 'field', name: 'expires_after[seconds]', value: String(expiry.seconds) },
    { kind: 'document', name: 'file', filename: 'halftone.jsonl', value: line },
  ] as const
  const call = { method: 'POST', path: '/files', body: { kind: 'multipart', parts }, accept: 'json', stream: false } as const
  return { call: { ...call, spends: false }, warnings, state: { step: 'upload' } }
}

/** In JSON an edit's pictures are references; a mask has a member of its own. */
function picturesOf({ inputs }: ImageRequest): JsonObject {
  const references = inputs.map(({ role }, index) => ({ role, image_url: inputReference(index, { dataUrl: true }) }))
  const images = references.filter(({ role }) => role !== 'mask').map(({ image_url }) => ({ image_url }))
  const mask = references.find(({ role }) => role === 'mask')
  return { ...(images.length > 0 && { images }), ...(mask && { mask: { image_url: mask.image_url } }) }
}

/** The answers to the upload, to the creation, to each poll, to the cancellation, and the file that holds the result. */
export function decodeBatch(response: ProviderResponse, context: DecodeContext): Decoded {
  const state = asObject(context.state) ?? {}
  if (state['step'] === 'upload') return decodeUpload(response, context)
  if (state['step'] === 'result') return decodeResult(response, fileIds(asList(state['files'])))
  return decodeState(response, context, state)
}

function decodeUpload(response: ProviderResponse, { request, encode }: DecodeContext): Decoded {
  const [input] = fileIds([objectOf(response)['id']])
  if (response.status === 200 && input !== undefined) {
    const call = creation(input, request, encode)
    return { kind: 'next', call, state: { step: 'create', input }, lookFor: pendingJob(newSearch(input, objectOf(response))) }
  }
  const failed = response.status === 200 ? invalid('took a file without saying its id') : failureFromResponse(response)
  return { kind: 'failed', failure: { ...failed, billed: 'no' } }
}

const creation = (input: string, request: ImageRequest, { attemptId }: EncodeContext): HttpCall => ({
  method: 'POST',
  path: '/batches',
  body: {
    kind: 'json',
    value: {
      input_file_id: input,
      endpoint: endpointOf(request),
      completion_window: '24h',
      // A batch whose id was lost is found by it in the list of all.
      metadata: { halftone_attempt: attemptId },
      output_expires_after: expiry,
    },
  },
  accept: 'json',
  stream: false,
})

/** The answers of the API about a batch, or about all of them. */
function decodeState(response: ProviderResponse, context: DecodeContext, state: JsonObject): Decoded {
  if (response.status !== 200 || response.body.kind !== 'json') {
    const created = fileIds([state['input']])
    return { kind: 'failed', failure: failureFromResponse(response), ...(created.length > 0 && { tidy: created.map(deletion) }) }
  }
  const batch = objectOf(response)
  const known = jobOf(state)
  const search = known && searchOf(known)
  if (known && search) return decodeList(batch, known, search, context)
  const job = known ?? newJob(batch, state)
  if (!job) return { kind: 'failed', failure: invalid('accepted a batch without saying its id') }
  return decodeJob(batch, job, context, state)
}

/** How the batch stands. */
function decodeJob(batch: JsonObject, job: Job, { isCancel }: Pick<DecodeContext, 'isCancel'>, state: JsonObject): Decoded {
  switch (batch['status']) {
    case 'failed':
      return { kind: 'failed', failure: failureOfValidation(batch), tidy: filesOf(batch, job).map(deletion) }
    case 'completed':
    case 'expired':
    case 'cancelled':
      return ended(batch, job)
    case 'cancelling':
      if (isCancel) return stopping(job, state)
  }
  return pendingJob({ ...job, afterMs: Math.min(job.afterMs * SLOWER, SLOWEST_POLL_MS) })
}

/** A batch that may have been created, and is looked for in the list of all. */
interface Search {
  readonly input: string
  /** Seconds; the batch is not older. */
  readonly since: number
  readonly looks: number
}

const LIST = '/batches?limit=100'
/** A creation under way while its answer was lost may be in the list a moment later. */
const MAX_LOOKS = 3

const newSearch = (input: string, file: JsonObject): Job => {
  const notes = { input, since: asNumber(file['created_at']) ?? 0, looks: 0 }
  return { jobId: input, pollUrl: LIST, afterMs: FIRST_POLL_MS, notes }
}

const searchOf = ({ notes }: Job): Search | undefined =>
  // Written by `newSearch`.
  notes?.['looks'] === undefined ? undefined : (notes as unknown as Search)

/** The newest come first, so a batch that is not on a page that reaches back to its file was never created. */
function decodeList(list: JsonObject, job: Job, { input, since, looks }: Search, context: DecodeContext): Decoded {
  const batches = objectsOf(list['data'])
  const found = batches.find((batch) => asObject(batch['metadata'])?.['halftone_attempt'] === context.encode.attemptId)
  const foundJob = found && newJob(found, { input })
  if (found && foundJob) return decodeJob(found, foundJob, context, {})
  const times = batches.map((batch) => asNumber(batch['created_at']) ?? Number.NaN)
  const isInOrder = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? Number.NaN))
  const isWhole = list['has_more'] !== true || (isInOrder && (times.at(-1) ?? since) < since)
  const [last] = fileIds([list['last_id']])
  if (!isWhole && last !== undefined) {
    const state = { job: job as unknown as JsonObject }
    return { kind: 'next', call: lookUp(`${LIST}&after=${last}`), state }
  }
  if (looks + 1 < MAX_LOOKS) return pendingJob({ ...job, pollUrl: LIST, notes: { input, since, looks: looks + 1 } })
  const message = 'The batch was not created, as far as the list of all batches tells.'
  return { kind: 'failed', failure: failure('provider_error', message, isWhole ? 'no' : 'unknown'), tidy: [deletion(input)] }
}

function newJob(batch: JsonObject, { input }: JsonObject): Job | undefined {
  const jobId = asText(batch['id'])
  // It becomes part of a path.
  if (jobId === undefined || !/^[\w-]+$/.test(jobId)) return undefined
  const url = `/batches/${jobId}`
  const cancel = { method: 'POST', url: `${url}/cancel` } as const
  return { jobId, pollUrl: url, cancel, afterMs: FIRST_POLL_MS / SLOWER, notes: { input: input ?? null } }
}

/** Requests that run may still end well, for up to ten minutes, and are billed then: one more look, and nobody knows. */
function stopping(job: Job, { step }: JsonObject): Decoded {
  if (step !== 'stopping') {
    return { kind: 'next', call: lookUp(job.pollUrl), state: { job: job as unknown as JsonObject, step: 'stopping' } }
  }
  return {
    kind: 'failed',
    failure: failure('cancelled', 'The batch is being cancelled; its request may still be done.', 'unknown'),
  }
}

/** The result of the one request is in the file of results or in that of errors. */
function ended(batch: JsonObject, job: Job): Decoded {
  const [result] = fileIds([batch['output_file_id'], batch['error_file_id']])
  const files = filesOf(batch, job)
  if (result !== undefined) {
    const state = { job: job as unknown as JsonObject, step: 'result', files }
    return { kind: 'next', call: lookUp(`/files/${result}/content`, 'json-file'), state }
  }
  const isUnbilled = asNumber(asObject(batch['request_counts'])?.['completed']) === 0
  const message = `The batch ended without an answer (${String(batch['status'])}).`
  const failed = failure('provider_no_image', message, isUnbilled ? 'no' : 'unknown')
  return { kind: 'failed', failure: failed, tidy: files.map(deletion) }
}

/** The one line, read as if it had been the answer. */
function decodeResult(response: ProviderResponse, files: readonly string[]): Decoded {
  if (response.status !== 200 || response.body.kind !== 'json') return { kind: 'failed', failure: failureFromResponse(response) }
  const line = objectOf(response)
  const answer = asObject(line['response'])
  const { headers } = response
  const decoded = answer
    ? decodeImages({
        status: asNumber(answer['status_code']) ?? 500,
        headers,
        body: { kind: 'json', value: answer['body'] ?? null },
      })
    : undone(asObject(line['error']) ?? {}, headers)
  return decoded.kind === 'done' || decoded.kind === 'failed' ? { ...decoded, tidy: files.map(deletion) } : decoded
}

/** A request that was never answered: the batch came to its end first, and what was not completed is not billed. */
function undone(error: JsonObject, headers: ProviderResponse['headers']): Failed {
  const message = asText(error['message']) ?? 'no reason given'
  switch (error['code']) {
    case 'batch_expired':
      return { kind: 'failed', failure: failure('provider_timeout', `The batch expired: ${message}`, 'no') }
    case 'batch_cancelled':
      return { kind: 'failed', failure: failure('provider_error', `The batch was cancelled: ${message}`, 'no') }
    default:
      return { kind: 'failed', failure: failureFromResponse({ status: 500, headers, body: { kind: 'json', value: { error } } }) }
  }
}

/** The file was refused as a whole, before anything ran. */
function failureOfValidation(batch: JsonObject): AttemptFailure {
  const error = asObject(asList(asObject(batch['errors'])?.['data'])?.[0]) ?? { message: 'no reason given' }
  const status = error['code'] === 'token_limit_exceeded' ? 429 : 400
  return { ...failureFromResponse({ status, headers: {}, body: { kind: 'json', value: { error } } }), billed: 'no' }
}

const invalid = (what: string): AttemptFailure => failure('provider_invalid_response', `The provider ${what}.`, 'unknown')

const filesOf = (batch: JsonObject, { notes }: Job): string[] =>
  fileIds([notes?.['input'], batch['output_file_id'], batch['error_file_id']])

/** They become part of paths. */
const fileIds = (ids: readonly unknown[] = []): string[] =>
  ids.filter((id): id is string => typeof id === 'string' && /^[\w-]+$/.test(id))

const deletion = (file: string): HttpCall => ({ ...lookUp(`/files/${file}`), method: 'DELETE' })

const objectOf = ({ body }: ProviderResponse): JsonObject => (body.kind === 'json' ? (asObject(body.value) ?? {}) : {})
