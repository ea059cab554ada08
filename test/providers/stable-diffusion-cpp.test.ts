import { afterEach, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { stableDiffusionCpp } from '../../src/providers/stable-diffusion-cpp.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import { type SdDouble, type SdScript, startSdServer } from '../support/doubles/sd-server.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { attempt, testClock, testInput } from './attempt.ts'
import { readAll } from './memory-spool.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const models = [{ id: 'flux1-schnell-q8_0', model: 'black-forest-labs/flux.1-schnell', capabilities: {} }]

async function account(
  script: SdScript = {},
  config: Partial<ProviderConfig> = { models },
): Promise<{ provider: Provider; double: SdDouble }> {
  const double = await startSdServer(script)
  const all = { name: 'box', type: 'stable-diffusion-cpp', baseUrl: double.origin, ...config }
  const provider = createCodecProvider(stableDiffusionCpp, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(512, 512)

test('every member that is sent is one the server knows, and pictures come without the prompt', async () => {
  const { provider, double } = await account({}, { models, options: { edits: 'start', controls: ['canny'] } })
  const inputs = [
    testInput(image),
    testInput(mask, { role: 'mask', sha256: 'mask' }),
    testInput(image, { role: 'control', control: 'canny', controlStrength: 0.5 }),
  ]
  const { result } = await attempt(provider, {
    request: { operation: 'edit', inputs, seed: 5, negativePrompt: 'rain', guidance: 3, strength: 0.6 },
    settings: { n: 2, steps: 9 },
    files: { input: image, mask },
  })
  expect(result).toMatchObject({ kind: 'done', images: [{ seed: 5 }, { seed: 6 }], usage: { 'gpu.seconds': 7_000_000n } })
  const [picture] = result.kind === 'done' ? result.images : []
  expect(picture && (await readAll(picture.body)).includes('secret')).toBe(false)
  expect(double.jobs[0]?.body).toMatchObject({ embed_image_metadata: false, batch_count: 2, control_strength: 0.5 })
})

test('the judge judges: an unknown member is refused', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { box: { cfg_scale: 3 } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
})

test('a job that a crash left behind is resumed, and not submitted again', async () => {
  const { provider, double } = await account({ jobMs: 100 })
  expect((await crashAndResume(provider, {})).resumed.kind).toBe('done')
  expect(double.jobs).toHaveLength(1)
})

test('a job that waits is taken back when the client leaves; one that runs is not', async () => {
  const { provider, double } = await account({ jobMs: 60_000 }, { models, concurrency: 4 })
  const running = leaveAfter(1_200, provider, {})
  while (double.jobs.length === 0) await testClock.sleep(10)
  expect(await leaveAfter(300, provider, {})).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
  expect(await running).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
  expect(double.jobs.map(({ status }) => status)).toEqual(['generating', 'cancelled'])
})

test.each([
  [{ fails: true }, { code: 'provider_error', billed: 'no' }],
  [{ expires: true }, { code: 'provider_error', billed: 'no' }],
  [{ maxQueue: 0 }, { code: 'provider_rate_limited', billed: 'no' }],
])('%j fails as %j', async (script, failure) => {
  const { provider } = await account(script)
  expect((await attempt(provider)).result).toMatchObject({ kind: 'failed', failure })
})

test('the model of the server is found with its limits, and the probe names it', async () => {
  const { provider } = await account({}, {})
  const found = await provider.discover?.(AbortSignal.timeout(5_000))
  expect(found).toMatchObject({
    ok: true,
    offers: [{ model: 'local/flux1-schnell-q8_0', capabilities: { maxN: 8, mask: true, sizes: { maxEdge: 1536 } } }],
  })
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toEqual({
    ok: true,
    message: 'It answers and serves flux1-schnell-q8_0.',
  })
})
