import { afterEach, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { invokeai } from '../../src/providers/invokeai.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type InvokeDouble, type InvokeScript, invokeSpecification, startInvoke } from '../support/doubles/invokeai.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { attempt, testClock, testInput } from './attempt.ts'
import { readAll } from './memory-spool.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const models = [{ id: 'key-1', model: 'rundiffusion/juggernaut-xl', capabilities: {} }]

async function account(
  script: InvokeScript = {},
  config: Partial<ProviderConfig> = { models },
): Promise<{ provider: Provider; double: InvokeDouble }> {
  const double = await startInvoke(script)
  const all = { name: 'invoke', type: 'invokeai', baseUrl: double.origin, ...config }
  const provider = createCodecProvider(invokeai, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(500, 300)

test.each([
  ['generate', {}],
  ['edit', { operation: 'edit' as const, inputs: [testInput(image, { width: 500, height: 300 })], strength: 0.4 }],
])('%s: the graph is what the server takes, and the picture comes without its metadata', async (operation, request) => {
  const { provider, double } = await account()
  const { result } = await attempt(provider, {
    request: { ...request, seed: 3, negativePrompt: 'rain', guidance: 5 },
    settings: { steps: 12, ...(operation === 'edit' && { size: { width: 500, height: 300 } }) },
    files: { input: image },
  })
  expect(result).toMatchObject({ kind: 'done', images: [{ seed: 3 }], usage: { 'gpu.seconds': 3_500_000n } })
  const [picture] = result.kind === 'done' ? result.images : []
  expect(picture && (await readAll(picture.body)).includes('secret')).toBe(false)
  expect(double.items[0]?.graph['nodes']).toMatchObject({
    denoised: { steps: 12, cfg_scale: 5, denoising_start: operation === 'edit' ? 0.6 : 0 },
    noise: operation === 'edit' ? { seed: 3, width: 496, height: 296 } : { seed: 3, width: 1024, height: 1024 },
  })
})

test('the judge judges', () => {
  expect(invokeSpecification.problems('NoiseInvocation', { id: 'a', type: 'noise', seeds: 1 })).not.toEqual([])
  expect(invokeSpecification.problems('Body_enqueue_batch', { batch: { graph: {}, runs: 0 } })).not.toEqual([])
})

test('an item that a crash left behind is resumed, and not queued again', async () => {
  const { provider, double } = await account()
  expect((await crashAndResume(provider, {})).resumed.kind).toBe('done')
  expect(double.items).toHaveLength(1)
})

test('a client that leaves has its item cancelled', async () => {
  const { provider, double } = await account({ itemMs: 60_000 })
  expect(await leaveAfter(300, provider, {})).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
  expect(double.items.map(({ status }) => status)).toEqual(['canceled'])
})

test.each([
  [{ fails: true }, models, { code: 'provider_error', message: 'InvokeAI failed: OutOfMemoryError: CUDA out of memory' }],
  [{ forgets: true }, models, { code: 'provider_error', billed: 'no' }],
  [{}, [{ id: 'key-9', model: 'a/b', capabilities: {} }], { code: 'provider_not_found', billed: 'no' }],
  [{}, [{ id: 'key-2', model: 'a/b', capabilities: {} }], { code: 'provider_not_found', billed: 'no' }],
])('%j with %j fails as %j', async (script, chosen, failure) => {
  const { provider } = await account(script, { models: chosen })
  expect((await attempt(provider)).result).toMatchObject({ kind: 'failed', failure })
})

test('models are found by their keys, the probe tells the version, and the queue counts', async () => {
  const { provider } = await account({ itemMs: 60_000 }, {})
  const found = await provider.discover?.(AbortSignal.timeout(5_000))
  expect(found?.ok && found.offers.map(({ model, wireModel }) => [model, wireModel])).toEqual([
    ['local/juggernaut-xl-v9', 'key-1'],
  ])
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toEqual({ ok: true, message: 'InvokeAI 6.13.0.' })
})
