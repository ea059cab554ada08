/** Model Studio: members and sizes of each Qwen-Image model, answers at once, tasks that wait, run and can be cancelled. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const dashscopeKey = 'dashscope-key'

export interface DashscopeScript {
  /** Polls answered `PENDING` before the task runs. */
  readonly pending?: number
  readonly ending?: 'SUCCEEDED' | 'FAILED' | 'PENDING' | 'RUNNING' | 'UNKNOWN'
  readonly expired?: boolean
}

export interface DashscopeDouble extends DoubleServer {
  readonly tasks: ReadonlyMap<string, { polls: number; isCancelled: boolean }>
}

const settings = new Set('n size seed negative_prompt prompt_extend prompt_extend_mode watermark'.split(' '))
const listed = new Set('1328*1328 1664*928 1472*1104 1104*1472 928*1664'.split(' '))
const severalOf = /^qwen-image-(2\.0(-pro)?|edit-(plus|max))$/

export async function startDashscope(script: DashscopeScript = {}): Promise<DashscopeDouble> {
  const tasks = new Map<string, { polls: number; isCancelled: boolean }>()

  const poll = (id: string, origin: string): DoubleAnswer => {
    const task = tasks.get(id)
    if (!task) return { json: { request_id: 'r', output: { task_id: id, task_status: 'UNKNOWN' } } }
    task.polls++
    const ending = task.polls <= (script.pending ?? 0) ? 'PENDING' : (script.ending ?? 'SUCCEEDED')
    const task_status = task.isCancelled ? 'CANCELED' : ending
    const output: JsonObject = { task_id: id, task_status }
    if (task_status === 'FAILED') {
      const message = 'Output data may contain inappropriate content.'
      return { json: { request_id: 'r', output: { ...output, code: 'DataInspectionFailed', message } } }
    }
    if (task_status !== 'SUCCEEDED') return { json: { request_id: 'r', output } }
    const results = [{ orig_prompt: 'a kite', actual_prompt: 'a red kite, in detail', url: `${origin}/oss/${id}.png?Expires=1` }]
    return { json: { request_id: 'r', output: { ...output, results }, usage: { image_count: 1 } } }
  }

  const cancel = (id: string): DoubleAnswer => {
    const task = tasks.get(id)
    if (!task || script.ending === 'RUNNING') return refused(400, 'UnsupportedOperation', 'Only a pending task can be cancelled.')
    task.isCancelled = true
    return { json: { request_id: 'r' } }
  }

  const server = await startServer((call, origin) => {
    if (call.path.startsWith('/oss/')) {
      if (call.headers.authorization !== undefined) return refused(400, 'x', 'a storage host must not get the key')
      const [width = 1328, height = 1328] = (call.query.get('size') ?? '1328*1328').split('*').map(Number)
      return script.expired ? refused(403, 'AccessDenied', 'Request has expired.') : { bytes: doublePicture(width, height) }
    }
    if (call.headers.authorization !== `Bearer ${dashscopeKey}`) return refused(401, 'InvalidApiKey', 'Invalid API-key provided.')
    const [, id, action] = /^\/api\/v1\/tasks\/([\w-]+)(\/cancel)?$/.exec(call.path) ?? []
    if (id) return action ? cancel(id) : poll(id, origin)
    const isTask = call.path === '/api/v1/services/aigc/text2image/image-synthesis'
    if (!isTask && call.path !== '/api/v1/services/aigc/multimodal-generation/generation')
      return refused(404, 'InvalidURL', 'The request URL is incorrect.')
    const problem = problemOf(call, isTask)
    if (problem) return refused(400, 'InvalidParameter', problem)
    if (!isTask) return pictures(call.json, origin)
    const task_id = `task-${tasks.size + 1}`
    tasks.set(task_id, { polls: 0, isCancelled: false })
    return { json: { request_id: 'r', output: { task_id, task_status: 'PENDING' } } }
  })
  return Object.assign(server, { tasks })
}

const refused = (status: number, code: string, message: string): DoubleAnswer => ({
  status,
  json: { code, message, request_id: 'r' },
})

function problemOf({ json, headers }: DoubleCall, isTask: boolean): string | undefined {
  const { model, input, parameters = {}, ...others } = json as Readonly<Record<string, JsonValue>>
  if (Object.keys(others).length > 0) return `Unknown member ${Object.keys(others)[0]}.`
  const unknown = Object.keys(parameters as JsonObject).find((name) => !settings.has(name))
  if (unknown) return `parameters.${unknown} is not supported.`
  if (isTask && headers['x-dashscope-async'] !== 'enable') return 'current user api does not support synchronous calls.'
  const { n = 1, size } = parameters as JsonObject
  if (n !== 1 && !severalOf.test(String(model))) return `${String(model)} makes one picture.`
  if (isTask) return typeof (input as JsonObject)['prompt'] === 'string' ? sizeProblem(size, true) : 'input.prompt is missing.'
  const [message] = (input as { messages: { content: JsonObject[] }[] }).messages
  const count = message?.content.filter(({ image }) => image !== undefined).length ?? 0
  const isEdit = String(model).startsWith('qwen-image-edit')
  if (isEdit && count === 0) return 'An image is missing.'
  if (count > (model === 'qwen-image-edit' ? 1 : 3)) return 'There are too many images.'
  return model === 'qwen-image-edit' && size === undefined ? undefined : sizeProblem(size, model === 'qwen-image-max')
}

function sizeProblem(size: JsonValue | undefined, isListed: boolean): string | undefined {
  const [width = 0, height = 0] = String(size).split('*').map(Number)
  const fits = isListed ? listed.has(String(size)) : width * height >= 512 * 512 && width * height <= 2048 * 2048
  return fits ? undefined : `The size ${String(size)} is not supported.`
}

function pictures({ parameters }: JsonObject, origin: string): DoubleAnswer {
  const { n = 1, size = '1024*1024' } = parameters as JsonObject
  const content = Array.from({ length: Number(n) }, (_, index) => ({ image: `${origin}/oss/${index}.png?size=${String(size)}` }))
  const output = { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content } }] }
  return { json: { request_id: 'r', output, usage: { image_count: Number(n), width: 2048, height: 2048 } } }
}
