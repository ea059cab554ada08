/** ComfyUI: uploads the inputs, queues a workflow, asks how it went, fetches the pictures. What it runs is the operator's. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageInput, ImageRequest } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
import { fill, imagePlaceOf, isOwnName, type Workflow } from './comfyui/template.ts'
import { capabilitiesOf, comfyOptions, type WorkflowSet, workflowSets } from './comfyui/workflows.ts'
import {
  type DecodeContext,
  type Decoded,
  type DecodedImage,
  defineProvider,
  type Encoded,
  type HttpCall,
  type Next,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus } from './kit/errors.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { makeOffer } from './kit/offers.ts'
import { asCount, asList, asNumber, asObject, asText, objectsOf } from './kit/read.ts'
import { seedOf } from './kit/seed.ts'

const id = 'comfyui'
const POLL_MS = 1_000

/** A job that is not in the history is looked for in the queue at every so many polls: a server that restarted has forgotten it. */
const POLLS_PER_LOOK = 5

export const comfyui = defineProvider({
  id,
  requiresKey: false,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options: comfyOptions,
  bodyKeys: [],
  stripsMetadata: true,

  offers(config) {
    const sets = workflowSets(config.options ?? {})
    const models = config.models ?? [...sets.keys()].map((name) => ({ id: name, model: `local/${name}`, capabilities: {} }))
    return models.map((changes) => {
      const set = sets.get(changes.id)
      if (!set) throw new HalftoneError('config_invalid', `providers.${config.name}.options.workflows has no ${changes.id}.`)
      return makeOffer(config, id, { model: changes.model, wireModel: changes.id, capabilities: capabilitiesOf(set) }, changes)
    })
  },

  encode(request, candidate, context): Encoded {
    const plan = planOf(request, candidate, context)
    const [first] = plan.uploads
    return {
      call: first ? uploadCall(first) : promptCall(plan, [], context.attemptId),
      warnings: plan.warnings,
      state: { phase: first ? 'upload' : 'prompt', names: [] },
    }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const state = asObject(context.state) ?? {}
    const job = jobOf(state)
    if (job) return decodeJob(response, answer, job, state['phase'], context)
    return state['phase'] === 'upload' ? decodeUpload(response, answer, state, context) : decodeSubmit(response, answer)
  },

  watch: {
    path: (attemptId) => `/ws?clientId=${encodeURIComponent(attemptId)}`,
    // Sent when the history has the result; the events before it come a moment too early.
    isEnd(message, jobId) {
      const event = asObject(message)
      const data = asObject(event?.['data'])
      return event?.['type'] === 'executing' && data?.['node'] === null && data['prompt_id'] === jobId
    },
  },

  load: {
    call: lookUp('/prompt'),
    decode: ({ body }) =>
      body.kind === 'json' ? asCount(asObject(asObject(body.value)?.['exec_info'])?.['queue_remaining']) : undefined,
  },

  probe: (): Probe => ({
    call: lookUp('/system_stats'),
    decode(response) {
      const stats = response.body.kind === 'json' ? asObject(response.body.value) : undefined
      const system = asObject(stats?.['system'])
      if (response.status !== 200 || !system) return { ok: false, message: failureOfStatus(response).message }
      const devices = objectsOf(stats?.['devices']).map(({ name }) => asText(name) ?? 'a device')
      const version = asText(system['comfyui_version']) ?? 'of unknown version'
      return { ok: true, message: `ComfyUI ${version} on ${devices.join(', ') || 'no device'}.` }
    },
  }),

  facts: {
    refusals: "It refuses nothing: workflows are the operator's own.",
    documentation: 'https://docs.comfy.org/development/comfyui-server/comms_routes',
  },
})

interface Upload {
  readonly place: string
  readonly index: number
  readonly input: ImageInput
}

interface Plan {
  readonly workflow: Workflow
  readonly values: JsonObject
  readonly uploads: readonly Upload[]
  readonly warnings: readonly Warning[]
}

