/** A ComfyUI server: uploads, validation of workflows node by node, one job at a time, history, websocket, cancelling. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { acceptWebSocket } from '../websocket.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export interface ComfyScript {
  /** How long a job runs, milliseconds; it waits while another runs. */
  readonly jobMs?: number
  readonly ending?: 'success' | 'error' | 'interrupted'
  /** The history is lost as soon as a job is queued, as after a restart. */
  readonly forgets?: boolean
  /** The result was deleted before it is fetched. */
  readonly expired?: boolean
  readonly picture?: Buffer
  /** Answers nothing to websockets. */
  readonly deaf?: boolean
}

interface NodeType {
  readonly required: Readonly<Record<string, string | readonly string[]>>
  readonly optional?: Readonly<Record<string, string | readonly string[]>>
}

const specification = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/specs/comfyui.json'), 'utf8'),
) as Readonly<Record<string, NodeType>>

interface ComfyJob {
  readonly id: string
  readonly graph: JsonObject
  readonly clientId: string
  state: 'waiting' | 'running' | 'ended'
  ending: 'success' | 'error' | 'interrupted'
}

export interface ComfyDouble extends DoubleServer {
  readonly jobs: readonly ComfyJob[]
  /** By the name under which nodes refer to them. */
  readonly uploads: ReadonlyMap<string, Buffer>
  readonly interrupts: readonly JsonValue[]
}

type NodeError = { readonly type: string; readonly message: string; readonly details: string; readonly extra_info: JsonObject }

const problem = (type: string, message: string, input: string): NodeError => ({
  type,
  message,
  details: `${input} is not as it should be; [every, file, of, the, server]`,
  extra_info: { input_name: input },
})

/** As ComfyUI checks a node, and stricter: it ignores inputs it does not know. */
function problemsOf(node: JsonObject, graph: JsonObject, uploads: ReadonlyMap<string, Buffer>): readonly NodeError[] {
  const type = specification[String(node['class_type'])]
  if (!type) return [problem('missing_node_type', 'Node does not exist', 'class_type')]
  const inputs = node['inputs'] as JsonObject
  const all = { ...type.required, ...type.optional }
  const unknown = Object.keys(inputs).filter((name) => !(name in all))
  const missing = Object.keys(type.required).filter((name) => inputs[name] === undefined)
  return [
    ...unknown.map((name) => problem('unknown_input', 'Input is unknown', name)),
    ...missing.map((name) => problem('required_input_missing', 'Required input is missing', name)),
    ...Object.entries(inputs).flatMap(([name, value]) => problemOf(name, value, all[name], graph, uploads)),
  ]
}

function problemOf(
  name: string,
  value: JsonValue | undefined,
  type: string | readonly string[] | undefined,
  graph: JsonObject,
  uploads: ReadonlyMap<string, Buffer>,
): NodeError[] {
  if (type === undefined) return []
  if (Array.isArray(type)) return type.includes(value) ? [] : [problem('value_not_in_list', 'Value not in list', name)]
  const isRight = {
    INT: Number.isInteger(value),
    FLOAT: typeof value === 'number',
    STRING: typeof value === 'string',
    BOOLEAN: typeof value === 'boolean',
    UPLOAD: uploads.has(String(value)),
  }[type as string]
  const isLink = Array.isArray(value) && typeof value[0] === 'string' && value[0] in graph && Number.isInteger(value[1])
  if (isRight ?? isLink) return []
  const kind = type === 'UPLOAD' ? 'custom_validation_failed' : 'invalid_input_type'
  return [problem(kind, isRight === undefined ? 'Bad linked input' : 'Failed to convert an input value', name)]
}

