/** Workers AI: each call is held against the model's schema of Cloudflare's catalogue; forms where FLUX.2 wants them. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export const cloudflareToken = 'cf-token'
export const cloudflareAccount = 'acc-1'
export const cloudflareSpecification = readSpecification('cloudflare')

const envelope = (result: JsonValue): DoubleAnswer => ({ json: { result, success: true, errors: [], messages: [] } })
const error = (status: number, code: number, message: string): DoubleAnswer => ({
  status,
  json: { result: null, success: false, errors: [{ code, message }], messages: [] },
})

/** Numbers in forms are text. */
async function fieldsOf(call: DoubleCall): Promise<JsonObject> {
  const entries = [...(await call.form()).entries()].map(([name, value]) => {
    if (typeof value !== 'string') return [name, value.type]
    return [name, /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value]
  })
  return Object.fromEntries(entries) as JsonObject
}

export function startCloudflare(): Promise<DoubleServer> {
  const schemas = cloudflareSpecification.document['paths'] as Readonly<Record<string, string>>
  const root = `/client/v4/accounts/${cloudflareAccount}/ai`
  return startServer(async (call) => {
    if (call.headers.authorization !== `Bearer ${cloudflareToken}`) return error(401, 10000, 'Authentication error')
    if (call.method === 'GET' && call.path === `${root}/models/search`) return envelope([])
    if (!call.path.startsWith(`${root}/run/`)) return error(404, 7003, 'Could not route')
    const model = call.path.slice(`${root}/run/`.length)
    const schema = schemas[model]
    if (schema === undefined) return error(400, 5007, `No such model ${model} or task`)
    const isForm = String(call.headers['content-type']).startsWith('multipart/form-data')
    if (isForm !== model.includes('flux-2')) return error(400, 3003, 'Request is missing headers or body: {multipart}')
    const fields = isForm ? await fieldsOf(call) : call.json
    const problems = cloudflareSpecification.problems(schema, fields)
    if (problems.length > 0) return error(400, 5006, problems.join('; '))
    const picture = doublePicture(Number(fields['width'] ?? 1024), Number(fields['height'] ?? 1024))
    return schema === 'Phoenix' ? { bytes: picture } : envelope({ image: picture.toString('base64') })
  })
}
