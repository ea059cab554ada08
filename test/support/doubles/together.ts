/** Together's images: each call is held against its own OpenAPI document, and so is each answer. */
import { doublePicture } from '../double-picture.ts'
import { type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export const togetherKey = 'together-key'
export const togetherSpecification = readSpecification('together')

export async function startTogether(): Promise<DoubleServer> {
  return startServer((call) => {
    const refused = (status: number, message: string, code: string | null = null) => ({
      status,
      json: { error: { message, type: 'invalid_request_error', param: null, code } },
    })
    if (call.headers.authorization !== `Bearer ${togetherKey}`) return refused(401, 'Invalid API key provided', 'invalid_api_key')
    if (call.method === 'GET' && call.path === '/v1/models') return { json: [{ id: 'black-forest-labs/FLUX.2-dev' }] }
    if (call.method !== 'POST' || call.path !== '/v1/images/generations') return refused(404, `No route for ${call.path}`)
    const problems = togetherSpecification.problems('ImageRequest', call.json)
    if (problems.length > 0) return refused(400, problems.join('; '))
    const { model, n = 1, width = 1024, height = 1024, response_format } = call.json
    if (String(model).startsWith('google/') && 'n' in call.json) return refused(400, 'n is not supported')
    const data = Array.from({ length: Number(n) }, (_, index) => {
      const picture = doublePicture(Number(width), Number(height), { seed: index })
      return response_format === 'base64'
        ? { index, type: 'b64_json', b64_json: picture.toString('base64') }
        : { index, type: 'url', url: `https://api.together.ai/shrt/${index}` }
    })
    const json = { id: 'o1', model: String(model), object: 'list', data }
    const wrong = togetherSpecification.problems('ImageResponse', json)
    return wrong.length > 0 ? { status: 599, json: wrong } : { json }
  })
}