type PlanContext = Pick<DecodeContext['encode'], 'attemptId' | 'options'>

/** The same for every call of an attempt. */
function planOf(request: ImageRequest, candidate: Candidate, { attemptId, options }: PlanContext): Plan {
  const { offer, settings } = candidate
  const set = workflowSets(options).get(offer.wireModel)
  const workflow = set && workflowFor(set, request)
  if (!workflow) {
    const message = `${offer.id} has no workflow for ${request.operation}.`
    throw new HalftoneError('config_invalid', message)
  }
  const placed = placesOf(request)
  const { values: custom, warnings } = customValues(workflow, request, candidate)
  const values = {
    ...custom,
    prompt: request.prompt,
    negative_prompt: request.negativePrompt ?? '',
    seed: request.seed ?? seedOf(attemptId),
    width: settings.size.width,
    height: settings.size.height,
    n: settings.n,
    steps: settings.steps ?? request.steps,
    guidance: request.guidance,
    strength: request.strength,
    control_strength: placed.find(({ place }) => place === 'control')?.input.controlStrength,
  }
  return {
    workflow,
    values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as JsonObject,
    uploads: placed.filter(({ place }) => workflow.names.has(place)),
    warnings: [...ignoredBy(workflow, request, placed), ...warnings],
  }
}

function workflowFor({ by, controls }: WorkflowSet, { operation, inputs }: ImageRequest): Workflow | undefined {
  const kind = inputs.find(({ role }) => role === 'control')?.control
  if (operation === 'generate') return (kind && controls[kind]) ?? by.generate
  if (operation !== 'edit') return by[operation]
  return inputs.some(({ role }) => role === 'mask') ? by.inpaint : by.edit
}

/** Each input with the place it belongs to. */
function placesOf({ inputs }: ImageRequest): readonly Upload[] {
  let images = 0
  return inputs.map((input, index) => {
    const { role } = input
    return { input, index, place: role === 'image' || role === 'reference' ? imagePlaceOf(images++) : role }
  })
}

/** Places of the operator's own, which a client may fill through `extra_body`. */
function customValues(
  { names }: Workflow,
  { extraBody }: ImageRequest,
  { offer }: Candidate,
): { readonly values: JsonObject; readonly warnings: readonly Warning[] } {
  const values: Record<string, JsonValue> = {}
  const warnings: Warning[] = []
  for (const [name, value] of Object.entries({ ...extraBody[id], ...extraBody[offer.provider] })) {
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (isPlain && names.has(name) && !isOwnName(name)) values[name] = value
    else {
      const why = isOwnName(name)
        ? 'use the parameter of the request itself'
        : 'the workflow has no such place, or it is no plain value'
      const message = `extra_body.${offer.provider}.${name} was left out: ${why}.`
      warnings.push({ code: 'parameter_dropped', param: name, message })
    }
  }
  return { values, warnings }
}

/** What another workflow of the same model takes, but not the one of this request. */
function ignoredBy({ names }: Workflow, request: ImageRequest, placed: readonly Upload[]): readonly Warning[] {
  const asked: readonly (readonly [place: string, param: string, value: unknown])[] = [
    ['negative_prompt', 'negative_prompt', request.negativePrompt],
    ['seed', 'seed', request.seed],
    ['steps', 'steps', request.steps],
    ['guidance', 'guidance_scale', request.guidance],
    ['strength', 'strength', request.strength],
    ...placed.map(({ place, input }) => [place, input.role, input] as const),
  ]
  return asked
    .filter(([place, , value]) => value !== undefined && !names.has(place))
    .map(([, param]) => ({
      code: 'parameter_ignored',
      param,
      message: `The workflow for ${request.operation} has no place for ${param}; it was left out.`,
    }))
}

const post = { method: 'POST', accept: 'json', stream: false } as const

