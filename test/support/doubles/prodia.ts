/** Prodia: jobs held against the schema of their type, pictures as parts named `input`, answers in parts as its own client reads them. */
import type { JsonObject } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export const prodiaToken = 'prodia-token'
export const prodiaSpecification = readSpecification('prodia')

export interface ProdiaDouble extends DoubleServer {
  readonly jobs: readonly JsonObject[]
}

function parts(job: JsonObject, output?: Buffer): DoubleAnswer {
  const head = (name: string, filename: string, type: string): Buffer =>
    Buffer.from(
      `--prodia\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n`,
    )
  const pieces = [head('job', 'job.json', 'application/json'), Buffer.from(JSON.stringify(job)), Buffer.from('\r\n')]
  if (output) pieces.push(head('output', 'output.png', 'image/png'), output, Buffer.from('\r\n'))
  return { bytes: Buffer.concat([...pieces, Buffer.from('--prodia--\r\n')]), type: 'multipart/form-data; boundary=prodia' }
}

async function jobOf(call: DoubleCall): Promise<{ job: JsonObject; inputs: readonly string[] }> {
  if (!String(call.headers['content-type']).startsWith('multipart/form-data')) return { job: call.json, inputs: [] }
  const form = await call.form()
  const document = form.get('job')
  if (document === null || typeof document === 'string' || document.type !== 'application/json') throw new Error('no job')
  const inputs = form.getAll('input').map((input) => (typeof input === 'string' ? '' : input.name))
  return { job: JSON.parse(await document.text()) as JsonObject, inputs }
}

function problemsOf(job: JsonObject, inputs: readonly string[]): readonly string[] {
  const problems = prodiaSpecification.problems(String(job['type']), job)
  const images = (job['config'] as JsonObject)['images'] as readonly string[] | undefined
  const lost = (images ?? []).filter((name) => !inputs.includes(name))
  const isEdit = String(job['type']).includes('img2img')
  return [
    ...problems,
    ...lost.map((name) => `config.images: ${name} was not sent`),
    ...(isEdit === inputs.length > 0 ? [] : ['input']),
    ...(new Set(inputs).size === inputs.length ? [] : ['input: two of the same name']),
  ]
}

export async function startProdia(): Promise<ProdiaDouble> {
  const jobs: JsonObject[] = []
  const server = await startServer(async (call) => {
    if (call.headers.authorization !== `Bearer ${prodiaToken}`)
      return { status: 401, bytes: Buffer.from('token is invalid'), type: 'text/plain' }
    if (call.method !== 'POST' || call.path !== '/v2/job') return { status: 404, json: { error: 'not found' } }
    const accept = /^multipart\/form-data(?:; image\/(?:png|jpeg|webp))?$/.test(String(call.headers.accept))
    if (!accept) return { status: 406, json: { error: `cannot answer with ${call.headers.accept}` } }
    const { job, inputs } = await jobOf(call)
    const id = `0f4e3c1a-0000-4000-8000-00000000000${jobs.length}`
    const problems = problemsOf(job, inputs)
    if (problems.length > 0) return { ...parts({ ...job, id, error: problems.join('; ') }), status: 400 }
    jobs.push(job)
    const { width = 1024, height = 1024, seed = 11 } = job['config'] as JsonObject
    const price = call.query.get('price') === 'true' ? { price: { product: 'flux', dollars: 0.0025 } } : {}
    const result = { ...job, id, state: { current: 'completed' }, config: { ...(job['config'] as JsonObject), seed }, ...price }
    return parts(result, doublePicture(Number(width), Number(height)))
  })
  return Object.assign(server, { jobs })
}
