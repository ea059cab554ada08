/** Luma against a double of both its APIs; its SDK talks to the one it was made for. */
import LumaAI from 'lumaai'
import { afterEach, describe, expect, test } from 'vitest'
import { ownBaseUrl } from '../../src/providers/define-provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { luma } from '../../src/providers/luma.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type LumaScript, lumaKey, startLuma } from '../support/doubles/luma.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Jobs are asked about every two seconds; tests need not wait that long. */
const hasty = { ...testClock, sleep: (ms: number, signal?: AbortSignal) => testClock.sleep(Math.min(ms, 20), signal) }
const dreamMachine = { options: { api: 'dream-machine' } }

async function account(script: LumaScript = {}, config: Partial<ProviderConfig> = {}) {
  const double = await startLuma(script)
  const root = config.options === undefined ? '/v1' : '/dream-machine/v1'
  const all = { name: 'luma', type: 'luma', baseUrl: `${double.origin}${root}`, apiKey: { reveal: () => lumaKey } }
  const provider = createCodecProvider(luma, { ...all, ...config }, { clock: hasty })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const own = { name: 'luma', type: 'luma' }

test.each([
  ...usesOf(luma.offers(own)).map((use) => ({ ...use, config: {} })),
  ...usesOf(luma.offers({ ...own, ...dreamMachine })).map((use) => ({ ...use, config: dreamMachine })),
])('$model: $use', async ({ setup, config }) => {
  const { provider } = await account({ pending: 1 }, config)
  const { result } = await attempt(provider, setup)
  expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
})

test('each API has a host and models of its own', () => {
  expect(ownBaseUrl(luma, {})).toBe('https://agents.lumalabs.ai/v1')
  expect(ownBaseUrl(luma, dreamMachine)).toBe('https://api.lumalabs.ai/dream-machine/v1')
  expect(luma.offers({ ...own, ...dreamMachine }).map(({ model }) => model)).toEqual(['luma/photon-1', 'luma/photon-flash-1'])
})

test("the vendor's SDK gets the same from the same double", async () => {
  const { double } = await account({ pending: 1 }, dreamMachine)
  const client = new LumaAI({ authToken: lumaKey, baseURL: `${double.origin}/dream-machine/v1`, maxRetries: 0 })
  const { id = '' } = await client.generations.image.create({ prompt: 'a kite', model: 'photon-1', aspect_ratio: '16:9' })
  expect(await client.generations.get(id)).toMatchObject({ state: 'dreaming' })
  expect((await client.generations.get(id)).assets?.image).toContain('/delivery/')
  expect(await client.credits.get()).toEqual({ credit_balance: 1234 })
  const wrong = client.generations.image.create({ prompt: 'a kite', model: 'photon-1', size: '1x1' } as never)
  await expect(wrong).rejects.toMatchObject({ status: 422 })
})

test('a member the API does not have is refused with its name', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { luma: { seed: 3 } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
  expect(result.kind === 'failed' && result.failure.message).toContain('seed')
})

describe('a job', () => {
  test('that a crash left behind is resumed, and not submitted again', async () => {
    const { provider, double } = await account({ pending: 1 })
    const { cut, resumed } = await crashAndResume(provider, {})
    expect(cut).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    expect(resumed.kind).toBe('done')
    expect(double.jobs.size).toBe(1)
  })

  test.each([
    [
      { ending: 'failed', failure: { failure_code: 'content_moderated' } },
      { code: 'content_refused', stage: 'before' },
    ],
    [
      { ending: 'failed', failure: { failure_code: 'generation_failed' } },
      { code: 'provider_error', billed: 'unknown' },
    ],
    [{ ending: 'failed', failure: { failure_code: 'corrupt_input' } }, { code: 'provider_rejected' }],
    [{ expired: true }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    expect((await attempt(provider, {})).result).toMatchObject({ kind: 'failed', failure })
  })

  test('that the client does not wait for is unknown, because there is no way to end it', async () => {
    const { provider } = await account({ ending: 'queued' })
    expect(await leaveAfter(50, provider, {})).toMatchObject({ failure: { code: 'cancelled', billed: 'unknown' } })
  })
})

test.each([
  [lumaKey, {}, { ok: true, message: 'The key works.' }],
  [lumaKey, dreamMachine, { ok: true, message: 'The key works; $12.34 are left.' }],
  ['wrong', {}, { ok: false }],
])('the probe tells whether the key %s with %j works', async (key, config, expected) => {
  const { provider } = await account({}, { ...config, apiKey: { reveal: () => key } })
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
})

test.each([
  [0, 40_400_000n],
  [1, 43_400_000n],
  [3, 49_400_000n],
])('uni-1 with %i pictures settles at what was quoted', async (count, nanoUsd) => {
  const { provider } = await account()
  const picture = doublePicture(1024, 1024)
  const inputs = Array.from({ length: count }, () => testInput(picture, { width: 1024, height: 1024 }))
  const request = { operation: count > 0 ? 'edit' : 'generate', inputs } as const
  const { result } = await attempt(provider, { request, files: { input: picture } })
  const { quote, settlement } = priced(testCandidate(provider), testRequest(request), result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd })
})
