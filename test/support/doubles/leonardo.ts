/** Leonardo: places for pictures, a storage that wants its fields before the file, generations that cost dollars or credits. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const leonardoKey = 'leonardo-key'

export interface LeonardoScript {
  readonly pending?: number
  readonly ending?: 'COMPLETE' | 'FAILED' | 'PENDING'
  readonly expired?: boolean
  /** The storage does not take the picture. */
  readonly storageFails?: boolean
  readonly unit?: 'DOLLARS' | 'CREDITS'
}

/** Of @leonardo-ai/sdk 4.21.3, and the guides' contrast and styleUUID. */
const members = new Set(
  (
    'alchemy canvasInitId canvasMaskId canvasRequest canvasRequestType contrast contrastRatio controlNet controlNetType controlnets ' +
    'elements enhancePrompt enhancePromptInstruction expandedDomain fantasyAvatar guidance_scale height highContrast ' +
    'highResolution imagePromptWeight imagePrompts init_generation_image_id init_image_id init_strength modelId negative_prompt ' +
    'num_images num_inference_steps photoReal photoRealStrength photoRealVersion presetStyle prompt promptMagic ' +
    'promptMagicStrength promptMagicVersion public scheduler sd_version seed styleUUID tiling transparency ultra unzoom ' +
    'unzoomAmount upscaleRatio userElements weighting width'
  ).split(' '),
)
const needContrast = [
  '7b592283-e8a7-4c5a-9ba6-d18c31f258b9',
  '05ce0082-2d80-4a2d-8653-4d1c85e2418e',
  'de7d3faf-762f-48e0-b3b7-9d0ac3a3fcf3',
]

export interface LeonardoDouble extends DoubleServer {
  readonly generations: ReadonlyMap<string, JsonObject>
  readonly uploaded: ReadonlySet<string>
}

export async function startLeonardo(script: LeonardoScript = {}): Promise<LeonardoDouble> {
  const generations = new Map<string, JsonObject>()
  const polls = new Map<string, number>()
  const slots = new Set<string>()
  const uploaded = new Set<string>()

  const slot = ({ json }: DoubleCall, origin: string): DoubleAnswer => {
    if (!['png', 'jpg', 'jpeg', 'webp'].includes(String(json['extension']))) return refused(400, 'invalid file extension')
    const id = `image-${slots.size + 1}`
    slots.add(id)
    const fields = JSON.stringify({ 'Content-Type': 'image/png', key: `uploads/${id}.png`, Policy: 'cG9saWN5' })
    return { json: { uploadInitImage: { id, fields, key: `uploads/${id}.png`, url: `${origin}/storage` } } }
  }

  const store = async (call: DoubleCall): Promise<DoubleAnswer> => {
    const names = [...(await call.form()).keys()]
    const isComplete = ['Content-Type', 'key', 'Policy'].every((name) => names.includes(name)) && names.at(-1) === 'file'
    if (script.storageFails || !isComplete) return { status: 403, json: { Code: 'AccessDenied' } }
    uploaded.add(/uploads\/(.+)\.png/.exec(String((await call.form()).get('key')))?.[1] ?? '')
    return { status: 204 }
  }

  const generate = ({ json }: DoubleCall): DoubleAnswer => {
    const problem = problemOf(json, uploaded)
    if (problem) return refused(400, problem)
    const generationId = `generation-${generations.size + 1}`
    generations.set(generationId, json)
    const count = Number(json['num_images'] ?? 4)
    const cost = script.unit === 'CREDITS' ? null : { amount: (0.0165 * count).toFixed(4), unit: 'DOLLARS' }
    return { json: { sdGenerationJob: { generationId, apiCreditCost: 11 * count, cost } } }
  }

  const poll = (id: string, origin: string): DoubleAnswer => {
    const generation = generations.get(id)
    const count = (polls.get(id) ?? 0) + 1
    polls.set(id, count)
    if (!generation) return { json: { generations_by_pk: null } }
    const status = count <= (script.pending ?? 0) ? 'PENDING' : (script.ending ?? 'COMPLETE')
    const generated_images = Array.from({ length: status === 'COMPLETE' ? Number(generation['num_images']) : 0 }, (_, index) => ({
      id: `${id}-${index}`,
      nsfw: false,
      url: `${origin}/cdn/${id}-${index}.jpg`,
    }))
    return { json: { generations_by_pk: { id, status, seed: 77, generated_images } } }
  }

  const server = await startServer((call, origin) => {
    if (call.path === '/storage') return store(call)
    if (call.path.startsWith('/cdn/')) {
      if (call.headers.authorization !== undefined) return refused(400, 'the CDN must not get the key')
      return script.expired ? refused(403, 'expired') : { bytes: doublePicture(1024, 1024) }
    }
    if (call.headers.authorization !== `Bearer ${leonardoKey}`)
      return { status: 401, json: { error: 'Authentication hook unauthorized this request', path: '$', code: 'access-denied' } }
    const route = `${call.method} ${call.path.replace('/api/rest/v1', '')}`
    if (route === 'GET /me') return { json: { user_details: [{ apiPaidTokens: 1000 }] } }
    if (route === 'POST /init-image') return slot(call, origin)
    if (route === 'POST /generations') return generate(call)
    const id = /^GET \/generations\/(.+)$/.exec(route)?.[1]
    return id ? poll(id, origin) : refused(404, 'Endpoint not found')
  })
  return Object.assign(server, { generations, uploaded })
}

const refused = (status: number, error: string): DoubleAnswer => ({ status, json: { error, path: '$', code: 'unexpected' } })

function problemOf(json: JsonObject, uploaded: ReadonlySet<string>): string | undefined {
  const unknown = Object.keys(json).find((name) => !members.has(name))
  if (unknown) return `unexpected variables in variableValues: ${unknown}`
  if (needContrast.includes(String(json['modelId'])) && ![3, 3.5, 4].includes(Number(json['contrast'])))
    return 'contrast is required'
  const controls = (json['controlnets'] ?? []) as readonly {
    readonly initImageId: JsonValue
    readonly preprocessorId: JsonValue
  }[]
  const named = [json['init_image_id'], ...controls.map(({ initImageId }) => initImageId)].filter((each) => each !== undefined)
  const missing = named.find((each) => !uploaded.has(String(each)))
  if (missing !== undefined) return `there is no image ${String(missing)}`
  return controls.some(({ preprocessorId }) => typeof preprocessorId !== 'number') ? 'preprocessorId is required' : undefined
}
