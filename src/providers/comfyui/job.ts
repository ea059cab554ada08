/** A job from the queue to its pictures: history, a look at the queue now and then, cancelling. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { Usage } from '../../core/usage.ts'
import type { DecodeContext, Decoded, DecodedImage, HttpCall, Next, ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { failureOfStatus } from '../kit/errors.ts'
import { type Job, lookUp, pendingJob } from '../kit/jobs.ts'
import { asCount, asList, asNumber, asObject, asText, objectsOf } from '../kit/read.ts'
import { seedOf } from '../kit/seed.ts'
import { post, workflowFor } from './plan.ts'
import { workflowSets } from './workflows.ts'

/** A job that is not in the history is looked for in the queue at every so many polls: a server that restarted has forgotten it. */
const POLLS_PER_LOOK = 5

export function decodeJob(
  response: ProviderResponse,
  answer: JsonObject,
  job: Job,
  phase: JsonValue | undefined,
  context: DecodeContext,
): Decoded {
  if (phase === 'cancel') {
    const isAccepted = response.status === 200
    return { kind: 'failed', failure: failure('cancelled', 'The job was cancelled.', isAccepted ? 'no' : 'unknown') }
  }
  if (response.status !== 200) return { kind: 'failed', failure: failureOfStatus(response) }
  if ('queue_running' in answer) return phase === 'look' ? afterLook(answer, job) : cancelCall(answer, job)
  const entry = asObject(answer[job.jobId])
  if (entry) return decodeEntry(entry, job, context)
  if (phase === 'last') {
    const message = 'ComfyUI has forgotten the job; it was restarted, or its history was cleared.'
    return { kind: 'failed', failure: failure('provider_error', message, 'no'), isFinal: true }
  }
  const polls = (asCount(job.notes?.['polls']) ?? 0) + 1
  const again = { ...job, notes: { polls } }
  return polls % POLLS_PER_LOOK === 0 ? withJob(lookUp('/queue'), again, 'look') : pendingJob(again)
}

const withJob = (call: HttpCall, job: Job, phase: string): Next => ({
  kind: 'next',
  call,
  state: { job: job as unknown as JsonObject, phase },
})

const isListed = (items: JsonValue | undefined, jobId: string): boolean =>
  (asList(items) ?? []).some((item) => asList(item)?.[1] === jobId)

/** Between the two questions it may have ended, so the history has the last word. */
function afterLook({ queue_running: running, queue_pending: waiting }: JsonObject, job: Job): Decoded {
  const isThere = isListed(running, job.jobId) || isListed(waiting, job.jobId)
  return isThere ? pendingJob(job) : withJob(lookUp(job.pollUrl), job, 'last')
}

/** Only this job is ended: an interrupt without knowing what runs would hit somebody else's. */
function cancelCall({ queue_running: running, queue_pending: waiting }: JsonObject, job: Job): Decoded {
  const call = (path: string, value: JsonObject): Next =>
    withJob({ ...post, path, spends: false, body: { kind: 'json', value } }, job, 'cancel')
  if (isListed(waiting, job.jobId)) return call('/queue', { delete: [job.jobId] })
  if (isListed(running, job.jobId)) return call('/interrupt', { prompt_id: job.jobId })
  return { kind: 'failed', failure: failure('cancelled', 'The job had ended before it was cancelled.', 'unknown') }
}

function decodeEntry(entry: JsonObject, job: Job, context: DecodeContext): Decoded {
  const status = asObject(entry['status'])
  const messages = (asList(status?.['messages']) ?? []).map((message) => {
    const [name, data] = asList(message) ?? []
    return { name: asText(name), data: asObject(data) ?? {} }
  })
  const usage = usageOf(messages)
  if (status?.['status_str'] === 'error')
    return { kind: 'failed', failure: { ...failureOfMessages(messages), ...(usage && { usage }) }, isFinal: true }
  const images = picturesOf(entry, context)
  if (images.length === 0) {
    const message = `Job ${job.jobId} made no picture: its workflow has no node that saves or shows one.`
    return { kind: 'failed', failure: failure('provider_no_image', message, 'no', { ...(usage && { usage }) }), isFinal: true }
  }
  return { kind: 'done', images, ...(usage && { usage }) }
}

interface Message {
  readonly name: string | undefined
  readonly data: JsonObject
}

function failureOfMessages(messages: readonly Message[]): AttemptFailure {
  const error = messages.find(({ name }) => name === 'execution_error')?.data
  if (!error) return failure('cancelled', 'The job was interrupted on the server.', 'no')
  const said = asText(error['exception_message'])?.split('\n', 1)[0] ?? 'no message'
  const message = `ComfyUI failed in ${asText(error['node_type']) ?? 'a node'}: ${said}`
  return failure('provider_error', message.slice(0, 500), 'no')
}

/** From the first node to the last, without the time in the queue; microseconds are the millionths of a second. */
function usageOf(messages: readonly Message[]): Usage | undefined {
  const stamp = (names: readonly string[]): number | undefined =>
    asNumber(messages.find(({ name }) => name !== undefined && names.includes(name))?.data['timestamp'])
  const start = stamp(['execution_start'])
  const end = stamp(['execution_success', 'execution_error', 'execution_interrupted'])
  if (start === undefined || end === undefined || end < start) return undefined
  return { 'gpu.seconds': BigInt(Math.round((end - start) * 1_000)) }
}

/** Saved pictures; where a workflow saves none, those it shows. */
function picturesOf(entry: JsonObject, { request, candidate, encode }: DecodeContext): readonly DecodedImage[] {
  const files = Object.values(asObject(entry['outputs']) ?? {}).flatMap((output) => objectsOf(asObject(output)?.['images']))
  const saved = files.filter(({ type }) => type === 'output')
  const names = workflowSets(encode.options).get(candidate.offer.wireModel)
  const seed = names && workflowFor(names, request)?.names.has('seed') ? (request.seed ?? seedOf(encode.attemptId)) : undefined
  return (saved.length > 0 ? saved : files).flatMap(({ filename, subfolder, type }) => {
    const name = asText(filename)
    if (name === undefined) return []
    const query = new URLSearchParams({ filename: name, subfolder: asText(subfolder) ?? '', type: asText(type) ?? 'output' })
    return [{ source: { call: lookUp(`/view?${query}`, 'image') }, ...(seed !== undefined && { seed }) }]
  })
}
