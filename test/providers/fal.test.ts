import { createFalClient } from '@fal-ai/client'
import { afterEach, describe, expect, test } from 'vitest'
import type { Operation } from '../../src/core/request.ts'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { fal } from '../../src/providers/fal.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import { type FalDouble, type FalScript, falKey, falSpecification, startFal } from '../support/doubles/fal.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(
  script: FalScript = {},
  config: Partial<ProviderConfig> = {},
): Promise<{ provider: Provider; double: FalDouble }> {
  const double = await startFal(script)
  const all = { name: 'fal', type: 'fal', baseUrl: double.origin, apiKey: { reveal: () => falKey }, ...config }
  const provider = createCodecProvider(fal, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(512, 512)
const schnell = { model: 'black-forest-labs/flux.1-schnell' }

describe("calls are what the SDK's own typings allow", () => {
  const models = fal.offers({ name: 'fal', type: 'fal' })
  const uses = models.flatMap(({ model, capabilities }) => [
    ...capabilities.operations.map((operation) => ({
      model,
      use: operation as string,
      operation,
      inputs: operation === 'generate' ? [] : [testInput(image)],
    })),
    ...(capabilities.mask
      ? [
          {
            model,
            use: 'inpaint',
            operation: 'edit' as Operation,
            inputs: [testInput(image), testInput(mask, { role: 'mask', sha256: 'mask' })],
          },
        ]
      : []),
    ...(capabilities.controls ?? []).map((control) => ({
      model,
      use: control,
      operation: 'generate' as Operation,
      inputs: [testInput(image, { role: 'control', control, controlStrength: 0.5 })],
    })),
  ])

  test.each(uses)('$model, $use', ({ model, operation, inputs }) => {
    const [offer] = models.filter((each) => each.model === model)
    if (!offer) throw new Error(`There is no ${model}.`)
    const { capabilities } = offer
    const { parameters, maxN, backgrounds, styles } = capabilities
    const optional = { seed: 3, guidance: 4, strength: 0.25, negativePrompt: 'rain', style: styles?.[0] }
    const taken = Object.entries(optional).filter(([name]) => parameters.some((parameter) => parameter === name))
    const candidate = testCandidate(
      { offers: [offer] },
      {
        n: maxN,
        ...(parameters.includes('steps') ? { steps: 8 } : {}),
        ...(backgrounds[0] ? { background: backgrounds[0] } : {}),
        ...(operation === 'upscale' ? { size: { width: 128, height: 128 } } : {}),
      },
    )
    const request = testRequest({ ...Object.fromEntries(taken), operation, inputs })
    const { call } = fal.encode(request, candidate, { attemptId: 'a', options: {} })
    const body = call.body.kind === 'json' ? call.body.value : {}
    const asSent = JSON.parse(JSON.stringify(body), (_, value) => (value && '$input' in Object(value) ? 'data:' : value))
    const schema = (falSpecification.document['paths'] as Record<string, string>)[call.path]
    expect(schema, `${call.path} is an endpoint of the SDK`).toBeDefined()
    expect(falSpecification.problems(String(schema), asSent)).toEqual([])
  })

  test('the judge judges', () => {
    expect(falSpecification.problems('FluxDevInput', { prompt: 'x', n: 1 })).not.toEqual([])
  })
})

describe('against a double of the queue', () => {
  test('a job waits, runs, and its result is fetched from another host without the key', async () => {
    const { provider, double } = await account({ pending: 2 })
    const { result } = await attempt(provider, { ...schnell, settings: { n: 2 } })
    expect(result).toMatchObject({ kind: 'done', images: [{ seed: 5 }, { seed: 5 }] })
    expect(double.calls.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`).slice(0, 4)).toEqual([
      'POST schnell',
      'GET status',
      'GET status',
      'GET status',
    ])
  })

  test("the vendor's SDK gets the same from the same double", async () => {
    const { double } = await account({ pending: 1 })
    const redirected: typeof fetch = (url, init) => fetch(String(url).replace('https://queue.fal.run', double.origin), init)
    const client = createFalClient({ credentials: falKey, fetch: redirected })
    const { data } = await client.subscribe('fal-ai/flux/schnell', {
      input: { prompt: 'a kite', num_images: 2 },
      pollInterval: 10,
    })
    expect(data.images).toHaveLength(2)
    const queued = await client.queue.submit('fal-ai/flux/schnell', { input: { prompt: 'a kite' } })
    await client.queue.cancel('fal-ai/flux/schnell', { requestId: queued.request_id })
    expect(double.jobs.get(queued.request_id)?.isCancelled).toBe(true)
    // A wrong member is refused by the double as it is by fal.
    const wrong = { prompt: 'a kite', images: 2 } as never
    await expect(client.subscribe('fal-ai/flux/schnell', { input: wrong })).rejects.toMatchObject({ status: 422 })
  })

  test('a job that a crash left behind is resumed, and not submitted again', async () => {
    const { provider, double } = await account({ pending: 1 })
    const { cut, resumed } = await crashAndResume(provider, schnell)
    expect(cut).toMatchObject({ kind: 'failed', failure: { billed: 'unknown' } })
    expect(resumed.kind).toBe('done')
    expect(double.jobs.size).toBe(1)
  })

  test.each([
    [{ ending: 'black' }, { code: 'content_refused', stage: 'after', billed: 'yes' }],
    [{ ending: 'policy' }, { code: 'content_refused', stage: 'before', billed: 'unknown' }],
    [{ ending: 'crash' }, { code: 'provider_error', billed: 'no' }],
    [{ expired: true }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    const { result } = await attempt(provider, schnell)
    expect(result).toMatchObject({ kind: 'failed', failure })
  })

  test.each([
    ['while it waits: free', 700, 'no'],
    ['while it runs: nobody knows', 1_300, 'unknown'],
  ])('a client that leaves has the job cancelled, %s', async (_, ms, billed) => {
    const { provider, double } = await account({ pending: 9 })
    const result = await leaveAfter(ms, provider, schnell)
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed } })
    expect([...double.jobs.values()].map(({ isCancelled }) => isCancelled)).toEqual([true])
  })

  test('the probe tells a wrong key from a right one and spends nothing', async () => {
    const { provider, double } = await account()
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject({ ok: true })
    const { provider: wrong } = await account({}, { apiKey: { reveal: () => 'wrong' } })
    expect(await wrong.probe?.(AbortSignal.timeout(5_000))).toMatchObject({ ok: false })
    expect(double.jobs.size).toBe(0)
  })
})

test.each([
  ['by the megapixel', 'black-forest-labs/flux.1-schnell', 6_000_000n],
  ['by the image', 'google/gemini-2.5-flash-image', 78_000_000n],
])('%s: the billable units settle at what was quoted', async (_, model, nanoUsd) => {
  const { provider } = await account()
  const setup = { model, settings: { n: 2 } }
  const { result } = await attempt(provider, setup)
  const { quote, settlement } = priced(testCandidate(provider, setup.settings, model), testRequest({ n: 2 }), result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd, provenance: 'metered' })
})
