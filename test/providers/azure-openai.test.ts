/** Azure OpenAI against a resource that refuses what the real one would, and beside OpenAI's SDK for Azure. */
import OpenAI, { AzureOpenAI } from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { parseSize } from '../../src/core/request.ts'
import { maiModels } from '../../src/providers/azure-openai/mai.ts'
import { azureOpenai } from '../../src/providers/azure-openai.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { openaiModels } from '../../src/providers/openai-dialect/openai-models.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type AzureDouble, azureKey, entraSecret, openaiSpecification, startAzure } from '../support/doubles/azure-openai.ts'
import type { DoubleCall } from '../support/doubles/server.ts'
import { type AttemptSetup, attempt, testCandidate, testClock, testEncodeContext, testInput, testRequest } from './attempt.ts'
import { byTheBook } from './book.ts'

const picture = doublePicture(64, 64)
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function start(): Promise<AzureDouble> {
  const double = await startAzure()
  closers.push(() => double.close())
  return double
}

const models = [
  { id: 'pictures', model: 'openai/gpt-image-2', capabilities: {} },
  { id: 'mai', model: 'microsoft/mai-image-2.5', capabilities: {} },
  { id: 'mai-26', model: 'microsoft/MAI-Image-2.6', capabilities: {} },
  { id: 'gone', model: 'openai/gpt-image-1.5', capabilities: {} },
]

function azure({ origin }: AzureDouble, config: Partial<ProviderConfig> = {}) {
  const account = { name: 'azure', type: 'azure-openai', baseUrl: origin, apiKey: { reveal: () => azureKey }, models, ...config }
  const provider = createCodecProvider(azureOpenai, account, { clock: testClock })
  closers.push(() => provider.close())
  return provider
}

const edit: AttemptSetup = { request: { operation: 'edit', inputs: [testInput(picture)] }, files: { input: picture } }

describe('deployments', () => {
  test.each([
    ['the newer path', {}, edit],
    ['the newer path', {}, {}],
    ['the older path', { api: 'deployments' }, edit],
    ['the older path', { api: 'deployments' }, {}],
    ['another version', { apiVersion: 'preview' }, {}],
  ])('%s of a deployment is taken with %o', async (_, options, setup: AttemptSetup) => {
    const { result } = await attempt(azure(await start(), { options }), setup)
    expect(result).toMatchObject({ kind: 'done', images: [{ size: { width: 1024, height: 1024 } }] })
  })

  test.each([
    ['a deployment that is not there', 'openai/gpt-image-1.5', 'provider_not_found'],
    ['a wrong key', 'openai/gpt-image-2', 'provider_auth'],
  ])('%s is told, and costs nothing', async (what, model, code) => {
    const config = what === 'a wrong key' ? { apiKey: { reveal: () => 'another' } } : {}
    const { result } = await attempt(azure(await start(), config), { model })
    expect(result).toMatchObject({ kind: 'failed', failure: { code, billed: 'no' } })
  })

  test('without deployments nothing is offered, since nobody else knows them', () => {
    expect(azureOpenai.offers({ name: 'azure', type: 'azure-openai' })).toEqual([])
  })

  test.each(['black-forest-labs/flux.2-pro', 'microsoft/mai-image-9'])(
    '%s, which is served elsewhere or unknown, is refused',
    (model) => {
      const named = [{ id: 'd', model, capabilities: {} }]
      const make = () => azureOpenai.offers({ name: 'azure', type: 'azure-openai', models: named })
      expect(make).toThrow(`providers.azure.models: azure-openai has no ${model}`)
    },
  )

  test('the probe spends nothing', async () => {
    const double = await start()
    const result = await azure(double).probe?.(new AbortController().signal)
    expect(result).toEqual({ ok: true, message: 'reachable; GET /models lists 1 model' })
    expect(double.calls.map(({ method }) => method)).toEqual(['GET'])
  })

  test("a generation is a valid request by OpenAI's schema", () => {
    const [offer] = azureOpenai.offers({ name: 'azure', type: 'azure-openai', models })
    const candidate = testCandidate({ offers: [offer!] }, { n: 2, background: 'opaque', format: 'webp' })
    const request = testRequest({ outputCompression: 5, moderation: 'low', stream: true, partialImages: 2 })
    const { body } = azureOpenai.encode(request, candidate, testEncodeContext).call
    const value = body.kind === 'json' ? body.value : {}
    expect(openaiSpecification.problems('CreateImageRequest', value)).toEqual([])
    expect(openaiSpecification.problems('CreateImageRequest', { ...value, negative_prompt: 'x' })).not.toEqual([])
  })
})

