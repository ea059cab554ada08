/** Gemini on both hosts: against the discovery document, against a double that holds to it, and beside Google's own SDK. */
import { generateKeyPairSync } from 'node:crypto'
import { GoogleGenAI, MaskReferenceImage, MaskReferenceMode, RawReferenceImage } from '@google/genai'
import { afterEach, describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { parseSize } from '../../src/core/request.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { geminiModels } from '../../src/providers/gemini-dialect/models.ts'
import { google } from '../../src/providers/google.ts'
import { googleVertex } from '../../src/providers/google-vertex.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import {
  type GoogleDouble,
  type GoogleDoubleOptions,
  googleSpecification,
  serviceAccount,
  startGoogleDouble,
} from '../support/doubles/google.ts'
import type { DoubleCall } from '../support/doubles/server.ts'
import { type AttemptSetup, attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'
import { byTheBook } from './book.ts'

const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const picture = doublePicture(64, 64)
const options = { project: 'halftone-test', location: 'us-central1' }

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function start(settings: GoogleDoubleOptions = {}): Promise<GoogleDouble> {
  const double = await startGoogleDouble({ publicKey: keys.publicKey, ...settings })
  closers.push(() => double.close())
  return double
}

function gemini(double: GoogleDouble, config: Partial<ProviderConfig> = {}, clock = testClock) {
  const key = { reveal: () => 'key-1' }
  const account = { name: 'google', type: 'google', baseUrl: `${double.origin}/v1beta`, apiKey: key, ...config }
  const provider = createCodecProvider(google, account, { clock })
  closers.push(() => provider.close())
  return provider
}

const keyFile = (double: GoogleDouble, changes: object = {}): string =>
  JSON.stringify({
    type: 'service_account',
    project_id: 'halftone-test',
    private_key_id: 'k1',
    private_key: keys.privateKey,
    client_email: serviceAccount,
    token_uri: `${double.origin}/token`,
    ...changes,
  })

function vertex(double: GoogleDouble, config: Partial<ProviderConfig> = {}, clock = testClock) {
  const account = {
    name: 'vertex',
    type: 'google-vertex',
    baseUrl: `${double.origin}/v1`,
    apiKey: { reveal: () => keyFile(double) },
    options,
    ...config,
  }
  const provider = createCodecProvider(googleVertex, account, { clock })
  closers.push(() => provider.close())
  return provider
}

test('the batch lane: a batch of one by the discovery document, on record before it is asked about, at half the price', async () => {
  const double = await start()
  const hasty = { ...testClock, sleep: (_: number, signal?: AbortSignal) => testClock.sleep(1, signal) }
  const provider = gemini(double, {}, hasty)
  const candidateOf = (tier: string | undefined) => {
    const offer = provider.offers.find((each) => each.model === 'google/gemini-3-pro-image' && each.tier === tier)
    return testCandidate({ offers: offer ? [offer] : [] })
  }
  const jobs: unknown[] = []
  const io = { onSubmitted: async (job: unknown) => void jobs.push(job) }
  const { result } = await attempt({ ...provider, offers: [candidateOf('batch').offer] }, { io })
  expect(result.kind === 'failed' ? result.failure : result.kind).toBe('done')
  expect(jobs).toMatchObject([{ jobId: 'batches/b1' }])
  const [charged, atOnce] = await Promise.all(
    ['batch', undefined].map((tier) => byTheBook(candidateOf(tier), testRequest(), result)),
  )
  expect([charged?.chargedNanoUsd, charged?.provenance]).toEqual([(atOnce?.chargedNanoUsd ?? 0n) / 2n, 'metered'])
})

const edit: AttemptSetup = {
  request: { operation: 'edit', inputs: [testInput(picture), testInput(picture, { role: 'reference' })] },
  files: { input: picture },
}

/** The body as it is sent, with the bytes of input images left out of both sides of a comparison. */
const bodyOf = (call: DoubleCall | undefined): JsonValue =>
  JSON.parse(JSON.stringify(call?.json ?? null).replaceAll(picture.toString('base64'), '<image>')) as JsonValue

const encoded = (model: string, size: string, changes: Parameters<typeof testRequest>[0] = {}): JsonValue => {
  const offers = google.offers({ name: 'google', type: 'google' })
  const candidate = testCandidate({ offers }, { size: parseSize(size)! }, model)
  const { body } = google.encode(testRequest(changes), candidate, { attemptId: 'a', options: {} }).call
  return JSON.parse(
    JSON.stringify(body.kind === 'json' ? body.value : null).replaceAll('{"$input":0,"dataUrl":false}', '"AAAA"'),
  ) as JsonValue
}

describe('against the discovery document', () => {
  test.each(geminiModels.flatMap(({ name, sizes }) => [...sizes.keys()].map((size) => [name, size] as const)))(
    '%s at %s is a valid request',
    (name, size) => {
      const body = encoded(`google/${name}`, size, { seed: 1, operation: 'edit', inputs: [testInput(picture)] })
      expect(googleSpecification.problems('GenerateContentRequest', body)).toEqual([])
    },
  )

  test.each([
    ['a field of another API', { size: '1024x1024' }],
    ['a misspelt one', { generation_config: {} }],
    ['an unknown service tier', { serviceTier: 'cheap' }],
  ])('%s is refused by it', (_, extra) => {
    const body = { ...(encoded('google/gemini-3-pro-image', '1024x1024') as JsonObject), ...extra }
    expect(googleSpecification.problems('GenerateContentRequest', body)).not.toEqual([])
  })
})

describe('models named in the configuration', () => {
  const offered = (model: string) =>
    google.offers({
      name: 'google',
      type: 'google',
      models: [{ id: model, model: `google/${model}`, capabilities: {} }],
    })

  test.each([
    ['a preview', 'gemini-3-pro-image-preview', 'gemini-3-pro-image'],
    ['a dated one', 'gemini-2.5-flash-image-preview-09-2025', 'gemini-2.5-flash-image'],
    ['a later model', 'gemini-4-flash-image', 'gemini-nano-banana-2.1'],
  ])('%s, %s, is called by its own name and can do what %s can', (_, name, relative) => {
    const [base] = google.offers({ name: 'google', type: 'google' }).filter(({ wireModel }) => wireModel === relative)
    const [offer] = offered(name)
    expect(offer).toMatchObject({ model: `google/${name}`, wireModel: name, capabilities: base?.capabilities })
    const { call } = google.encode(testRequest(), testCandidate({ offers: [offer!] }), { attemptId: 'a', options: {} })
    expect(call.path).toBe(`/models/${name}:generateContent`)
    expect(call.body).toMatchObject({ value: { generationConfig: { imageConfig: { aspectRatio: '1:1' } } } })
  })

  test('what makes no pictures is refused with the nearest name', () => {
    expect(() => offered('gemini-3-pro')).toThrow('providers.google.models: google has no google/gemini-3-pro.')
  })
})

describe('the Gemini API', () => {
  test.each([
    ['google/gemini-nano-banana-2.1', '1376x768'],
    ['google/gemini-3-pro-image', '1536x2752'],
    ['google/gemini-3.1-flash-image', '512x512'],
    ['google/gemini-3.1-flash-image', '464x576'],
    ['google/gemini-2.5-flash-image', '1536x672'],
  ])('%s is asked for %s in the words that make just that', async (model, size) => {
    const double = await start()
    const { result } = await attempt(gemini(double), { model, settings: { size: parseSize(size)! } })
    expect(result).toMatchObject({ kind: 'done', images: [{ size: parseSize(size) }] })
  })

  test('input pictures arrive byte for byte, and the draft among the thoughts is no result', async () => {
    const double = await start()
    const { result } = await attempt(gemini(double), edit)
    expect(result).toMatchObject({ kind: 'done', images: [{ size: { width: 1024, height: 1024 } }] })
    expect(bodyOf(double.asked[0])).toMatchObject({
      contents: [
        { parts: [{ inlineData: { data: '<image>' } }, { inlineData: { data: '<image>' } }, { text: expect.any(String) }] },
      ],
    })
  })

  test('a limited key gives way to the next one of the account', async () => {
    const double = await start({ apiKeys: ['key-1', 'key-2'] })
    double.enqueue({ status: 429, json: { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'slow down' } } })
    const provider = gemini(double, { moreApiKeys: [{ reveal: () => 'key-2' }] })
    const { result } = await attempt(provider)
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rate_limited', retryable: true, retryAfterMs: 0 } })
    expect((await attempt(provider)).result.kind).toBe('done')
    expect(double.asked.map(({ headers }) => headers['x-goog-api-key'])).toEqual(['key-2'])
  })

  test('silence ends as a timeout of unknown cost', async () => {
    const double = await start()
    double.enqueue('silence')
    const { result } = await attempt(gemini(double, { timeoutMs: 200 }))
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_timeout', billed: 'unknown' } })
  })

  test('the probe spends nothing and says what is there', async () => {
    const double = await start()
    const message = 'reachable; GET /models lists 1 models, 1 of them for images'
    expect(await gemini(double).probe?.(new AbortController().signal)).toEqual({ ok: true, message })
    expect(double.asked).toEqual([])
  })

  test("Google's SDK sends what the codec sends, and the double takes both", async () => {
    const double = await start()
    await attempt(gemini(double), { ...edit, request: { ...edit.request, seed: 7 } })
    const sdk = new GoogleGenAI({ apiKey: 'key-1', apiVersion: 'v1beta', httpOptions: { baseUrl: double.origin } })
    const inlineData = { mimeType: 'image/png', data: picture.toString('base64') }
    const answer = await sdk.models.generateContent({
      model: 'gemini-nano-banana-2.1',
      contents: [{ role: 'user', parts: [{ inlineData }, { inlineData }, { text: testRequest().prompt }] }],
      config: { responseModalities: ['IMAGE'], seed: 7, imageConfig: { aspectRatio: '1:1', imageSize: '1K' } },
    })
    expect(answer.candidates?.[0]?.content?.parts).toHaveLength(2)
    const [ours, theirs] = double.asked
    expect(bodyOf(ours)).toEqual(bodyOf(theirs))
    expect(ours?.path).toBe(theirs?.path)
    expect(ours?.headers['x-goog-api-key']).toBe(theirs?.headers['x-goog-api-key'])
  })
})

