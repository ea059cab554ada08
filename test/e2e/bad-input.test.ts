/** Bad input against the running gateway: the right status, type and code, a message that names the parameter, and no bill. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { checkLedger, openaiProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { doublePicture, type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const KIB = 1024
let double: ProviderDouble
let gateway: TestGateway
/** Stands for a service that only the inside may reach; counts who came. */
let inside: Server
let visits = 0
/** A host the operator allows, which sends its visitors on to the inside. */
let redirecting: Server
const portOf = (server: Server): number => (server.address() as AddressInfo).port

beforeAll(async () => {
  double = await startProviderDouble()
  inside = createServer((_, response) => {
    visits++
    response.end(doublePicture(8, 8))
  })
  await new Promise<void>((resolve) => inside.listen(0, resolve))
  redirecting = createServer((_, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${portOf(inside)}/a.png` }).end()
  })
  await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve))
  gateway = await startTestGateway({
    config: {
      providers: { openai: openaiProvider(double) },
      server: { maxBodyBytes: '1MiB', maxImageBytes: '256KiB', maxImagePixels: 1_000_000 },
      network: { allowHttpImageUrls: true, allowPrivateHosts: [`127.0.0.1:${portOf(redirecting)}`] },
    },
  })
})

afterAll(async () => {
  await gateway?.close()
  await double?.close()
  inside?.close()
  redirecting?.close()
})

afterEach(async () => {
  const seen = { calls: (double.calls as unknown[]).splice(0).length, visits }
  visits = 0
  expect(seen, 'nothing bad reaches the provider or the inside').toEqual({ calls: 0, visits: 0 })
  expect(await metric('halftone_spool_bytes'), 'the memory of uploads is given back').toBe('0')
  await checkLedger(gateway, { doubles: { openai: double } })
})

const metric = async (name: string): Promise<string | undefined> => {
  const { body } = await gateway.call<string>('/metrics')
  return new RegExp(`^${name}(?:{[^}]*})? (.*)$`, 'm').exec(body)?.[1]
}

interface Expected {
  readonly status?: number
  readonly type?: string
  readonly code: string
  readonly param?: string | null
  readonly message?: RegExp
}

interface ErrorAnswer {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string }
}

async function expectError(response: Response, expected: Expected): Promise<void> {
  const text = await response.text()
  const body = (text.startsWith('{') ? JSON.parse(text) : text) as ErrorAnswer
  const { status = 400, type = 'invalid_request_error', code, param, message } = expected
  expect({ status: response.status, body }).toMatchObject({
    status,
    body: { error: { type, code, message: expect.any(String) } },
  })
  if (param !== undefined) expect(body.error.param).toBe(param)
  if (message) expect(body.error.message).toMatch(message)
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  expect(response.headers.get('x-should-retry')).toBe('false')
}

const base = { model: 'gpt-image-2', prompt: 'a fox' }
const post = (
  path: string,
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
  key = gateway.adminKey,
): Promise<Response> =>
  fetch(gateway.url + path, { method: 'POST', headers: { authorization: `Bearer ${key}`, ...headers }, body })
const json = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  post(path, typeof body === 'string' ? body : JSON.stringify(body), { 'content-type': 'application/json', ...headers })
const generate = (body: unknown, headers?: Record<string, string>): Promise<Response> =>
  json('/v1/images/generations', body, headers)

const blob = (bytes: Uint8Array | string): Blob =>
  new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], { type: 'image/png' })
/** Multipart with the usual fields, and files by field name. */
function edit(
  files: readonly (readonly [field: string, content: Uint8Array | string])[],
  fields: object = base,
): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value))
  for (const [field, content] of files) form.append(field, blob(content), 'photo.png')
  return post('/v1/images/edits', form)
}

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
/** A header that promises a picture of this size, and a few bytes after it. */
function pngHeader(width: number, height: number): Buffer {
  const bytes = Buffer.from(doublePicture(8, 8))
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}
const dataUrl = (bytes: Uint8Array): string => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`

describe('parameters of a generation', () => {
  it.each<[string, unknown, Expected]>([
    [
      'an unknown model names near ones',
      { ...base, model: 'gpt-imag-2' },
      {
        status: 404,
        type: 'not_found_error',
        code: 'model_not_found',
        param: 'model',
        message: /Did you mean "openai\/gpt-image-2"/,
      },
    ],
    [
      'an unknown offer of a provider',
      { ...base, model: 'openai:openai/gpt-image-99' },
      { status: 404, type: 'not_found_error', code: 'model_not_found', param: 'model' },
    ],
    [
      'a retired model names its replacement',
      { ...base, model: 'dall-e-2' },
      { status: 404, type: 'not_found_error', code: 'model_retired', param: 'model', message: /openai\/gpt-image-2/ },
    ],
    ['a model that is no text', { ...base, model: 7 }, { code: 'invalid_value', param: 'model' }],
    ['a model of no length', { ...base, model: '' }, { code: 'invalid_value', param: 'model' }],
    ['a size of the wrong form', { ...base, size: 'huge' }, { code: 'invalid_value', param: 'size', message: /WIDTHxHEIGHT/ }],
    ['a size the model does not make', { ...base, size: '100x100' }, { code: 'unsupported_parameter', param: 'size' }],
    ['a size without end', { ...base, size: '99999999x1' }, { code: 'invalid_value', param: 'size' }],
    ['n of 0', { ...base, n: 0 }, { code: 'invalid_value', param: 'n' }],
    ['n above the limit', { ...base, n: 11 }, { code: 'invalid_value', param: 'n' }],
    ['n below zero', { ...base, n: -1 }, { code: 'invalid_value', param: 'n' }],
    ['n with a fraction', { ...base, n: 1.5 }, { code: 'invalid_value', param: 'n' }],
    ['n as text', { ...base, n: '2' }, { code: 'invalid_value', param: 'n' }],
    ['an empty prompt', { ...base, prompt: '' }, { code: 'invalid_value', param: 'prompt', message: /empty/ }],
    ['no prompt', { model: base.model }, { code: 'missing_required_parameter', param: 'prompt' }],
    ['a prompt that is null', { ...base, prompt: null }, { code: 'invalid_value', param: 'prompt' }],
    [
      'a prompt beyond the limit',
      { ...base, prompt: 'x'.repeat(32_001) },
      { code: 'invalid_value', param: 'prompt', message: /32000/ },
    ],
    ['a prompt with a NUL', { ...base, prompt: 'a\u0000b' }, { code: 'invalid_value', param: 'prompt' }],
    ['a user with a NUL', { ...base, user: 'a\u0000b' }, { code: 'invalid_value', param: 'user' }],
    ['a quality nobody has', { ...base, quality: 'ultra' }, { code: 'invalid_value', param: 'quality' }],
    ['a quality this model does not have', { ...base, quality: 'hd' }, { code: 'unsupported_parameter', param: 'quality' }],
    ['a format nobody has', { ...base, output_format: 'bmp' }, { code: 'invalid_value', param: 'output_format' }],
    ['a style on a model without', { ...base, style: 'vivid' }, { code: 'unsupported_parameter', param: 'style' }],
    [
      'transparent jpeg',
      { ...base, background: 'transparent', output_format: 'jpeg' },
      { code: 'unsupported_parameter', param: 'background' },
    ],
    ['partial images without a stream', { ...base, partial_images: 2 }, { code: 'invalid_value', param: 'partial_images' }],
    ['too many partial images', { ...base, stream: true, partial_images: 4 }, { code: 'invalid_value', param: 'partial_images' }],
    ['an unknown parameter', { ...base, sise: '1024x1024' }, { code: 'unknown_parameter', param: 'sise' }],
    ['an unknown option of ours', { ...base, halftone: { budget: 1 } }, { code: 'unknown_parameter', param: 'halftone.budget' }],
    [
      'a max cost that is no amount',
      { ...base, halftone: { max_cost_usd: 'cheap' } },
      { code: 'invalid_value', param: 'halftone.max_cost_usd' },
    ],
    [
      'a max cost below the price',
      { ...base, halftone: { max_cost_usd: '0.001' } },
      { code: 'cost_limit_exceeded', param: 'max_cost_usd' },
    ],
    ['images on a generation', { ...base, images: [{ image_url: 'https://example.com/a.png' }] }, { code: 'unknown_parameter' }],
    [
      'prototype keys',
      '{"model":"gpt-image-2","prompt":"a fox","__proto__":{"n":2}}',
      { code: 'unknown_parameter', param: '__proto__' },
    ],
    [
      'a constructor key',
      '{"model":"gpt-image-2","prompt":"a fox","constructor":{"prototype":{"n":2}}}',
      { code: 'unknown_parameter', param: 'constructor' },
    ],
    [
      'prototype keys among tags',
      '{"model":"gpt-image-2","prompt":"a fox","halftone":{"tags":{"__proto__":"x"}}}',
      { code: 'unknown_parameter', param: 'halftone.tags.__proto__' },
    ],
    [
      'too many tags',
      { ...base, halftone: { tags: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`t${i}`, 'x'])) } },
      { code: 'invalid_value' },
    ],
    ['deep JSON', `{"model":"gpt-image-2","prompt":"a fox","extra_body":${deep(100_000)}}`, { code: 'invalid_json' }],
    ['JSON that is cut off', '{"model":"gpt-image-2","prompt":"a f', { code: 'invalid_json' }],
    ['JSON with a tail', '{"model":"gpt-image-2","prompt":"a fox"} {}', { code: 'invalid_json' }],
    ['no JSON at all', 'model=gpt-image-2&prompt=fox', { code: 'invalid_json' }],
    ['a JSON list', '[1,2]', { code: 'invalid_json' }],
    ['an empty body', '', { code: 'invalid_json' }],
    ['JSON that is no UTF-8 text', '{"model":"gpt-image-2","prompt":"\\ud800"}', { code: 'invalid_value', param: 'prompt' }],
    [
      'parameters of more than a MiB',
      JSON.stringify({ ...base, user: 'x, '.repeat(400_000) }),
      { status: 413, code: 'body_too_large' },
    ],
  ])('%s', async (_, body, expected) => {
    await expectError(await generate(body), expected)
  })

  it.each([
    ['missing', undefined],
    ['text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['nonsense', 'application'],
  ])('a content type that is %s is 415', async (_, type) => {
    const response = await post(
      '/v1/images/generations',
      new Blob([JSON.stringify(base)]),
      type === undefined ? {} : { 'content-type': type },
    )
    await expectError(response, { status: 415, code: 'unsupported_content_type', message: /application\/json/ })
  })

  it('multipart on generations is 415', async () => {
    const form = new FormData()
    form.append('prompt', 'a fox')
    await expectError(await post('/v1/images/generations', form), { status: 415, code: 'unsupported_content_type' })
  })
})

describe('headers', () => {
  it.each<[string, Record<string, string>, Expected]>([
    ['tags without a value', { 'x-halftone-tags': 'campaign' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    ['tags with a prototype key', { 'x-halftone-tags': '__proto__=x' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    ['tags with bytes above ASCII', { 'x-halftone-tags': 'a=\u00ff' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    ['tags with a tab', { 'x-halftone-tags': 'a=b\tc' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    [
      'too many tags',
      { 'x-halftone-tags': Array.from({ length: 11 }, (_, i) => `t${i}=x`).join(',') },
      { code: 'invalid_value', param: 'x-halftone-tags' },
    ],
    ['a long group', { 'x-halftone-group': 'x'.repeat(129) }, { code: 'invalid_header', param: 'x-halftone-group' }],
    ['an empty idempotency key', { 'idempotency-key': '' }, { code: 'invalid_header', param: 'idempotency-key' }],
    ['a long idempotency key', { 'idempotency-key': 'k'.repeat(256) }, { code: 'invalid_header', param: 'idempotency-key' }],
    ['an idempotency key above ASCII', { 'idempotency-key': 'k\u00e9' }, { code: 'invalid_header', param: 'idempotency-key' }],
    [
      'a deadline that is no number',
      { 'x-halftone-deadline-ms': 'soon' },
      { code: 'invalid_header', param: 'x-halftone-deadline-ms' },
    ],
    ['a deadline of 0', { 'x-halftone-deadline-ms': '0' }, { code: 'invalid_header', param: 'x-halftone-deadline-ms' }],
    ['a max cost that is no amount', { 'x-halftone-max-cost-usd': '1e3' }, { code: 'invalid_value', param: 'max_cost_usd' }],
    [
      'a flag that is no flag',
      { 'x-halftone-allow-unsupported': 'yes' },
      { code: 'invalid_header', param: 'x-halftone-allow-unsupported' },
    ],
    ['a body switch that is none', { 'x-halftone-body': 'sometimes' }, { code: 'invalid_header', param: 'x-halftone-body' }],
  ])('%s', async (_, headers, expected) => {
    await expectError(await generate(base, headers), expected)
  })

  it.each([
    ['a bare line feed', 'a=b\nx-evil: 1'],
    ['a NUL', 'a=b\u0000c'],
  ])('%s inside a header never becomes a request', async (_, value) => {
    const answer = await raw(
      `POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.adminKey}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nx-halftone-tags: ${value}\r\n\r\n{}`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('"invalid_request_error"')
  })

  it('a request line that is no HTTP gets the same envelope', async () => {
    expect(await raw('GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*"error":\{"message"/)
  })

  it('headers beyond the limit get 431 in the same envelope', async () => {
    const answer = await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nx-long: ${'x'.repeat(70_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 431 [\s\S]*"error":\{"message"/)
  })
})

/** One request as bytes on a socket; what comes back until the server closes or is quiet. */
function raw(
  text: string | Buffer,
  options: { readonly quietMs?: number; readonly onOpen?: (send: (chunk: Buffer) => boolean) => void } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => {
      socket.write(text)
      options.onOpen?.((chunk) => (socket.destroyed ? false : socket.write(chunk)))
    })
    let answer = ''
    let timer: NodeJS.Timeout | undefined
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      clearTimeout(timer)
      timer = setTimeout(done, options.quietMs ?? 150)
    })
    socket.on('close', done)
    socket.on('error', (error) => (answer ? done() : reject(error)))
  })
}

describe('too many bytes are 413, counted as they arrive', () => {
  const head = (type: string, length: string): string =>
    `POST /v1/images/edits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.adminKey}\r\nContent-Type: ${type}\r\n${length}\r\n\r\n`
  const boundary = 'multipart/form-data; boundary=b'
  const part = '--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
  const chunk = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

  it.each([
    ['JSON, with a length that lies low', 'application/json', 'Content-Length: 9000000', '{"prompt":"', false],
    ['JSON, chunked without a length', 'application/json', 'Transfer-Encoding: chunked', '{"prompt":"', true],
    ['a form, chunked without a length', boundary, 'Transfer-Encoding: chunked', part, true],
    ['a form, with a length', boundary, 'Content-Length: 9000000', part, false],
  ])('%s', async (_, type, length, start, chunked) => {
    const wrap = (bytes: Buffer): Buffer => (chunked ? chunk(bytes) : bytes)
    let sent = 0
    const answer = await raw(Buffer.concat([Buffer.from(head(type, length)), wrap(Buffer.from(start))]), {
      onOpen(send) {
        const filler = Buffer.alloc(64 * KIB, 0x78)
        const next = (): void => {
          if (sent >= 4 * KIB * KIB) return
          sent += filler.length
          send(wrap(filler))
          setTimeout(next, 2)
        }
        next()
      },
    })
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toContain('"body_too_large"')
  })

  it('a client that sends everything before it reads still gets the answer', async () => {
    const response = await json('/v1/images/edits', JSON.stringify({ ...base, user: 'x, '.repeat(KIB * KIB) }))
    await expectError(response, { status: 413, code: 'body_too_large' })
  })

  it('an administrative body has its own small limit', async () => {
    const response = await json('/v1/halftone/keys', JSON.stringify({ name: 'x'.repeat(2 * KIB * KIB) }))
    await expectError(response, { status: 413, code: 'body_too_large' })
  })

  it('an image beyond its limit names the image', async () => {
    await expectError(await edit([['image', doublePicture(8, 8, { bytes: 300 * KIB })]]), { code: 'image_too_large' })
  })

  it('an image beyond its limit in JSON too', async () => {
    const image_url = dataUrl(doublePicture(8, 8, { bytes: 300 * KIB }))
    await expectError(await json('/v1/images/edits', { ...base, images: [{ image_url }] }), { code: 'image_too_large' })
  })
})

describe('images', () => {
  const picture = doublePicture(8, 8)
  it.each<[string, readonly (readonly [string, Uint8Array | string])[], Expected]>([
    ['no image', [], { code: 'missing_required_parameter', param: 'image' }],
    ['an empty image', [['image', '']], { code: 'invalid_image', param: 'image' }],
    ['text with the name of an image', [['image', 'this is no picture']], { code: 'invalid_image', param: 'image' }],
    ['half a header', [['image', picture.subarray(0, 20)]], { code: 'invalid_image', param: 'image' }],
    ['a PNG that says it has no pixels', [['image', pngHeader(0, 8)]], { code: 'invalid_image', param: 'image' }],
    [
      'a decompression bomb by its header',
      [['image', pngHeader(60_000, 60_000)]],
      { code: 'image_too_large', param: 'image', message: /60000x60000/ },
    ],
    [
      'a small file that decodes to millions of pixels',
      [['image', doublePicture(2_000, 2_000)]],
      { code: 'image_too_large', param: 'image' },
    ],
    [
      'a mask that is no PNG',
      [
        ['image', picture],
        ['mask', Buffer.from('GIF89a\x08\x00\x08\x00\x00\x00\x00;', 'latin1')],
      ],
      { code: 'invalid_image', param: 'mask' },
    ],
    ['a mask alone', [['mask', picture]], { code: 'missing_required_parameter', param: 'image' }],
    [
      'two masks',
      [
        ['image', picture],
        ['mask', picture],
        ['mask', picture],
      ],
      { code: 'invalid_value', param: 'mask' },
    ],
    [
      'a file nobody asked for',
      [
        ['image', picture],
        ['attachment', picture],
      ],
      { code: 'unknown_parameter', param: 'attachment' },
    ],
    [
      'a file named after a prototype',
      [
        ['image', picture],
        ['constructor', picture],
      ],
      { code: 'unknown_parameter', param: 'constructor' },
    ],
    [
      'too many files',
      Array.from({ length: 21 }, () => ['image[]', picture] as const),
      { code: 'invalid_value', param: 'image' },
    ],
    [
      'more images than the model takes',
      Array.from({ length: 17 }, () => ['image[]', picture] as const),
      { code: 'unsupported_parameter', param: 'image' },
    ],
  ])('%s', async (_, files, expected) => {
    await expectError(await edit(files), expected)
  })

  it('in a form: a field that is sent twice is refused, not decided by its order', async () => {
    const form = new FormData()
    for (const [name, value] of [...Object.entries(base), ['n', '1'], ['n', '10']]) form.append(String(name), String(value))
    form.append('image', blob(picture), 'photo.png')
    await expectError(await post('/v1/images/edits', form), { code: 'invalid_value', param: 'n', message: /twice/ })
  })

  it.each<[string, object, Expected]>([
    ['an unknown field', { ...base, sise: '1' }, { code: 'unknown_parameter', param: 'sise' }],
    [
      'a prototype field',
      Object.fromEntries([...Object.entries(base), ['__proto__', 'x']]),
      { code: 'unknown_parameter', param: '__proto__' },
    ],
    ['n that is no number', { ...base, n: 'two' }, { code: 'invalid_value', param: 'n' }],
    ['no prompt', { model: 'gpt-image-2' }, { code: 'missing_required_parameter', param: 'prompt' }],
  ])('in a form: %s', async (_, fields, expected) => {
    await expectError(await edit([['image', picture]], fields), expected)
  })

  it.each<[string, string, string, Expected]>([
    ['no boundary', 'multipart/form-data', 'x', { code: 'invalid_multipart' }],
    [
      'cut off inside a file',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n\x89PNG',
      { code: 'invalid_multipart' },
    ],
    ['cut off inside a header', 'multipart/form-data; boundary=b', '--b\r\nContent-Dispo', { code: 'invalid_multipart' }],
    [
      'another boundary than announced',
      'multipart/form-data; boundary=b',
      '--c\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--c--\r\n',
      { code: 'invalid_multipart' },
    ],
    ['nothing', 'multipart/form-data; boundary=b', '', { code: 'invalid_multipart' }],
  ])('a form with %s', async (_, type, body, expected) => {
    await expectError(await post('/v1/images/edits', Buffer.from(body, 'latin1'), { 'content-type': type }), expected)
  })

  it.each<[string, string, Expected]>([
    ['control characters', 'a\x01\x1b.png', { code: 'invalid_multipart' }],
    ['an encoded line break', 'a%0d%0aevil: 1.png', { code: 'unknown_parameter', param: 'sise' }],
    ['a path', '../../../etc/passwd', { code: 'unknown_parameter', param: 'sise' }],
  ])('a file name with %s goes nowhere', async (_, name, expected) => {
    const field = (name: string, value: string): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const body = Buffer.concat([
      Buffer.from(field('prompt', 'x') + field('sise', '1')),
      Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="image"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n`,
        'latin1',
      ),
      picture,
      Buffer.from('\r\n--b--\r\n'),
    ])
    await expectError(await post('/v1/images/edits', body, { 'content-type': 'multipart/form-data; boundary=b' }), expected)
  })

  it('more fields than a form can have are refused, not forgotten', async () => {
    const fields = { ...base, ...Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field${index}`, 'x'])) }
    await expectError(await edit([['image', picture]], fields), { code: 'invalid_value' })
  })
})

describe('image URLs reach public hosts only', () => {
  const fetchImage = (image_url: unknown): Promise<Response> => json('/v1/images/edits', { ...base, images: [{ image_url }] })
  const port = (): number => portOf(inside)

  it.each<[string, () => string]>([
    ['loopback', () => `http://127.0.0.1:${port()}/a.png`],
    ['loopback by name', () => `http://localhost:${port()}/a.png`],
    ['another loopback address', () => `http://127.8.9.10:${port()}/a.png`],
    ['IPv6 loopback', () => `http://[::1]:${port()}/a.png`],
    ['IPv4 inside IPv6', () => `http://[::ffff:127.0.0.1]:${port()}/a.png`],
    ['IPv4 inside IPv6, in hex', () => `http://[::ffff:7f00:1]:${port()}/a.png`],
    ['a decimal address', () => `http://2130706433:${port()}/a.png`],
    ['a hex address', () => `http://0x7f000001:${port()}/a.png`],
    ['an octal address', () => `http://0177.0.0.1:${port()}/a.png`],
    ['a short address', () => `http://127.1:${port()}/a.png`],
    ['the zero address', () => `http://0.0.0.0:${port()}/a.png`],
    ['cloud metadata', () => 'http://169.254.169.254/latest/meta-data/'],
    ['a private network', () => 'http://10.0.0.1/a.png'],
    ['a link-local IPv6 address', () => 'http://[fe80::1]/a.png'],
    ['a unique local IPv6 address', () => 'http://[fd00::1]/a.png'],
    ['a trailing dot', () => `http://localhost.:${port()}/a.png`],
    ['full-width digits', () => `http://１２７.0.0.1:${port()}/a.png`],
    ['an allowed host that redirects to a private one', () => `http://127.0.0.1:${portOf(redirecting)}/a.png`],
    ['a user name', () => `http://user:pass@127.0.0.1:${port()}/a.png`],
    ['a host as user name', () => `http://example.com@127.0.0.1:${port()}/a.png`],
    ['the file scheme', () => 'file:///etc/passwd'],
    ['the ftp scheme', () => 'ftp://example.com/a.png'],
    ['a script', () => 'javascript:alert(1)'],
    ['no URL', () => 'not a url'],
    ['a host without an address', () => 'https://no-such-host.invalid/a.png'],
  ])('%s', async (_, url) => {
    await expectError(await fetchImage(url()), { code: 'invalid_image_url', param: 'images[0].image_url' })
  })

  it('a data: URL without base64', async () => {
    await expectError(await fetchImage('data:image/svg+xml,<svg/>'), { code: 'invalid_image', param: 'images[0]' })
  })

  it('a data: URL with broken base64', async () => {
    await expectError(await fetchImage(`data:image/png;base64,${'@@@@'.repeat(2_000)}`), { code: 'invalid_image' })
  })

  it('a file id that nobody uploaded', async () => {
    const response = await json('/v1/images/edits', { ...base, images: [{ file_id: 'file-123' }] })
    await expectError(response, { status: 404, type: 'not_found_error', code: 'not_found', param: 'images[0].file_id' })
  })

  it('the body is checked before anything is fetched', async () => {
    const images = Array.from({ length: 500 }, () => ({ image_url: 'https://no-such-host.invalid/a.png' }))
    await expectError(await json('/v1/images/edits', { ...base, images }), { code: 'invalid_value', param: 'images' })
    await expectError(await json('/v1/images/edits', { ...base, n: 99, images: images.slice(0, 1) }), {
      code: 'invalid_value',
      param: 'n',
    })
  })

  it('image data where none belongs', async () => {
    const response = await json('/v1/images/edits', {
      ...base,
      user: dataUrl(doublePicture(8, 8, { bytes: 20_000 })),
      images: [{ image_url: dataUrl(doublePicture(8, 8)) }],
    })
    await expectError(response, { code: 'invalid_value' })
  })
})

describe('paths and methods', () => {
  const to = (method: string, path: string, key: string | null = gateway.adminKey): Promise<Response> =>
    fetch(gateway.url + path, { method, headers: key === null ? {} : { authorization: `Bearer ${key}` } })

  it.each<[string, string, string, Expected]>([
    ['an unknown path', 'GET', '/nowhere', { status: 404, type: 'not_found_error', code: 'not_found' }],
    ['an unknown path of ours', 'GET', '/v1/halftone/nowhere', { status: 404, type: 'not_found_error', code: 'not_found' }],
    ['an unknown image path', 'POST', '/v1/images/dream', { status: 404, type: 'not_found_error', code: 'not_found' }],
    [
      'a text path',
      'POST',
      '/v1/chat/completions',
      { status: 404, type: 'not_found_error', code: 'passthrough_not_configured', message: /passthrough/ },
    ],
    ['the wrong method', 'GET', '/v1/images/generations', { status: 405, code: 'method_not_allowed', message: /POST/ }],
    [
      'the wrong method on a path with an id',
      'PATCH',
      '/v1/halftone/keys/abc',
      { status: 405, code: 'method_not_allowed', message: /DELETE/ },
    ],
    [
      'an id that is not there',
      'GET',
      '/v1/halftone/requests/nope',
      { status: 404, type: 'not_found_error', code: 'not_found', param: 'id' },
    ],
    ['an id that is no text', 'GET', '/v1/halftone/requests/%00', { status: 404, type: 'not_found_error', code: 'not_found' }],
    ['a path that does not decode', 'GET', '/v1/halftone/requests/%zz', { code: 'invalid_value' }],
    ['a path without end', 'GET', `/v1/halftone/requests/${'x'.repeat(2_000)}`, { code: 'invalid_value' }],
    ['a query that is out of range', 'GET', '/v1/halftone/requests?limit=0', { code: 'invalid_value', param: 'limit' }],
    [
      'an image without a signature',
      'GET',
      '/v1/halftone/images/img_x',
      { status: 403, type: 'permission_error', code: 'forbidden' },
    ],
    [
      'an image with two signatures',
      'GET',
      '/v1/halftone/images/img_x?sig=a&sig=b&exp=1',
      { status: 403, type: 'permission_error', code: 'forbidden' },
    ],
  ])('%s', async (_, method, path, expected) => {
    await expectError(await to(method, path), expected)
  })

  it('the wrong method says which are right', async () => {
    const response = await to('DELETE', '/v1/images/generations')
    expect(response.headers.get('allow')).toBe('POST')
    await response.text()
  })
})

describe('clients that leave while they send', () => {
  const partial = (type: string, start: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => {
        socket.write(
          `POST /v1/images/edits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.adminKey}\r\nContent-Type: ${type}\r\nContent-Length: 200000\r\n\r\n`,
        )
        socket.write(start + 'A'.repeat(20_000), () => setTimeout(() => socket.destroy(), 50))
      })
      socket.on('close', () => resolve())
    })
  it('leave nothing behind: no memory, no request, no error of ours', async () => {
    await partial('application/json', '{"prompt":"x","images":[{"image_url":"data:image/png;base64,')
    await partial(
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n',
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await metric('halftone_requests_in_flight')).toBe('0')
    expect((await gateway.call<string>('/metrics')).body).not.toMatch(/halftone_http_requests_total{[^}]*status="500"/)
    expect(await gateway.requests()).toEqual([])
  })
})
