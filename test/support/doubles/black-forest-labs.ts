/** Black Forest Labs' API: jobs that are polled where the answer says, and links that expire. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

type Status = 'Ready' | 'Request Moderated' | 'Content Moderated' | 'Error' | 'Pending'

export interface BflScript {
  /** Polls answered `Pending` before the job ends. */
  readonly pending?: number
  /** `Pending`: it never ends. */
  readonly ending?: Status
  /** The link of the picture is dead by the time it is fetched. */
  readonly expired?: boolean
}

export interface BflDouble extends DoubleServer {
  /** Jobs that were accepted, with the body they came with. */
  readonly jobs: ReadonlyMap<string, JsonObject>
}

export const bflKey = 'bfl-key'
export const bflSpecification = readSpecification('black-forest-labs')

export async function startBfl(script: BflScript = {}): Promise<BflDouble> {
  const jobs = new Map<string, JsonObject>()
  const polls = new Map<string, number>()
  const schemas = bflSpecification.document['paths'] as Readonly<Record<string, string>>

  const submit = (call: DoubleCall, schema: string, origin: string): DoubleAnswer => {
    const problems = bflSpecification.problems(schema, call.json)
    if (problems.length > 0) {
      const detail = problems.map((msg): JsonValue => ({ loc: ['body'], msg, type: 'value_error' }))
      return { status: 422, json: { detail } }
    }
    const id = `job-${jobs.size + 1}`
    jobs.set(id, call.json)
    const polling_url = `${origin}/v1/get_result?id=${id}`
    return { json: { id, polling_url, cost: 4.5, input_mp: 0, output_mp: 2.1 } }
  }

  const poll = (id: string, origin: string): DoubleAnswer => {
    if (!jobs.has(id)) return { status: 404, json: { id, status: 'Task not found', result: null } }
    const count = (polls.get(id) ?? 0) + 1
    polls.set(id, count)
    const status: Status = count <= (script.pending ?? 0) ? 'Pending' : (script.ending ?? 'Ready')
    const result: JsonValue = status === 'Ready' ? { sample: `${origin}/delivery/${id}.png?sig=abc`, seed: 7 } : null
    const progress = status === 'Pending' ? count / ((script.pending ?? 0) + 1) : null
    return { json: { id, status, result, progress } }
  }

  const deliver = ({ headers, query }: DoubleCall): DoubleAnswer => {
    if (headers['x-key'] !== undefined) return { status: 400, json: { detail: 'a storage host must not get the key' } }
    if (script.expired || query.get('sig') !== 'abc') return { status: 403, json: { detail: 'AuthenticationFailed' } }
    return { bytes: doublePicture(1024, 1024) }
  }

  const server = await startServer((call, origin) => {
    if (call.path.startsWith('/delivery/')) return deliver(call)
    if (call.headers['x-key'] !== bflKey) return { status: 403, json: { detail: 'Not authenticated' } }
    if (call.method === 'GET' && call.path === '/v1/credits') return { json: { credits: 12.5 } }
    if (call.method === 'GET' && call.path === '/v1/get_result') return poll(call.query.get('id') ?? '', origin)
    const schema = schemas[call.path]
    if (!schema) return { status: 404, json: { detail: 'Not Found' } }
    return call.method === 'POST' ? submit(call, schema, origin) : { status: 405, json: { detail: 'Method Not Allowed' } }
  })
  return Object.assign(server, { jobs })
}
