import Replicate from 'replicate'
import { afterEach, describe, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { replicate } from '../../src/providers/replicate.ts'
import { doublePicture } from '../support/double-picture.ts'
import {
  type ReplicateDouble,
  type ReplicateScript,
  replicateSpecification,
  replicateToken,
  startReplicate,
} from '../support/doubles/replicate.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(
  script: ReplicateScript = {},
  config: Partial<ProviderConfig> = {},
): Promise<{ provider: Provider; double: ReplicateDouble }> {
  const double = await startReplicate(script)
  const apiKey = { reveal: () => replicateToken }
  const all = { name: 'replicate', type: 'replicate', baseUrl: `${double.origin}/v1`, apiKey, ...config }
  const provider = createCodecProvider(replicate, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const schnell = { model: 'black-forest-labs/flux.1-schnell' }
const schemas = Object.keys((replicateSpecification.document['components'] as { schemas: object }).schemas)

describe('calls are what the specification and the API pages of the models allow', () => {
  const offers = replicate.offers({ name: 'replicate', type: 'replicate' })
  const cases = offers
    .filter(({ assumed }) => !assumed)
    .flatMap((offer) => {
      const { operations, qualities } = offer.capabilities
      const all = qualities.length > 0 ? qualities : [undefined]
      return operations.flatMap((operation) => all.map((quality) => ({ offer, model: offer.model, operation, quality })))
    })

  test.each(cases)('$model, $operation $quality', ({ offer, operation, quality }) => {
    const { parameters, maxN, styles, maxInputs } = offer.capabilities
    const optional = { seed: 3, guidance: 4, negativePrompt: 'rain', outputCompression: 80, style: styles?.[1] }
    const taken = Object.entries(optional).filter(([name]) => parameters.some((parameter) => parameter === name))
    const steps = parameters.includes('steps') ? { steps: 4 } : {}
    const candidate = testCandidate({ offers: [offer] }, { n: maxN, ...steps, ...(quality ? { quality } : {}) })
    const inputs = operation === 'edit' ? Array.from({ length: maxInputs }, () => testInput(image)) : []
    const request = testRequest({ ...Object.fromEntries(taken), operation, inputs })
    const { call } = replicate.encode(request, candidate, { attemptId: 'a', options: {} })
    const body = call.body.kind === 'json' ? call.body.value : {}
    const sent = JSON.parse(JSON.stringify(body), (_, value) => (value && '$input' in Object(value) ? 'data:' : value))
    const model = /^\/models\/(.+)\/predictions$/.exec(call.path)?.[1]?.replace('/', ' ') ?? ''
    expect(replicateSpecification.problems('PredictionRequest', sent)).toEqual([])
    // The page of flux-dev was not stored; its members are those of its fixture.
    if (!schemas.includes(model)) return expect(model).toBe('black-forest-labs flux-dev')
    return expect(replicateSpecification.problems(model, sent.input)).toEqual([])
  })
})

describe('against a double of the predictions API', () => {
  test('a quick prediction comes with the answer, a slow one is polled', async () => {
    const quick = await account()
    expect((await attempt(quick.provider, schnell)).result.kind).toBe('done')
    expect(quick.double.calls.filter(({ path }) => path.startsWith('/v1'))).toHaveLength(1)
    const slow = await account({ pending: 1 })
    expect((await attempt(slow.provider, { ...schnell, settings: { n: 3 } })).result).toMatchObject({
      kind: 'done',
      images: [{}, {}, {}],
    })
    expect(slow.double.calls.filter(({ path }) => path.startsWith('/v1'))).toHaveLength(3)
  })

  test("the vendor's SDK gets the same from the same double", async () => {
    const { double } = await account({ pending: 1 })
    const client = new Replicate({ auth: replicateToken, baseUrl: `${double.origin}/v1`, useFileOutput: false })
    const input = { prompt: 'a kite', num_outputs: 2 }
    expect(await client.run('black-forest-labs/flux-schnell', { input, wait: { mode: 'poll', interval: 10 } })).toHaveLength(2)
    const prediction = await client.predictions.create({ model: 'black-forest-labs/flux-schnell', input })
    expect((await client.predictions.cancel(prediction.id)).status).toBe('canceled')
    const wrong = client.predictions.create({ model: 'black-forest-labs/flux-schnell', input: { prompt: 'x', n: 1 } })
    await expect(wrong).rejects.toThrow('422')
  })

  test('images too large for the call are uploaded before it', async () => {
    const { provider, double } = await account()
    const large = doublePicture(512, 512, { bytes: 6_000_000 })
    const inputs = [testInput(large), testInput(large, { role: 'reference' })]
    const request = { operation: 'edit', inputs } as const
    const { result } = await attempt(provider, { model: 'black-forest-labs/flux.2-pro', request, files: { input: large } })
    expect(result.kind).toBe('done')
    expect([...double.files.values()]).toEqual([large.length, large.length])
    expect(double.predictions.get('p1')?.input['input_images']).toEqual([...double.files.keys()])
  })

  test('a prediction that a crash left behind is resumed, and not made again', async () => {
    const { provider, double } = await account({ pending: 1 })
    const { cut, resumed } = await crashAndResume(provider, schnell)
    expect(cut).toMatchObject({ kind: 'failed', failure: { billed: 'unknown' } })
    expect(resumed.kind).toBe('done')
    expect(double.predictions.size).toBe(1)
  })

  test('a client that leaves has the prediction cancelled, which ends the bill of an official model', async () => {
    const { provider, double } = await account({ pending: 99 })
    const result = await leaveAfter(300, provider, schnell)
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
    expect(double.predictions.get('p1')?.isCancelled).toBe(true)
  })

  test('a client that leaves while a poll is on its way has the prediction cancelled all the same', async () => {
    const { provider, double } = await account({ pending: 99, pollMs: 2_000 })
    const result = await leaveAfter(900, provider, schnell)
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
    expect(double.predictions.get('p1')?.isCancelled).toBe(true)
  })

  test('a submit that is cut off may have made a prediction: nobody knows what it costs', async () => {
    const { provider, double } = await account({ pending: 99, submitMs: 2_000 })
    const io = { signal: AbortSignal.timeout(300) }
    const { result } = await attempt(provider, { ...schnell, io })
    expect(double.predictions.size).toBe(1)
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
  })

  test.each([
    [{ ending: 'nsfw' }, { code: 'content_refused', stage: 'after', billed: 'unknown' }],
    [
      { ending: 'crash', pending: 1 },
      { code: 'provider_error', billed: 'unknown' },
    ],
    [{ ending: 'removed' }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
    [{ expired: true }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    expect((await attempt(provider, schnell)).result).toMatchObject({ kind: 'failed', failure })
  })

  test('the probe tells a wrong token from a right one', async () => {
    const { provider } = await account()
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toEqual({ ok: true, message: 'The key works; it is that of ada.' })
    const { provider: wrong } = await account({}, { apiKey: { reveal: () => 'wrong' } })
    expect(await wrong.probe?.(AbortSignal.timeout(5_000))).toMatchObject({ ok: false })
  })
})

describe('prices', () => {
  test.each([
    ['by the image', 'black-forest-labs/flux.1-schnell', 3_000_000n],
    ['by the run and the megapixel', 'black-forest-labs/flux.2-pro', 30_000_000n],
  ])('%s: a decoded answer settles at what was quoted', async (_, model, nanoUsd) => {
    const { provider } = await account()
    const { result } = await attempt(provider, { model })
    const { quote, settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(quote.expectedNanoUsd).toBe(nanoUsd)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd })
  })

  test('by time: the seconds of the answer are what is charged', async () => {
    const model = 'replicate/gpu-l40s'
    const { provider } = await account({}, { models: [{ id: 'acme/model:abc', model, capabilities: {} }] })
    const { result } = await attempt(provider, { model })
    const { settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: 2_437_500n, provenance: 'metered' })
  })
})
