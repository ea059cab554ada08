/** The official `openai` client with its default settings, against the running gateway and a provider that counts its bill. */
import OpenAI, { toFile } from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readImageHeader } from '../../src/net/image-header.ts'
import { checkLedger, openaiProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { doublePicture, type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
let client: OpenAI

beforeAll(async () => {
  double = await startProviderDouble()
  gateway = await startTestGateway({ config: { providers: { openai: openaiProvider(double) } } })
  const { secret } = await gateway.createKey()
  client = new OpenAI({ apiKey: secret, baseURL: gateway.baseUrl })
})

afterAll(async () => {
  await gateway?.close()
  await double?.close()
})

afterEach(async () => {
  await checkLedger(gateway, { doubles: { openai: double } })
  double.script({})
})

const model = 'gpt-image-2'
const png = (): Promise<File> => toFile(doublePicture(64, 64), 'photo.png', { type: 'image/png' })
const sizeOf = (b64: string | undefined) => readImageHeader(Buffer.from(b64 ?? '', 'base64'))

/** Calls the double received during `work`. */
async function callsDuring<T>(work: () => Promise<T>): Promise<{ result: T; calls: ProviderDouble['calls'] }> {
  const before = double.calls.length
  const result = await work()
  return { result, calls: double.calls.slice(before) }
}

describe('generations', () => {
  it('a call with nothing but model and prompt gives base64 of the default size, with usage and cost', async () => {
    const { result, calls } = await callsDuring(() => client.images.generate({ model, prompt: 'a red fox' }))
    expect(sizeOf(result.data?.[0]?.b64_json)).toMatchObject({ mediaType: 'image/png', width: 1024, height: 1024 })
    expect(result.usage).toMatchObject({ output_tokens: 1000, cost: 0.04 })
    expect(result).toMatchObject({ size: '1024x1024', quality: 'medium', output_format: 'png', halftone: { cost_usd: '0.04' } })
    expect(calls).toHaveLength(1)
    expect(calls[0]?.fields).toMatchObject({ model, prompt: 'a red fox', n: 1, size: '1024x1024', quality: 'medium' })
  })

  it('n images come back in one answer', async () => {
    const { result, calls } = await callsDuring(() => client.images.generate({ model, prompt: 'three hens', n: 3 }))
    const images = result.data?.map((image) => image.b64_json)
    expect(new Set(images).size).toBe(3)
    expect(calls).toHaveLength(1)
  })

  it('url answers are links that give the image', async () => {
    const { data } = await client.images.generate({ model, prompt: 'a link', response_format: 'url' })
    const url = data?.[0]?.url ?? ''
    expect(url).toMatch(new RegExp(`^${gateway.url}/v1/halftone/images/img_`))
    const image = await fetch(url)
    expect(image.headers.get('content-type')).toBe('image/png')
    expect(readImageHeader(Buffer.from(await image.arrayBuffer()))).toMatchObject({ width: 1024, height: 1024 })
  })

  it('every parameter of the call reaches the provider', async () => {
    const { calls } = await callsDuring(() =>
      client.images.generate({
        model,
        prompt: 'everything set',
        background: 'opaque',
        moderation: 'low',
        n: 1,
        output_compression: 80,
        output_format: 'webp',
        quality: 'high',
        size: '1536x1024',
        user: 'customer-7',
      }),
    )
    expect(calls[0]?.fields).toMatchObject({
      background: 'opaque',
      moderation: 'low',
      output_compression: 80,
      output_format: 'webp',
      quality: 'high',
      size: '1536x1024',
    })
  })
})

describe('edits', () => {
  it.each([
    ['one image', 1, false],
    ['several images', 3, false],
    ['an image and a mask', 1, true],
  ])('%s', async (_, images, mask) => {
    const files = await Promise.all(Array.from({ length: images }, png))
    const { result, calls } = await callsDuring(async () =>
      client.images.edit({
        model,
        prompt: 'make it blue',
        image: images === 1 ? files[0]! : files,
        ...(mask && { mask: await png() }),
      }),
    )
    expect(sizeOf(result.data?.[0]?.b64_json)).toMatchObject({ width: 1024 })
    expect(calls).toHaveLength(1)
    expect(calls[0]?.files.filter(({ field }) => field.startsWith('image'))).toHaveLength(images)
    expect(calls[0]?.files.filter(({ field }) => field === 'mask')).toHaveLength(mask ? 1 : 0)
  })

  it('the JSON form takes data URLs', async () => {
    const image_url = `data:image/png;base64,${doublePicture(64, 64, { bytes: 20_000 }).toString('base64')}`
    const { result, calls } = await callsDuring(() =>
      client.post<{ data: { b64_json: string }[] }>('/images/edits', {
        body: { model, prompt: 'make it green', images: [{ image_url }], mask: { image_url } },
      }),
    )
    expect(sizeOf(result.data[0]?.b64_json)).toMatchObject({ width: 1024 })
    expect(calls[0]?.files.map(({ field, bytes }) => [field, bytes])).toEqual([
      ['image[]', 20_000],
      ['mask', 20_000],
    ])
  })
})

describe('streaming', () => {
  it('partial images come first, then the image with its usage and cost', async () => {
    const stream = await client.images.generate({ model, prompt: 'a slow sunrise', stream: true, partial_images: 2 })
    const events: OpenAI.Images.ImageGenStreamEvent[] = []
    for await (const event of stream) events.push(event)
    expect(events.map(({ type }) => type)).toEqual([
      'image_generation.partial_image',
      'image_generation.partial_image',
      'image_generation.completed',
    ])
    expect(events.map((event) => ('partial_image_index' in event ? event.partial_image_index : null))).toEqual([0, 1, null])
    for (const event of events) expect(sizeOf(event.b64_json)).toMatchObject({ width: 1024 })
    expect(events.at(-1)).toMatchObject({ usage: { output_tokens: 1000 }, halftone: { cost_usd: '0.04' } })
  })

  it('a streamed edit has its own event names', async () => {
    const stream = await client.images.edit({ model, prompt: 'bluer', image: await png(), stream: true, partial_images: 1 })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual(['image_edit.partial_image', 'image_edit.completed'])
  })

  it('a stream without partial images is just the image', async () => {
    const stream = await client.images.generate({ model, prompt: 'all at once', stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual(['image_generation.completed'])
  })

  it('a failure after the first partial is an error event, and is not paid again', async () => {
    double.script({ fault: 'reset_mid_body' })
    const stream = await client.images.generate({ model, prompt: 'breaks off', stream: true, partial_images: 2 })
    const before = double.calls.length
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toThrow(OpenAI.APIError)
    expect(double.calls.length).toBe(before)
  })
})

describe('typed errors', () => {
  const wrongKey = () => new OpenAI({ apiKey: 'ht-nobody', baseURL: gateway.baseUrl })
  const fails = (work: () => Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> =>
    work().then(
      () => Promise.reject(new Error('it did not fail')),
      (error) => error,
    )

  it('400: BadRequestError names the parameter', async () => {
    const error = await fails(() => client.images.generate({ model, prompt: 'x', size: '17x17' as '1024x1024' }))
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'size', type: 'invalid_request_error' })
  })

  it('401: AuthenticationError', async () => {
    const error = await fails(() => wrongKey().images.generate({ model, prompt: 'x' }))
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' })
  })

  it('403: PermissionDeniedError', async () => {
    const { secret } = await gateway.createKey({ allowed_models: ['openai/gpt-image-1-mini'] })
    const limited = new OpenAI({ apiKey: secret, baseURL: gateway.baseUrl })
    const error = await fails(() => limited.images.generate({ model, prompt: 'x' }))
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError)
    expect(error).toMatchObject({ code: 'model_not_allowed' })
  })

  it('404: NotFoundError', async () => {
    const error = await fails(() => client.images.generate({ model: 'gpt-image-3', prompt: 'x' }))
    expect(error).toBeInstanceOf(OpenAI.NotFoundError)
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model' })
  })

  it('409: ConflictError for one idempotency key on two different requests', async () => {
    const headers = { 'Idempotency-Key': 'conflict-1' }
    await client.images.generate({ model, prompt: 'first' }, { headers })
    const error = await fails(() => client.images.generate({ model, prompt: 'second' }, { headers }))
    expect(error).toBeInstanceOf(OpenAI.ConflictError)
    expect(error).toMatchObject({ code: 'idempotency_mismatch' })
  })

  it('429: RateLimitError when the provider limits the rate longer than its retries last', async () => {
    double.script({
      status: 429,
      headers: { 'retry-after': '1' },
      body: { error: { message: 'Slow down.', code: 'rate_limit_exceeded' } },
    })
    const patient = new OpenAI({ apiKey: client.apiKey, baseURL: gateway.baseUrl, maxRetries: 0 })
    const error = await fails(() => patient.images.generate({ model: 'gpt-image-1.5', prompt: 'busy' }))
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error).toMatchObject({ code: 'provider_rate_limited' })
    expect(error.headers?.get('retry-after')).toMatch(/^\d+$/)
  })

  it('500: InternalServerError, and the default client retries what was not billed', async () => {
    double.script({ status: 500, body: { error: { message: 'The server had an error.', type: 'server_error' } } })
    const { result: error, calls } = await callsDuring(() =>
      fails(() => client.images.generate({ model: 'gpt-image-1-mini', prompt: 'broken' })),
    )
    expect(error).toBeInstanceOf(OpenAI.InternalServerError)
    expect(calls.length).toBeGreaterThan(1)
    expect(double.billed.filter(({ prompt }) => prompt === 'broken')).toHaveLength(0)
  })
})

describe('clients that leave and come back', () => {
  it('an aborted call is settled, and an idempotent replay gets its image without paying again', async () => {
    double.script({ delayMs: 300 })
    const headers = { 'Idempotency-Key': 'abort-1' }
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 100)
    const call = { model, prompt: 'left early' } as const
    await expect(client.images.generate(call, { headers, signal: abort.signal })).rejects.toThrow(OpenAI.APIUserAbortError)
    await gateway.settled()
    const { result, calls } = await callsDuring(() => client.images.generate(call, { headers }).withResponse())
    expect(calls).toHaveLength(0)
    expect(result.response.headers.get('x-halftone-cache')).toBe('hit')
    expect(sizeOf(result.data.data?.[0]?.b64_json)).toMatchObject({ width: 1024 })
  })

  it("the client's own retry after a timeout joins the running call: one provider call", async () => {
    double.script({ delayMs: 1_200 })
    const hasty = new OpenAI({ apiKey: client.apiKey, baseURL: gateway.baseUrl, timeout: 700 })
    const { result, calls } = await callsDuring(() =>
      hasty.images.generate({ model, prompt: 'slower than the timeout' }).withResponse(),
    )
    expect(calls).toHaveLength(1)
    expect(result.response.headers.get('x-halftone-cache')).toBe('joined')
    expect(sizeOf(result.data.data?.[0]?.b64_json)).toMatchObject({ width: 1024 })
    expect(result.data).toMatchObject({ halftone: { warnings: [{ code: 'joined_retry' }] } })
  })

  it("the client's own retry after a lost answer gets the first one's image: one provider call", async () => {
    let lost = 0
    // The first answer is lost on the way: the server has sent it, the client sees a broken connection.
    const losing: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (lost++ > 0) return response
      await response.arrayBuffer()
      throw new TypeError('terminated')
    }
    const unlucky = new OpenAI({ apiKey: client.apiKey, baseURL: gateway.baseUrl, fetch: losing })
    const { result, calls } = await callsDuring(() =>
      unlucky.images.generate({ model, prompt: 'lost on the way' }).withResponse(),
    )
    expect(lost).toBe(2)
    expect(calls).toHaveLength(1)
    expect(result.response.headers.get('x-halftone-cache')).toBe('joined')
  })

  it('a retry of an upload joins too, whatever its multipart boundary', async () => {
    double.script({ delayMs: 1_200 })
    const hasty = new OpenAI({ apiKey: client.apiKey, baseURL: gateway.baseUrl, timeout: 700 })
    const { calls } = await callsDuring(async () => hasty.images.edit({ model, prompt: 'upload twice', image: await png() }))
    expect(calls).toHaveLength(1)
  })

  it('an outcome nobody knows is not retried by the client, since it may have been paid', async () => {
    double.script({ fault: 'reset_after' })
    const { result: error, calls } = await callsDuring(() =>
      client.images.generate({ model: 'chatgpt-image-latest', prompt: 'who knows' }).catch((reason) => reason),
    )
    expect(error).toBeInstanceOf(OpenAI.InternalServerError)
    expect(error.headers.get('x-should-retry')).toBe('false')
    expect(calls).toHaveLength(1)
  })
})

describe('models', () => {
  it('the list holds routes, models and offers; one can be read by its id', async () => {
    const ids: string[] = []
    for await (const { id } of client.models.list()) ids.push(id)
    expect(ids).toEqual(expect.arrayContaining(['auto', 'openai/gpt-image-2', 'openai:openai/gpt-image-2']))
    expect(await client.models.retrieve('openai/gpt-image-2')).toMatchObject({ id: 'openai/gpt-image-2', owned_by: 'openai' })
  })
})