/** Named by its content, so that the same picture is kept once; the folder for temporary files is emptied when ComfyUI starts. */
function uploadCall({ input, place }: Upload): HttpCall {
  const isMask = place === 'mask'
  const name = `${input.sha256.slice(0, 32)}${isMask ? '-mask' : ''}`
  const extension = isMask ? 'png' : (input.mediaType.split('/')[1] ?? 'png')
  return {
    ...post,
    path: '/upload/image',
    spends: false,
    body: {
      kind: 'multipart',
      parts: [
        { kind: 'field', name: 'type', value: 'temp' },
        { kind: 'field', name: 'subfolder', value: 'halftone' },
        { kind: 'field', name: 'overwrite', value: 'true' },
        {
          kind: 'file',
          name: 'image',
          input,
          filename: `${name}.${extension}`,
          ...(isMask && { transform: 'white-is-edit' as const }),
        },
      ],
    },
  }
}

function promptCall({ workflow, values, uploads }: Plan, names: readonly JsonValue[], attemptId: string): HttpCall {
  const images = Object.fromEntries(uploads.map(({ place }, index) => [place, names[index] ?? '']))
  return {
    ...post,
    path: '/prompt',
    body: { kind: 'json', value: { prompt: fill(workflow, { ...values, ...images }), client_id: attemptId } },
  }
}

function decodeUpload(response: ProviderResponse, answer: JsonObject, state: JsonObject, context: DecodeContext): Decoded {
  const name = asText(answer['name'])
  if (response.status !== 200 || name === undefined) return { kind: 'failed', failure: failureOfStatus(response) }
  const folder = asText(answer['subfolder'])
  const reference = `${folder === undefined ? '' : `${folder}/`}${name} [${asText(answer['type']) ?? 'input'}]`
  const names = [...(asList(state['names']) ?? []), reference]
  const plan = planOf(context.request, context.candidate, context.encode)
  const following = plan.uploads[names.length]
  return {
    kind: 'next',
    call: following ? uploadCall(following) : promptCall(plan, names, context.encode.attemptId),
    state: { phase: following ? 'upload' : 'prompt', names },
  }
}

function decodeSubmit(response: ProviderResponse, answer: JsonObject): Decoded {
  const jobId = asText(answer['prompt_id'])
  if (response.status !== 200 || jobId === undefined) return { kind: 'failed', failure: failureOfSubmit(response, answer) }
  return pendingJob({
    jobId,
    pollUrl: `/history/${encodeURIComponent(jobId)}`,
    // How it is ended depends on whether it still waits, so the queue is looked at first.
    cancel: { method: 'GET', url: '/queue' },
    afterMs: POLL_MS,
    notes: { polls: 0 },
  })
}

/** What the nodes found wrong. The details would list the server's files. */
function failureOfSubmit(response: ProviderResponse, answer: JsonObject): AttemptFailure {
  const general = failureOfStatus(response)
  if (response.status !== 400) return general
  const found = Object.values(asObject(answer['node_errors']) ?? {}).flatMap((value) => {
    const node = asObject(value)
    return objectsOf(node?.['errors']).map((error) => ({
      type: asText(error['type']),
      text: `${asText(error['message']) ?? 'error'} (${asText(asObject(error['extra_info'])?.['input_name']) ?? 'input'} of ${asText(node?.['class_type']) ?? 'a node'})`,
    }))
  })
  const error = asObject(answer['error'])
  const isMissing = found.some(({ type }) => type === 'value_not_in_list') || error?.['type'] === 'missing_node_type'
  const message = `ComfyUI refused the workflow: ${found.map(({ text }) => text).join('; ') || (asText(error?.['message']) ?? general.message)}`
  return failure(isMissing ? 'provider_not_found' : 'provider_rejected', message.slice(0, 500), 'no')
}

function decodeJob(
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
  if (!error) return failure('provider_error', 'The job was interrupted on the server.', 'no')
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
