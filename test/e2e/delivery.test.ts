/** Links, proxies, aliases, deadlines and pass-through. */
import { rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openSecrets } from '../../src/compose/data.ts'
import { createUrlSigner } from '../../src/server/url-signer.ts'
import { systemClock } from '../../src/system-clock.ts'
import {
  type Answer,
  checkLedger,
  compatibleProvider,
  openaiProvider,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts'
import { doublePicture, type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
const open: (() => Promise<void>)[] = []

async function start(config: object = {}, env: TestGatewayOptions['env'] = {}, provider = compatibleProvider): Promise<void> {
  double = await startProviderDouble()
  open.push(() => double.close())
  gateway = await startTestGateway({ config: { providers: { double: provider(double) }, ...config }, env })
  open.push(() => gateway.close())
}

afterEach(async () => {
  try {
    await checkLedger(gateway, { doubles: { double } })
  } finally {
    for (const close of open.splice(0).reverse()) await close()
  }
})

interface Links {
  readonly data: { readonly url: string }[]
}
interface Failure {
  readonly error: { readonly code: string; readonly message: string }
}
const generate = <Body = Links>(body: object = {}, headers: Record<string, string> = {}): Promise<Answer<Body>> =>
  gateway.call<Body>('/v1/images/generations', { body: { model: 'acme/painter', prompt: 'a red fox', ...body }, headers })
const link = async (headers: Record<string, string> = {}): Promise<string> =>
  (await generate({ response_format: 'url' }, headers)).body.data[0]?.url ?? ''

describe('links', () => {
  it('are signed: another expiry, another image or another signature opens nothing', async () => {
    await start()
    const url = new URL(await link())
    expect((await fetch(url)).status).toBe(200)
    const exp = Number(url.searchParams.get('exp'))
    expect(exp * 1_000 - Date.now()).toBeGreaterThan(3_500_000)
    expect(exp * 1_000 - Date.now()).toBeLessThan(3_600_000 + 300_000 + 1_000)
    for (const [name, value] of [
      ['exp', String(exp + 300)],
      ['sig', 'A'.repeat(32)],
    ] as const) {
      const forged = new URL(url)
      forged.searchParams.set(name, value)
      expect((await fetch(forged)).status).toBe(403)
    }
    const other = new URL(await link())
    other.search = url.search
    expect((await fetch(other)).status).toBe(403)
  })

  it('end: after their time they are 410', async () => {
    await start()
    const url = new URL(await link())
    // The signer is asked for a link that ended a minute ago; only its key knows the signature.
    const { urls: key } = await openSecrets(gateway.halftone.config)
    const past = createUrlSigner({ key, ttlSeconds: -600, clock: systemClock })
    const id = decodeURIComponent(url.pathname.split('/').at(-1) ?? '')
    const answer = await fetch(gateway.url + past.sign(id).image)
    expect([answer.status, await answer.json()]).toMatchObject([410, { error: { code: 'asset_expired' } }])
  })

  it('name the host the client used', async () => {
    await start()
    expect(new URL(await link()).origin).toBe(gateway.url)
  })

  it('name the public URL where one is set, whatever anybody says', async () => {
    await start({}, { HALFTONE_PUBLIC_URL: 'https://images.example.com/' })
    expect(await link({ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' })).toMatch(
      /^https:\/\/images\.example\.com\/v1\/halftone\/images\//,
    )
  })

  it('ignore forwarded headers of strangers', async () => {
    await start()
    const url = await link({
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '1.2.3.4',
      forwarded: 'host=evil.example',
    })
    expect(new URL(url).origin).toBe(gateway.url)
  })

  it('believe forwarded headers of a trusted proxy', async () => {
    await start({ server: { trustedProxies: ['loopback'] } })
    expect(await link({ 'x-forwarded-host': 'images.example.com', 'x-forwarded-proto': 'https' })).toMatch(
      /^https:\/\/images\.example\.com\//,
    )
  })

  it('of images in the list of requests work too, thumbnails among them', async () => {
    await start()
    await link()
    const [request] = await gateway.requests()
    const [image] = request?.images ?? []
    expect((await fetch(image?.url ?? '')).headers.get('content-type')).toBe('image/png')
    expect((await fetch(image?.thumbnail_url ?? '')).headers.get('content-type')).toBe('image/webp')
  })
})

describe('when images cannot be stored', () => {
  it('the picture is made, paid for once and sent all the same; a link falls back to bytes; nothing stays held', async () => {
    await start()
    const blobs = join(gateway.folder, 'data', 'blobs')
    await rm(blobs, { recursive: true })
    // Where the folder was is a file now, so that nothing can be written below it.
    await writeFile(blobs, '')
    const image_url = `data:image/png;base64,${doublePicture(8, 8).toString('base64')}`
    const edit = { model: 'acme/painter', prompt: 'bluer', images: [{ image_url }], response_format: 'url' }
    const { status, body } = await gateway.call<{ data: { b64_json?: string; url?: string }[] }>('/v1/images/edits', {
      body: edit,
    })
    expect([status, body.data.map((item) => Object.keys(item))]).toEqual([200, [['b64_json']]])
  })
})

describe('names', () => {
  it('an alias serves its target at its quality', async () => {
    await start({ aliases: { 'dall-e-3': 'openai/gpt-image-2@low' } }, {}, openaiProvider)
    const answer = await generate({ model: 'dall-e-3' })
    expect(answer.headers.get('x-halftone-offer')).toBe('double:openai/gpt-image-2')
    expect(double.calls[0]?.fields).toMatchObject({ model: 'gpt-image-2', quality: 'low' })
  })

  it('a retired name without an alias is 404 and names its replacement', async () => {
    await start({}, {}, openaiProvider)
    const { status, body } = await generate<Failure>({ model: 'dall-e-3' })
    expect([status, body.error.code]).toEqual([404, 'model_retired'])
    expect(body.error.message).toMatch(/openai\/gpt-image-2.*aliases/)
  })

  it('bare name, full name, offer id, route and nothing at all find the model', async () => {
    await start()
    for (const model of ['painter', 'acme/painter', 'double:acme/painter', 'auto', undefined])
      expect((await generate({ model })).headers.get('x-halftone-offer')).toBe('double:acme/painter')
  })
})

describe('deadlines and costs', () => {
  it('at the deadline the client is answered; the call ends, is settled and can be replayed', async () => {
    await start()
    double.script({ delayMs: 600 })
    const headers = { 'x-halftone-deadline-ms': '200', 'idempotency-key': 'late' }
    const { status, body, headers: got } = await generate<Failure>({}, headers)
    expect([status, body.error.code, got.get('x-should-retry')]).toEqual([504, 'provider_timeout', 'false'])
    await gateway.settled()
    expect((await generate({}, headers)).headers.get('x-halftone-cache')).toBe('hit')
    expect(double.calls).toHaveLength(1)
  })

  it.each([
    ['by header', {}, { 'x-halftone-max-cost-usd': '0.03' }],
    ['in the body', { halftone: { max_cost_usd: '0.03' } }, {}],
  ])('a max cost below the price refuses, %s', async (_, body, headers) => {
    await start()
    const { status, body: failure } = await generate<Failure>(body, headers)
    expect([status, failure.error.code]).toEqual([400, 'cost_limit_exceeded'])
  })

  it('without the halftone object the body is plain OpenAI, and the headers still tell', async () => {
    await start()
    const { body, headers } = await generate<Record<string, unknown>>({}, { 'x-halftone-body': 'off' })
    expect(body).not.toHaveProperty('halftone')
    expect(headers.get('x-halftone-cost-usd')).toBe('0.04')
  })
})

describe('pass-through of text paths', () => {
  interface Seen {
    readonly method?: string | undefined
    readonly url?: string | undefined
    readonly headers: Record<string, unknown>
    readonly body: string
  }
  let seen: Seen[] = []

  /** A text provider: says what it got. */
  async function startText(): Promise<Server> {
    seen = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      seen.push({ method: request.method, url: request.url, headers: request.headers, body })
      if (body.includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end('data: {"choices":[]}\n\ndata: [DONE]\n\n')
        return
      }
      response
        .writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'theirs=1' })
        .end('{"object":"chat.completion"}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push(() => new Promise((resolve) => server.close(() => resolve())))
    return server
  }
  async function startWithText(passthrough: object = {}): Promise<void> {
    const { port } = (await startText()).address() as AddressInfo
    double = await startProviderDouble()
    open.push(() => double.close())
    gateway = await startTestGateway({
      config: {
        providers: {
          double: compatibleProvider(double),
          text: { ...openaiProvider({ baseUrl: `http://127.0.0.1:${port}/v1` }), apiKey: 'sk-text' },
        },
        passthrough: { provider: 'text', ...passthrough },
        server: { maxBodyBytes: 65_536 },
      },
    })
    open.push(() => gateway.close())
  }
  const chat = (body: object) => gateway.call('/v1/chat/completions?x=1', { body, headers: { cookie: 'ours=1' } })

  it('off: a typed error says what to do', async () => {
    await start()
    const { status, body } = await chat({ model: 'gpt-6' })
    expect([status, body]).toMatchObject([
      404,
      { error: { code: 'passthrough_not_configured', message: expect.stringContaining('passthrough') } },
    ])
  })

  it("on: the call goes there as it is, with that provider's key and nothing of ours", async () => {
    await startWithText()
    const { status, body, headers } = await chat({ model: 'gpt-6', messages: [] })
    expect([status, body]).toEqual([200, { object: 'chat.completion' }])
    expect(headers.get('set-cookie')).toBeNull()
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/chat/completions?x=1', body: '{"model":"gpt-6","messages":[]}' })
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer sk-text', 'content-type': 'application/json' })
    expect(seen[0]?.headers).not.toHaveProperty('cookie')
  })

  it('on: streams go through', async () => {
    await startWithText()
    const { body, headers } = await chat({ model: 'gpt-6', stream: true })
    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(body).toContain('[DONE]')
  })

  const drawing = { model: 'gpt-6', input: 'a cat', tools: [{ type: 'image_generation' }] }
  it.each<[string, string, object]>([
    ['a tool', '/v1/responses', drawing],
    ['an output', '/v1/chat/completions', { model: 'gpt-6', messages: [], modalities: ['image'] }],
    ['a model of that provider', '/v1/chat/completions', { model: 'gpt-image-2', messages: [] }],
    ['a stored prompt', '/v1/responses', { prompt: { id: 'pmpt_1' } }],
    ['a path nobody knows', '/v1/dreams', {}],
  ])('on: what makes pictures past the ledger is refused: %s', async (_, path, body) => {
    await startWithText()
    const answer = await gateway.call(path, { body })
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: 'passthrough_makes_images' } }])
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(seen).toEqual([])
  })

  it('on: pictures that no ledger knows of are made where the configuration allows them, and the answer says so', async () => {
    await startWithText({ unrecordedImages: 'allow' })
    const { status, headers } = await gateway.call('/v1/responses', { body: drawing })
    expect([status, headers.get('x-halftone-warnings')]).toEqual([200, 'not_recorded'])
    expect(seen[0]?.body).toBe(JSON.stringify(drawing))
    expect(gateway.halftone.banner.join('\n')).toContain('WARNING: passthrough.unrecordedImages')
    const other = await gateway.call('/v1/responses', { body: { model: 'gpt-6', input: 'hi' } })
    expect([other.status, other.headers.get('x-halftone-warnings')]).toEqual([200, null])
  })

  it('on: a body is passed on byte for byte, with its length; one that is too large or no JSON is not', async () => {
    await startWithText()
    const text = `{ "model":"gpt-6",\n"messages":[{"role":"user","content":"${'é'.repeat(20_000)}"}]}`
    const post = (body: string, type = 'application/json') =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': type },
        body,
      })
    expect((await post(text)).status).toBe(200)
    expect(seen[0]?.body).toBe(text)
    expect(seen[0]?.headers['content-length']).toBe(String(Buffer.byteLength(text)))
    expect((await post(`"${'x'.repeat(70_000)}"`)).status).toBe(413)
    expect((await post('{"tools":/*"*/[]}')).status).toBe(400)
    expect((await post(JSON.stringify(drawing), 'text/plain')).status).toBe(415)
    expect(seen).toHaveLength(1)
  })

  it('on: uploads and calls without a body go through as they are', async () => {
    await startWithText()
    const form = new FormData()
    form.set('file', new Blob(['sound']), 'a.wav')
    const headers = { authorization: `Bearer ${gateway.adminKey}` }
    const upload = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', headers, body: form })
    const cancel = await fetch(`${gateway.url}/v1/responses/resp_1/cancel`, { method: 'POST', headers })
    expect([upload.status, cancel.status]).toEqual([200, 200])
    expect(seen.map(({ body }) => body)).toEqual([expect.stringContaining('sound'), ''])
  })

  it('on: it still needs a key', async () => {
    await startWithText()
    expect((await gateway.call('/v1/chat/completions', { key: null, body: {} })).status).toBe(401)
    expect(seen).toEqual([])
  })

  it('on: no spelling of a path reaches images past the ledger, or leaves /v1', async () => {
    await startWithText()
    const paths = [
      '/v1/chat/../images/generations',
      '/v1/chat/%2e%2e/images/generations',
      '/v1//images/generations',
      '/v1/./images/generations',
      '/v1/chat/..%2fimages/generations',
      '/v1/chat\\..\\images/generations',
      '/v1/../../admin',
      '/v1/images',
      '/v1/images%2fgenerations',
      '/v1/IMAGES/generations',
    ]
    for (const path of paths) expect([path, await rawPost(path)]).toEqual([path, expect.stringMatching(/^HTTP\/1.1 404 /)])
    expect(seen).toEqual([])
  })

  /** A client of ours would tidy the path up. */
  function rawPost(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () =>
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${gateway.adminKey}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
        ),
      )
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
    })
  }
})
