/** Fireworks: members as documented for each of its three kinds of call, jobs that take a while, links of another host. */
import type { JsonObject } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const fireworksKey = 'fireworks-key'

export interface FireworksScript {
  readonly pending?: number
  readonly ending?: 'Ready' | 'Request Moderated' | 'Content Moderated' | 'Error' | 'Pending'
  readonly expired?: boolean
}

const members = {
  workflow: 'prompt aspect_ratio guidance_scale num_inference_steps seed',
  job: 'prompt input_image seed aspect_ratio output_format webhook_url webhook_secret prompt_upsampling safety_tolerance',
  diffusion: 'prompt negative_prompt height width cfg_scale sampler samples seed steps safety_check',
} as const
const ratios = '1:1 21:9 16:9 3:2 5:4 4:5 2:3 9:16 9:21 4:3 3:4'.split(' ')
const ROUTE = /^\/v1\/(workflows|image_generation)\/accounts\/fireworks\/models\/([\w-]+)(?:\/(text_to_image|get_result))?$/

export async function startFireworks(
  script: FireworksScript = {},
): Promise<DoubleServer & { readonly jobs: Map<string, number> }> {
  const jobs = new Map<string, number>()
  const poll = ({ json }: DoubleCall, origin: string): DoubleAnswer => {
    const id = String(json['id'])
    const polls = jobs.get(id)
    if (polls === undefined) return { json: { id, status: 'Task not found', result: null } }
    jobs.set(id, polls + 1)
    const status = polls < (script.pending ?? 0) ? 'Pending' : (script.ending ?? 'Ready')
    return { json: { id, status, result: status === 'Ready' ? { sample: `${origin}/delivery/${id}.png`, seed: 5 } : null } }
  }
  const draw = ({ headers, json }: DoubleCall): DoubleAnswer => {
    const accept = String(headers.accept)
    if (accept !== 'image/png' && accept !== 'image/jpeg') return refused(400, `No picture in ${accept}`)
    const { width = 1024, height = 1024, seed = 11 } = json
    // Whatever it is called, the double's pictures are PNG; the engine looks at the bytes.
    return { bytes: doublePicture(Number(width), Number(height)), type: accept, headers: { seed: String(seed) } }
  }
  const server = await startServer((call, origin) => {
    if (call.path.startsWith('/delivery/')) {
      if (call.headers.authorization !== undefined) return refused(400, 'a storage host must not get the key')
      return script.expired ? refused(403, 'expired') : { bytes: doublePicture(1024, 1024) }
    }
    if (call.headers.authorization !== `Bearer ${fireworksKey}`) return refused(401, 'The API key you provided is invalid.')
    if (call.method === 'GET' && call.path === '/v1/models') return { json: { data: [] } }
    const [, family, model, action] = ROUTE.exec(call.path) ?? []
    if (call.method !== 'POST' || !model) return refused(404, `Not found: ${call.path}`)
    if (action === 'get_result') return poll(call, origin)
    const isJob = model.startsWith('flux-kontext-')
    const kind = family === 'image_generation' ? 'diffusion' : isJob ? 'job' : 'workflow'
    if ((kind === 'workflow') !== (action === 'text_to_image')) return refused(404, `Not found: ${call.path}`)
    const problem = problemOf(call.json, members[kind])
    if (problem) return refused(400, problem)
    if (kind !== 'job') return draw(call)
    const id = `request-${jobs.size + 1}`
    jobs.set(id, 0)
    return { json: { request_id: id } }
  })
  return Object.assign(server, { jobs })
}

const refused = (status: number, message: string): DoubleAnswer => ({ status, json: { error: { message } } })

function problemOf(json: JsonObject, known: string): string | undefined {
  const unknown = Object.keys(json).find((name) => !known.split(' ').includes(name))
  if (unknown) return `Extra inputs are not permitted, field: '${unknown}'`
  if (typeof json['prompt'] !== 'string') return 'prompt: field required'
  const ratio = json['aspect_ratio']
  return ratio !== undefined && !ratios.includes(String(ratio)) ? `aspect_ratio: ${ratio} is none of ${ratios}` : undefined
}
