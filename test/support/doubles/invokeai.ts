/** InvokeAI's queue, held against its OpenAPI document: uploads, models by key, items that run one after the other. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export interface InvokeScript {
  readonly itemMs?: number
  readonly fails?: boolean
  /** Items are pruned as soon as they have ended. */
  readonly forgets?: boolean
}

interface Item {
  readonly id: number
  readonly graph: JsonObject
  status: 'pending' | 'in_progress' | 'completed' | 'failed' | 'canceled'
}

export interface InvokeDouble extends DoubleServer {
  readonly items: readonly Item[]
}

export const invokeSpecification = readSpecification('invokeai')
const outputs = invokeSpecification.document['outputs'] as Readonly<Record<string, readonly string[]>>

type Graph = {
  readonly nodes: Record<string, JsonObject>
  readonly edges: readonly Record<'source' | 'destination', { node_id: string; field: string }>[]
}

/** What the schema cannot say: edges lead from outputs that nodes have to inputs that they have. */
function edgeProblems({ nodes, edges }: Graph): readonly string[] {
  const schemas = (invokeSpecification.document['components'] as { schemas: Record<string, { properties: JsonObject }> }).schemas
  const inputsOf = (type: JsonValue | undefined): JsonObject =>
    Object.values(schemas).find(({ properties }) => (properties?.['type'] as JsonObject | undefined)?.['const'] === type)
      ?.properties ?? {}
  return edges.flatMap(({ source, destination }) => {
    const hasOutput = outputs[String(nodes[source.node_id]?.['type'])]?.includes(source.field)
    const hasInput = destination.field in inputsOf(nodes[destination.node_id]?.['type'])
    return hasOutput && hasInput ? [] : [`edge ${source.node_id}.${source.field} -> ${destination.node_id}.${destination.field}`]
  })
}

export async function startInvoke({ itemMs = 30, fails = false, forgets = false }: InvokeScript = {}): Promise<InvokeDouble> {
  const items: Item[] = []
  const uploads = new Set<string>()
  const next = (): void => {
    const item = items.find(({ status }) => status === 'pending')
    if (!item || items.some(({ status }) => status === 'in_progress')) return
    item.status = 'in_progress'
    setTimeout(() => {
      if (item.status === 'in_progress') item.status = fails ? 'failed' : 'completed'
      next()
    }, itemMs).unref()
  }
  const shown = ({ id, status, graph }: Item): JsonValue => {
    const isOver = status === 'completed' || status === 'failed'
    const image = { type: 'image_output', image: { image_name: `picture-${id}.png` }, width: 64, height: 64 }
    return {
      item_id: id,
      status,
      batch_id: 'b',
      queue_id: 'default',
      error_type: fails ? 'OutOfMemoryError' : null,
      error_message: fails ? 'CUDA out of memory' : null,
      started_at: status === 'pending' ? null : '2026-11-22 10:00:01.250',
      completed_at: isOver ? '2026-11-22 10:00:04.750' : null,
      session: {
        graph,
        results: status === 'completed' ? { 'l2i-1': image, 'noise-1': { type: 'noise_output' } } : {},
        errors: {},
      },
    }
  }
  const enqueue = (json: JsonObject): DoubleAnswer => {
    const graph = (json['batch'] as JsonObject)['graph'] as unknown as Graph
    const start = Object.values(graph.nodes).find(({ type }) => type === 'i2l')
    const image = (start?.['image'] as JsonObject | undefined)?.['image_name']
    const problems = [
      ...invokeSpecification.problems('Body_enqueue_batch', json),
      ...edgeProblems(graph),
      ...(image !== undefined && !uploads.has(String(image)) ? [`image ${String(image)} not found`] : []),
    ]
    if (problems.length > 0)
      return { status: 422, json: { detail: problems.map((msg) => ({ loc: ['body', 'batch'], msg, type: 'value_error' })) } }
    const item: Item = { id: items.length + 1, graph: graph as unknown as JsonObject, status: 'pending' }
    items.push(item)
    next()
    return {
      status: 201,
      json: { queue_id: 'default', enqueued: 1, requested: 1, batch: {}, priority: 0, item_ids: [item.id] },
    }
  }
  const models = [
    { key: 'key-1', hash: 'blake3:1', name: 'Juggernaut XL v9', base: 'sdxl', type: 'main', format: 'diffusers' },
    { key: 'key-2', hash: 'blake3:2', name: 'A VAE', base: 'sdxl', type: 'vae', format: 'diffusers' },
  ]
  const server = await startServer(async (call) => {
    const { method, path, query, json } = call
    if (method === 'POST' && path === '/api/v1/images/upload') {
      if (!query.get('image_category') || !query.get('is_intermediate')) return { status: 422, json: { detail: 'query' } }
      const file = (await call.form()).get('file')
      if (!(file instanceof File)) return { status: 415, json: { detail: 'Not an image' } }
      const name = `upload-${uploads.size + 1}.png`
      uploads.add(name)
      return { status: 201, json: { image_name: name, image_url: '', width: 64, height: 64 } }
    }
    if (method === 'POST' && path === '/api/v1/queue/default/enqueue_batch') return enqueue(json)
    if (method === 'GET' && path === '/api/v1/queue/default/status') {
      const count = (wanted: Item['status']): number => items.filter(({ status }) => status === wanted).length
      return { json: { queue: { pending: count('pending'), in_progress: count('in_progress') }, processor: {} } }
    }
    if (method === 'GET' && path === '/api/v1/app/version') return { json: { version: '6.13.0' } }
    if (method === 'GET' && path === '/api/v2/models/') return { json: { models } }
    const key = /^\/api\/v2\/models\/i\/([^/]+)$/.exec(path)?.[1]
    const model = models.find((each) => each.key === key)
    if (key) return model ? { json: model } : { status: 404, json: { detail: 'The model could not be found' } }
    if (method === 'GET' && /^\/api\/v1\/images\/i\/picture-\d+\.png\/full$/.test(path))
      return { bytes: doublePicture(64, 64, { text: 'invokeai_metadata\0{"positive_prompt":"a secret"}' }) }
    const [, id, cancel] = /^\/api\/v1\/queue\/default\/i\/(\d+)(\/cancel)?$/.exec(path) ?? []
    const item = items.find((each) => each.id === Number(id))
    const isGone = forgets && (item?.status === 'completed' || item?.status === 'failed')
    if (!item || isGone) return { status: 404, json: { detail: `Queue item with id ${id} not found in queue default` } }
    if (cancel && method === 'PUT' && (item.status === 'pending' || item.status === 'in_progress')) item.status = 'canceled'
    return { json: shown(item) }
  })
  return Object.assign(server, { items })
}
