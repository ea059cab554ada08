/** Leonardo against a double of its API and its storage: uploads before the generation, jobs, and what they say they cost. */
import { afterEach, describe, expect, test } from 'vitest'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { leonardo } from '../../src/providers/leonardo.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type LeonardoScript, leonardoKey, startLeonardo } from '../support/doubles/leonardo.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { type AttemptSetup, attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Jobs are asked about every two seconds; tests need not wait that long. */
const hasty = { ...testClock, sleep: (ms: number, signal?: AbortSignal) => testClock.sleep(Math.min(ms, 20), signal) }

async function account(script: LeonardoScript = {}, config: Partial<ProviderConfig> = {}) {
  const double = await startLeonardo(script)
  const all = {
    name: 'leonardo',
    type: 'leonardo',
    baseUrl: `${double.origin}/api/rest/v1`,
    apiKey: { reveal: () => leonardoKey },
  }
  const provider = createCodecProvider(leonardo, { ...all, ...config }, { clock: hasty })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

test.each([...usesOf(leonardo.offers({ name: 'leonardo', type: 'leonardo' }))])('$model: $use', async ({ setup }) => {
  const { provider } = await account()
  const { result } = await attempt(provider, setup)
  expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(setup.settings?.n)
})

test('a member the API does not have is refused with its name', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { leonardo: { cfg: 3 } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
  expect(result.kind === 'failed' && result.failure.message).toContain('cfg')
})

const picture = doublePicture(1024, 1024)
const fromPicture: AttemptSetup = {
  model: 'leonardo/kino-xl',
  request: {
    operation: 'edit',
    strength: 0.25,
    inputs: [
      testInput(picture, { width: 1024, height: 1024 }),
      testInput(picture, { width: 1024, height: 1024, role: 'control', control: 'style', controlStrength: 0.9 }),
    ],
  },
  files: { input: picture },
}

describe('pictures', () => {
  test('go to the storage one by one before the generation that names them', async () => {
    const { provider, double } = await account()
    expect((await attempt(provider, fromPicture)).result.kind).toBe('done')
    expect([...double.uploaded]).toEqual(['image-1', 'image-2'])
    expect(double.generations.get('generation-1')).toMatchObject({
      init_image_id: 'image-1',
      init_strength: 0.75,
      controlnets: [{ initImageId: 'image-2', initImageType: 'UPLOADED', preprocessorId: 67, strengthType: 'Max' }],
    })
  })

  test('that the storage refuses cost nothing, and are no fault of the key', async () => {
    const { provider, double } = await account({ storageFails: true })
    const { result } = await attempt(provider, fromPicture)
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_error', billed: 'no' } })
    expect(double.generations.size).toBe(0)
  })
})

describe('a generation', () => {
  test('that a crash left behind is resumed with its cost, and not asked for again', async () => {
    const { provider, double } = await account({ pending: 1 })
    const { cut, resumed } = await crashAndResume(provider, {})
    expect(cut).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    expect(resumed).toMatchObject({ kind: 'done', reportedCost: { amount: '0.0165', unit: 'USD' } })
    expect(double.generations.size).toBe(1)
  })

  test.each([
    [{ ending: 'FAILED' }, { code: 'provider_error', billed: 'unknown' }],
    [{ expired: true }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    expect((await attempt(provider, {})).result).toMatchObject({ kind: 'failed', failure })
  })

  test('that the client does not wait for is unknown, because there is no way to end it', async () => {
    const { provider } = await account({ ending: 'PENDING' })
    expect(await leaveAfter(50, provider, {})).toMatchObject({ failure: { code: 'cancelled', billed: 'unknown' } })
  })

  test('of an account with credits says how many it took', async () => {
    const { provider } = await account({ unit: 'CREDITS' })
    const { result } = await attempt(provider, { settings: { n: 2 } })
    expect(result).toMatchObject({ usage: { credits: 22_000_000n }, reportedCost: { amount: '22', unit: 'credit' } })
  })
})

test.each([
  [leonardoKey, { ok: true }],
  ['wrong', { ok: false }],
])('the probe tells whether the key %s works', async (key, expected) => {
  const { provider } = await account({}, { apiKey: { reveal: () => key } })
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
})

test('without a list of prices nothing is quoted, so nothing is routed to it', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, {})
  expect(() => priced(testCandidate(provider), testRequest(), result)).toThrow('Leonardo publishes no flat list')
})
