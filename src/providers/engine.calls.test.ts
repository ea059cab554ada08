/** Attempts of several calls, jobs that are cancelled or woken, accounts with several keys, calls that are signed. Real sockets. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { attempt, testClock, testInput } from '../../test/providers/attempt.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { AttemptResult } from '../ports/provider.ts'
import { type Decoded, defineProvider, type HttpCall, inputReference, type ProviderDefinition } from './define-provider.ts'
import { createCodecProvider } from './engine.ts'
import { makeOffer } from './kit/offers.ts'
import { asObject, asText } from './kit/read.ts'
import type { ProviderConfig } from './provider-config.ts'

const picture = doublePicture(64, 48, { bytes: 4_000 })
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

interface Seen {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (response: ServerResponse, seen: Seen) => void

/** Answers by method and path; what it was asked is in `seen`. */
async function serve(answers: Readonly<Record<string, Answer>>): Promise<{ readonly origin: string; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = { line: `${request.method} ${request.url}`, headers: request.headers, body: Buffer.concat(chunks).toString() }
      seen.push(asked)
      const answer = answers[asked.line] ?? ((unknown: ServerResponse) => json(unknown, { error: `no ${asked.line}` }, 404))
      answer(response, asked)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as { port: number }).port}`, seen }
}

const json = (response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}
const image = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
}
const linesOf = (seen: readonly Seen[]): readonly string[] => seen.map(({ line }) => line)

const call = (method: HttpCall['method'], path: string, more: Partial<HttpCall> = {}): HttpCall => ({
  method,
  path,
  body: { kind: 'none' },
  accept: 'json',
  stream: false,
  ...more,
})

/** A codec of one's own dialect: each answer says in `follows` what comes next. */
const scripted = (changes: Partial<ProviderDefinition> = {}): ProviderDefinition =>
  defineProvider({
    id: 'scripted',
    requiresKey: false,
    auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
    bodyKeys: ['image'],
    offers: (config) => [
      makeOffer(config, 'scripted', {
        model: 'acme/painter',
        wireModel: 'painter',
        capabilities: {
          operations: ['generate', 'edit'],
          sizes: { kind: 'any' },
          defaultSize: { width: 64, height: 48 },
          qualities: [],
          maxN: 1,
          formats: ['png'],
          defaultFormat: 'png',
          backgrounds: [],
          maxInputs: 1,
          mask: false,
          maxPromptChars: 100,
          parameters: [],
          asyncJobs: true,
          cancelStopsBilling: true,
        },
      }),
    ],
    encode: ({ inputs }, _, { webhookUrl }) => ({
      call: call('POST', '/make', {
        body: {
          kind: 'json',
          value: {
            ...(webhookUrl && { webhook: webhookUrl }),
            ...(inputs.length > 0 && { image: inputReference(0, { dataUrl: false }) }),
          },
        },
      }),
      warnings: [],
      state: { step: 'first' },
    }),
    decode: ({ status, body, headers }, { state }): Decoded => {
      if (body.kind !== 'json') return { kind: 'failed', failure: fault(status) }
      const { follows, image: picked, afterMs = 5, billed } = body.value as JsonObject
      const retryAfter = headers['retry-after']
      if (status >= 400) return { kind: 'failed', failure: fault(status, retryAfter, asText(billed)) }
      if (follows === 'upload')
        return { kind: 'next', call: call('PUT', '/upload', { spends: false }), state: { step: 'upload' } }
      if (follows === 'again') return { kind: 'next', call: call('POST', '/again'), state: { after: asObject(state) ?? null } }
      if (follows === 'result')
        return { kind: 'done', images: [{ source: { call: call('GET', '/result.png', { accept: 'image' }) } }] }
      if (follows === 'wait') {
        const poll = call('GET', '/job', { spends: false })
        return {
          kind: 'pending',
          jobId: 'j1',
          poll,
          afterMs: Number(afterMs),
          cancel: call('DELETE', '/job'),
          state: { step: 'job' },
        }
      }
      return { kind: 'done', images: [{ source: { body: (asObject(picked ?? null)?.['$body'] as number) ?? 0 } }] }
    },
    ...changes,
  })

function fault(status: number, retryAfter?: string, billed = 'no') {
  const codes = { 401: 'provider_auth', 402: 'provider_quota', 429: 'provider_rate_limited' } as const
  const code = codes[status as keyof typeof codes] ?? 'provider_error'
  const wait = retryAfter === undefined ? {} : { retryAfterMs: Number(retryAfter) * 1_000 }
  return {
    code,
    message: `answered ${status}`,
    retryable: code === 'provider_rate_limited',
    billed: billed as 'no' | 'unknown',
    ...wait,
  }
}

function account(origin: string, definition = scripted(), changes: Partial<ProviderConfig> = {}) {
  const config: ProviderConfig = { name: 'mine', type: 'scripted', baseUrl: origin, timeoutMs: 2_000, ...changes }
  const provider = createCodecProvider(definition, config, { clock: testClock })
  closers.push(() => provider.close())
  return provider
}

const made = { image: picture.toString('base64') }
const failureOf = (result: AttemptResult) => (result.kind === 'failed' ? result.failure : undefined)

describe('several calls in one attempt', () => {
  test('each answer is decoded with the state its call was sent with', async () => {
    const states: (JsonValue | undefined)[] = []
    const definition = scripted()
    const { origin, seen } = await serve({
      'POST /make': (response) => json(response, { follows: 'upload' }),
      'PUT /upload': (response) => json(response, { follows: 'again' }),
      'POST /again': (response) => json(response, made),
    })
    const { result } = await attempt(
      account(origin, {
        ...definition,
        decode: (response, context) => {
          states.push(context.state)
          return definition.decode(response, context)
        },
      }),
    )
    expect(result.kind).toBe('done')
    expect(linesOf(seen)).toEqual(['POST /make', 'PUT /upload', 'POST /again'])
    expect(states).toEqual([{ step: 'first' }, { step: 'upload' }, { after: { step: 'upload' } }])
  })

  test('a codec that goes round in circles is stopped', async () => {
    const { origin, seen } = await serve({
      'POST /make': (response) => json(response, { follows: 'again' }),
      'POST /again': (response) => json(response, { follows: 'again' }),
    })
    const { result } = await attempt(account(origin))
    expect(failureOf(result)).toMatchObject({ code: 'provider_invalid_response', billed: 'unknown' })
    expect(seen.length).toBeLessThan(25)
  })

  test.each([
    ['nobody bills', false as const, 'no'],
    ['may be billed', undefined, 'unknown'],
  ])('a first call that %s and breaks off leaves the bill accordingly', async (_, spends, billed) => {
    const definition = scripted({
      encode: () => ({ call: call('POST', '/make', spends === undefined ? {} : { spends }), warnings: [] }),
    })
    const { origin } = await serve({ 'POST /make': (response) => response.destroy() })
    const { result } = await attempt(account(origin, definition))
    expect(failureOf(result)).toMatchObject({ code: 'provider_error', billed })
  })

  test('a free call that breaks off after one that may be billed does not clear the bill', async () => {
    const { origin } = await serve({
      'POST /make': (response) => json(response, { follows: 'upload' }),
      'PUT /upload': (response) => response.destroy(),
    })
    expect(failureOf((await attempt(account(origin))).result)).toMatchObject({ billed: 'unknown' })
  })
})

describe('a result behind a call to the own host', () => {
  test('is fetched with the credentials', async () => {
    const { origin, seen } = await serve({
      'POST /make': (response) => json(response, { follows: 'result' }),
      'GET /result.png': image,
    })
    const { result, spool } = await attempt(account(origin, scripted(), { apiKey: { reveal: () => 'sk-one' } }))
    expect(result).toMatchObject({ kind: 'done', images: [{ mediaType: 'image/png', size: { width: 64, height: 48 } }] })
    expect(seen[1]?.headers.authorization).toBe('Bearer sk-one')
    if (result.kind === 'done') await Promise.all(result.images.map(({ body }) => body.dispose()))
    expect(spool.open).toBe(0)
  })

  test.each<[string, Answer]>([
    ['is gone', (response) => json(response, { error: 'gone' }, 410)],
    ['breaks off', (response) => response.destroy()],
  ])('that %s is a failure that says so', async (_, answer) => {
    const { origin } = await serve({
      'POST /make': (response) => json(response, { follows: 'result' }),
      'GET /result.png': answer,
    })
    const { result } = await attempt(account(origin))
    expect(failureOf(result)?.message).toMatch(/^The result could not be fetched/)
    expect(failureOf(result)?.billed).not.toBe('no')
  })
})

describe('a job', () => {
  const waiting: Answer = (response) => json(response, { follows: 'wait', afterMs: 30_000 })
  /** Aborts `afterMs` after the job was put on record. */
  const leaving = (reason: unknown) => {
    const controller = new AbortController()
    return {
      signal: controller.signal,
      onSubmitted: async () => {
        setTimeout(() => controller.abort(reason), 20)
      },
    }
  }
  const gone = new HalftoneError('cancelled', 'The client closed the connection.')

  test('is cancelled when the client leaves, and then not billed', async () => {
    const { origin, seen } = await serve({
      'POST /make': waiting,
      'DELETE /job': (response) => json(response, { follows: 'wait' }),
    })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), { io: leaving(gone) })
    expect(failureOf(result)).toMatchObject({ code: 'cancelled', billed: 'no' })
    expect(linesOf(seen)).toEqual(['POST /make', 'DELETE /job'])
  })

  test('is left alone at a shutdown: the next start resumes it', async () => {
    const { origin, seen } = await serve({ 'POST /make': waiting, 'DELETE /job': (response) => json(response, {}) })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), {
      io: leaving(new Error('shutting down')),
    })
    expect(failureOf(result)).toMatchObject({ code: 'cancelled', billed: 'unknown' })
    expect(linesOf(seen)).toEqual(['POST /make'])
  })

  test.each<[string, Answer]>([
    ['is refused', (response) => json(response, { error: 'too late' }, 409)],
    ['breaks off', (response) => response.destroy()],
    ['comes when the picture was made', (response) => json(response, made)],
  ])('whose cancelling %s may still be billed', async (_, answer) => {
    const { origin } = await serve({ 'POST /make': waiting, 'DELETE /job': answer })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), { io: leaving(gone) })
    expect(failureOf(result)).toMatchObject({ code: 'cancelled', billed: 'unknown' })
  })

  test('is asked about at once when a webhook says it has ended, whatever the webhook says', async () => {
    const { origin, seen } = await serve({ 'POST /make': waiting, 'GET /job': (response) => json(response, made) })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), {
      webhookUrl: 'https://halftone.example/hook',
      io: { woken: () => new Promise((resolve) => setTimeout(resolve, 20)) },
    })
    expect(result.kind).toBe('done')
    expect(linesOf(seen)).toEqual(['POST /make', 'GET /job'])
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ webhook: 'https://halftone.example/hook' })
  })

  test('is resumed with the key it was submitted with', async () => {
    const { origin, seen } = await serve({
      'POST /make': (response, { headers }) =>
        headers.authorization === 'Bearer sk-one' ? json(response, {}, 401) : json(response, { follows: 'wait' }),
      'GET /job': (response) => json(response, made),
    })
    const keys = { apiKey: { reveal: () => 'sk-one' }, moreApiKeys: [{ reveal: () => 'sk-two' }] }
    let resume: JsonValue = null
    const before = account(origin, scripted(), keys)
    await attempt(before)
    await attempt(before, {
      io: {
        onSubmitted: async (job) => {
          resume = job.resume
        },
      },
    })
    // A new process knows nothing of the refusal.
    await attempt(account(origin, scripted(), keys), { resume })
    expect(seen.map(({ line, headers }) => [line, headers.authorization])).toEqual([
      ['POST /make', 'Bearer sk-one'],
      ['POST /make', 'Bearer sk-two'],
      ['GET /job', 'Bearer sk-two'],
      ['GET /job', 'Bearer sk-two'],
    ])
  })
})

describe('several keys', () => {
  const keys = { apiKey: { reveal: () => 'sk-one' }, moreApiKeys: [{ reveal: () => 'sk-two' }] }
  /** Refuses the first key with a status, and serves the second. */
  const refusing = (status: number, headers: Record<string, string> = {}) =>
    serve({
      'POST /make': (response, { headers: { authorization } }) =>
        authorization === 'Bearer sk-one' ? json(response, {}, status, headers) : json(response, made),
    })

  test.each([401, 402, 429])('after %i another one is worth a retry at once, and serves it', async (status) => {
    const { origin, seen } = await refusing(status)
    const provider = account(origin, scripted(), keys)
    expect(failureOf((await attempt(provider)).result)).toMatchObject({ retryable: true, retryAfterMs: 0, billed: 'no' })
    expect((await attempt(provider)).result.kind).toBe('done')
    // The one that was refused rests.
    expect((await attempt(provider)).result.kind).toBe('done')
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-one', 'Bearer sk-two', 'Bearer sk-two'])
  })

  test('rest for as long as the answer says', async () => {
    let now = 0
    const { origin, seen } = await refusing(429, { 'retry-after': '30' })
    const provider = createCodecProvider(
      scripted(),
      { name: 'mine', type: 'scripted', baseUrl: origin, timeoutMs: 2_000, ...keys },
      { clock: { ...testClock, monotonicMs: () => now } },
    )
    closers.push(() => provider.close())
    await attempt(provider)
    now = 29_000
    await attempt(provider)
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer sk-two')
  })

  test('that all rest leave the failure as it is', async () => {
    const { origin } = await serve({ 'POST /make': (response) => json(response, {}, 429, { 'retry-after': '7' }) })
    const provider = account(origin, scripted(), keys)
    await attempt(provider)
    expect(failureOf((await attempt(provider)).result)).toMatchObject({ retryable: true, retryAfterMs: 7_000 })
  })

  test('do not pay twice: what may be billed is not retried with another key', async () => {
    const { origin } = await serve({ 'POST /make': (response) => json(response, { billed: 'unknown' }, 402) })
    expect(failureOf((await attempt(account(origin, scripted(), keys))).result)).toMatchObject({
      retryable: false,
      billed: 'unknown',
    })
  })

  test('none of them is quoted in a failure', async () => {
    const definition = scripted({
      decode: () => ({ kind: 'failed', failure: { ...fault(500), message: 'key sk-two-secret of sk-one-secret failed' } }),
    })
    const { origin } = await serve({ 'POST /make': (response) => json(response, {}, 500) })
    const secrets = { apiKey: { reveal: () => 'sk-one-secret' }, moreApiKeys: [{ reveal: () => 'sk-two-secret' }] }
    const { result } = await attempt(account(origin, definition, secrets))
    expect(failureOf(result)?.message).not.toMatch(/secret/)
  })
})

describe('calls that are signed', () => {
  test('the signature covers the bytes that are sent, images included', async () => {
    const definition = scripted({
      createAuthorizer: (apiKey) => ({
        authorize: async ({ method, url, bodySha256 }) => ({
          'x-signed': `${apiKey} ${method} ${url.pathname} ${await bodySha256()}`,
        }),
      }),
    })
    const { origin, seen } = await serve({ 'POST /make': (response) => json(response, made) })
    const { result } = await attempt(account(origin, definition, { apiKey: { reveal: () => 'k' } }), {
      request: { operation: 'edit', inputs: [testInput(picture, { sha256: 'a' })] },
      files: { a: picture },
    })
    expect(result.kind).toBe('done')
    const [sent] = seen
    expect(JSON.parse(sent?.body ?? '')).toEqual({ image: picture.toString('base64') })
    const sha256 = createHash('sha256')
      .update(sent?.body ?? '')
      .digest('hex')
    expect(sent?.headers['x-signed']).toBe(`k POST /make ${sha256}`)
  })

  test('without credentials nothing is sent, so nothing is billed', async () => {
    const definition = scripted({
      createAuthorizer: () => ({
        authorize: () => Promise.reject(new HalftoneError('provider_auth', 'The token endpoint said no.')),
      }),
    })
    const { origin, seen } = await serve({})
    const { result } = await attempt(account(origin, definition))
    expect(failureOf(result)).toMatchObject({ code: 'provider_auth', billed: 'no' })
    expect(seen).toEqual([])
  })

  test('each key has its own authorizer', async () => {
    const definition = scripted({
      createAuthorizer: (apiKey) => ({ authorize: async () => ({ 'x-key': apiKey ?? 'none' }) }),
    })
    const { origin, seen } = await serve({ 'POST /make': (response) => json(response, {}, 401) })
    const provider = account(origin, definition, { apiKey: { reveal: () => 'a' }, moreApiKeys: [{ reveal: () => 'b' }] })
    await attempt(provider)
    await attempt(provider)
    expect(seen.map(({ headers }) => headers['x-key'])).toEqual(['a', 'b'])
  })
})

describe('what a server says it serves', () => {
  const definition = scripted({
    discover: {
      call: call('GET', '/models', { spends: false }),
      decode: ({ body }) =>
        body.kind === 'json' && Array.isArray(body.value)
          ? body.value.map((id) => ({ id: String(id), model: `acme/${String(id)}`, capabilities: {} }))
          : undefined,
    },
    offers: ({ models = [], ...config }) =>
      models.map((model) =>
        makeOffer(config, 'scripted', {
          ...model,
          wireModel: model.id,
          capabilities: scripted().offers(config)[0]?.capabilities as never,
        }),
      ),
  })
  const signal = new AbortController().signal

  test('becomes its offers', async () => {
    const { origin } = await serve({ 'GET /models': (response) => json(response, ['a', 'b']) })
    const answer = await account(origin, definition).discover?.(signal)
    expect(answer?.ok && answer.offers.map(({ id }) => id)).toEqual(['mine:acme/a', 'mine:acme/b'])
  })

  test('is not asked when the operator lists the models', async () => {
    const { origin } = await serve({})
    expect(account(origin, definition, { models: [{ id: 'a', model: 'acme/a', capabilities: {} }] }).discover).toBeUndefined()
  })

  test.each<[string, Answer]>([
    ['an error', (response) => json(response, {}, 500)],
    ['something else', (response) => json(response, { models: 'many' })],
    ['nothing at all', (response) => response.destroy()],
  ])('%s is told and changes nothing', async (_, answer) => {
    const { origin } = await serve({ 'GET /models': answer })
    expect(await account(origin, definition).discover?.(signal)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^127/),
    })
  })
})
