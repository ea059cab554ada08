/** Fireworks against a double of its three kinds of call: pictures as answers, jobs, and what they cost by the shipped book. */
import { afterEach, describe, expect, test } from 'vitest'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { fireworks } from '../../src/providers/fireworks.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { type FireworksScript, fireworksKey, startFireworks } from '../support/doubles/fireworks.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(script: FireworksScript = {}, config: Partial<ProviderConfig> = {}) {
  const double = await startFireworks(script)
  const all = { name: 'fireworks', type: 'fireworks', baseUrl: `${double.origin}/v1`, apiKey: { reveal: () => fireworksKey } }
  const provider = createCodecProvider(fireworks, { ...all, ...config }, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const kontext = { model: 'black-forest-labs/flux.1-kontext-pro' }

test.each([...usesOf(fireworks.offers({ name: 'fireworks', type: 'fireworks' }))])('$model: $use', async ({ setup }) => {
  const { provider } = await account()
  const { result } = await attempt(provider, setup)
  expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
})

test('a member the API does not have is refused with its name', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { fireworks: { cfg: 3 } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
  expect(result.kind === 'failed' && result.failure.message).toContain("'cfg'")
})

describe('jobs', () => {
  test('wait, and their picture is fetched from another host without the key', async () => {
    const { provider, double } = await account({ pending: 2 })
    const { result } = await attempt(provider, kontext)
    expect(result).toMatchObject({ kind: 'done', images: [{ seed: 5 }] })
    expect(double.calls.filter(({ path }) => path.endsWith('/get_result'))).toHaveLength(3)
  })

  test('that a crash left behind are resumed, and not submitted again', async () => {
    const { provider, double } = await account({ pending: 1 })
    const { cut, resumed } = await crashAndResume(provider, kontext)
    expect(cut).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    expect(resumed.kind).toBe('done')
    expect(double.jobs.size).toBe(1)
  })

  test.each([
    [{ ending: 'Request Moderated' }, { code: 'content_refused', stage: 'before', billed: 'unknown' }],
    [{ ending: 'Content Moderated' }, { code: 'content_refused', stage: 'after', billed: 'unknown' }],
    [{ ending: 'Error' }, { code: 'provider_error', billed: 'unknown' }],
    [{ expired: true }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    expect((await attempt(provider, kontext)).result).toMatchObject({ kind: 'failed', failure })
  })

  test('that do not end in time, and clients that leave, are unknown: there is no way to end them', async () => {
    const late = await account({ ending: 'Pending' }, { timeoutMs: 700 })
    expect((await attempt(late.provider, kontext)).result).toMatchObject({
      failure: { code: 'provider_timeout', billed: 'unknown' },
    })
    const { provider } = await account({ ending: 'Pending' })
    expect(await leaveAfter(50, provider, kontext)).toMatchObject({ failure: { code: 'cancelled', billed: 'unknown' } })
  })
})

test.each([
  ['black-forest-labs/flux.1-schnell', undefined, 1_400_000n],
  ['black-forest-labs/flux.1-dev', 40, 20_000_000n],
  ['stability-ai/stable-diffusion-xl', 30, 3_900_000n],
  ['black-forest-labs/flux.1-kontext-max', undefined, 80_000_000n],
])('%s of %s steps settles at what was quoted', async (model, steps, nanoUsd) => {
  const { provider } = await account()
  const settings = steps === undefined ? {} : { steps }
  const { result } = await attempt(provider, { model, settings })
  const { quote, settlement } = priced(testCandidate(provider, settings, model), testRequest(), result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd })
})
