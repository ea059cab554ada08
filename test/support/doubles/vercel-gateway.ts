/** Vercel's AI Gateway: pictures by the call of its SDK, and what each cost under its generation, written a moment later. */
import type { JsonObject } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const vercelKey = 'vck_double'

/** Members of the body in @ai-sdk/gateway 4.0.146. */
const known: ReadonlySet<string> = new Set(['prompt', 'n', 'size', 'aspectRatio', 'seed', 'providerOptions', 'files', 'mask'])

export interface VercelScript {
  /** What the look-up says besides its ids. */
  readonly bill?: JsonObject
  /** Look-ups before the bill is written. */
  readonly late?: number
}

const refused = (status: number, type: string, message: string): DoubleAnswer => ({
  status,
  json: { error: { message, type, param: null, code: null } },
})

export async function startVercelGateway({ bill = { total_cost: 0.04 }, late = 0 }: VercelScript = {}): Promise<DoubleServer> {
  let asked = 0
  const picture = ({ json, headers }: DoubleCall): DoubleAnswer => {
    const foreign = Object.keys(json).find((name) => !known.has(name))
    if (foreign !== undefined) return refused(400, 'invalid_request_error', `Unrecognized key: ${foreign}`)
    if (headers['ai-image-model-specification-version'] !== '4' || !headers['ai-model-id'])
      return refused(400, 'invalid_request_error', 'ai-model-id is required')
    const images = Array.from({ length: Number(json['n']) }, () => doublePicture(256, 256).toString('base64'))
    const usage = { inputTokens: 10, outputTokens: 1000, totalTokens: 1010 }
    return { json: { images, warnings: [], providerMetadata: { gateway: { generationId: 'gen_01' } }, usage } }
  }
  const lookUp = (id: string | null): DoubleAnswer => {
    if (id !== 'gen_01' || asked++ < late) return refused(404, 'not_found', 'Generation not found')
    const counts = Object.fromEntries(
      ['prompt', 'completion', 'reasoning', 'cached', 'cache_creation'].map((name) => [`native_tokens_${name}`, 0]),
    )
    const told = { upstream_inference_cost: 0, usage: 0.04, is_byok: false, billable_web_search_calls: 0, streamed: false }
    const served = { created_at: '2026-11-22T00:00:00Z', model: 'm', provider_name: 'openai', finish_reason: 'stop' }
    return { json: { data: { id, ...told, ...served, latency: 1, generation_time: 1, ...counts, ...bill } } }
  }
  return startServer((call) => {
    if (call.headers.authorization !== `Bearer ${vercelKey}`) return refused(401, 'authentication_error', 'Invalid API key')
    if (call.method === 'POST' && call.path === '/v4/ai/image-model') return picture(call)
    if (call.method === 'GET' && call.path === '/v1/generation') return lookUp(call.query.get('id'))
    if (call.method === 'GET' && call.path === '/v1/credits') return { json: { balance: '12.50', total_used: '3' } }
    return refused(404, 'not_found', 'Not found')
  })
}
