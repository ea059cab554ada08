/** What the engine sends and what it makes of an answer, besides faults. Real sockets throughout. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { attempt, testInput } from '../../test/providers/attempt.ts'
import { readAll } from '../../test/providers/memory-spool.ts'
import { account, call, compatible, scripted } from '../../test/providers/scripted.ts'
import { json, serve } from '../../test/providers/served.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import type { JsonValue } from '../core/json.ts'
import { inputReference } from './define-provider.ts'

const picture = doublePicture(64, 48, { bytes: 20_000 })

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
      json(response, { image: picture.toString('base64') })
    })
    const definition = scripted({
      encode: () => ({
        call: call('POST', '/make', {
          body: {
            kind: 'json',
            value: {
              images: [{ image_url: inputReference(0, { dataUrl: true }) }],
              mask: inputReference(1, { dataUrl: false }),
              n: 1,
            },
          },
        }),
        warnings: [],
      }),
    })
    const inputs = [testInput(picture, { sha256: 'a' }), testInput(picture.subarray(0, 19_999), { sha256: 'm' })]
    const { result } = await attempt(account(origin, definition), {
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
