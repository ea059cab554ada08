/** Ideogram's API: forms and JSON held against the specification or, where it is older than the endpoint, the documented fields. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export const ideogramKey = 'ideogram-key'
export const ideogramSpecification = readSpecification('ideogram')

const specified = ideogramSpecification.document['paths'] as Readonly<Record<string, string>>

/** Fields of endpoints that the stored specification does not have yet: developer.ideogram.ai/v2, read 2026-11-22. */
const documented: Readonly<Record<string, string>> = {
  '/v2/image/generate/ideogram-4-5': 'prompt magic_prompt images mask size quality seed num_images async webhook_url',
  '/v2/image/precise-edit/ideogram-4-5': 'prompt image reference_images mask quality seed num_images async webhook_url',
  '/v2/image/generate/ideogram-4': 'prompt magic_prompt resolution rendering_speed seed num_images',
  '/v1/remove-background': 'image',
}

export interface IdeogramScript {
  /** Pictures that are made and withheld. */
  readonly unsafe?: number
  /** The links of results are dead. */
  readonly expired?: boolean
}

export interface IdeogramDouble extends DoubleServer {
  /** First bytes of each mask, as it arrived. */
  readonly masks: readonly Buffer[]
}

/** Fields as the specification types them; files as text, lists of them as lists. */
async function fieldsOf(call: DoubleCall, masks: Buffer[]): Promise<JsonObject> {
  if (Object.keys(call.json).length > 0) return call.json
  const fields: Record<string, JsonValue> = {}
  for (const [name, value] of (await call.form()).entries()) {
    if (typeof value !== 'string') {
      if (name === 'mask') masks.push(Buffer.from(await value.arrayBuffer()))
      fields[name] = name.endsWith('images') ? [...((fields[name] as JsonValue[] | undefined) ?? []), 'bytes'] : 'bytes'
    } else if (name === 'image_request') fields[name] = JSON.parse(value) as JsonValue
    else fields[name] = /^(num_images|seed|image_weight)$/.test(name) ? Number(value) : value
  }
  return fields
}

function problemsOf(path: string, fields: JsonObject): readonly string[] | undefined {
  const schema = specified[path]
  if (schema) return ideogramSpecification.problems(schema, fields)
  const known = documented[path]?.split(' ')
  return known && Object.keys(fields).flatMap((name) => (known.includes(name) ? [] : [`unknown field ${name}`]))
}

export async function startIdeogram(script: IdeogramScript = {}): Promise<IdeogramDouble> {
  const masks: Buffer[] = []
  const server = await startServer(async (call, origin): Promise<DoubleAnswer> => {
    if (call.path === '/ephemeral') {
      if (call.headers['api-key'] !== undefined) return { status: 400, json: { error: 'a storage host must not get the key' } }
      return script.expired ? { status: 403, json: { error: 'expired' } } : { bytes: doublePicture(1024, 1024) }
    }
    if (call.headers['api-key'] !== ideogramKey) return { status: 401, json: { error: 'Not authorized.' } }
    const fields = await fieldsOf(call, masks)
    const problems = call.method === 'POST' ? problemsOf(call.path, fields) : undefined
    if (!problems) return { status: 404, json: { error: 'Not found.' } }
    if (problems.length > 0) return { status: 400, json: { error: problems.join('; ') } }
    if (call.query.get('dry_run') === 'true') return { json: { object: 'price_quote', quantity: 1, usd_micros: 30_000 } }
    const data = Array.from({ length: Number(fields['num_images'] ?? 1) }, (_, index): JsonObject => {
      const isSafe = index >= (script.unsafe ?? 0)
      const url = isSafe ? `${origin}/ephemeral?exp=1&sig=2&image=${index}` : null
      return { url, prompt: String(fields['prompt'] ?? ''), resolution: '1024x1024', is_image_safe: isSafe, seed: 1 }
    })
    return { json: { created: '2026-11-22T00:00:00Z', data } }
  })
  return Object.assign(server, { masks })
}