describe('Vertex AI', () => {
  test('a service account signs for a token, which all calls share until it ends', async () => {
    const double = await start()
    let nowUs = Date.now() * 1000
    const provider = vertex(double, {}, { ...testClock, nowUs: () => nowUs })
    const results = await Promise.all([attempt(provider), attempt(provider)])
    expect(results.map(({ result }) => result.kind)).toEqual(['done', 'done'])
    await attempt(provider)
    expect(double.tokens).toHaveLength(1)
    nowUs += 3_600_000_000
    expect((await attempt(provider)).result.kind).toBe('done')
    expect(double.tokens).toHaveLength(2)
  })

  test('an access token is sent as it is', async () => {
    const double = await start()
    const provider = vertex(double, { apiKey: { reveal: () => 'ya29.mine' } })
    expect((await attempt(provider)).result).toMatchObject({ kind: 'failed', failure: { code: 'provider_auth', billed: 'no' } })
    expect(double.asked[0]?.headers['authorization']).toBe('Bearer ya29.mine')
    expect(double.tokens).toEqual([])
  })

  test.each([
    ['an account Google does not know', { client_email: 'nobody@example.com' }, 'provider_auth', 'answered 400'],
    ['a token endpoint that is not there', { token_uri: 'http://127.0.0.1:1/token' }, 'provider_unreachable', '127.0.0.1:1'],
    ['a private key that is none', { private_key: 'nonsense' }, 'provider_auth', 'cannot sign'],
  ])('%s costs nothing and is told plainly', async (_, changes, code, message) => {
    const double = await start()
    const { result } = await attempt(vertex(double, { apiKey: { reveal: () => keyFile(double, changes) } }))
    expect(result).toMatchObject({ kind: 'failed', failure: { code, billed: 'no', message: expect.stringContaining(message) } })
    expect(JSON.stringify(result)).not.toContain('nonsense')
    expect(double.asked).toEqual([])
  })

  test.each([
    ['a key file that is no JSON', { apiKey: { reveal: () => '{"private_key": "secret' } }, 'starts as JSON and is none'],
    ['one without its key', { apiKey: { reveal: () => '{"client_email": "a@b"}' } }, 'has no private_key'],
    ['no project', { options: {} }, 'options.project is missing'],
  ])('%s is refused when the account is made, without quoting it', async (_, config, message) => {
    const double = await start()
    const make = (): unknown => vertex(double, config)
    expect(make).toThrow(message)
    expect(make).not.toThrow(/secret/)
  })

  test.each([
    ['global', 'https://aiplatform.googleapis.com/v1'],
    ['europe-west4', 'https://europe-west4-aiplatform.googleapis.com/v1'],
    ['eu', 'https://aiplatform.eu.rep.googleapis.com/v1'],
  ])('calls of the location %s go to %s', (location, expected) => {
    expect(googleVertex.baseUrl).toBeTypeOf('function')
    const baseUrl = googleVertex.baseUrl as (config: object) => string
    expect(baseUrl({ options: { ...options, location } })).toBe(expected)
  })

  test('the cheaper tier is offered where it is served: at the global location', () => {
    const tiers = (location: string): (string | undefined)[] => [
      ...new Set(
        googleVertex.offers({ name: 'v', type: 'google-vertex', options: { ...options, location } }).map(({ tier }) => tier),
      ),
    ]
    expect(tiers('global')).toEqual([undefined, 'flex'])
    expect(tiers('us-central1')).toEqual([undefined])
  })

  /** The SDK finds its own token elsewhere; it is told to use the one of the double. */
  const sdkOf = async (double: GoogleDouble): Promise<GoogleGenAI> => {
    await attempt(vertex(double))
    const authorization = `Bearer ${double.tokens[0]}`
    const authClient = { getRequestHeaders: async () => new Headers({ authorization }) } as never
    return new GoogleGenAI({
      vertexai: true,
      ...options,
      apiVersion: 'v1',
      httpOptions: { baseUrl: double.origin },
      googleAuthOptions: { authClient },
    })
  }

  test("Google's SDK sends what the codec sends for Gemini", async () => {
    const double = await start()
    const sdk = await sdkOf(double)
    await attempt(vertex(double), { settings: { format: 'jpeg' }, request: { outputCompression: 80 } })
    await sdk.models.generateContent({
      model: 'gemini-nano-banana-2.1',
      contents: [{ role: 'user', parts: [{ text: testRequest().prompt }] }],
      config: {
        responseModalities: ['IMAGE'],
        imageConfig: { aspectRatio: '1:1', imageSize: '1K', outputMimeType: 'image/jpeg', outputCompressionQuality: 80 },
      },
    })
    const [, ours, theirs] = double.asked
    expect(bodyOf(ours)).toEqual(bodyOf(theirs))
    expect(ours?.path).toBe(theirs?.path)
  })

  test("Google's SDK sends what the codec sends for Imagen", async () => {
    const double = await start()
    const sdk = await sdkOf(double)
    await attempt(vertex(double), { model: 'google/imagen-4.0', settings: { n: 2 }, request: { seed: 3 } })
    const answer = await sdk.models.generateImages({
      model: 'imagen-4.0-generate-001',
      prompt: testRequest().prompt,
      config: {
        numberOfImages: 2,
        aspectRatio: '1:1',
        seed: 3,
        addWatermark: false,
        includeRaiReason: true,
        outputMimeType: 'image/png',
      },
    })
    expect(answer.generatedImages).toHaveLength(2)
    const [, ours, theirs] = double.asked
    expect(bodyOf(ours)).toEqual(bodyOf(theirs))
  })

  test("Google's SDK sends what the codec sends for an edit with a mask, which goes out black and white", async () => {
    const double = await start()
    const sdk = await sdkOf(double)
    const mask = await doubleMask(64, 64)
    const files = { input: picture, mask }
    const inputs = [testInput(picture), testInput(mask, { role: 'mask', sha256: 'mask' })]
    await attempt(vertex(double), { model: 'google/imagen-3.0-capability', request: { operation: 'edit', inputs }, files })
    const ours = double.asked[1]?.json as unknown as {
      instances: { referenceImages: { referenceImage: { bytesBase64Encoded: string } }[] }[]
    }
    const sent = ours.instances[0]?.referenceImages[1]?.referenceImage.bytesBase64Encoded ?? ''
    expect(Buffer.from(sent, 'base64').equals(mask)).toBe(false)
    const raw = new RawReferenceImage()
    Object.assign(raw, { referenceId: 1, referenceImage: { imageBytes: picture.toString('base64'), mimeType: 'image/png' } })
    const masked = new MaskReferenceImage()
    Object.assign(masked, {
      referenceId: 2,
      referenceImage: { imageBytes: sent, mimeType: 'image/png' },
      config: { maskMode: MaskReferenceMode.MASK_MODE_USER_PROVIDED },
    })
    await sdk.models.editImage({
      model: 'imagen-3.0-capability-001',
      prompt: testRequest().prompt,
      referenceImages: [raw, masked],
      config: {
        numberOfImages: 1,
        editMode: 'EDIT_MODE_INPAINT_INSERTION' as never,
        includeRaiReason: true,
        outputMimeType: 'image/png',
      },
    })
    expect(ours).toEqual(double.asked[2]?.json)
  })
})

