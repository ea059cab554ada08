/** LocalAI: it cuts prompts at `|`, decodes `file` as base64, lists capabilities, and asks for its key also at the links it answers with. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export interface LocalAiDouble extends DoubleServer {
  /** What the engine was asked for, in order. */
  readonly drawn: readonly Drawn[]
  /** Most pictures that were asked for at the same time. */
  readonly most: () => number
}

interface Drawn {
  readonly positive: string
  readonly negative: string
  readonly step: number
  readonly seed: number
  readonly size: string
  /** Bytes of the picture to start from, and of each reference. */
  readonly source: number
  readonly references: readonly number[]
}

const models: readonly { readonly id: string; readonly capabilities: readonly string[] | null }[] = [
  { id: 'flux.1-dev-ggml', capabilities: ['image'] },
  { id: 'stable-diffusion-x4-upscaler', capabilities: ['image'] },
  { id: 'qwen3-4b', capabilities: ['chat', 'completion', 'vision', 'tools'] },
  { id: 'ltx-video', capabilities: ['video'] },
  { id: 'loose-file.bin', capabilities: null },
]

const failed = (code: number, message: string, type = ''): DoubleAnswer => ({
  status: code,
  json: { error: { code, message, type } },
})

export interface LocalAiScript {
  readonly key?: string
  readonly pictureMs?: number
}

export async function startLocalAi({ key, pictureMs = 0 }: LocalAiScript = {}): Promise<LocalAiDouble> {
  const drawn: Drawn[] = []
  let [waiting, most] = [0, 0]
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  const picture = doublePicture(64, 64, { text: 'parameters\0a secret prompt' })
  const answer = (item: JsonValue): DoubleAnswer => ({ json: { created: 1, id: 'x', data: [item], usage } })

  const draw = ({ json }: DoubleCall): DoubleAnswer => {
    if (!models.some(({ id }) => id === json['model'])) {
      return failed(404, `model "${String(json['model'])}" not found.`, 'invalid_request_error')
    }
    const [positive = '', negative = ''] = String(json['prompt']).split('|')
    const references = (json['ref_images'] ?? []) as readonly string[]
    const base64 = [json['file'] ?? '', ...references].map(String)
    if (base64.some((text) => !/^[A-Za-z0-9+/]*=*$/.test(text))) return failed(500, 'Failed decoding base64 file')
    const [source = 0, ...sizes] = base64.map((text) => Buffer.from(text, 'base64').length)
    drawn.push({
      positive,
      negative,
      step: Number(json['step'] ?? 15),
      seed: Number(json['seed'] ?? -1),
      size: String(json['size']),
      source,
      references: sizes,
    })
    return json['response_format'] === 'b64_json'
      ? answer({ index: 0, b64_json: picture.toString('base64') })
      : failed(599, 'The tests ask for bytes.')
  }

  /** The engine takes one call after the other; here they only have to be counted. */
  const inTurn = async (call: DoubleCall): Promise<DoubleAnswer> => {
    most = Math.max(most, ++waiting)
    await sleep(pictureMs)
    waiting--
    return draw(call)
  }

  const enlarge = async (call: DoubleCall, origin: string): Promise<DoubleAnswer> => {
    const form = await call.form()
    if (!['2', '4'].includes(String(form.get('scale')))) return failed(400, 'code=400, message=scale must be 2 or 4')
    if (!(form.get('image') instanceof File)) return failed(400, 'code=400, message=missing image file')
    return answer({ index: 0, url: `${origin}/generated-images/upscale_1.png` })
  }

  const server = await startServer((call, origin) => {
    const { method, path, headers } = call
    if (key !== undefined && headers.authorization !== `Bearer ${key}`) {
      return failed(401, 'An authentication key is required', 'invalid_request_error')
    }
    switch (`${method} ${path}`) {
      case 'GET /v1/models/capabilities':
        return { json: { object: 'list', data: models.map((model) => ({ object: 'model', ...model })) } }
      case 'POST /v1/images/generations':
        return inTurn(call)
      case 'POST /v1/images/upscale':
        return enlarge(call, origin)
      case 'GET /generated-images/upscale_1.png':
        return { bytes: picture }
      default:
        return failed(404, 'Resource not found')
    }
  })
  return Object.assign(server, { drawn, most: () => most })
}
