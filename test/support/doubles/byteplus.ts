/** Seedream at ModelArk: members and pixel limits of each model, pictures that fail one by one, sets on a stream. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { parseSize } from '../../../src/core/request.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleServer, startServer } from './server.ts'

export const byteplusKey = 'ark-key'

const common = 'model prompt size image response_format watermark stream optimize_prompt_options'
const sets = 'sequential_image_generation sequential_image_generation_options'
/** Members, and the least and most pixels. */
const models: Readonly<Record<string, readonly [members: string, min: number, max: number]>> = {
  'dola-seedream-5-0-pro-260628': [`${common} output_format`, 921_600, 4_624_220],
  'seedream-5-0-lite-260128': [`${common} ${sets} output_format`, 3_686_400, 16_777_216],
  'seedream-4-5-251128': [`${common} ${sets}`, 3_686_400, 16_777_216],
  'seedream-4-0-250828': [`${common} ${sets}`, 921_600, 16_777_216],
  'seedream-3-0-t2i-250415': [`${common} seed guidance_scale`, 262_144, 4_194_304],
  'seededit-3-0-i2i-250628': [`${common} seed guidance_scale`, 0, 4_194_304],
}

export interface ByteplusDouble extends DoubleServer {
  /** Pictures of the next call, counted from 0, that do not pass the check. */
  refuse(...indexes: readonly number[]): void
  /** The next stream breaks after this many pictures. */
  breakAfter(count: number): void
}

export async function startByteplus(): Promise<ByteplusDouble> {
  let refused: readonly number[] = []
  let broken: number | undefined
  const server = await startServer((call) => {
    if (call.headers.authorization !== `Bearer ${byteplusKey}`) return error(401, 'AuthenticationError', 'The API key is wrong.')
    if (call.path === '/api/v3/contents/generations/tasks') return { json: { items: [], total: 0 } }
    if (call.method !== 'POST' || call.path !== '/api/v3/images/generations') return error(404, 'NotFound', call.path)
    const problem = problemOf(call.json)
    if (problem) return error(400, 'InvalidParameter', problem)
    const { sequential_image_generation_options: options, stream } = call.json
    const count = Number((options as JsonObject | undefined)?.['max_images'] ?? 1)
    const items = Array.from({ length: count }, (_, index) => itemOf(call.json, index, refused.includes(index)))
    refused = []
    const generated_images = items.filter((item) => !('error' in item)).length
    const usage = { generated_images, output_tokens: 4096 * generated_images, total_tokens: 4096 * generated_images }
    if (stream !== true) return { json: { model: String(call.json['model']), created: 1, data: items, usage } }
    const answer = eventsOf(items, usage, broken)
    broken = undefined
    return answer
  })
  return {
    ...server,
    refuse: (...indexes) => {
      refused = indexes
    },
    breakAfter: (count) => {
      broken = count
    },
  }
}

const error = (status: number, code: string, message: string): DoubleAnswer => ({
  status,
  json: { error: { code, message, param: '', type: 'BadRequest' } },
})

function problemOf(json: JsonObject): string | undefined {
  const known = models[String(json['model'])]
  if (!known) return `There is no model ${String(json['model'])}.`
  const [members, min, max] = known
  const unknown = Object.keys(json).find((name) => !members.split(' ').includes(name))
  if (unknown) return `The parameter \`${unknown}\` specified in the request is not valid for this model.`
  if (json['size'] === 'adaptive') return json['image'] === undefined ? 'image is missing' : undefined
  const size = parseSize(String(json['size']))
  const area = (size?.width ?? 0) * (size?.height ?? 0)
  return area < min || area > max ? `image size must be between ${min} and ${max} pixels` : undefined
}

function itemOf(json: JsonObject, index: number, isRefused: boolean): JsonObject {
  if (isRefused) {
    const message = 'The request failed because the output image may contain sensitive information.'
    return { error: { code: 'OutputImageSensitiveContentDetected', message } }
  }
  const { width, height } = parseSize(String(json['size'])) ?? { width: 1024, height: 1024 }
  const b64_json = doublePicture(width, height, { seed: index }).toString('base64')
  return { b64_json, size: `${width}x${height}` }
}

function eventsOf(items: readonly JsonObject[], usage: JsonValue, broken: number | undefined): DoubleAnswer {
  const events = items.slice(0, broken).map((item, image_index): JsonObject => {
    const type = `image_generation.partial_${'error' in item ? 'failed' : 'succeeded'}`
    return { type, created: 1, image_index, ...item }
  })
  if (broken === undefined) events.push({ type: 'image_generation.completed', created: 1, usage })
  const text = events.map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`).join('')
  return { bytes: Buffer.from(broken === undefined ? `${text}data: [DONE]\n\n` : text), type: 'text/event-stream' }
}
