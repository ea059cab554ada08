/** Runware: task arrays, members as documented per task, results that a while later are there, polled with `getResponse`. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleServer, startServer } from './server.ts'

export const runwareKey = 'runware-key'

export interface RunwareScript {
  readonly pending?: number
  readonly ending?: 'done' | 'moderated' | 'failed' | 'forgotten'
}

export interface RunwareDouble extends DoubleServer {
  /** Tasks that make something, by id. */
  readonly tasks: ReadonlyMap<string, JsonObject>
}

/** runware.ai/docs, image inference, upscaling and background removal; required members first. */
const always = 'taskType taskUUID model'
const output = 'outputType outputFormat outputQuality includeCost deliveryMethod webhookURL checkNSFW safety ttl providerSettings'
const members: Readonly<Record<string, readonly [string, string]>> = {
  imageInference: [
    `${always} positivePrompt width height`,
    `${output} negativePrompt numberResults steps CFGScale seed scheduler strength seedImage maskImage maskMargin outpaint referenceImages inputs controlNet lora acceleration`,
  ],
  imageUpscale: [`${always} inputImage upscaleFactor`, output],
  imageBackgroundRemoval: [`${always} inputImage`, `${output} settings`],
}
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const edges = new Set([...Array.from({ length: 30 }, (_, index) => (index + 2) * 64)])
const isOpen = (model: JsonValue | undefined): boolean => /^(?:runware:(?:10[01579]|5|97|400)@|civitai)/.test(String(model))

const failed = (status: number, code: string, message: string, more: JsonObject = {}): DoubleAnswer => ({
  status,
  json: { errors: [{ code, message, ...more }] },
})

function problemOf(task: JsonObject): string | undefined {
  const known = members[String(task['taskType'])]
  if (!known) return 'taskType'
  const [required, optional] = known.map((names) => names.split(' ')) as [string[], string[]]
  const missing = required.find((name) => task[name] === undefined)
  const unknown = Object.keys(task).find((name) => !required.includes(name) && !optional.includes(name))
  if (missing ?? unknown) return missing ?? unknown
  if (!UUID_V4.test(String(task['taskUUID']))) return 'taskUUID'
  if (task['outputType'] !== 'base64Data' && task['outputType'] !== 'URL') return 'outputType'
  if (!['PNG', 'JPG', 'WEBP'].includes(String(task['outputFormat']))) return 'outputFormat'
  if (isOpen(task['model']) && task['referenceImages'] === undefined && task['taskType'] === 'imageInference') {
    const wrong = (['width', 'height'] as const).find((name) => !edges.has(Number(task[name])))
    if (wrong) return wrong
  }
  if ((task['maskImage'] ?? task['strength'] ?? task['outpaint']) !== undefined && task['seedImage'] === undefined)
    return 'seedImage'
  return undefined
}

export async function startRunware(script: RunwareScript = {}): Promise<RunwareDouble> {
  const tasks = new Map<string, JsonObject>()
  const polls = new Map<string, number>()
  const { pending = 0, ending = 'done' } = script

  const results = (task: JsonObject, more: JsonObject = {}): JsonObject[] =>
    Array.from({ length: Number(task['numberResults'] ?? 1) }, (_, index) => ({
      taskType: String(task['taskType']),
      taskUUID: String(task['taskUUID']),
      imageUUID: `image-${index}`,
      imageBase64Data: doublePicture(Number(task['width'] ?? 1024), Number(task['height'] ?? 1024), { seed: index }).toString(
        'base64',
      ),
      seed: 11 + index,
      ...(task['includeCost'] === true ? { cost: 0.0013 } : {}),
      ...more,
    }))
  const poll = (taskUUID: string): DoubleAnswer => {
    const task = tasks.get(taskUUID)
    if (!task || ending === 'forgotten')
      return { json: { errors: [{ code: 'taskNotFound', message: 'No such task.', taskUUID }] } }
    const asked = polls.get(taskUUID) ?? 0
    polls.set(taskUUID, asked + 1)
    if (asked < pending) return { json: { data: [{ taskUUID, status: 'processing' }] } }
    const error = (code: string): DoubleAnswer => ({ json: { errors: [{ code, message: code, status: 'error', taskUUID }] } })
    if (ending === 'moderated') return error('contentModeration')
    if (ending === 'failed') return error('providerError')
    return { json: { data: results(task, { status: 'success' }) } }
  }

  const server = await startServer(({ method, path, headers, body }) => {
    if (headers.authorization !== `Bearer ${runwareKey}`) return failed(401, 'invalidApiKey', 'Invalid API key.')
    if (method !== 'POST' || path !== '/v1') return failed(404, 'notFound', 'POST /v1')
    const list = JSON.parse(body.toString()) as JsonValue
    const [task] = Array.isArray(list) ? (list as readonly JsonObject[]) : []
    if (!task) return failed(400, 'invalidRequest', 'An array of tasks is expected.')
    if (task['taskType'] === 'getResponse') return poll(String(task['taskUUID']))
    const parameter = problemOf(task)
    if (parameter) return failed(400, 'invalidParameter', `Invalid parameter ${parameter}.`, { parameter })
    const taskUUID = String(task['taskUUID'])
    if (tasks.has(taskUUID)) return failed(400, 'conflictTaskUUID', 'The task is there already.', { taskUUID })
    tasks.set(taskUUID, task)
    if (task['deliveryMethod'] === 'async') return { json: { data: [{ taskType: String(task['taskType']), taskUUID }] } }
    return { json: { data: results(task) } }
  })
  return Object.assign(server, { tasks })
}
