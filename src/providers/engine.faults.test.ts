/** What an upstream can do wrong, over real sockets: a typed failure, an honest bill, nothing left in memory. */
import { createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { attempt, testClock } from '../../test/providers/attempt.ts'
import { type DoubleScript, type ProviderDouble, startProviderDouble } from '../../test/support/provider-double.ts'
import { HalftoneError } from '../core/error.ts'
import type { Provider } from '../ports/provider.ts'
import { createProvider } from './index.ts'
import type { ProviderConfig } from './provider-config.ts'

let double: ProviderDouble
const opened: Provider[] = []

beforeAll(async () => {
  double = await startProviderDouble()
})
beforeEach(() => double.reset())
afterAll(async () => {
  await Promise.all(opened.map((provider) => provider.close()))
  await double.close()
})

function provider(changes: Partial<ProviderConfig> = {}): Provider {
  const created = createProvider(
    {
      name: 'double',
      type: 'openai',
      baseUrl: double.baseUrl,
      apiKey: { reveal: () => 'sk-test' },
      timeoutMs: 5_000,
      idleTimeoutMs: 3_000,
      ...changes,
    },
    { clock: testClock },
  )
  opened.push(created)
  return created
}

async function failed(script: DoubleScript, config: Partial<ProviderConfig> = {}, streamed = false) {
  double.script(script)
  const request = streamed ? { stream: true, partialImages: 2 } : {}
  const { result, spool } = await attempt(provider(config), { request, io: { onPartial: (image) => image.body.dispose() } })
  expect(spool.open).toBe(0)
  expect(spool.bytesInMemory).toBe(0)
  if (result.kind !== 'failed') throw new Error('It did not fail.')
  return result
}

describe('a fault after the request was sent leaves the bill unknown', () => {
  test.each<[string, DoubleScript, string, Partial<ProviderConfig>]>([
    ['no answer', { fault: 'hang' }, 'provider_timeout', { timeoutMs: 300 }],
    ['a reset before the answer', { fault: 'reset_after' }, 'provider_error', {}],
    ['a reset in the middle of the body', { fault: 'reset_mid_body', imageBytes: 300_000 }, 'provider_error', {}],
    ['a body that ends in the middle', { fault: 'truncate', imageBytes: 300_000 }, 'provider_invalid_response', {}],
    ['a body that ends before its last bracket', { fault: 'truncate', faultAt: 0.9999 }, 'provider_invalid_response', {}],
    ['a body that stalls', { fault: 'stall', imageBytes: 300_000 }, 'provider_timeout', { idleTimeoutMs: 300 }],
    ['a slow trickle', { fault: 'trickle' }, 'provider_timeout', { timeoutMs: 600 }],
    ['an endless image', { fault: 'endless_body' }, 'provider_response_too_large', { maxImageBytes: 4_000_000 }],
    ['an endless answer', { fault: 'endless_body' }, 'provider_response_too_large', { maxResponseBytes: 4_000_000 }],
    ['a gzip bomb', { fault: 'gzip_bomb' }, 'provider_response_too_large', { maxResponseBytes: 16_000_000 }],
    ['a gzip bomb of one image', { fault: 'gzip_bomb' }, 'provider_response_too_large', { maxImageBytes: 4_000_000 }],
    ['HTML with 200', { fault: 'html_200' }, 'provider_invalid_response', {}],
    [
      'HTML that calls itself JSON',
      { body: '<html>hello</html>', contentType: 'application/json' },
      'provider_invalid_response',
      {},
    ],
    ['JSON that is not an object', { body: '"yes"', contentType: 'application/json' }, 'provider_no_image', {}],
    ['text that is not JSON', { body: 'ok', contentType: 'text/plain' }, 'provider_invalid_response', {}],
    [
      'bytes of no declared type',
      { body: '\u0000\u0001', contentType: 'application/octet-stream' },
      'provider_invalid_response',
      {},
    ],
    ['nothing with 204', { fault: 'empty_204' }, 'provider_no_image', {}],
    ['nothing with 200', { body: '', contentType: 'application/json' }, 'provider_no_image', {}],
    ['an unknown content encoding', { headers: { 'content-encoding': 'rot13' } }, 'provider_invalid_response', {}],
    ['a wrong content encoding', { headers: { 'content-encoding': 'gzip' } }, 'provider_invalid_response', {}],
    ['an empty list and no usage', { fault: 'empty_data', usage: null }, 'provider_no_image', {}],
    ['an image that is none, and no usage', { fault: 'not_an_image', usage: null }, 'provider_invalid_response', {}],
    [
      'a redirect that may have been acted on',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      'provider_invalid_response',
      {},
    ],
  ])('%s', async (_, script, code, config) => {
    const before = process.memoryUsage().rss
    const result = await failed(script, config)
    expect(result.failure).toMatchObject({ code, billed: 'unknown' })
    expect(result.failure.message).not.toMatch(/<html|sk-test/)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024)
  })
})

test.each<[string, DoubleScript, string]>([
  ['a list without images', { fault: 'empty_data' }, 'provider_no_image'],
  ['an image that is none', { fault: 'not_an_image' }, 'provider_invalid_response'],
])('%s, with usage, is billed, and the usage is kept', async (_, script, code) => {
  const { failure } = await failed(script)
  expect(failure).toMatchObject({ code, billed: 'yes', usage: { 'tokens.image.out': 1_000_000_000n } })
})

test('a POST is sent once whatever happens to its answer', async () => {
  await failed({ fault: 'reset_after' })
  expect(double.billed).toHaveLength(1)
})