export async function startComfy(script: ComfyScript = {}): Promise<ComfyDouble> {
  const { jobMs = 150, ending = 'success' } = script
  const jobs: ComfyJob[] = []
  const uploads = new Map<string, Buffer>()
  const interrupts: JsonValue[] = []
  const sockets = new Map<string, (text: string) => void>()
  const tell = (job: ComfyJob, type: string, data: JsonObject): void => {
    if (!script.deaf) sockets.get(job.clientId)?.(JSON.stringify({ type, data: { prompt_id: job.id, ...data } }))
  }
  const end = (job: ComfyJob, how: ComfyJob['ending']): void => {
    if (job.state === 'ended') return
    job.state = 'ended'
    job.ending = how
    tell(job, `execution_${how}`, {})
    tell(job, 'executing', { node: null })
    start()
  }
  const start = (): void => {
    if (jobs.some(({ state }) => state === 'running')) return
    const job = jobs.find(({ state }) => state === 'waiting')
    if (!job) return
    job.state = 'running'
    tell(job, 'progress', { value: 1, max: 20, node: 'sampled' })
    setTimeout(() => tell(job, 'progress', { value: 10, max: 20, node: 'sampled' }), jobMs / 2).unref()
    setTimeout(() => tell(job, 'progress', { value: 1, max: 4, node: 'decoded' }), jobMs * 0.7).unref()
    setTimeout(() => end(job, ending), jobMs).unref()
  }

  const submit = ({ json }: DoubleCall): DoubleAnswer => {
    const graph = json['prompt'] as JsonObject
    if (!graph) return { status: 400, json: { error: { type: 'no_prompt', message: 'No prompt provided' }, node_errors: {} } }
    const found = Object.entries(graph).map(([id, node]) => [id, node, problemsOf(node as JsonObject, graph, uploads)] as const)
    const wrong = found.filter(([, , problems]) => problems.length > 0)
    if (wrong.length > 0) {
      const errors = wrong.map(([id, node, problems]) => [
        id,
        { errors: problems, dependent_outputs: ['shown'], class_type: (node as JsonObject)['class_type'] },
      ])
      const error = { type: 'prompt_outputs_failed_validation', message: 'Prompt outputs failed validation', extra_info: {} }
      return { status: 400, json: { error, node_errors: Object.fromEntries(errors) } }
    }
    const id = `prompt-${jobs.length + 1}`
    jobs.push({ id, graph, clientId: String(json['client_id']), state: 'waiting', ending })
    start()
    return { json: { prompt_id: id, number: jobs.length, node_errors: {} } }
  }

  const upload = async (call: DoubleCall): Promise<DoubleAnswer> => {
    const form = await call.form()
    const image = form.get('image')
    if (!(image instanceof File)) return { status: 400 }
    const [folder, type] = [String(form.get('subfolder') ?? ''), String(form.get('type') ?? 'input')]
    uploads.set(`${folder ? `${folder}/` : ''}${image.name} [${type}]`, Buffer.from(await image.arrayBuffer()))
    return { json: { name: image.name, subfolder: folder, type } }
  }

  const history = (id: string): DoubleAnswer => {
    const job = jobs.find((each) => each.id === id)
    if (job?.state !== 'ended' || script.forgets) return { json: {} }
    return { json: { [id]: historyOf(job) } }
  }

  const queue = (): DoubleAnswer => {
    const listed = (wanted: ComfyJob['state']): JsonValue[] =>
      script.forgets
        ? []
        : jobs.filter(({ state }) => state === wanted).map(({ id, graph }, index) => [index, id, graph, {}, ['shown']])
    return { json: { queue_running: listed('running'), queue_pending: listed('waiting') } }
  }

  const routes: Readonly<Record<string, (call: DoubleCall) => DoubleAnswer | Promise<DoubleAnswer>>> = {
    'POST /upload/image': upload,
    'POST /prompt': submit,
    'GET /queue': queue,
    'POST /queue': ({ json }) => {
      for (const id of json['delete'] as string[]) {
        const job = jobs.find((each) => each.id === id && each.state === 'waiting')
        if (job) job.state = 'ended'
        if (job) job.ending = 'interrupted'
      }
      return { status: 200 }
    },
    'POST /interrupt': ({ json }) => {
      interrupts.push(json)
      const job = jobs.find((each) => each.id === json['prompt_id'] && each.state === 'running')
      if (job) end(job, 'interrupted')
      return { status: 200 }
    },
    'GET /prompt': () => ({ json: { exec_info: { queue_remaining: jobs.filter(({ state }) => state !== 'ended').length } } }),
    'GET /system_stats': () => ({ json: { system: { comfyui_version: '0.3.60' }, devices: [{ name: 'cuda:0 RTX 4090' }] } }),
    'GET /view': ({ query }) =>
      script.expired || query.get('filename') === null ? { status: 404 } : { bytes: script.picture ?? doublePicture(1024, 1024) },
  }
  const server = await startServer(
    (call) => {
      if (call.method === 'GET' && call.path.startsWith('/history/')) return history(call.path.slice('/history/'.length))
      return routes[`${call.method} ${call.path}`]?.(call) ?? { status: 404 }
    },
    (request, socket) => {
      const send = acceptWebSocket(request, socket)
      const sid = new URL(request.url ?? '/', 'http://double').searchParams.get('clientId') ?? ''
      sockets.set(sid, send)
      send(JSON.stringify({ type: 'status', data: { status: { exec_info: { queue_remaining: 1 } }, sid } }))
    },
  )
  return Object.assign(server, { jobs, uploads, interrupts })
}

/** What ComfyUI keeps of a job. */
function historyOf({ id, graph, ending }: ComfyJob): JsonObject {
  const start = 1_760_000_000_000
  const batch = graph['empty'] as { inputs?: { batch_size?: number } } | undefined
  const count = Number(batch?.inputs?.batch_size ?? 1)
  const images = Array.from({ length: count }, (_, index) => ({ filename: `pic_${index}.png`, subfolder: '', type: 'temp' }))
  const last: Readonly<Record<typeof ending, JsonValue>> = {
    success: ['execution_success', { prompt_id: id, timestamp: start + 2_500 }],
    error: [
      'execution_error',
      {
        prompt_id: id,
        node_id: 'sampled',
        node_type: 'KSampler',
        exception_type: 'torch.OutOfMemoryError',
        exception_message: 'Allocation on device\nThis error means you ran out of memory on your GPU.',
        traceback: ['secret path'],
        timestamp: start + 900,
      },
    ],
    interrupted: ['execution_interrupted', { prompt_id: id, timestamp: start + 400 }],
  }
  return {
    prompt: [1, id, graph, {}, ['shown']],
    outputs: ending === 'success' ? { shown: { images } } : {},
    status: {
      status_str: ending === 'success' ? 'success' : 'error',
      completed: ending === 'success',
      messages: [
        ['execution_start', { prompt_id: id, timestamp: start }],
        ['execution_cached', { nodes: [], prompt_id: id, timestamp: start + 1 }],
        last[ending],
      ],
    },
    meta: {},
  }
}
