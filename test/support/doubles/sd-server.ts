/** stable-diffusion.cpp's sd-server: one job at a time, a queue that may be full, cancelling only while a job waits. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleServer, startServer } from './server.ts'

export interface SdScript {
  readonly jobMs?: number
  readonly maxQueue?: number
  /** Jobs fail. */
  readonly fails?: boolean
  /** Results are gone before they are fetched. */
  readonly expires?: boolean
}

interface SdJob {
  readonly id: string
  readonly body: JsonObject
  status: 'queued' | 'generating' | 'completed' | 'failed' | 'cancelled'
}

export interface SdDouble extends DoubleServer {
  readonly jobs: readonly SdJob[]
}

/** examples/server/api.md: members of `img_gen` and their types. */
const members: Readonly<Record<string, string>> = {
  prompt: 'string',
  negative_prompt: 'string',
  clip_skip: 'number',
  width: 'number',
  height: 'number',
  strength: 'number',
  seed: 'number',
  batch_count: 'number',
  control_strength: 'number',
  embed_image_metadata: 'boolean',
  init_image: 'string',
  ref_images: 'object',
  mask_image: 'string',
  control_image: 'string',
  sample_params: 'object',
  output_format: 'string',
  output_compression: 'number',
}

export async function startSdServer({
  jobMs = 50,
  maxQueue = 8,
  fails = false,
  expires = false,
}: SdScript = {}): Promise<SdDouble> {
  const jobs: SdJob[] = []
  const next = (): void => {
    if (jobs.some(({ status }) => status === 'generating')) return
    const job = jobs.find(({ status }) => status === 'queued')
    if (!job) return
    job.status = 'generating'
    setTimeout(() => {
      job.status = fails ? 'failed' : 'completed'
      next()
    }, jobMs).unref()
  }
  const shown = ({ id, status, body }: SdJob): JsonValue => {
    const isOver = status === 'completed' || status === 'failed' || status === 'cancelled'
    const picture = doublePicture(64, 64, { text: 'parameters\0a secret prompt' }).toString('base64')
    const images = Array.from({ length: Number(body['batch_count'] ?? 1) }, (_, index) => ({ index, b64_json: picture }))
    return {
      id,
      kind: 'img_gen',
      status,
      created: 100,
      started: status === 'queued' ? null : 103,
      completed: isOver ? 110 : null,
      queue_position: 0,
      result: status === 'completed' ? { output_format: 'png', images } : null,
      error: status === 'failed' ? { code: 'generation_failed', message: 'generate_image returned empty results' } : null,
    }
  }
  const submit = (body: JsonObject): DoubleAnswer => {
    const wrong = Object.entries(body).find(([name, value]) => typeof value !== members[name])
    if (wrong) return { status: 400, json: { error: `invalid generation parameter ${wrong[0]}` } }
    if (jobs.filter(({ status }) => status === 'queued').length >= maxQueue)
      return { status: 429, json: { error: 'job queue is full' } }
    const job: SdJob = { id: `job_${jobs.length + 1}`, body, status: 'queued' }
    jobs.push(job)
    next()
    return {
      status: 202,
      json: { id: job.id, kind: 'img_gen', status: job.status, created: 100, poll_url: `/sdcpp/v1/jobs/${job.id}` },
    }
  }
  const server = await startServer(({ method, path, json }) => {
    if (method === 'GET' && path === '/sdcpp/v1/capabilities') {
      return {
        json: {
          model: { name: 'flux1-schnell-q8_0.gguf', stem: 'flux1-schnell-q8_0', path: '/models/flux1-schnell-q8_0.gguf' },
          supported_modes: ['img_gen'],
          features_by_mode: { img_gen: { mask_image: true, cancel_queued: true, cancel_generating: false } },
          limits: {
            min_width: 64,
            max_width: 1536,
            min_height: 64,
            max_height: 1536,
            max_batch_count: 8,
            max_queue_size: maxQueue,
          },
        },
      }
    }
    if (method === 'POST' && path === '/sdcpp/v1/img_gen') return submit(json)
    const [, id, action] = /^\/sdcpp\/v1\/jobs\/([^/]+)(\/cancel)?$/.exec(path) ?? []
    const job = jobs.find((each) => each.id === id)
    if (!job) return { status: 404, json: { error: 'job not found' } }
    if (expires && job.status === 'completed') return { status: 410, json: { error: 'job expired' } }
    if (method === 'GET' && !action) return { json: shown(job) }
    if (method !== 'POST' || !action) return { status: 404, json: { error: 'not found' } }
    if (job.status !== 'queued')
      return { status: 409, json: { error: 'job is currently generating and cannot be interrupted yet' } }
    job.status = 'cancelled'
    return { json: shown(job) }
  })
  return Object.assign(server, { jobs })
}