describe('who asks', () => {
  test.each([
    ['a key', azureKey, { 'api-key': azureKey }],
    ['a token of Entra ID', 'eyJhbGciOi.eyJhdWQiOi.c2ln', { authorization: 'Bearer eyJhbGciOi.eyJhdWQiOi.c2ln' }],
  ])('%s goes into its own header', async (_, key, headers) => {
    const double = await start()
    await attempt(azure(double, { apiKey: { reveal: () => key } }))
    expect(double.calls[0]?.headers).toMatchObject(headers)
    expect(double.calls[0]?.headers).not.toMatchObject(
      'api-key' in headers ? { authorization: expect.anything() } : { 'api-key': key },
    )
  })

  test('a client secret buys a token, which later calls share', async () => {
    const double = await start()
    const entra = { tenantId: 'tenant', clientId: 'client', authority: double.origin }
    const provider = azure(double, { apiKey: { reveal: () => entraSecret }, options: { entra } })
    expect((await attempt(provider)).result.kind).toBe('done')
    expect((await attempt(provider)).result.kind).toBe('done')
    expect(double.tokens).toHaveLength(1)
    expect(double.calls[0]?.path).toBe('/tenant/oauth2/v2.0/token')
  })

  test('a wrong secret costs nothing', async () => {
    const double = await start()
    const entra = { tenantId: 'tenant', clientId: 'client', authority: double.origin }
    const { result } = await attempt(azure(double, { apiKey: { reveal: () => 'wrong' }, options: { entra } }))
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_auth', billed: 'no' } })
    expect(double.calls).toHaveLength(1)
  })
})

describe("OpenAI's SDK", () => {
  const params = { prompt: testRequest().prompt, n: 1, size: '1024x1024', quality: 'medium', output_format: 'png' } as const
  const members = (call: DoubleCall | undefined): JsonObject => {
    const { model: _, ...others } = call?.json ?? {}
    return others
  }

  test('for Azure asks the older path for the same, naming the deployment twice', async () => {
    const double = await start()
    await attempt(azure(double, { options: { api: 'deployments' } }))
    const sdk = new AzureOpenAI({ endpoint: double.origin, apiKey: azureKey, apiVersion: '2025-04-01-preview' })
    const answer = await sdk.images.generate({ ...params, model: 'pictures' })
    expect(answer.data).toHaveLength(1)
    const [ours, theirs] = double.calls
    expect([theirs?.path, theirs?.query.toString(), members(theirs)]).toEqual([ours?.path, ours?.query.toString(), members(ours)])
    expect(theirs?.headers['api-key']).toBe(ours?.headers['api-key'])
  })

  test('asks the newer path for the same', async () => {
    const double = await start()
    await attempt(azure(double))
    const sdk = new OpenAI({
      baseURL: `${double.origin}/openai/v1`,
      apiKey: azureKey,
      defaultHeaders: { 'api-key': azureKey, authorization: null },
      defaultQuery: { 'api-version': 'v1' },
    })
    await sdk.images.generate({ ...params, model: 'pictures' })
    const [ours, theirs] = double.calls
    expect([theirs?.path, theirs?.json]).toEqual([ours?.path, ours?.json])
  })
})

describe('MAI', () => {
  test.each([
    ['microsoft/mai-image-2.5', '1360x768'],
    ['microsoft/mai-image-2.5', '1024x1024'],
    ['microsoft/mai-image-2.6', '1536x1536'],
  ])('%s makes %s', async (model, size) => {
    const { result } = await attempt(azure(await start()), { model, settings: { size: parseSize(size)! } })
    expect(result).toMatchObject({ kind: 'done', images: [{ size: parseSize(size) }] })
  })

  test.each(['microsoft/mai-image-2.5', 'microsoft/mai-image-2.6'])('%s edits', async (model) => {
    const { result } = await attempt(azure(await start()), { ...edit, model })
    expect(result.kind).toBe('done')
  })
})

describe('by the shipped price book', () => {
  test.each([
    // 8 in at 5, 1000 out at 30 per million.
    ['openai/gpt-image-2', 30_040_000n],
    // 8 in at 5, 1024 out at 47 per million.
    ['microsoft/mai-image-2.5', 48_168_000n],
  ])('%s: what the answer reports is charged', async (model, charged) => {
    const provider = azure(await start())
    const { result } = await attempt(provider, { model })
    const answer = await byTheBook(testCandidate(provider, {}, model), testRequest(), result)
    expect(answer).toMatchObject({ chargedNanoUsd: charged, provenance: 'metered' })
    expect(answer.maxNanoUsd).toBeGreaterThanOrEqual(charged)
  })

  test('every model a deployment may be has a price, or is declared to have none', async () => {
    const { loadPriceFiles } = await import('../../src/config/price-files.ts')
    const { books } = await loadPriceFiles()
    const book = books.map((each) => each.book).find(({ provider }) => provider === 'azure-openai')
    const named = [...(book?.skus ?? []), ...(book?.unpriced ?? [])].map(
      ({ model }) => new RegExp(`^${model.replaceAll('.', '\\.').replaceAll('*', '.*')}$`),
    )
    const offered = [...maiModels, ...openaiModels].map(({ model }) => model)
    expect(offered.filter((model) => !named.some((pattern) => pattern.test(model)))).toEqual([])
  })
})
