/** DeepInfra against a double that charges by the formulas of its pages: what it reports is what the book charges. */
import { afterEach, expect, test } from 'vitest'
import { deepinfra } from '../../src/providers/deepinfra.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { deepInfraKey, startDeepInfra } from '../support/doubles/deepinfra.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(apiKey = deepInfraKey) {
  const double = await startDeepInfra()
  const config = { name: 'deepinfra', type: 'deepinfra', baseUrl: `${double.origin}/v1`, apiKey: { reveal: () => apiKey } }
  const provider = createCodecProvider(deepinfra, config, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

test.each([...usesOf(deepinfra.offers({ name: 'deepinfra', type: 'deepinfra' }))])('$model: $use', async ({ setup }) => {
  const { provider } = await account()
  const { result } = await attempt(provider, setup)
  expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(setup.settings?.n)
})

test('a member the API does not have is refused with its name', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { deepinfra: { cfg: 3 } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no', param: 'cfg' } })
})

test('of two pictures one is flagged: the other is delivered, and the cost is of both', async () => {
  const { provider, double } = await account()
  double.flag(1)
  const { result } = await attempt(provider, { settings: { n: 2 } })
  expect(result).toMatchObject({ kind: 'done', images: [{}], failures: [{ code: 'content_refused', stage: 'after' }] })
  expect(result).toMatchObject({ reportedCost: { amount: '0.02', unit: 'USD' } })
})

test.each([
  [deepInfraKey, { ok: true }],
  ['wrong', { ok: false }],
])('the probe tells whether the key %s works', async (key, expected) => {
  const { provider } = await account(key)
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
})

test.each([
  ['black-forest-labs/flux.1-schnell', { n: 2, steps: 3, size: { width: 512, height: 1024 } }, 1_500_000n],
  ['black-forest-labs/flux.2-dev', { size: { width: 1024, height: 512 } }, 5_000_000n],
  ['black-forest-labs/flux.1-dev', {}, 9_000_000n],
  ['black-forest-labs/flux.2-max', {}, 70_000_000n],
])('%s with %j costs what was quoted, reported or not', async (model, settings, nanoUsd) => {
  const { provider } = await account()
  const { result } = await attempt(provider, { model, settings })
  const candidate = testCandidate(provider, settings, model)
  const request = testRequest({ n: candidate.settings.n })
  const { quote, settlement } = priced(candidate, request, result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd, provenance: 'reported', findings: [] })
  if (result.kind !== 'done') throw new Error('It failed.')
  const { reportedCost: _, ...silent } = result
  expect(priced(candidate, request, silent).settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd })
})
