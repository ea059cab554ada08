/** InvokeAI's queue: uploads, a graph of SDXL nodes, the finished item, its picture. */
import { z } from 'zod'
import type { Capabilities } from '../core/capability.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
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
import { sdxlGraph } from './invokeai/graph.ts'
import { failureOfStatus } from './kit/errors.ts'
import { filenameOf } from './kit/files.ts'
import { type Job, jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { localModel } from './kit/local-model.ts'
import { makeOffer } from './kit/offers.ts'
import { asCount, asObject, asText, objectsOf } from './kit/read.ts'
import { seedOf } from './kit/seed.ts'

const id = 'invokeai'
const POLL_MS = 1_000
const QUEUE = '/api/v1/queue/default'

export const invokeai = defineProvider({
  id,
  requiresKey: false,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options: z.strictObject({
    scheduler: z.string().min(1).default('dpmpp_2m_k').describe('Scheduler of every picture, as InvokeAI names it.'),
  }),
  bodyKeys: [],
  stripsMetadata: true,

  offers: (config) =>
    (config.models ?? []).map((changes) =>
      makeOffer(config, id, { model: changes.model, wireModel: changes.id, capabilities }, changes),
    ),

  encode(request, candidate): Encoded {
    const image = request.inputs.findIndex(({ role }) => role === 'image')
    const call = image === -1 ? modelCall(candidate) : uploadCall(request, image)
    return { call, warnings: [], state: { phase: image === -1 ? 'model' : 'upload' } }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const state = asObject(context.state) ?? {}
    const job = jobOf(state)
    if (job) return decodeItem(response, answer, job, context)
    if (state['phase'] === 'upload') return decodeUpload(response, answer, context.candidate)
    return state['phase'] === 'model' ? decodeModel(response, answer, state, context) : decodeSubmit(response, answer)
  },

  load: {
    call: lookUp(`${QUEUE}/status`),
    decode({ body }) {
      const queue = body.kind === 'json' ? asObject(asObject(body.value)?.['queue']) : undefined
      const [waiting, running] = [asCount(queue?.['pending']), asCount(queue?.['in_progress'])]
      return waiting === undefined || running === undefined ? undefined : waiting + running
    },
  },

  discover: {
    call: lookUp('/api/v2/models/?base_models=sdxl&model_type=main'),
    decode({ body }) {
      const models = body.kind === 'json' ? asObject(body.value)?.['models'] : undefined
      if (models === undefined) return undefined
      return objectsOf(models).flatMap(({ key, name, base, type }) => {
        const [wireModel, title] = [asText(key), asText(name)]
        if (wireModel === undefined || title === undefined || base !== 'sdxl' || type !== 'main') return []
        return [{ id: wireModel, model: localModel(title), capabilities: {} }]
      })
    },
  },

  probe: (): Probe => ({
    call: lookUp('/api/v1/app/version'),
    decode(response) {
      const version = response.body.kind === 'json' ? asText(asObject(response.body.value)?.['version']) : undefined
      if (response.status !== 200 || version === undefined) return { ok: false, message: failureOfStatus(response).message }
      return { ok: true, message: `InvokeAI ${version}.` }
    },
  }),

  facts: {
    refusals: 'It refuses nothing.',
    documentation: 'https://github.com/invoke-ai/InvokeAI/blob/main/invokeai/frontend/web/openapi.json',
  },
})

const capabilities: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: { kind: 'area', multipleOf: 8, minEdge: 64, maxEdge: 2048, minPixels: 4096, maxPixels: 4_194_304, maxAspect: 4 },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 1,
  mask: false,
  sizeFromInput: true,
  maxPromptChars: 32_000,
  parameters: ['seed', 'negativePrompt', 'steps', 'guidance', 'strength'],
  cancelStopsBilling: true,
  asyncJobs: true,
}

const uploadCall = ({ inputs }: ImageRequest, index: number): HttpCall => {
  const input = inputs[index]
  if (!input) throw new Error(`There is no input ${index}.`)
  return {
    method: 'POST',
    // Intermediate pictures are in no gallery, and are cleared with them.
    path: '/api/v1/images/upload?image_category=user&is_intermediate=true',
    body: { kind: 'multipart', parts: [{ kind: 'file', name: 'file', input, filename: filenameOf(input, index) }] },
    accept: 'json',
    stream: false,
    spends: false,
  }
}

/** A graph names a model by more than its key. */
const modelCall = ({ offer }: Candidate): HttpCall => lookUp(`/api/v2/models/i/${encodeURIComponent(offer.wireModel)}`)

