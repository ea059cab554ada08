/** OpenRouter's Image API: takes what its specification has, refuses what it has not, and says what each call cost. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export const openrouterKey = 'sk-or-double'
export const openrouterSpecification = readSpecification('openrouter')

/** Two models of the list: one with everything it may say, one with the least. */
export const listedModels: JsonValue = [
  {
    id: 'bytedance-seed/seedream-4.5',
    name: 'Seedream 4.5',
    description: 'A model.',
    created: 1_692_901_234,
    architecture: { input_modalities: ['text', 'image'], output_modalities: ['image'] },
    supported_parameters: {
      seed: { type: 'boolean' },
      n: { type: 'range', min: 1, max: 4 },
      quality: { type: 'enum', values: ['auto', 'low', 'high'] },
      output_format: { type: 'enum', values: ['jpeg', 'png'] },
      background: { type: 'enum', values: ['auto', 'transparent'] },
      input_references: { type: 'range', min: 0, max: 10 },
    },
    supports_streaming: true,
    endpoints: '/api/v1/images/models/bytedance-seed/seedream-4.5/endpoints',
  },
  {
    id: 'microsoft/mai-image-2.7',
    name: 'MAI-Image-2.7',
    description: 'A model.',
    created: 1_692_901_234,
    architecture: { input_modalities: ['text'], output_modalities: ['image'] },
    supported_parameters: {},
    supports_streaming: false,
    endpoints: '/api/v1/images/models/microsoft/mai-image-2.7/endpoints',
  },
]

const refused = (code: number, message: string): DoubleAnswer => ({ status: code, json: { error: { code, message } } })

export async function startOpenrouter(usage: JsonObject): Promise<DoubleServer> {
  const images = ({ json }: DoubleCall): DoubleAnswer => {
    const problems = openrouterSpecification.problems('ImageGenerationRequest', json)
    if (problems.length > 0) return refused(400, problems.join('; '))
    if (json['size'] !== undefined && (json['resolution'] !== undefined || json['aspect_ratio'] !== undefined))
      return refused(400, 'size and resolution or aspect_ratio contradict each other')
    const picture = { b64_json: doublePicture(1024, 1024).toString('base64'), media_type: 'image/png' }
    const count = Number(json['n'] ?? 1)
    return { json: { created: 1, data: Array.from({ length: count }, () => picture), usage } }
  }
  return startServer((call) => {
    if (call.method === 'GET' && call.path === '/api/v1/images/models') return { json: { data: listedModels } }
    if (call.headers.authorization !== `Bearer ${openrouterKey}`) return refused(401, 'No auth credentials found')
    if (call.method === 'GET' && call.path === '/api/v1/key') return { json: { data: { label: 'x', limit_remaining: 9.5 } } }
    return call.method === 'POST' && call.path === '/api/v1/images' ? images(call) : refused(404, 'Not Found')
  })
}
