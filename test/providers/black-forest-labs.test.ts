import { afterEach, describe, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { blackForestLabs } from '../../src/providers/black-forest-labs.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import { type BflDouble, type BflScript, bflKey, bflSpecification, startBfl } from '../support/doubles/black-forest-labs.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(
  script: BflScript = {},
  config: Partial<ProviderConfig> = {},
): Promise<{ provider: Provider; bfl: BflDouble }> {
  const bfl = await startBfl(script)
  const all = { name: 'bfl', type: 'black-forest-labs', baseUrl: `${bfl.origin}/v1`, apiKey: { reveal: () => bflKey }, ...config }
  const provider = createCodecProvider(blackForestLabs, all, { clock: testClock })
  closers.push(bfl.close, () => provider.close())
  return { provider, bfl }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(512, 512)
const outpaint = { left: 8, right: 0, top: 0, bottom: 8 }

describe('against a double that checks each call with the specification', () => {
  const models = blackForestLabs.offers({ name: 'bfl', type: 'black-forest-labs' })
  test.each(models.map(({ model, capabilities }) => ({ model, capabilities })))(
    '$model: what it can do is what the specification takes',
    async ({ model, capabilities }) => {
      const { provider, bfl } = await account()
      const { parameters } = capabilities
      const optional = { seed: 3, guidance: 4, strength: 0.25, outpaint }
      const taken = Object.entries(optional).filter(([name]) => parameters.some((parameter) => parameter === name))
      const inputs = [testInput(image), ...(capabilities.mask ? [testInput(mask, { role: 'mask', sha256: 'mask' })] : [])]
      for (const operation of capabilities.operations) {
        const { result } = await attempt(provider, {
          model,
          settings: parameters.includes('steps') ? { steps: 20 } : {},
          request: { ...Object.fromEntries(taken), operation, inputs: operation === 'generate' ? [] : inputs },
          files: { input: image, mask },
        })
        expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
      }
      expect(bfl.jobs.size).toBe(capabilities.operations.length)
    },
  )

  test('a member the specification does not have is refused with its name', async () => {
    const { provider } = await account()
    const extraBody = { 'black-forest-labs': { num_images: 2 } }
    const { result } = await attempt(provider, { model: 'black-forest-labs/flux.2-pro', request: { extraBody } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('num_images')
    expect(bflSpecification.problems('AsyncResponse', { id: 'x' }), 'the judge judges').not.toEqual([])
  })

  test('a job that a crash left behind is resumed with its cost, and not submitted again', async () => {
    const { provider, bfl } = await account({ pending: 2 })
    const { cut, resumed } = await crashAndResume(provider, { model: 'black-forest-labs/flux.2-pro' })
    expect(cut).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    expect(resumed).toMatchObject({ kind: 'done', reportedCost: { amount: '4.5', unit: 'credit', source: 'cost' } })
    expect(bfl.calls.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  test('a webhook only makes it ask at once', async () => {
    const { provider } = await account({ pending: 1 })
    const started = performance.now()
    const io = { woken: async () => undefined }
    const { result } = await attempt(provider, { model: 'black-forest-labs/flux.2-pro', io })
    expect(result.kind).toBe('done')
    expect(performance.now() - started).toBeLessThan(500)
  })

  test.each([
    [{ ending: 'Request Moderated' }, { code: 'content_refused', stage: 'before', billed: 'unknown' }],
    [
      { pending: 1, ending: 'Content Moderated' },
      { code: 'content_refused', stage: 'after', billed: 'unknown' },
    ],
    [{ ending: 'Error' }, { code: 'provider_error', billed: 'unknown' }],
    [{ expired: true }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    const { result } = await attempt(provider, { model: 'black-forest-labs/flux.2-pro' })
    expect(result).toMatchObject({ kind: 'failed', failure })
  })

  test('a job that does not end in time is unknown, because there is no way to end it', async () => {
    const { provider } = await account({ ending: 'Pending' }, { timeoutMs: 1_200 })
    const { result } = await attempt(provider, { model: 'black-forest-labs/flux.2-pro' })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_timeout', billed: 'unknown' } })
  })

  test('a client that leaves ends the waiting, not the bill', async () => {
    const { provider } = await account({ ending: 'Pending' })
    const result = await leaveAfter(50, provider, { model: 'black-forest-labs/flux.2-pro' })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
  })

  test.each([
    [bflKey, { ok: true, message: 'The key works; 12.5 credits are left.' }],
    ['wrong', { ok: false }],
  ])('the probe tells whether the key %s works, and spends nothing', async (key, expected) => {
    const { provider, bfl } = await account({}, { apiKey: { reveal: () => key } })
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
    expect(bfl.jobs.size).toBe(0)
  })
})

describe('prices', () => {
  const size = { width: 1440, height: 1440 }
  test('the credits of the answer settle in dollars, at what was quoted', async () => {
    const { provider } = await account()
    const setup = { model: 'black-forest-labs/flux.2-pro', settings: { size } }
    const { result } = await attempt(provider, setup)
    const { quote, settlement } = priced(testCandidate(provider, setup.settings, setup.model), testRequest(), result)
    expect(quote.expectedNanoUsd).toBe(45_000_000n)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: 45_000_000n, provenance: 'reported', findings: [] })
  })

  test('where the answer names no cost, the usage settles at what was quoted', async () => {
    const { provider } = await account()
    const model = 'black-forest-labs/flux.1-kontext-pro'
    const { result } = await attempt(provider, { model })
    if (result.kind !== 'done') throw new Error('It failed.')
    const { reportedCost: _, ...metered } = result
    const { quote, settlement } = priced(testCandidate(provider, {}, model), testRequest(), metered)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: quote.expectedNanoUsd, provenance: 'metered' })
  })
})

test('what the polls tell of a job is told on', async () => {
  const { provider } = await account({ pending: 3 })
  const told: number[] = []
  const { result } = await attempt(provider, { io: { onProgress: (share) => told.push(share) } })
  expect(result.kind).toBe('done')
  expect(told).toEqual([0.25, 0.5, 0.75])
})
