/** Recraft's API: takes what its specification has for each path, and says how many units the call took. */
import type { JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export const recraftKey = 'recraft-key'
export const recraftSpecification = readSpecification('recraft')

const paths = recraftSpecification.document['paths'] as Readonly<Record<string, { request: string; response: string }>>

export async function startRecraft(credits: number | undefined = 40): Promise<DoubleServer> {
  return startServer((call): DoubleAnswer => {
    if (call.headers.authorization !== `Bearer ${recraftKey}`) return { status: 401, json: 'request unauthorized' }
    if (call.method === 'GET' && call.path === '/v1/users/me') return { json: { id: 'u', credits: 990 } }
    const schemas = paths[call.path]
    if (!schemas || call.method !== 'POST') return { status: 404, json: '404 page not found' }
    const problems = recraftSpecification.problems(schemas.request, call.json)
    if (problems.length > 0) return { status: 400, json: { code: 'invalid', message: problems.join('; ') } }
    const [width = 1024, height = 1024] = String(call.json['size'] ?? '1024x1024')
      .split('x')
      .map(Number)
    const image: JsonValue = { image_id: crypto.randomUUID(), b64_json: doublePicture(width, height).toString('base64') }
    const count = Number(call.json['n'] ?? 1)
    const pictures =
      schemas.response === 'ProcessImageResponse' ? { image } : { data: Array.from({ length: count }, () => image) }
    return { json: { created: 1, ...(credits === undefined ? {} : { credits }), ...pictures } }
  })
}