describe('by the shipped price book', () => {
  test.each([
    // 8 text in at 1.5, 100 thoughts at 7.5, 1120 image out at 30 per million.
    ['google', 'google/gemini-nano-banana-2.1', undefined, {}, 34_362_000n],
    // 8 and 2 x 1120 in at 2, 100 at 12, 1120 at 120.
    ['google', 'google/gemini-3-pro-image', undefined, edit, 140_096_000n],
    ['google', 'google/gemini-3-pro-image', 'flex', {}, 67_808_000n],
    ['google-vertex', 'google/gemini-nano-banana-2.1', undefined, {}, 34_362_000n],
    ['google-vertex', 'google/imagen-4.0', undefined, {}, 40_000_000n],
  ] as const)('%s %s %s: what is charged lies in what was quoted', async (type, model, tier, setup: AttemptSetup, charged) => {
    const double = await start()
    const models = tier && { models: [{ id: model.slice('google/'.length), model, tier, capabilities: {} }] }
    const provider = type === 'google' ? gemini(double, models) : vertex(double, models)
    const { result } = await attempt(provider, { ...setup, model })
    const answer = await byTheBook(testCandidate(provider, {}, model), testRequest(setup.request), result)
    expect(answer.chargedNanoUsd).toBe(charged)
    expect(answer.minNanoUsd).toBeLessThanOrEqual(charged)
    expect(answer.maxNanoUsd).toBeGreaterThanOrEqual(charged)
  })
})
