/** The engine's work besides surviving faults: encodings, uploads, links, jobs, credentials. Real sockets throughout. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { attempt, testClock, testInput } from '../../test/providers/attempt.ts'
import { readAll } from '../../test/providers/memory-spool.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import type { JsonValue } from '../core/json.ts'
import type { Resolve } from '../net/public-address.ts'
import { defineProvider, type HttpCall, inputReference, type ProviderDefinition } from './define-provider.ts'
import { createCodecProvider } from './engine.ts'
import { createProvider } from './index.ts'
import type { ModelConfig, ProviderConfig } from './provider-config.ts'

const picture = doublePicture(64, 48, { bytes: 20_000 })
const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

type Handler = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void

async function serve(handler: Handler): Promise<{ readonly origin: string; readonly host: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => handler(request, Buffer.concat(chunks), response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return { origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, server }
}

const models: readonly ModelConfig[] = [
  { id: 'sd', model: 'local/sd', capabilities: { maxN: 4, operations: ['generate', 'edit'], maxInputs: 4, mask: true } },
]

function compatible(origin: string, changes: Partial<ProviderConfig> = {}, resolve?: Resolve) {
  const config: ProviderConfig = {
    name: 'local',
    type: 'openai-compatible',
    baseUrl: `${origin}/v1`,
    apiKey: { reveal: () => 'secret-key' },
    timeoutMs: 5_000,
    models,
    ...changes,
  }
  const provider = createProvider(config, { clock: testClock, ...(resolve ? { resolve } : {}) })
  closers.push(() => provider.close())
  return provider
}

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

describe('what is sent', () => {
  test('a form with every file, its bytes unchanged, its length announced', async () => {
    const received: { headers: IncomingMessage['headers']; body: Buffer }[] = []
    const { origin } = await serve((request, body, response) => {
      received.push({ headers: request.headers, body })
      json(response, { data: [{ b64_json: picture.toString('base64') }] })
    })
    const mask = doublePicture(64, 64, { seed: 5 })
    const inputs = [
      testInput(picture, { sha256: 'a' }),
      testInput(picture, { sha256: 'a', role: 'reference' }),
      testInput(mask, { sha256: 'm', role: 'mask', filename: '../../x"\r\n.png' }),
    ]
    const { result } = await attempt(compatible(origin), {
      request: { operation: 'edit', inputs, prompt: 'änder es "so"\r\nnow' },
      files: { a: picture, m: mask },
    })
    expect(result.kind).toBe('done')
    const [call] = received
    expect(Number(call!.headers['content-length'])).toBe(call!.body.length)
    const form = await new Response(new Uint8Array(call!.body), {
      headers: { 'content-type': call!.headers['content-type']! },
    }).formData()
    expect(form.get('prompt')).toBe('änder es "so"\r\nnow')
    const files = [...form.getAll('image[]'), form.get('mask')] as File[]
    const hashes = await Promise.all(files.map(async (file) => sha256(Buffer.from(await file.arrayBuffer()))))
    expect(hashes).toEqual([sha256(picture), sha256(picture), sha256(mask)])
    expect(files.map((file) => file.name)).toEqual(['image-0.png', 'image-1.png', 'mask.png'])
  })

  test("the attempt's id, so that both sides can name the call", async () => {
    const ids: unknown[] = []
    const { origin } = await serve((request, _, response) => {
      ids.push(request.headers['x-client-request-id'])
      json(response, { data: [{ b64_json: picture.toString('base64') }] })
    })
    await attempt(compatible(origin))
    expect(ids).toEqual(['attempt-1'])
  })

  test('JSON with images as base64, read while they are sent', async () => {
    let body: JsonValue = null
    const { origin } = await serve((_, bytes, response) => {
      body = JSON.parse(bytes.toString()) as JsonValue
      json(response, { data: [{ b64_json: picture.toString('base64') }] })
    })
    const definition = customProvider({
      encode: () => ({
        call: {
          ...postCall,
          body: {
            kind: 'json',
            value: {
              images: [{ image_url: inputReference(0, { dataUrl: true }) }],
              mask: inputReference(1, { dataUrl: false }),
              n: 1,
            },
          },
        },
        warnings: [],
      }),
    })
    const inputs = [testInput(picture, { sha256: 'a' }), testInput(picture.subarray(0, 19_999), { sha256: 'm' })]
    const { result } = await attempt(custom(definition, origin), {
      request: { operation: 'edit', inputs },
      files: { a: picture, m: picture.subarray(0, 19_999) },
    })
    expect(result.kind).toBe('done')
    expect(body).toEqual({
      images: [{ image_url: `data:image/png;base64,${picture.toString('base64')}` }],
      mask: picture.subarray(0, 19_999).toString('base64'),
      n: 1,
    })
  })
})

describe('what is received', () => {
  test.each(['gzip', 'br', 'deflate', 'zstd'])('an answer compressed with %s although nobody asked', async (encoding) => {
    const zlib = await import('node:zlib')
    const compress = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync, zstd: zlib.zstdCompressSync }[
      encoding
    ]!
    const { origin } = await serve((_, __, response) => {
      const body = compress(Buffer.from(JSON.stringify({ data: [{ b64_json: picture.toString('base64') }] })))
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(body)
    })
    const { result } = await attempt(compatible(origin))
    if (result.kind !== 'done') throw new Error(result.failure.message)
    expect((await readAll(result.images[0]!.body)).equals(picture)).toBe(true)
    expect(result.images[0]).toMatchObject({ mediaType: 'image/png', size: { width: 64, height: 48 } })
  })

  test('evidence holds ids and limits, no cookie, no key, no image', async () => {
    const { origin } = await serve((_, __, response) => {
      response.setHeader('set-cookie', 'session=abc')
      response.setHeader('x-request-id', 'req_9')
      response.setHeader('x-ratelimit-remaining-images', '4')
      response.setHeader('authorization', 'Bearer secret-key')
      json(response, { created: 1, data: [{ b64_json: picture.toString('base64') }] })
    })
    const { result } = await attempt(compatible(origin))
    expect(result.evidence).toMatchObject({
      httpStatus: 200,
      providerRequestId: 'req_9',
      body: { data: [{ b64_json: { $body: 0 } }] },
    })
    const kept = JSON.stringify(result.evidence)
    expect(kept).toContain('x-ratelimit-remaining-images')
    expect(kept).not.toMatch(/session|secret-key/)
    expect(result.evidence.timings!.totalMs).toBeGreaterThan(0)
  })

  test('what succeeded is kept when one of several images is none', async () => {
    const { origin } = await serve((_, __, response) => {
      json(response, {
        data: [
          { b64_json: picture.toString('base64') },
          { b64_json: Buffer.alloc(6000, 'x').toString('base64') },
          { b64_json: '' },
        ],
      })
    })
    const { result, spool } = await attempt(compatible(origin), { settings: { n: 3 } })
    if (result.kind !== 'done') throw new Error(result.failure.message)
    expect(result.images).toHaveLength(1)
    expect(result.failures.map(({ code }) => code)).toEqual(['provider_invalid_response', 'provider_no_image'])
    expect(spool.open).toBe(1)
  })
})

describe('links in answers', () => {
  const linkTo =
    (url: string): Handler =>
    (request, _, response) => {
      if (request.url?.startsWith('/files/')) response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
      else json(response, { data: [{ url }] })
    }

  test.each(['/files/a.png', 'same-origin'])('to the configured host are followed though it is private: %s', async (form) => {
    const seen: (string | undefined)[] = []
    const { origin } = await serve((request, body, response) => {
      if (request.url?.startsWith('/files/')) seen.push(request.headers.authorization)
      linkTo(form === 'same-origin' ? `${origin}/files/a.png` : form)(request, body, response)
    })
    const { result } = await attempt(compatible(origin))
    expect(result).toMatchObject({ kind: 'done', images: [{ size: { width: 64, height: 48 } }] })
    expect(seen).toEqual([undefined])
  })

  test.each([
    ['another port of the private host', 'http://127.0.0.1:1/x.png'],
    ['https on a private address', 'https://10.0.0.7/x.png'],
    ['the metadata service', 'http://169.254.169.254/latest/meta-data'],
    ['an address in disguise', 'https://2130706433/x.png'],
    ['a mapped address', 'https://[::ffff:127.0.0.1]/x.png'],
    ['a name that resolves inside', 'https://inside.test/x.png'],
    ['a file', 'file:///etc/passwd'],
  ])('to %s are not followed', async (_, url) => {
    const resolve: Resolve = (__, callback) => callback(null, [{ address: '192.168.1.1', family: 4 }])
    const { origin } = await serve(linkTo(url))
    const { result, spool } = await attempt(compatible(origin, {}, resolve))
    expect(result).toMatchObject({ kind: 'failed', failure: { billed: 'yes' } })
    if (result.kind === 'failed') expect(['blocked_address', 'provider_invalid_response']).toContain(result.failure.code)
    expect(spool.open).toBe(0)
  })

  test('that redirect inside are not followed there', async () => {
    const target = await serve((_, __, response) => response.writeHead(200).end(picture))
    const { origin } = await serve((request, _, response) => {
      if (request.url === '/files/a') response.writeHead(302, { location: `${target.origin}/secret.png` }).end()
      else json(response, { data: [{ url: `${origin}/files/a` }] })
    })
    const { result } = await attempt(compatible(origin))
    expect(result).toMatchObject({ kind: 'failed', failure: { billed: 'yes', retryable: false } })
  })

  test('are fetched again when the file is not there at once', async () => {
    let tries = 0
    const { origin } = await serve((request, body, response) => {
      if (request.url === '/files/a' && ++tries < 3) response.writeHead(503).end()
      else linkTo(`${origin}/files/a`)(request, body, response)
    })
    const { result } = await attempt(compatible(origin))
    expect(result.kind).toBe('done')
    expect(tries).toBe(3)
  })

  test.each<[string, Handler, string]>([
    ['a page', (_, __, response) => response.writeHead(200).end('<html></html>'), 'provider_invalid_response'],
    ['too much', (_, __, response) => response.writeHead(200).end(Buffer.alloc(300_000)), 'provider_response_too_large'],
    ['nothing there', (_, __, response) => response.writeHead(404).end(), 'provider_invalid_response'],
    ['a reset', (request) => request.socket.resetAndDestroy(), 'provider_unreachable'],
  ])('to %s fail, billed', async (_, file, code) => {
    const { origin } = await serve((request, body, response) => {
      if (request.url === '/files/a') file(request, body, response)
      else json(response, { data: [{ url: `${origin}/files/a` }] })
    })
    const { result, spool } = await attempt(compatible(origin, { maxImageBytes: 200_000 }))
    expect(result).toMatchObject({ kind: 'failed', failure: { code, billed: 'yes' } })
    expect(spool.open).toBe(0)
  })
})

// --- a provider with jobs, to exercise what the built-in ones do not use --------------------------------------------

const postCall: HttpCall = { method: 'POST', path: '/jobs', body: { kind: 'json', value: {} }, accept: 'json', stream: false }

function customProvider(changes: Partial<ProviderDefinition> = {}): ProviderDefinition {
  return defineProvider({
    id: 'jobs',
    requiresKey: true,
    auth: (apiKey) => ({ 'x-key': apiKey }),
    bodyKeys: ['b64_json'],
    offers: (config) => compatibleOffers(config),
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
    ...changes,
  })
}

const compatibleOffers = (config: ProviderConfig) => {
  const provider = createProvider({ ...config, type: 'openai-compatible', models }, { clock: testClock })
  closers.push(() => provider.close())
  return provider.offers
}

function custom(definition: ProviderDefinition, origin: string, changes: Partial<ProviderConfig> = {}) {
  const config: ProviderConfig = {
    name: 'jobs',
    type: 'jobs',
    baseUrl: origin,
    apiKey: { reveal: () => 'secret-key' },
    timeoutMs: 8_000,
    ...changes,
  }
  const provider = createCodecProvider(definition, config, { clock: testClock })
  closers.push(() => provider.close())
  return provider
}

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
    const { result } = await attempt(custom(customProvider(), origin), {
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
    const first = await attempt(custom(customProvider(), origin), {
      io: {
        signal: stopped.signal,
        onSubmitted: async ({ resume }) => {
          recorded = JSON.parse(JSON.stringify(resume)) as JsonValue
          stopped.abort()
        },
      },
    })
    expect(first.result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    const second = await attempt(custom(customProvider(), origin), { resume: recorded })
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
    expect((await attempt(custom(customProvider(), origin))).result.kind).toBe('done')
  })

  test('that outlast the time are unknown', async () => {
    const { origin } = await serve((_, __, response) => json(response, { id: 'j1', poll: '/jobs/j1' }))
    const { result } = await attempt(custom(customProvider(), origin, { timeoutMs: 200 }))
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
    const { result } = await attempt(custom(customProvider(), origin))
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'blocked_address', billed: 'unknown' } })
    expect(keys).toEqual(['secret-key'])
  })
})

test('the probe spends nothing and says what it found', async () => {
  const paths: (string | undefined)[] = []
  const { origin } = await serve((request, _, response) => {
    paths.push(`${request.method} ${request.url}`)
    const isKnown = request.headers.authorization === 'Bearer secret-key'
    if (isKnown) json(response, { object: 'list', data: [{ id: 'sd' }] })
    else json(response, { error: { message: 'Incorrect API key provided: sk-abcdef123456.' } }, 401)
  })
  const { signal } = new AbortController()
  expect(await compatible(origin).probe!(signal)).toEqual({ ok: true, message: expect.stringContaining('1 model') })
  const wrong = await compatible(origin, { apiKey: { reveal: () => 'wrong' } }).probe!(signal)
  expect(wrong.ok).toBe(false)
  expect(wrong.message).toContain('API key')
  expect(wrong.message).not.toContain('sk-abcdef')
  expect(await compatible('http://127.0.0.1:1').probe!(signal)).toMatchObject({
    ok: false,
    message: expect.stringContaining('127.0.0.1:1'),
  })
  expect(paths).toEqual(['GET /v1/models', 'GET /v1/models'])
})

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
