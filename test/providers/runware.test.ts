/** Runware against a double that checks each task's members and remembers it. */
import { afterEach, describe, expect, test } from 'vitest'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { runware } from '../../src/providers/runware.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type RunwareScript, runwareKey, startRunware } from '../support/doubles/runware.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { type AttemptSetup, attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(script: RunwareScript = {}, config: Partial<ProviderConfig> = {}) {
  const double = await startRunware(script)
  const apiKey = { reveal: () => runwareKey }
  const all = { name: 'runware', type: 'runware', baseUrl: `${double.origin}/v1`, apiKey, ...config }
  const provider = createCodecProvider(runware, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

/** Whoever waits is told at once that the job has ended. */
const io = { woken: async () => undefined }
const slow: AttemptSetup = { model: 'black-forest-labs/flux.2-pro', io }

describe('what it can do is what the documentation takes', () => {
  test.each([...usesOf(runware.offers({ name: 'runware', type: 'runware' }))])('$model: $use', async ({ setup }) => {
    const { provider } = await account()
    const { size, steps } = testCandidate(provider, {}, setup.model).settings
    // The input of `usesOf`, and 64 pixels more at two of its sides.
    const extended = setup.request?.outpaint ? { width: 1088, height: 1088 } : size
    const settings = { ...setup.settings, size: extended, ...(steps !== undefined && { steps }) }
    const { result } = await attempt(provider, { ...setup, io, ...(setup.request?.operation !== 'upscale' && { settings }) })
    expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(setup.settings?.n)
  })

  test('a member nobody knows is refused with its name, and not billed', async () => {
    const { provider } = await account()
    const { result } = await attempt(provider, { request: { extraBody: { runware: { cfg: 3 } } } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no', param: 'cfg' } })
  })

  test('a model is named by its AIR in the configuration', async () => {
    const { provider, double } = await account({}, { models: [{ id: 'civitai:1@2', model: 'someone/pony', capabilities: {} }] })
    expect((await attempt(provider)).result.kind).toBe('done')
    expect([...double.tasks.values()]).toMatchObject([{ model: 'civitai:1@2', includeCost: true }])
    expect(provider.offers[0]).toMatchObject({ model: 'someone/pony', assumed: true })
  })
})

describe('tasks that take a while', () => {
  test('are asked about until they are done', async () => {
    const { provider, double } = await account({ pending: 2 })
    const { result } = await attempt(provider, slow)
    expect(result).toMatchObject({ kind: 'done', images: [{ seed: 11 }], reportedCost: { amount: '0.0013', unit: 'USD' } })
    expect(double.calls).toHaveLength(4)
  })

  test('are resumed after a crash, and not submitted again', async () => {
    const { provider, double } = await account()
    const { cut, resumed } = await crashAndResume(provider, slow)
    expect(cut).toMatchObject({ kind: 'failed', failure: { billed: 'unknown' } })
    expect(resumed.kind).toBe('done')
    expect(double.tasks.size).toBe(1)
  })

  test.each([
    [{ ending: 'moderated' }, { code: 'content_refused', billed: 'unknown', stage: 'unknown' }],
    [{ ending: 'failed' }, { code: 'provider_error', billed: 'unknown' }],
    [{ ending: 'forgotten' }, { billed: 'unknown' }],
  ] as const)('%j fails as %j, and is not asked about again', async (script, failure) => {
    const { provider, double } = await account(script)
    expect((await attempt(provider, slow)).result).toMatchObject({ kind: 'failed', failure })
    expect(double.calls).toHaveLength(2)
  })

  test('go on when the client leaves or the time is up: nothing ends them', async () => {
    const { provider } = await account({ pending: 99 }, { timeoutMs: 1_200 })
    expect(await leaveAfter(300, provider, slow)).toMatchObject({
      kind: 'failed',
      failure: { code: 'cancelled', billed: 'unknown' },
    })
    const { provider: other } = await account({ pending: 99 }, { timeoutMs: 1_200 })
    const { result } = await attempt(other, { ...slow, io: {} })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_timeout', billed: 'unknown' } })
  })
})

test.each([
  [runwareKey, { ok: true }],
  ['wrong', { ok: false }],
])('the probe tells whether the key %s works, and makes nothing', async (key, expected) => {
  const { provider, double } = await account({}, { apiKey: { reveal: () => key } })
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
  expect(double.tasks.size).toBe(0)
})

test('what is quoted by the list settles at what each result says it cost', async () => {
  const { provider } = await account()
  const model = 'black-forest-labs/flux.1-schnell'
  const { result } = await attempt(provider, { model, settings: { n: 2 } })
  const { quote, settlement } = priced(testCandidate(provider, { n: 2 }, model), testRequest({ n: 2 }), result)
  expect(quote.expectedNanoUsd).toBe(2_600_000n)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: 2_600_000n, provenance: 'reported' })
})

test('enlarging is told by the factor', async () => {
  const { provider, double } = await account()
  const image = doublePicture(512, 512)
  const inputs = [testInput(image, { width: 512, height: 512 })]
  const setup = { settings: { size: { width: 1024, height: 1024 } }, files: { input: image } }
  await attempt(provider, {
    ...setup,
    model: 'philz1337x/clarity-upscaler',
    request: { operation: 'upscale', prompt: '', inputs },
  })
  expect([...double.tasks.values()]).toMatchObject([{ taskType: 'imageUpscale', upscaleFactor: 2 }])
})
