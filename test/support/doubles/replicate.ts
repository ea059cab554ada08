/** Replicate's predictions: answered at once when they are quick, else polled; with the input schemas of its models. */
import { setTimeout } from 'node:timers/promises'
import type { JsonObject } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export interface ReplicateScript {
  /** Polls before the prediction is done; 0: done while the submit waits, where it asks for that. */
  readonly pending?: number
  readonly ending?: 'done' | 'nsfw' | 'crash' | 'removed'
  readonly expired?: boolean
  /** How long it takes to answer a submit, and a poll. */
  readonly submitMs?: number
  readonly pollMs?: number
}

interface Prediction {
  readonly input: JsonObject
  polls: number
  isCancelled: boolean
}

export interface ReplicateDouble extends DoubleServer {
  /** Bytes of uploaded files by their URL. */
  readonly files: ReadonlyMap<string, number>
  readonly predictions: ReadonlyMap<string, Prediction>
}

export const replicateToken = 'r8_token'
export const replicateSpecification = readSpecification('replicate')

export async function startReplicate(script: ReplicateScript = {}): Promise<ReplicateDouble> {
  const predictions = new Map<string, Prediction>()
  const files = new Map<string, number>()
  const { pending = 0, ending = 'done' } = script

  const upload = async (call: DoubleCall, origin: string): Promise<DoubleAnswer> => {
    const content = (await call.form()).get('content')
    if (content === null || typeof content === 'string') return { status: 422, json: { detail: 'content: a file', status: 422 } }
    const url = `${origin}/v1/files/f${files.size + 1}`
    files.set(url, content.size)
    return { status: 201, json: { id: `f${files.size}`, content_type: content.type, size: content.size, urls: { get: url } } }
  }

  const endOf = ({ input }: Prediction, id: string, origin: string): JsonObject => {
    if (ending === 'nsfw') return { status: 'failed', error: 'NSFW content detected. Try running it again.' }
    if (ending === 'crash') return { status: 'failed', error: 'CUDA out of memory' }
    if (ending === 'removed') return { status: 'succeeded', data_removed: true }
    const count = Number(input['num_outputs'] ?? 1)
    return { status: 'succeeded', output: Array.from({ length: count }, (_, index) => `${origin}/files/${id}-${index}.png`) }
  }

  const shown = (prediction: Prediction, id: string, origin: string, isDone: boolean): JsonObject => {
    const url = `${origin}/v1/predictions/${id}`
    const urls = { get: url, cancel: `${url}/cancel`, web: `https://replicate.com/p/${id}` }
    const common = { id, model: 'm', version: 'hidden', input: prediction.input, output: null, error: null, data_removed: false }
    const state: JsonObject = prediction.isCancelled
      ? { status: 'canceled' }
      : isDone
        ? { ...endOf(prediction, id, origin), metrics: { predict_time: 2.5 } }
        : { status: 'processing' }
    return { ...common, created_at: '2026-11-22T10:00:00Z', urls, ...state }
  }

  const submit = async ({ json, headers, path }: DoubleCall, origin: string): Promise<DoubleAnswer> => {
    const model = /^\/v1\/models\/([^/]+\/[^/]+)\/predictions$/.exec(path)?.[1]
    const input = (json['input'] ?? {}) as JsonObject
    const problems = [
      ...replicateSpecification.problems(model ? 'PredictionRequest' : 'VersionPredictionRequest', json),
      ...(model ? replicateSpecification.problems(model.replace('/', ' '), input) : []),
    ]
    if (problems.length > 0)
      return { status: 422, json: { title: 'Input validation failed', detail: problems.join('\n'), status: 422 } }
    const id = `p${predictions.size + 1}`
    const prediction = { input, polls: 0, isCancelled: false }
    predictions.set(id, prediction)
    await setTimeout(script.submitMs)
    const isDone = pending === 0 && /^wait(=\d+)?$/.test(String(headers['prefer']))
    return { status: isDone ? 201 : 202, json: shown(prediction, id, origin, isDone) }
  }

  const server = await startServer(async (call, origin) => {
    const { method, path, headers } = call
    if (path.startsWith('/files/')) {
      if (headers.authorization) return { status: 400, json: { detail: 'a storage host must not get the token' } }
      return script.expired ? { status: 404, json: {} } : { bytes: doublePicture(1024, 1024) }
    }
    if (headers.authorization !== `Bearer ${replicateToken}`)
      return {
        status: 401,
        json: { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token', status: 401 },
      }
    if (path === '/v1/files' && method === 'POST') return upload(call, origin)
    if (path === '/v1/account') return { json: { type: 'user', username: 'ada', name: 'Ada' } }
    const [, id, cancel] = /^\/v1\/predictions\/([^/]+)(\/cancel)?$/.exec(path) ?? []
    const prediction = predictions.get(id ?? '')
    if (id && prediction && method === (cancel ? 'POST' : 'GET')) {
      if (cancel) prediction.isCancelled = true
      else prediction.polls++
      await setTimeout(cancel ? 0 : script.pollMs)
      return { json: shown(prediction, id, origin, prediction.polls > pending) }
    }
    return method === 'POST' && /\/predictions$/.test(path)
      ? submit(call, origin)
      : { status: 404, json: { detail: 'The requested resource could not be found.', status: 404 } }
  })
  return Object.assign(server, { predictions, files })
}
