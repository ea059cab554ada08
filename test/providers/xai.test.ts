/** xAI against a double that knows its members, shapes and prices: what it reports is what the book charges. */
import { afterEach, describe, expect, test } from 'vitest'
import { parseSize } from '../../src/core/request.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { xai } from '../../src/providers/xai.ts'
import { doublePicture } from '../support/double-picture.ts'
import { startXai, type XaiDouble, xaiKey } from '../support/doubles/xai.ts'
import { type AttemptSetup, attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'
import { byTheBook } from './book.ts'

const picture = doublePicture(1248, 832)
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function start(): Promise<XaiDouble> {
  const double = await startXai()
  closers.push(() => double.close())
  return double
}

function grok({ origin }: XaiDouble, config: Partial<ProviderConfig> = {}) {
  const account = { name: 'xai', type: 'xai', baseUrl: `${origin}/v1`, apiKey: { reveal: () => xaiKey }, ...config }
  const provider = createCodecProvider(xai, account, { clock: testClock })
  closers.push(() => provider.close())
  return provider
}

const editOf = (...roles: readonly ('image' | 'reference')[]): AttemptSetup => ({
  request: { operation: 'edit', inputs: roles.map((role) => testInput(picture, { role, width: 1248, height: 832 })) },
  files: { input: picture },
})

test.each([
  ['xai/grok-imagine-image-2.0', '2816x1584'],
  ['xai/grok-imagine-image-quality', '576x1248'],
  ['xai/grok-imagine-image', '2048x2048'],
])('%s is asked for %s in the words that make just that', async (model, size) => {
  const { result } = await attempt(grok(await start()), { model, settings: { size: parseSize(size)! } })
  expect(result).toMatchObject({ kind: 'done', images: [{ size: parseSize(size) }] })
})

test('a single picture that is edited keeps its shape, several take the one asked for', async () => {
  const provider = grok(await start())
  expect((await attempt(provider, editOf('image'))).result).toMatchObject({ images: [{ size: { width: 1248, height: 832 } }] })
  const several = await attempt(provider, editOf('image', 'reference'))
  expect(several.result).toMatchObject({ images: [{ size: { width: 1024, height: 1024 } }] })
})

test('of two pictures one may fail moderation: the other is delivered, and the cost is of both', async () => {
  const double = await start()
  double.moderate(1)
  const { result } = await attempt(grok(double), { settings: { n: 2 } })
  expect(result).toMatchObject({ kind: 'done', images: [{}], failures: [{ code: 'content_refused', stage: 'after' }] })
  expect(result).toMatchObject({ reportedCost: { amount: '0.12' } })
})

test('a picture that fails moderation and has a cost is a refusal that is billed', async () => {
  const double = await start()
  double.moderate(1)
  const { result } = await attempt(grok(double))
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'content_refused', stage: 'after', billed: 'yes' } })
})

test('a wrong key, which is told with 400, is no fault of the request', async () => {
  const { result } = await attempt(grok(await start(), { apiKey: { reveal: () => 'another' } }))
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_auth', billed: 'no' } })
})

test('the probe spends nothing', async () => {
  const double = await start()
  expect((await grok(double).probe?.(new AbortController().signal))?.ok).toBe(true)
  expect(double.calls.map(({ method }) => method)).toEqual(['GET'])
})

describe('by the shipped price book', () => {
  test.each([
    ['xai/grok-imagine-image-2.0', { quality: 'low' }, {}, 40_000_000n],
    ['xai/grok-imagine-image-2.0', { n: 2, size: { width: 2048, height: 2048 } }, editOf('image', 'reference'), 180_000_000n],
    ['xai/grok-imagine-image-quality', { size: { width: 2816, height: 1584 } }, {}, 70_000_000n],
    ['xai/grok-imagine-image', {}, editOf('image', 'reference'), 24_000_000n],
  ] as const)('%s %o: quoted, reported and charged are one amount', async (model, settings, setup: AttemptSetup, nanoUsd) => {
    const provider = grok(await start())
    const { result } = await attempt(provider, { ...setup, model, settings })
    const request = testRequest({ ...setup.request, ...('n' in settings ? { n: settings.n } : {}) })
    const answer = await byTheBook(testCandidate(provider, settings, model), request, result)
    expect(answer).toEqual({
      minNanoUsd: nanoUsd,
      expectedNanoUsd: nanoUsd,
      maxNanoUsd: nanoUsd,
      chargedNanoUsd: nanoUsd,
      provenance: 'reported',
    })
  })
})
