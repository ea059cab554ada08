/** Stability's v2beta: forms in, pictures out; the slow services answer with a job that is asked about with 202 in between. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export interface StabilityScript {
  /** Polls answered 202 before the job is done. */
  readonly pending?: number
  readonly ending?: 'done' | 'filtered' | 'moderated'
  /** Results are deleted after a day. */
  readonly expired?: boolean
}

export interface StabilityDouble extends DoubleServer {
  /** Forms that were accepted: fields as text, files as their type. */
  readonly accepted: readonly { readonly path: string; readonly fields: JsonObject; readonly mask?: Buffer }[]
}

export const stabilityKey = 'sk-stability'
export const stabilitySpecification = readSpecification('stability')

/** What the documentation has and the stored description lacks. */
const documented: Readonly<Record<string, readonly string[]>> = {
  GenerateUltraRequest: ['image', 'strength', 'style_preset'],
  GenerateSD3Request: ['style_preset', 'cfg_scale'],
  InpaintRequest: ['style_preset', 'grow_mask'],
  EraseRequest: ['grow_mask'],
  OutpaintRequest: ['style_preset', 'creativity'],
  SearchAndReplaceRequest: ['style_preset', 'grow_mask'],
  SearchAndRecolorRequest: ['style_preset', 'grow_mask'],
  ReplaceBackgroundAndRelightRequest: ['preserve_original_subject'],
  CreativeUpscaleRequest: ['style_preset', 'creativity'],
  SketchControlRequest: ['style_preset'],
  StructureControlRequest: ['style_preset'],
  StyleControlRequest: ['style_preset', 'aspect_ratio'],
}

/** Problems of a form by the description, with what the documentation adds; numbers in forms are text. */
export function stabilityProblems(schema: string, fields: JsonObject): readonly string[] {
  const known = Object.entries(fields).filter(([name]) => documented[schema]?.includes(name) !== true)
  // The documentation's name for the image of this service.
  const named = known.map(([name, value]) => [name === 'subject_image' ? 'image' : name, value] as const)
  return stabilitySpecification.problems(schema, Object.fromEntries(named) as JsonObject)
}

const error = (status: number, name: string, text: string): DoubleAnswer => ({
  status,
  json: { id: 'e-1', name, errors: [text] },
})

export async function startStability(script: StabilityScript = {}): Promise<StabilityDouble> {
  const accepted: { path: string; fields: JsonObject; mask?: Buffer }[] = []
  const jobs = new Map<string, number>()
  const schemas = stabilitySpecification.document['paths'] as Readonly<Record<string, string>>
  const { pending = 0, ending = 'done' } = script

  const picture = (): DoubleAnswer => ({
    bytes: doublePicture(1024, 1024),
    headers: { 'finish-reason': ending === 'filtered' ? 'CONTENT_FILTERED' : 'SUCCESS', seed: '7', 'x-request-id': 'req-1' },
  })

  const make = async (call: DoubleCall, schema: string): Promise<DoubleAnswer> => {
    if (!String(call.headers['content-type']).startsWith('multipart/form-data')) {
      return error(400, 'bad_request', 'content-type: must be multipart/form-data')
    }
    const fields: Record<string, JsonValue> = {}
    let mask: Buffer | undefined
    for (const [name, value] of await call.form()) {
      if (typeof value === 'string') fields[name] = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
      else fields[name] = value.type
      if (name === 'mask' && typeof value !== 'string') mask = Buffer.from(await value.arrayBuffer())
    }
    const problems = stabilityProblems(schema, fields)
    if (problems.length > 0) return error(400, 'bad_request', problems.join('; '))
    if (ending === 'moderated') return error(403, 'content_moderation', 'flagged by our content moderation system')
    accepted.push({ path: call.path, fields, ...(mask && { mask }) })
    if (!/creative|relight/.test(call.path)) return picture()
    const id = `job-${jobs.size + 1}`
    jobs.set(id, 0)
    return { json: { id } }
  }

  const server = await startServer((call) => {
    const { method, path, headers } = call
    if (headers.authorization !== `Bearer ${stabilityKey}`) return error(401, 'unauthorized', 'authorization: missing or invalid')
    if (path === '/v1/user/balance') return { json: { credits: 12.5 } }
    const id = /^\/v2beta\/results\/([^/]+)$/.exec(path)?.[1]
    if (id !== undefined) {
      if (headers.accept === 'image/*') return error(400, 'bad_request', 'accept: must be */* or application/json')
      const polls = jobs.get(id)
      if (polls === undefined || script.expired) return error(404, 'not_found', 'id: could not be found')
      jobs.set(id, polls + 1)
      return polls < pending ? { status: 202, json: { id, status: 'in-progress' } } : picture()
    }
    const schema = schemas[path]
    if (!schema) return error(404, 'not_found', 'unknown path')
    return method === 'POST' ? make(call, schema) : error(405, 'method_not_allowed', 'POST')
  })
  return Object.assign(server, { accepted })
}
