import { afterEach, describe, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { automatic1111 } from '../../src/providers/automatic1111.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import { type A1111Double, type A1111Script, startA1111 } from '../support/doubles/automatic1111.ts'
import { leaveAfter } from '../support/jobs.ts'
import { attempt, testClock, testInput } from './attempt.ts'
import { readAll } from './memory-spool.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const models = [{ id: 'sd_xl_base_1.0', model: 'stabilityai/sdxl', capabilities: {} }]

async function account(
  script: A1111Script = {},
  config: Partial<ProviderConfig> = { models },
): Promise<{ provider: Provider; double: A1111Double }> {
  const double = await startA1111(script)
  const options = { controlNets: { canny: 'canny-sdxl' }, upscaler: 'R-ESRGAN 4x+' }
  const all = { name: 'webui', type: 'automatic1111', baseUrl: double.origin, options, ...config }
  const provider = createCodecProvider(automatic1111, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(512, 512)
const files = { input: image, mask }
const source = testInput(image, { width: 512, height: 512 })

test.each([
  ['generate', {}, {}],
  ['edit', { operation: 'edit' as const, inputs: [source] }, {}],
  ['inpaint', { operation: 'edit' as const, inputs: [source, testInput(mask, { role: 'mask', sha256: 'mask' })] }, {}],
  ['control', { inputs: [testInput(image, { role: 'control', control: 'canny' })] }, {}],
  ['upscale', { operation: 'upscale' as const, inputs: [source] }, { size: { width: 1024, height: 1024 } }],
] as const)('%s is what the server takes, and the picture comes without the prompt', async (_, request, settings) => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request, settings, files })
  expect(result).toMatchObject({ kind: 'done' })
  const [picture] = result.kind === 'done' ? result.images : []
  expect(picture && (await readAll(picture.body)).includes('secret')).toBe(false)
})

test('the judge judges: an unknown member is refused', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { automatic1111: { cfgScale: 3 } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', param: 'cfgScale' } })
})

describe('one picture at a time', () => {
  test('calls wait here, not at the server', async () => {
    const { provider, double } = await account()
    const results = await Promise.all([1, 2, 3].map(() => attempt(provider)))
    expect(results.map(({ result }) => result.kind)).toEqual(['done', 'done', 'done'])
    expect(double.most()).toBe(1)
  })

  test.each([
    ['a client that leaves interrupts it', {}, 1, 'no'],
    ['unless others use the server too', { shared: true }, 0, 'unknown'],
  ])('%s', async (_, options, interrupts, billed) => {
    const { provider, double } = await account({ pictureMs: 3_000 }, { models, options })
    expect(await leaveAfter(200, provider, {})).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed } })
    expect(double.interrupts()).toBe(interrupts)
  })

  test('so does time that is up, and the next call finds the server free', async () => {
    const { provider, double } = await account({ pictureMs: 3_000 }, { models, timeoutMs: 300 })
    expect((await attempt(provider)).result).toMatchObject({
      kind: 'failed',
      failure: { code: 'provider_timeout', billed: 'no' },
    })
    expect(double.interrupts()).toBe(1)
    expect(provider.ahead?.()).toBe(0)
  })
})

test('checkpoints are found under names of their own', async () => {
  const { provider } = await account({}, {})
  const found = await provider.discover?.(AbortSignal.timeout(5_000))
  expect(found?.ok && found.offers.map(({ model, wireModel }) => [model, wireModel])).toEqual([
    ['local/sd_xl_base_1.0', 'sd_xl_base_1.0'],
    ['local/dream-shaper-v8', 'Dream Shaper v8'],
  ])
})

test('user and password are sent as the server wants them', async () => {
  const key = (text: string) => ({ models, apiKey: { reveal: () => text } })
  const { provider } = await account({ credentials: 'me:secret' }, key('me:secret'))
  expect((await provider.probe?.(AbortSignal.timeout(5_000)))?.ok).toBe(true)
  const { provider: stranger } = await account({ credentials: 'me:secret' }, key('me:wrong'))
  expect((await attempt(stranger)).result).toMatchObject({ kind: 'failed', failure: { code: 'provider_auth' } })
})

describe('how far a picture is', () => {
  test('is asked about while its answer is awaited, if somebody wants to know', async () => {
    const { provider, double } = await account({ pictureMs: 1_600 })
    const told: number[] = []
    const { result } = await attempt(provider, { io: { onProgress: (share) => told.push(share) } })
    expect(result.kind).toBe('done')
    expect(told).toEqual([0.4])
    const asked = double.calls.filter(({ path }) => path === '/sdapi/v1/progress').length
    await attempt(provider)
    expect(double.calls.filter(({ path }) => path === '/sdapi/v1/progress')).toHaveLength(asked)
  })

  test('is not asked of a server that others use too', async () => {
    const { provider } = await account({ pictureMs: 1_300 }, { models, options: { shared: true } })
    const told: number[] = []
    await attempt(provider, { io: { onProgress: (share) => told.push(share) } })
    expect(told).toEqual([])
  })
})