describe('before a byte was written nothing can be billed', () => {
  test('a connection that is refused', async () => {
    const { failure } = await failed({}, { baseUrl: 'http://127.0.0.1:1/v1' })
    expect(failure).toMatchObject({ code: 'provider_unreachable', billed: 'no', retryable: true })
  })

  test('a name that does not exist', async () => {
    const { failure } = await failed({}, { baseUrl: 'http://no-such-host.invalid/v1' })
    expect(failure).toMatchObject({ code: 'provider_unreachable', billed: 'no' })
  })

  test('a call aborted while it queued', async () => {
    const controller = new AbortController()
    controller.abort()
    const { result } = await attempt(provider(), { io: { signal: controller.signal } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
    expect(double.calls).toHaveLength(0)
  })

  test('a connection closed by a server that accepts and closes at once is told apart: it was written to', async () => {
    const server = createServer((socket) => socket.resetAndDestroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { failure } = await failed({}, { baseUrl: `http://127.0.0.1:${port}/v1` })
    expect(['provider_unreachable', 'provider_error']).toContain(failure.code)
    expect(failure.billed).toBe(failure.code === 'provider_unreachable' ? 'no' : 'unknown')
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('an abort', () => {
  test('after the request was sent leaves the bill unknown, and the connection is closed', async () => {
    double.script({ fault: 'hang' })
    const controller = new AbortController()
    const running = attempt(provider(), { io: { signal: controller.signal } })
    await expect.poll(() => double.waiting).toBe(1)
    controller.abort()
    const { result } = await running
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    await expect.poll(() => double.waiting).toBe(0)
  })

  test.each([
    ['a client that leaves', new HalftoneError('cancelled', 'The client closed the connection.')],
    ['no reason', undefined],
  ])('stops the bill where the offer says so: %s', async (_, reason) => {
    double.script({ fault: 'hang' })
    const controller = new AbortController()
    const models = [{ id: 'sd', model: 'local/sd', capabilities: { cancelStopsBilling: true } }]
    const running = attempt(provider({ type: 'openai-compatible', models }), { io: { signal: controller.signal } })
    await expect.poll(() => double.waiting).toBe(1)
    controller.abort(reason)
    expect((await running).result).toMatchObject({ failure: { code: 'cancelled', billed: 'no' } })
  })
})

describe('a stream', () => {
  test.each<[string, DoubleScript, string, Partial<ProviderConfig>]>([
    ['reset after a partial image', { fault: 'reset_mid_body' }, 'provider_error', {}],
    ['ended after a partial image', { fault: 'truncate' }, 'provider_no_image', {}],
    ['silent after a partial image', { fault: 'stall' }, 'provider_timeout', { timeoutMs: 500 }],
  ])('%s tells how many partial images were made', async (_, script, code, config) => {
    const { failure } = await failed(script, config, true)
    expect(failure).toMatchObject({ code, billed: 'unknown', usage: { 'images.partial': 1_000_000n } })
  })

  test('that never ends is finished with the last image', async () => {
    double.script({ fault: 'never_end' })
    const partials: number[] = []
    const { result } = await attempt(provider(), {
      request: { stream: true, partialImages: 2 },
      io: {
        onPartial: async ({ body, partialIndex, size }) => {
          partials.push(partialIndex, size.width)
          await body.dispose()
        },
      },
    })
    expect(partials).toEqual([0, 1024, 1, 1024])
    expect(result).toMatchObject({
      kind: 'done',
      usage: { 'tokens.image.out': 1_000_000_000n, 'images.partial': 2_000_000n },
      images: [{ mediaType: 'image/png', size: { width: 1024, height: 1024 } }],
    })
  })
})

describe('status codes', () => {
  test.each<[number, string, string, boolean]>([
    [400, 'provider_rejected', 'no', false],
    [401, 'provider_auth', 'no', false],
    [402, 'provider_quota', 'no', false],
    [403, 'provider_auth', 'no', false],
    [404, 'provider_not_found', 'no', false],
    [408, 'provider_timeout', 'unknown', true],
    [413, 'provider_rejected', 'no', false],
    [422, 'provider_rejected', 'no', false],
    [429, 'provider_rate_limited', 'no', true],
    [500, 'provider_error', 'no', true],
    [502, 'provider_error', 'unknown', true],
    [503, 'provider_error', 'no', true],
    [504, 'provider_timeout', 'unknown', true],
    [529, 'provider_error', 'no', true],
  ])('%i is %s, billed %s', async (status, code, billed, retryable) => {
    const { failure, evidence } = await failed({ status, headers: { 'retry-after': '7' } })
    expect(failure).toMatchObject({ code, billed, retryable, retryAfterMs: 7000 })
    expect(evidence.httpStatus).toBe(status)
  })

  test('a page of HTML with 500 comes from something in front, so the bill is unknown and the page is not quoted', async () => {
    const { failure } = await failed({ status: 500, body: '<html><h1>Oops</h1></html>', contentType: 'text/html' })
    expect(failure).toMatchObject({ code: 'provider_error', billed: 'unknown' })
    expect(failure.message).not.toContain('Oops')
  })

  test('an endless error page is cut', async () => {
    const { failure } = await failed({ status: 500, body: 'x'.repeat(5_000_000), contentType: 'text/plain' })
    expect(failure.message.length).toBeLessThan(700)
  })
})

test('two thousand calls wait at once and all are answered', async () => {
  double.script({ delayMs: 3_000, imageBytes: 2_000 })
  const many = provider({ timeoutMs: 60_000 })
  const running = Array.from({ length: 2_000 }, () => attempt(many, { settings: { size: { width: 64, height: 64 } } }))
  const results = await Promise.all(running)
  expect(results.every(({ result }) => result.kind === 'done')).toBe(true)
  expect(double.billed).toHaveLength(2_000)
}, 60_000)
