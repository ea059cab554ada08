/** Clients other than `openai`, with their default settings; and, byte for byte, what two applications send. */
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { DallEAPIWrapper } from '@langchain/openai'
import { generateImage } from 'ai'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readImageHeader } from '../../src/net/image-header.ts'
import { checkLedger, openaiProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { doublePicture, type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
let apiKey: string

beforeAll(async () => {
  double = await startProviderDouble()
  gateway = await startTestGateway({
    config: {
      providers: { openai: openaiProvider(double) },
      aliases: { 'dall-e-3': 'openai/gpt-image-2@medium', 'gpt-image-1': 'openai/gpt-image-2' },
    },
  })
  apiKey = (await gateway.createKey()).secret
})

afterAll(async () => {
  await gateway?.close()
  await double?.close()
})

afterEach(() => checkLedger(gateway, { doubles: { openai: double } }))

const lastCall = () => double.calls.at(-1)
const isPicture = (bytes: Uint8Array): boolean => readImageHeader(Buffer.from(bytes))?.mediaType === 'image/png'
const warningsOf = async (): Promise<readonly string[]> => {
  const [latest] = await gateway.requests()
  return (await gateway.record(latest?.id ?? '')).warnings.map(({ code, param }) => `${code} ${param}`)
}

describe('@ai-sdk/openai', () => {
  const provider = () => createOpenAI({ apiKey, baseURL: gateway.baseUrl })

  it('generates', async () => {
    const { image, usage, warnings } = await generateImage({ model: provider().image('gpt-image-2'), prompt: 'a red fox' })
    expect(isPicture(image.uint8Array)).toBe(true)
    expect(usage).toMatchObject({ outputTokens: 1000 })
    expect(warnings).toEqual([])
  })

  it('takes size, n and its own options', async () => {
    const { images } = await generateImage({
      model: provider().image('gpt-image-2'),
      prompt: 'two hens',
      n: 2,
      size: '1536x1024',
      providerOptions: { openai: { quality: 'low', background: 'transparent', outputFormat: 'webp' } },
    })
    expect(images).toHaveLength(2)
    expect(lastCall()?.fields).toMatchObject({ n: 2, size: '1536x1024', quality: 'low', background: 'transparent' })
  })

  it('a model name it does not know works too: it then asks for base64 itself', async () => {
    const { image } = await generateImage({ model: provider().image('openai/gpt-image-2'), prompt: 'by its full name' })
    expect(isPicture(image.uint8Array)).toBe(true)
  })

  it('edits images with a mask', async () => {
    const picture = doublePicture(64, 64)
    const { image } = await generateImage({
      model: provider().image('gpt-image-2'),
      prompt: { text: 'bluer', images: [picture, picture], mask: picture },
    })
    expect(isPicture(image.uint8Array)).toBe(true)
    expect(lastCall()?.files.map(({ field }) => field)).toEqual(['image[]', 'image[]', 'mask'])
  })

  it('errors carry status and message', async () => {
    await expect(generateImage({ model: provider().image('gpt-image-9'), prompt: 'x', maxRetries: 0 })).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('Did you mean'),
    })
  })
})

describe('@ai-sdk/openai-compatible', () => {
  const provider = () => createOpenAICompatible({ name: 'halftone', apiKey, baseURL: gateway.baseUrl })

  it('generates', async () => {
    const { images } = await generateImage({ model: provider().imageModel('gpt-image-2'), prompt: 'a red fox', n: 2 })
    expect(images.map(({ uint8Array }) => isPicture(uint8Array))).toEqual([true, true])
  })

  it('edits', async () => {
    const { image } = await generateImage({
      model: provider().imageModel('gpt-image-2'),
      prompt: { text: 'bluer', images: [doublePicture(64, 64)] },
    })
    expect(isPicture(image.uint8Array)).toBe(true)
  })

  it('its options become body parameters, the halftone object among them', async () => {
    const { image } = await generateImage({
      model: provider().imageModel('gpt-image-2'),
      prompt: 'tagged',
      providerOptions: { halftone: { quality: 'low', halftone: { tags: { campaign: 'summer' } } } },
    })
    expect(isPicture(image.uint8Array)).toBe(true)
    expect((await gateway.requests())[0]?.tags).toEqual({ campaign: 'summer' })
  })
})

describe('LangChain', () => {
  it('the DALL-E tool works as it is once its model has an alias; what the new model does not take is a warning', async () => {
    const tool = new DallEAPIWrapper({ apiKey, baseUrl: gateway.baseUrl })
    const url = await tool.invoke('a red fox')
    expect(url).toMatch(new RegExp(`^${gateway.url}/v1/halftone/images/`))
    expect(isPicture(new Uint8Array(await (await fetch(url)).arrayBuffer()))).toBe(true)
    expect(lastCall()?.fields).toMatchObject({ model: 'gpt-image-2', quality: 'medium' })
    expect(lastCall()?.fields).not.toHaveProperty('style')
    expect(await warningsOf()).toEqual(['parameter_dropped quality', 'parameter_dropped style'])
  })

  it('n above 1 becomes as many calls, each with its own picture', async () => {
    const before = double.calls.length
    const tool = new DallEAPIWrapper({ apiKey, baseUrl: gateway.baseUrl, n: 3, dallEResponseFormat: 'b64_json' })
    const pictures = (await tool.invoke('three hens')) as unknown as { image_url: { url: string } }[]
    expect(new Set(pictures.map(({ image_url }) => image_url.url)).size).toBe(3)
    expect(double.calls.length - before).toBe(3)
  })
})

