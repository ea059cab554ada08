/** Luma's Agents API (uni-1) and Dream Machine API (Photon): members as documented, jobs by state, links that end. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleServer, startServer } from './server.ts'

export const lumaKey = 'luma-key'

export interface LumaScript {
  readonly pending?: number
  readonly ending?: 'completed' | 'queued' | 'failed'
  readonly failure?: JsonObject
  readonly expired?: boolean
}

const uni = {
  members: new Set('prompt model type aspect_ratio output_format style source image_ref user_id'.split(' ')),
  ratios: '3:1 2:1 16:9 3:2 1:1 2:3 9:16 1:2 1:3'.split(' '),
  models: ['uni-1', 'uni-1-max'],
}
const photon = {
  members: new Set(
    'prompt model aspect_ratio format callback_url image_ref style_ref character_ref modify_image_ref sync sync_timeout generation_type'.split(
      ' ',
    ),
  ),
  ratios: '1:1 16:9 9:16 4:3 3:4 21:9 9:21'.split(' '),
  models: ['photon-1', 'photon-flash-1'],
}

export async function startLuma(script: LumaScript = {}): Promise<DoubleServer & { readonly jobs: Map<string, number> }> {
  const jobs = new Map<string, number>()
  const generation = (id: string, state: string, origin: string, isPhoton: boolean): JsonObject => {
    const url = `${origin}/delivery/${id}.png?sig=1`
    const done = isPhoton ? { assets: { image: url } } : { output: [{ type: 'image', url }] }
    const failed = state === 'failed' ? script.failure : {}
    return { id, state, created_at: '2026-11-22T10:00:00Z', ...(state === 'completed' ? done : {}), ...failed }
  }
  const server = await startServer((call, origin): DoubleAnswer => {
    if (call.path.startsWith('/delivery/')) {
      if (call.headers.authorization !== undefined) return refused(400, 'a storage host must not get the key')
      return script.expired ? refused(403, 'Request has expired') : { bytes: doublePicture(2048, 2048) }
    }
    if (call.headers.authorization !== `Bearer ${lumaKey}`) return refused(401, 'Invalid or missing API key')
    const isPhoton = call.path.startsWith('/dream-machine/')
    const path = call.path.replace(/^(\/dream-machine)?\/v1/, '')
    if (isPhoton && path === '/credits') return { json: { credit_balance: 1234 } }
    const [, id] = /^\/generations\/(?!image$)(.+)$/.exec(path) ?? []
    if (call.method === 'GET' && id) {
      const polls = jobs.get(id)
      if (polls === undefined) return refused(404, 'Generation not found')
      jobs.set(id, polls + 1)
      const waiting = isPhoton ? 'dreaming' : 'processing'
      return { json: generation(id, polls < (script.pending ?? 0) ? waiting : (script.ending ?? 'completed'), origin, isPhoton) }
    }
    if (call.method !== 'POST' || path !== (isPhoton ? '/generations/image' : '/generations')) return refused(404, 'Not Found')
    const problem = problemOf(call.json, isPhoton ? photon : uni)
    if (problem) return refused(422, [{ loc: ['body'], msg: problem, type: 'value_error' }])
    const created = `job-${jobs.size + 1}`
    jobs.set(created, 0)
    return { status: 201, json: generation(created, 'queued', origin, isPhoton) }
  })
  return Object.assign(server, { jobs })
}

const refused = (status: number, detail: JsonValue): DoubleAnswer => ({ status, json: { detail } })

function problemOf(json: JsonObject, { members, ratios, models }: typeof uni): string | undefined {
  const unknown = Object.keys(json).find((name) => !members.has(name))
  if (unknown) return `${unknown}: Extra inputs are not permitted`
  if (!models.includes(String(json['model']))) return `model: ${String(json['model'])} is none of ${models}`
  const ratio = json['aspect_ratio']
  if (ratio !== undefined && !ratios.includes(String(ratio))) return `aspect_ratio: ${String(ratio)} is none of ${ratios}`
  const isEdit = json['type'] === 'image_edit'
  if (isEdit !== (json['source'] !== undefined)) return 'source: belongs to image_edit'
  const references = (json['image_ref'] ?? []) as readonly JsonObject[]
  if (references.length > (isEdit ? 8 : 9)) return 'image_ref: too many'
  const broken = [...references, ...(isEdit ? [json['source'] as JsonObject] : [])].find(({ url, data, media_type }) =>
    data === undefined ? url === undefined : typeof media_type !== 'string' || String(data).startsWith('data:'),
  )
  return broken ? 'Provide either url or data with media_type' : undefined
}
