/** fal's queue: submit, status, result and cancel, each with the method and the address the client uses. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export interface FalScript {
  /** Status answers before the job is done; the first of them still in the queue. */
  readonly pending?: number
  /** `black`: made, then blackened by the checker. `policy`: refused with 422. `crash`: 500. */
  readonly ending?: 'done' | 'black' | 'policy' | 'crash'
  readonly expired?: boolean
}

interface Job {
  readonly app: string
  readonly input: JsonObject
  polls: number
  isCancelled: boolean
}

export interface FalDouble extends DoubleServer {
  readonly jobs: ReadonlyMap<string, Job>
}

export const falKey = 'fal-id:fal-secret'
export const falSpecification = readSpecification('fal')

const detail = (text: string, type: string): JsonObject => ({ detail: [{ loc: ['body', 'prompt'], msg: text, type }] })

export async function startFal(script: FalScript = {}): Promise<FalDouble> {
  const jobs = new Map<string, Job>()
  const schemas = falSpecification.document['paths'] as Readonly<Record<string, string>>
  const { pending = 0, ending = 'done' } = script

  const submit = ({ path, json }: DoubleCall, schema: string, origin: string): DoubleAnswer => {
    const problems = falSpecification.problems(schema, json)
    if (problems.length > 0) return { status: 422, json: detail(problems.join('; '), 'value_error') }
    const id = `00000000-0000-4000-8000-00000000000${jobs.size + 1}`
    // Everything about a job lives under owner/alias, whatever follows in the endpoint's path.
    const app = path.split('/').slice(1, 3).join('/')
    jobs.set(id, { app, input: json, polls: 0, isCancelled: false })
    const response_url = `${origin}/${app}/requests/${id}`
    const urls = { response_url, status_url: `${response_url}/status`, cancel_url: `${response_url}/cancel` }
    return { json: { status: 'IN_QUEUE', request_id: id, queue_position: 0, ...urls } }
  }

  const status = (job: Job, id: string): DoubleAnswer => {
    job.polls++
    if (job.polls > pending) return { json: { status: 'COMPLETED', request_id: id, metrics: { inference_time: 1 } } }
    return { status: 202, json: { status: job.polls === 1 ? 'IN_QUEUE' : 'IN_PROGRESS', request_id: id } }
  }

  const cancel = (job: Job): DoubleAnswer => {
    if (job.polls > pending) return { status: 400, json: { status: 'ALREADY_COMPLETED' } }
    job.isCancelled = true
    return { status: 202, json: { status: 'CANCELLATION_REQUESTED' } }
  }

  const result = ({ polls, input }: Job, id: string, origin: string): DoubleAnswer => {
    if (polls <= pending) return { status: 400, json: { detail: 'Request is still in progress' } }
    if (ending === 'policy') return { status: 422, json: detail('flagged by a content checker', 'content_policy_violation') }
    if (ending === 'crash') return { status: 500, json: detail('worker died', 'internal_server_error') }
    const count = Number(input['num_images'] ?? 1)
    const images = Array.from({ length: count }, (_, index): JsonValue => ({ url: `${origin}/files/${id}-${index}.png` }))
    const flags = images.map(() => ending === 'black')
    return {
      headers: { 'x-fal-billable-units': String(count), 'x-fal-request-id': id },
      json: { images, seed: 5, prompt: input['prompt'] ?? '', has_nsfw_concepts: flags, timings: {} },
    }
  }

  const server = await startServer((call, origin) => {
    const { method, path, headers } = call
    if (path.startsWith('/files/')) {
      if (headers.authorization) return { status: 400, json: { detail: 'a storage host must not get the key' } }
      return script.expired ? { status: 404, json: { detail: 'gone' } } : { bytes: doublePicture(1024, 1024) }
    }
    if (headers.authorization !== `Key ${falKey}`) return { status: 401, json: { detail: 'Authentication is required.' } }
    const [, app, id = '', action = 'result'] = /^\/([^/]+\/[^/]+)\/requests\/([^/]+)(?:\/(status|cancel))?$/.exec(path) ?? []
    if (app) {
      const job = jobs.get(id)
      if (!job || job.app !== app) return { status: 404, json: { detail: 'Request not found' } }
      if (method !== (action === 'cancel' ? 'PUT' : 'GET')) return { status: 405, json: { detail: 'Method Not Allowed' } }
      return action === 'status' ? status(job, id) : action === 'cancel' ? cancel(job) : result(job, id, origin)
    }
    const schema = schemas[path]
    if (!schema) return { status: 404, json: { detail: 'Application not found' } }
    return method === 'POST' ? submit(call, schema, origin) : { status: 405, json: { detail: 'Method Not Allowed' } }
  })
  return Object.assign(server, { jobs })
}
