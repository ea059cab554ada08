/** Workers AI against a double that checks each call with the model's own schema. */
import { afterEach, describe, expect, test } from 'vitest'
import { cloudflare } from '../../src/providers/cloudflare.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { cloudflareAccount, cloudflareSpecification, cloudflareToken, startCloudflare } from '../support/doubles/cloudflare.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(token = cloudflareToken, id = cloudflareAccount) {
  const double = await startCloudflare()
  const apiKey = { reveal: () => token }
  const config = { name: 'cf', type: 'cloudflare', baseUrl: `${double.origin}/client/v4`, apiKey, options: { account: id } }
  const provider = createCodecProvider(cloudflare, config, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

describe('what it can do is what the catalogue says', () => {
  test.each([...usesOf(cloudflare.offers({ name: 'cf', type: 'cloudflare' }))])('$model: $use', async ({ setup }) => {
    const { provider } = await account()
    // Each model has its own count of steps.
    const { steps } = testCandidate(provider, {}, setup.model).settings
    const { result } = await attempt(provider, { ...setup, settings: { ...(steps !== undefined && { steps }) } })
    expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(1)
  })

  test('a member the model does not have is refused with its name, and not billed', async () => {
    const { provider } = await account()
    const { result } = await attempt(provider, { request: { extraBody: { cf: { lora: 'x' } } } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('lora')
    expect(cloudflareSpecification.problems('Phoenix', { prompt: 'x', steps: 3 }), 'the judge judges').not.toEqual([])
  })
})

test('the account is needed and is part of the path', async () => {
  expect(cloudflare.options?.safeParse({}).success).toBe(false)
  const { provider, double } = await account(cloudflareToken, 'another')
  expect((await attempt(provider)).result.kind).toBe('failed')
  expect(double.calls[0]?.path).toBe('/client/v4/accounts/another/ai/run/@cf/black-forest-labs/flux-1-schnell')
})

test.each([
  [cloudflareToken, { ok: true }],
  ['wrong', { ok: false }],
])('the probe tells whether the token %s works', async (token, expected) => {
  const { provider } = await account(token)
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
})

describe('prices', () => {
  test.each([
    // Four tiles of 512 x 512 and four steps.
    ['black-forest-labs/flux.1-schnell', 1024, 633_600n],
    ['leonardo/phoenix-1.0', 1024, 26_070_000n],
    // Tiles are rounded up: 1120 x 1120 are 4.8 of them.
    ['leonardo/lucid-origin', 1120, 38_280_000n],
    ['black-forest-labs/flux.2-dev', 1024, 41_000_000n],
    ['black-forest-labs/flux.2-klein-4b', 1024, 1_148_000n],
    ['black-forest-labs/flux.2-klein-9b', 1024, 15_000_000n],
  ])('%s at %i settles by tiles and steps at what was quoted', async (model, edge, nanoUsd) => {
    const { provider } = await account()
    const settings = { size: { width: edge, height: edge } }
    const { result } = await attempt(provider, { model, settings })
    const { quote, settlement } = priced(testCandidate(provider, settings, model), testRequest(), result)
    expect(quote.expectedNanoUsd).toBe(nanoUsd)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd, provenance: 'metered' })
  })
})