function decodeUpload(response: ProviderResponse, answer: JsonObject, candidate: Candidate): Decoded {
  const image = asText(answer['image_name'])
  if (response.status !== 201 || image === undefined) return { kind: 'failed', failure: failureOfStatus(response) }
  return { kind: 'next', call: modelCall(candidate), state: { phase: 'model', image } }
}

function decodeModel(
  response: ProviderResponse,
  { key, hash, name, base, type }: JsonObject,
  state: JsonObject,
  { request, candidate, encode }: DecodeContext,
): Decoded {
  if (response.status !== 200) return { kind: 'failed', failure: failureOfStatus(response) }
  if (base !== 'sdxl' || type !== 'main') {
    const message = `${candidate.offer.wireModel} is no SDXL model but ${String(base)} ${String(type)}; only those can be asked for.`
    return { kind: 'failed', failure: failure('provider_not_found', message, 'no') }
  }
  const model = { key: key ?? '', hash: hash ?? '', name: name ?? '', base, type }
  const scheduler = asText(encode.options['scheduler']) ?? 'dpmpp_2m_k'
  const { settings } = candidate
  const graph = sdxlGraph({
    model,
    scheduler,
    prompt: request.prompt,
    negativePrompt: request.negativePrompt ?? '',
    seed: request.seed ?? seedOf(encode.attemptId),
    size: settings.size,
    steps: settings.steps ?? request.steps ?? 30,
    guidance: request.guidance ?? 7,
    ...(asText(state['image']) !== undefined && { image: String(state['image']), strength: request.strength ?? 0.75 }),
  })
  const call: HttpCall = {
    method: 'POST',
    path: `${QUEUE}/enqueue_batch`,
    body: { kind: 'json', value: { batch: { graph, runs: 1, origin: 'halftone' } } },
    accept: 'json',
    stream: false,
  }
  return { kind: 'next', call, state: { phase: 'submit' } } satisfies Next
}

function decodeSubmit(response: ProviderResponse, answer: JsonObject): Decoded {
  const [item] = (answer['item_ids'] ?? []) as readonly JsonValue[]
  const itemId = asCount(item)
  if (response.status < 200 || response.status >= 300) return { kind: 'failed', failure: failureOfStatus(response) }
  // Not put in the queue, as when it is full.
  if (itemId === undefined)
    return { kind: 'failed', failure: failure('provider_rate_limited', 'The queue of the server is full.', 'no') }
  const path = `${QUEUE}/i/${itemId}`
  return pendingJob({ jobId: String(itemId), pollUrl: path, cancel: { method: 'PUT', url: `${path}/cancel` }, afterMs: POLL_MS })
}

function decodeItem(response: ProviderResponse, item: JsonObject, job: Job, context: DecodeContext): Decoded {
  if (response.status === 404) {
    const message = 'The queue has forgotten the item; it was cleared or pruned.'
    return { kind: 'failed', failure: failure('provider_error', message, 'no'), isFinal: true }
  }
  if (response.status !== 200) return { kind: 'failed', failure: failureOfStatus(response) }
  const usage = usageOf(item)
  switch (item['status']) {
    case 'completed':
      return { kind: 'done', images: picturesOf(item, context), ...(usage && { usage }) }
    case 'failed':
    case 'canceled':
      return { kind: 'failed', failure: { ...failureOfItem(item), ...(usage && { usage }) }, isFinal: true }
    default:
      return pendingJob(job)
  }
}

function failureOfItem({ status, error_type: type, error_message: told }: JsonObject): AttemptFailure {
  if (status === 'canceled') return failure('cancelled', 'The item was cancelled.', 'no')
  const message = [asText(type), asText(told)].filter((part) => part !== undefined).join(': ')
  return failure('provider_error', `InvokeAI failed: ${message || 'no message'}`.slice(0, 500), 'no')
}

/** Its clock has no zone, but both times are of one clock. */
function usageOf({ started_at: started, completed_at: completed }: JsonObject): Usage | undefined {
  const ms = Date.parse(asText(completed) ?? '') - Date.parse(asText(started) ?? '')
  return Number.isNaN(ms) || ms < 0 ? undefined : { 'gpu.seconds': BigInt(ms) * 1_000n }
}

/** Results by the ids of executed nodes; the graph has one that makes a picture. */
function picturesOf(item: JsonObject, { request, encode }: DecodeContext): readonly DecodedImage[] {
  const results = Object.values(asObject(asObject(item['session'])?.['results']) ?? {})
  const seed = request.seed ?? seedOf(encode.attemptId)
  return results.flatMap((value) => {
    const result = asObject(value)
    const name = asText(asObject(result?.['image'])?.['image_name'])
    if (result?.['type'] !== 'image_output' || name === undefined) return []
    return [{ source: { call: lookUp(`/api/v1/images/i/${encodeURIComponent(name)}/full`, 'image') }, seed }]
  })
}
