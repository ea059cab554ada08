/** Acme Pictures, the invented provider of examples/custom-provider: jobs, call-backs, cancelling, and no field it does not know. */
import { createServer, type IncomingMessage } from 'node:http'
import { doublePicture } from '../double-picture.ts'

export interface AcmeJob {
  readonly id: string
  readonly value: Readonly<Record<string, unknown>>
  status: 'queued' | 'done' | 'cancelled'
  polls: number
}

export interface AcmeDouble {
  readonly baseUrl: string
  readonly jobs: readonly AcmeJob[]
  /** Keys that are refused. */
  readonly refusedKeys: Set<string>
  readonly keysSeen: string[]
  /** USD that a picture of the model `brush` costs from now on. */
  brushCost: string
  /** Pictures come with other pixels than were asked for. */
  shrinks: boolean
  /** Finish a job; without it jobs are done at the first poll when `instant`. */
  finish(id: string): void
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
}

const answer = (status: number, value: object): Answer => ({ status, type: 'application/json', body: JSON.stringify(value) })

const fields = new Set([
  'model',
  'prompt',
  'width',
  'height',
  'image',
  'guide',
  'margins',
  'seed',
  'look',
  'strength',
  'callback',
])

export interface AcmeOptions {
  /** Jobs are done when they are first asked about; true by default. */
  readonly instant?: boolean
  /** What the answers say about when to ask again. */
  readonly waitMs?: number
}

export async function startAcmeDouble({ instant = true, waitMs = 1_000 }: AcmeOptions = {}): Promise<AcmeDouble> {
  const jobs: AcmeJob[] = []
  const refusedKeys = new Set<string>()
  const keysSeen: string[] = []
  let origin = ''
  const behaviour = { brushCost: '0.02', shrinks: false }
  const stateOf = ({ id, status, value }: AcmeJob): object => {
    const width = behaviour.shrinks ? 64 : value['width']
    const cost = value['model'] === 'scissors' ? '0.005' : behaviour.brushCost
    return status === 'done'
      ? { id, status, url: `${origin}/pictures/${id}-${width}x${value['height']}.png`, cost }
      : { id, status, wait_ms: waitMs }
  }
  const handle = (request: IncomingMessage, body: string): Answer => {
    const { method, url = '' } = request
    const [, width, height] = /^\/pictures\/.*-(\d+)x(\d+)\.png$/.exec(url) ?? []
    if (width && height) {
      return { status: 200, type: 'image/png', body: doublePicture(Number(width), Number(height)) }
    }
    const key = String(request.headers['x-acme-key'] ?? '')
    keysSeen.push(key)
    if (!key || refusedKeys.has(key)) return answer(401, { error: 'Unknown key.' })
    if (method === 'GET' && url === '/v1/account') return answer(200, { plan: 'test' })
    if (method === 'POST' && url === '/v1/jobs') {
      const value = JSON.parse(body) as Record<string, unknown>
      const unknown = Object.keys(value).find((name) => !fields.has(name))
      if (unknown) return answer(400, { error: `Unknown field ${unknown}.` })
      const job: AcmeJob = { id: `j${jobs.length + 1}`, value, status: 'queued', polls: 0 }
      jobs.push(job)
      return answer(202, stateOf(job))
    }
    const job = jobs.find(({ id }) => url === `/v1/jobs/${id}`)
    if (!job) return answer(404, { error: 'No such job.' })
    if (method === 'DELETE') {
      if (job.status === 'queued') job.status = 'cancelled'
      return answer(200, stateOf(job))
    }
    job.polls += 1
    if (instant && job.status === 'queued') job.status = 'done'
    return answer(200, stateOf(job))
  }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const { status, type, body: content } = handle(request, body)
      response.writeHead(status, { 'content-type': type }).end(content)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return Object.assign(behaviour, {
    baseUrl: `${origin}/v1`,
    jobs,
    refusedKeys,
    keysSeen,
    finish(id: string) {
      const job = jobs.find((it) => it.id === id)
      if (job) job.status = 'done'
    },
    async close() {
      server.closeAllConnections()
      server.close()
    },
  })
}