/** What `backend/open_webui/routers/images.py` of open-webui/open-webui sends (commit 02530d5, read 2026-11-22). */
describe('Open WebUI', () => {
  const headers = () => ({
    Authorization: `Bearer ${apiKey}`,
    'X-OpenWebUI-User-Name': 'Ada%20Lovelace',
    'X-OpenWebUI-User-Id': '7f3b',
    'X-OpenWebUI-User-Email': 'ada@example.com',
    'X-OpenWebUI-User-Role': 'user',
  })
  const generate = (data: object, query = '') =>
    fetch(`${gateway.baseUrl}/images/generations${query}`, {
      method: 'POST',
      headers: { ...headers(), 'Content-Type': 'application/json' },
      body: JSON.stringify(data),
    })

  it.each([
    ['a gpt-image model gets no response_format', { model: 'gpt-image-2', prompt: 'a fox', n: 1, size: 'auto' }, ''],
    [
      'any other name asks for base64',
      { model: 'openai/gpt-image-2', prompt: 'a fox', n: 1, size: '1024x1024', response_format: 'b64_json' },
      '',
    ],
    [
      'with an API version',
      { model: 'gpt-image-2', prompt: 'a fox', n: 2, size: '1024x1024' },
      '?api-version=2025-04-01-preview',
    ],
    [
      'with additional parameters',
      { model: 'gpt-image-2', prompt: 'a fox', n: 1, size: '1024x1024', quality: 'low', moderation: 'low' },
      '',
    ],
  ])('generations: %s', async (_, data, query) => {
    const answer = await generate(data, query)
    expect(answer.status).toBe(200)
    const { data: images } = (await answer.json()) as { data: { b64_json: string }[] }
    expect(images).toHaveLength(data.n)
    for (const { b64_json } of images) expect(isPicture(Buffer.from(b64_json, 'base64'))).toBe(true)
  })

  it('its default size of 512x512 is refused with what the model can do, since the model does not make it', async () => {
    const answer = await generate({ model: 'gpt-image-2', prompt: 'a fox', n: 1, size: '512x512' })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { param: 'size', code: 'unsupported_parameter' } })
  })

  it('a link is fetched with its own headers', async () => {
    const answer = await generate({ model: 'gpt-image-2', prompt: 'a fox', n: 1, size: '1024x1024', response_format: 'url' })
    const { data } = (await answer.json()) as { data: { url: string }[] }
    const image = await fetch(data[0]?.url ?? '', { headers: headers() })
    expect(image.headers.get('content-type')).toMatch(/^image\//)
  })

  it.each([
    ['one image as "image"', ['image']],
    ['several as "image[]"', ['image[]', 'image[]']],
  ])('edits: %s, after the fields, all of them text', async (_, names) => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ model: 'gpt-image-2', prompt: 'bluer', n: '1', size: '1024x1024' }))
      form.append(name, value)
    for (const name of names)
      form.append(name, new Blob([new Uint8Array(doublePicture(64, 64))], { type: 'image/png' }), 'image.png')
    const answer = await fetch(`${gateway.baseUrl}/images/edits`, { method: 'POST', headers: headers(), body: form })
    expect(answer.status).toBe(200)
    const { data } = (await answer.json()) as { data: { b64_json: string }[] }
    expect(isPicture(Buffer.from(data[0]?.b64_json ?? '', 'base64'))).toBe(true)
    expect(lastCall()?.files).toHaveLength(names.length)
  })
})

/** What `OpenAIImageTools.js` and `DALLE3.js` of danny-avila/LibreChat send (commit 00b3bc3, read 2026-11-22). */
describe('LibreChat', () => {
  it('image_gen_oai: the openai client with explicit "auto" everywhere', async () => {
    const client = new OpenAI({ apiKey, baseURL: `${gateway.baseUrl}/` })
    const { data } = await client.images.generate({
      model: 'gpt-image-1',
      prompt: 'a red fox',
      n: 1,
      background: 'auto',
      output_format: 'png',
      quality: 'auto',
      size: 'auto',
    })
    expect(isPicture(Buffer.from(data?.[0]?.b64_json ?? '', 'base64'))).toBe(true)
  })

  it('image_edit_oai: a form without n, several images as image[]', async () => {
    const form = new FormData()
    for (const [name, value] of Object.entries({ model: 'gpt-image-1', prompt: 'bluer', quality: 'auto', size: 'auto' }))
      form.append(name, value)
    for (const name of ['a.png', 'b.png'])
      form.append('image[]', new Blob([new Uint8Array(doublePicture(64, 64))], { type: 'image/png' }), name)
    const answer = await fetch(`${gateway.baseUrl}/images/edits`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}` },
      body: form,
    })
    expect(answer.status).toBe(200)
    const { data } = (await answer.json()) as { data: { b64_json: string }[] }
    expect(isPicture(Buffer.from(data[0]?.b64_json ?? '', 'base64'))).toBe(true)
  })

  it('dalle: quality and style of the old model under its old name', async () => {
    const client = new OpenAI({ apiKey, baseURL: gateway.baseUrl })
    const { data } = await client.images.generate({
      model: 'dall-e-3',
      quality: 'hd',
      style: 'natural',
      size: '1024x1024',
      prompt: 'a red fox',
      n: 1,
    })
    expect(data).toHaveLength(1)
    expect(await warningsOf()).toEqual(['parameter_dropped quality', 'parameter_dropped style'])
  })
})
