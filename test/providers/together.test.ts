/** Together against a double that checks each call with its specification; its own SDK talks to the same one. */
import Together from 'together-ai'
import { afterEach, describe, expect, test } from 'vitest'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { together } from '../../src/providers/together.ts'
import { startTogether, togetherKey, togetherSpecification } from '../support/doubles/together.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(apiKey = togetherKey) {
  const double = await startTogether()
  const config = { name: 'together', type: 'together', baseUrl: `${double.origin}/v1`, apiKey: { reveal: () => apiKey } }
  const provider = createCodecProvider(together, config, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

describe('what it can do is what the specification takes', () => {
  test.each([...usesOf(together.offers({ name: 'together', type: 'together' }))])('$model: $use', async ({ setup }) => {
    const { provider, double } = await account()
    const { result } = await attempt(provider, setup)
    expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(setup.settings?.n)
    expect(double.calls).toHaveLength(1)
  })

  test('a member the specification does not have is refused with its name, and not billed', async () => {
    const { provider } = await account()
    const { result } = await attempt(provider, { request: { extraBody: { together: { cfg: 3 } } } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('cfg')
    expect(togetherSpecification.problems('ImageResponse', { id: 'x' }), 'the judge judges').not.toEqual([])
  })
})

test("the vendor's SDK gets the same from the same double", async () => {
  const { double } = await account()
  const client = new Together({ apiKey: togetherKey, baseURL: `${double.origin}/v1`, maxRetries: 0 })
  const answer = await client.images.generate({ model: 'black-forest-labs/FLUX.2-dev', prompt: 'a kite', n: 2 })
  expect(answer.data).toHaveLength(2)
  const wrong = client.images.generate({ model: 'black-forest-labs/FLUX.2-dev', prompt: 'a kite', size: '1x1' } as never)
  await expect(wrong).rejects.toMatchObject({ status: 400 })
  const unknown = new Together({ apiKey: 'wrong', baseURL: `${double.origin}/v1`, maxRetries: 0 })
  await expect(unknown.images.generate({ model: 'm', prompt: 'a kite' })).rejects.toMatchObject({ status: 401 })
})

test.each([
  [togetherKey, { ok: true }],
  ['wrong', { ok: false }],
])('the probe tells whether the key %s works', async (key, expected) => {
  const { provider } = await account(key)
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
})

describe('prices', () => {
  test.each([
    ['black-forest-labs/flux.2-dev', 1024, 30_800_000n],
    ['black-forest-labs/flux.2-max', 1024, 146_800_640n],
    ['google/gemini-3-pro-image', 2048, 134_000_000n],
  ])('%s at %i settles at what was quoted', async (model, edge, nanoUsd) => {
    const { provider } = await account()
    const n = model.startsWith('google') ? 1 : 2
    const setup = { model, settings: { n, size: { width: edge, height: edge } } }
    const { result } = await attempt(provider, setup)
    const { quote, settlement } = priced(testCandidate(provider, setup.settings, model), testRequest({ n }), result)
    expect(quote.expectedNanoUsd).toBe(nanoUsd)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd })
  })
})
