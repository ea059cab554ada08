/** AUTOMATIC1111's web UI: strict members, one picture at a time behind a lock, interrupt, progress, basic auth. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export interface A1111Script {
  readonly pictureMs?: number
  readonly credentials?: string
}

export interface A1111Double extends DoubleServer {
  /** Most pictures that were asked for at the same time. */
  readonly most: () => number
  readonly interrupts: () => number
}

/** Members of `StableDiffusionProcessing` and its two kinds that are used here, with their types. */
const common: Readonly<Record<string, string>> = {
  prompt: 'string',
  negative_prompt: 'string',
  seed: 'number',
  width: 'number',
  height: 'number',
  batch_size: 'number',
  n_iter: 'number',
  steps: 'number',
  cfg_scale: 'number',
  sampler_name: 'string',
  send_images: 'boolean',
  save_images: 'boolean',
  override_settings: 'object',
  override_settings_restore_afterwards: 'boolean',
  alwayson_scripts: 'object',
}
const members: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/sdapi/v1/txt2img': common,
  '/sdapi/v1/img2img': {
    ...common,
    init_images: 'object',
    mask: 'string',
    denoising_strength: 'number',
    resize_mode: 'number',
    inpainting_mask_invert: 'number',
    inpainting_fill: 'number',
    inpaint_full_res: 'boolean',
  },
  '/sdapi/v1/extra-single-image': { image: 'string', resize_mode: 'number', upscaling_resize: 'number', upscaler_1: 'string' },
}

const httpError = (status: number, detail: string): DoubleAnswer => ({
  status,
  json: { error: 'HTTPException', detail, body: '', errors: '' },
})

export async function startA1111({ pictureMs = 20, credentials }: A1111Script = {}): Promise<A1111Double> {
  let [waiting, most, interrupts] = [0, 0, 0]
  let stop: (() => void) | undefined
  let lock: Promise<void> = Promise.resolve()
  const picture = doublePicture(64, 64, { text: 'parameters\0a secret prompt\nSteps: 20' }).toString('base64')

  /** Behind one lock, as `queue_lock` is. */
  const draw = async (count: number): Promise<JsonValue> => {
    most = Math.max(most, ++waiting)
    const before = lock
    let release = (): void => undefined
    lock = new Promise((resolve) => {
      release = resolve
    })
    await before
    const isWhole = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), pictureMs)
      stop = () => {
        clearTimeout(timer)
        resolve(false)
      }
    })
    stop = undefined
    waiting--
    release()
    return isWhole ? Array.from({ length: count }, () => picture) : []
  }

  const generate = async ({ path, json }: DoubleCall): Promise<DoubleAnswer> => {
    const known = members[path] ?? {}
    const wrong = Object.entries(json).filter(([name, value]) => typeof value !== known[name])
    if (wrong.length > 0) {
      const detail = wrong.map(([name]) => ({ loc: ['body', name], msg: 'extra fields not permitted', type: 'value_error' }))
      return { status: 422, json: { detail } }
    }
    if (path.endsWith('extra-single-image')) return { json: { html_info: '', image: picture } }
    const init = json['init_images'] as readonly string[] | undefined
    if (path.endsWith('img2img') && !init?.[0]) return httpError(404, 'Init image not found')
    const images = await draw(Number(json['batch_size']))
    const info = JSON.stringify({
      seed: 11,
      all_seeds: [11, 12],
      sd_model_name: (json['override_settings'] as JsonObject)['sd_model_checkpoint'],
    })
    return { json: { images, parameters: json, info } }
  }

  const server = await startServer(async (call) => {
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
    if (expected && call.headers.authorization !== expected) return httpError(401, 'Incorrect username or password')
    if (call.method === 'POST' && call.path in members) return generate(call)
    switch (`${call.method} ${call.path}`) {
      case 'POST /sdapi/v1/interrupt':
        interrupts++
        stop?.()
        return { json: {} }
      case 'GET /sdapi/v1/progress':
        return {
          json: { progress: 0.4, eta_relative: 2, state: { job: stop ? 'scripts_txt2img' : '', job_count: stop ? 1 : 0 } },
        }
      case 'GET /sdapi/v1/sd-models':
        return {
          json: ['sd_xl_base_1.0', 'Dream Shaper v8'].map((name) => ({
            title: `${name}.safetensors [31e35c80fc]`,
            model_name: name,
            hash: '31e35c80fc',
            sha256: null,
            filename: `/models/${name}.safetensors`,
            config: null,
          })),
        }
      default:
        return httpError(404, 'Not Found')
    }
  })
  return Object.assign(server, { most: () => most, interrupts: () => interrupts })
}
