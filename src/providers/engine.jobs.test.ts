/** Jobs that are put on record, polled and resumed. Real sockets. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { attempt, testClock } from '../../test/providers/attempt.ts'
import { account, models } from '../../test/providers/scripted.ts'
import { json, serve } from '../../test/providers/served.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import type { JsonValue } from '../core/json.ts'
import { defineProvider, type HttpCall } from './define-provider.ts'
import { createProvider } from './index.ts'
import type { ProviderConfig } from './provider-config.ts'

const picture = doublePicture(64, 48, { bytes: 20_000 })

const postCall: HttpCall = { method: 'POST', path: '/jobs', body: { kind: 'json', value: {} }, accept: 'json', stream: false }

const jobsProvider = defineProvider({
  id: 'jobs',
  requiresKey: true,
  auth: (apiKey) => ({ 'x-key': apiKey }),
  bodyKeys: ['b64_json'],
  offers: (config) => {
    const provider = createProvider({ ...config, type: 'openai-compatible', models }, { clock: testClock })
    onTestFinished(() => provider.close())
    return provider.offers
  },
  encode: () => ({ call: postCall, warnings: [] }),
  decode: (response) => {
    const value = (response.body.kind === 'json' ? response.body.value : {}) as Record<string, JsonValue>
    if (response.status >= 400) {
      return { kind: 'failed', failure: { code: 'provider_error', message: 'no', retryable: true, billed: 'no' } }
    }
    if (value['poll']) {
      const poll: HttpCall = {
        method: 'GET',
        path: String(value['poll']),
        body: { kind: 'none' },
        accept: 'json',
        stream: false,
      }
      return { kind: 'pending', jobId: String(value['id']), poll, afterMs: 20 }
    }
    return { kind: 'done', images: [{ source: { body: 0 } }] }
  },
})

const jobs = (origin: string, changes: Partial<ProviderConfig> = {}) =>
  account(origin, jobsProvider, { apiKey: { reveal: () => 'secret-key' }, timeoutMs: 8_000, ...changes })

describe('jobs', () => {
  const image = { data: [{ b64_json: picture.toString('base64') }] }

  test('are put on record before they are polled, and polled until they are done', async () => {
    const order: string[] = []
    let polls = 0
    const { origin } = await serve((request, _, response) => {
      order.push(`${request.method} ${request.url}`)
      if (request.method === 'POST') json(response, { id: 'j1', poll: '/jobs/j1' })
      else json(response, ++polls < 3 ? { id: 'j1', poll: '/jobs/j1' } : image)
    })
    const { result } = await attempt(jobs(origin), {
      io: {
        onSubmitted: async ({ jobId }) => {
          await new Promise((resolve) => setTimeout(resolve, 50))
          order.push(`recorded ${jobId}`)
        },
      },
    })
    expect(result.kind).toBe('done')
    expect(order).toEqual(['POST /jobs', 'recorded j1', 'GET /jobs/j1', 'GET /jobs/j1', 'GET /jobs/j1'])
  })

  test('are resumed by what was recorded, without submitting again', async () => {
    const order: string[] = []
    const { origin } = await serve((request, _, response) => {
      order.push(`${request.method} ${request.url}`)
      if (request.method === 'POST') json(response, { id: 'j1', poll: '/jobs/j1' })
      else json(response, image)
    })
    let recorded: JsonValue = null
    const stopped = new AbortController()
    const first = await attempt(jobs(origin), {
      io: {
        signal: stopped.signal,
        onSubmitted: async ({ resume }) => {
          recorded = JSON.parse(JSON.stringify(resume)) as JsonValue
          stopped.abort()
        },
      },
    })
    expect(first.result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    const second = await attempt(jobs(origin), { resume: recorded })
    expect(second.result.kind).toBe('done')
    expect(order).toEqual(['POST /jobs', 'GET /jobs/j1'])
  })

  test('survive polls that fail on the way', async () => {
    let polls = 0
    const { origin } = await serve((request, _, response) => {
      if (request.method === 'POST') json(response, { id: 'j1', poll: '/jobs/j1' })
      else if (++polls === 1) json(response, {}, 503)
      else if (polls === 2) request.socket.resetAndDestroy()
      else json(response, image)
    })
    expect((await attempt(jobs(origin))).result.kind).toBe('done')
  })

  test('that outlast the time are unknown', async () => {
    const { origin } = await serve((_, __, response) => json(response, { id: 'j1', poll: '/jobs/j1' }))
    const { result } = await attempt(jobs(origin, { timeoutMs: 200 }))
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_timeout', billed: 'unknown' } })
  })

  test('get the key on the configured host only, and no private host but that one', async () => {
    const keys: (string | string[] | undefined)[] = []
    const other = await serve((request, _, response) => {
      keys.push(request.headers['x-key'])
      json(response, image)
    })
    const { origin } = await serve((request, _, response) => {
      keys.push(request.headers['x-key'])
      json(response, { id: 'j1', poll: `${other.origin}/jobs/j1` })
    })
    const { result } = await attempt(jobs(origin))
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'blocked_address', billed: 'unknown' } })
    expect(keys).toEqual(['secret-key'])
  })
})
