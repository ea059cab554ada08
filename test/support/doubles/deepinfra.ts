/** DeepInfra: its own call with a cost by the formula of each page, edits in OpenAI's dialect, tools that take a file. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const deepInfraKey = 'deepinfra-key'

/** Dollars for a picture: `cost` of the call it came from. */
const formulas: Readonly<Record<string, (area: number, steps: number) => number>> = {
  'black-forest-labs/FLUX-2-dev': (area, steps) => 0.01 * area * (steps / 28),
  'black-forest-labs/FLUX-1-dev': (area, steps) => 0.009 * area * (steps / 25),
  'black-forest-labs/FLUX-1-schnell': (area, steps) => 0.0005 * area * steps,
  'black-forest-labs/FLUX-2-max': () => 0.07,
}
const members = new Set(
  'prompt num_images width height num_inference_steps guidance_scale negative_prompt seed strength scheduler aspect_ratio'.split(
    ' ',
  ),
)
const editMembers = new Set('model prompt n size response_format user image mask'.split(' '))

export interface DeepInfraDouble extends DoubleServer {
  /** Pictures of the next call that are flagged. */
  flag(count: number): void
}

export async function startDeepInfra(): Promise<DeepInfraDouble> {
  let flagged = 0
  const server = await startServer(async (call) => {
    if (call.headers.authorization !== `Bearer ${deepInfraKey}`) return refused(401, 'User is not authenticated')
    if (call.method === 'GET' && call.path === '/v1/openai/models') return { json: { data: [{ id: 'm' }] } }
    if (call.method !== 'POST') return refused(405, 'Method Not Allowed')
    if (call.path === '/v1/openai/images/edits') return edit(await call.form())
    const model = /^\/v1\/inference\/(.+)$/.exec(call.path)?.[1]
    if (!model) return refused(404, `Model ${call.path} is not available`)
    const answer = model.startsWith('Bria/') && !model.endsWith('3.2') ? tool(await call.form()) : draw(call, model, flagged)
    flagged = 0
    return answer
  })
  return {
    ...server,
    flag: (count) => {
      flagged = count
    },
  }
}

const refused = (status: number, error: string): DoubleAnswer => ({ status, json: { detail: { error } } })

const dataUrl = (width: number, height: number, seed: number): string =>
  `data:image/png;base64,${doublePicture(width, height, { seed }).toString('base64')}`

const answered = (images: readonly string[], cost: number, more: JsonObject = {}): DoubleAnswer => ({
  json: {
    request_id: 'r1',
    images,
    ...more,
    inference_status: { status: 'succeeded', runtime_ms: 900, cost, tokens_input: null },
  },
})

function draw({ json }: DoubleCall, model: string, flagged: number): DoubleAnswer {
  const unknown = Object.keys(json).filter((name) => !members.has(name))
  if (unknown.length > 0) {
    const detail = unknown.map(
      (name): JsonValue => ({ loc: ['body', name], msg: 'extra fields not permitted', type: 'value_error' }),
    )
    return { status: 422, json: { detail } }
  }
  const { num_images = 1, width = 1024, height = 1024, num_inference_steps = 1, seed = 9 } = json
  const [count, wide, high] = [Number(num_images), Number(width), Number(height)]
  const area = (wide / 1024) * (high / 1024)
  const each = formulas[model]?.(area, Number(num_inference_steps)) ?? 0.04
  const images = Array.from({ length: count }, (_, index) => dataUrl(wide, high, index))
  return answered(images, each * count, { seed, nsfw_content_detected: images.map((_, index) => index < flagged) })
}

function edit(form: FormData): DoubleAnswer {
  const unknown = [...form.keys()].find((name) => !editMembers.has(name))
  if (unknown) return { status: 422, json: { error: { message: `Unknown field ${unknown}` } } }
  if (!(form.get('image') instanceof File)) return { status: 422, json: { error: { message: 'image is required' } } }
  const [width = 0, height = 0] = String(form.get('size')).split('x').map(Number)
  return { json: { created: 1, data: [{ b64_json: doublePicture(width, height).toString('base64') }] } }
}

const tool = (form: FormData): DoubleAnswer =>
  form.get('image') instanceof File ? answered([dataUrl(1024, 1024, 1)], 0.018) : refused(422, 'image is required')
