/** Prodia against a double that checks jobs with the schemas of its documentation and answers in parts. */
import { afterEach, describe, expect, test } from 'vitest'
import { loadPriceFiles } from '../../src/config/price-files.ts'
import { compilePriceBooks, quoteCandidate } from '../../src/core/pricing/index.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { prodia } from '../../src/providers/prodia.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { prodiaSpecification, prodiaToken, startProdia } from '../support/doubles/prodia.ts'
import { atUs } from '../support/pricing.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(config: Partial<ProviderConfig> = {}) {
  const double = await startProdia()
  const all = { name: 'prodia', type: 'prodia', baseUrl: `${double.origin}/v2`, apiKey: { reveal: () => prodiaToken }, ...config }
  const provider = createCodecProvider(prodia, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

describe('what it can do is what the schemas of its job types take', () => {
  test.each([...usesOf(prodia.offers({ name: 'prodia', type: 'prodia' }))])('$model: $use', async ({ setup }) => {
    const { provider, double } = await account()
    const { result } = await attempt(provider, setup)
    expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(1)
    expect(double.jobs).toHaveLength(1)
    expect(result).toMatchObject({ reportedCost: { amount: '0.0025', unit: 'USD' } })
  })

  test('a member the job type does not have is refused by its error, and not billed', async () => {
    const { provider } = await account()
    const { result } = await attempt(provider, { request: { extraBody: { prodia: { cfg: 3 } } } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('cfg')
    expect(prodiaSpecification.problems('inference.flux-2.pro.img2img.v1', { type: 'x' }), 'the judge judges').not.toEqual([])
  })

  test('a picture is handed out whole, and nothing else is kept', async () => {
    const { provider } = await account()
    const { result, spool } = await attempt(provider, { settings: { size: { width: 512, height: 768 } } })
    expect(result).toMatchObject({
      kind: 'done',
      images: [{ size: { width: 512, height: 768 }, mediaType: 'image/png', seed: 11 }],
    })
    if (result.kind === 'done') for (const { body } of result.images) await body.dispose()
    expect(spool.open).toBe(0)
  })
})

test.each([
  [prodiaToken, { ok: true }],
  ['wrong', { ok: false }],
])('the probe tells whether the token %s works, and makes nothing', async (token, expected) => {
  const { provider, double } = await account({ apiKey: { reveal: () => token } })
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
  expect(double.jobs).toEqual([])
})

test('without a list no offer has a price, so none is routed to before the operator sets one', async () => {
  const prices = compilePriceBooks(await loadPriceFiles())
  const { provider } = await account()
  for (const { model } of provider.offers) {
    const candidate = testCandidate(provider, {}, model)
    const quote = quoteCandidate(prices, { candidate, request: testRequest(), promptComplexity: 0.5, atUs })
    expect(quote).toMatchObject({ kind: 'unpriced' })
  }
})

test('other job types are named in the configuration', async () => {
  const models = [
    { id: 'inference.flux.dev.txt2img.v1', model: 'black-forest-labs/flux.1-dev', capabilities: {} },
    { id: 'inference.flux.dev.img2img.v1', model: 'black-forest-labs/flux.1-dev-edit', capabilities: {} },
  ]
  const { provider } = await account({ models })
  expect(provider.offers).toMatchObject([
    { assumed: true, wireModel: 'inference.flux.dev.txt2img.v1', capabilities: { operations: ['generate'] } },
    { assumed: true, wireModel: 'inference.flux.dev.img2img.v1', capabilities: { operations: ['edit'] } },
  ])
})
