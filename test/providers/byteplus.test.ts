/** Seedream against a double that knows each model's members and pixels; pictures that fail alone, sets on a stream, prices. */
import OpenAI from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { byteplus } from '../../src/providers/byteplus.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { byteplusKey, startByteplus } from '../support/doubles/byteplus.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(config: Partial<ProviderConfig> = {}) {
  const double = await startByteplus()
  const all = { name: 'byteplus', type: 'byteplus', baseUrl: `${double.origin}/api/v3`, apiKey: { reveal: () => byteplusKey } }
  const provider = createCodecProvider(byteplus, { ...all, ...config }, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const sets = { options: { sets: true } }
const own = { name: 'byteplus', type: 'byteplus' }

test.each([
  ...usesOf(byteplus.offers(own)).map((use) => ({ ...use, as: 'one by one', config: {} })),
  ...usesOf(byteplus.offers({ ...own, ...sets })).map((use) => ({ ...use, as: 'in sets', config: sets })),
])('$model: $use, $as', async ({ setup, config }) => {
  const { provider } = await account(config)
  const { result } = await attempt(provider, setup)
  expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(setup.settings?.n)
})

test('a member the model does not have is refused with its name', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { byteplus: { steps: 3 } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
  expect(result.kind === 'failed' && result.failure.message).toContain('`steps`')
})

test("OpenAI's SDK, which ModelArk documents, gets the same from the same double", async () => {
  const { double } = await account()
  const client = new OpenAI({ apiKey: byteplusKey, baseURL: `${double.origin}/api/v3`, maxRetries: 0 })
  const ask = { model: 'seedream-4-0-250828', prompt: 'a kite', response_format: 'b64_json' } as const
  const { data } = await client.images.generate({ ...ask, size: '2048x2048' })
  expect(data).toHaveLength(1)
  await expect(client.images.generate({ ...ask, size: '256x256' })).rejects.toMatchObject({ status: 400 })
})

describe('a set', () => {
  const three = { model: 'bytedance/seedream-4.5', settings: { n: 3 } }

  test('comes picture by picture; one that fails leaves the others, and is not billed', async () => {
    const { provider, double } = await account(sets)
    double.refuse(1)
    const { result } = await attempt(provider, three)
    expect(result).toMatchObject({ kind: 'done', images: [{}, {}], usage: { 'images.out': 2_000_000n } })
    expect(result).toMatchObject({ failures: [{ code: 'content_refused', stage: 'after', billed: 'no' }] })
  })

  test('of which nothing passes is a refusal', async () => {
    const { provider, double } = await account(sets)
    double.refuse(0, 1, 2)
    expect((await attempt(provider, three)).result).toMatchObject({ kind: 'failed', failure: { code: 'content_refused' } })
  })

  test('whose stream ends early keeps what has arrived', async () => {
    const { provider, double } = await account(sets)
    double.breakAfter(2)
    const { result } = await attempt(provider, three)
    expect(result).toMatchObject({ kind: 'done', images: [{}, {}], usage: { 'images.out': 2_000_000n } })
  })
})

const inputs = [1, 2, 3].map(() => testInput(doublePicture(1024, 1024), { width: 1024, height: 1024 }))

test.each([
  ['bytedance/seedream-4.0', 2048, 0, 30_000_000n],
  ['bytedance/seedream-5.0-pro', 1024, 0, 45_000_000n],
  // The first of three pictures sent is free.
  ['bytedance/seedream-5.0-pro', 2048, 3, 96_000_000n],
])('%s at %i with %i pictures settles at what was quoted', async (model, edge, count, nanoUsd) => {
  const { provider } = await account()
  const settings = { size: { width: edge, height: edge } }
  const request = { operation: count > 0 ? 'edit' : 'generate', inputs: inputs.slice(0, count) } as const
  const { result } = await attempt(provider, { model, settings, request, files: { input: doublePicture(1024, 1024) } })
  const { quote, settlement } = priced(testCandidate(provider, settings, model), testRequest(request), result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd })
})
