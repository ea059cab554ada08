import { afterEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { openrouter } from '../../src/providers/openrouter.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { listedModels, openrouterKey, openrouterSpecification, startOpenrouter } from '../support/doubles/openrouter.ts'
import type { DoubleServer } from '../support/doubles/server.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const tokens = {
  prompt_tokens: 7,
  completion_tokens: 1024,
  completion_tokens_details: { image_tokens: 1024 },
  total_tokens: 1031,
}

async function account(
  usage: JsonObject = tokens,
  config: Partial<ProviderConfig> = {},
): Promise<{ provider: Provider; double: DoubleServer }> {
  const double = await startOpenrouter(usage)
  const all = { name: 'or', type: 'openrouter', baseUrl: `${double.origin}/api/v1`, apiKey: { reveal: () => openrouterKey } }
  const provider = createCodecProvider(openrouter, { ...all, ...config }, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(64, 64)

describe('against a double that checks each call with the specification', () => {
  const offers = openrouter.offers({ name: 'or', type: 'openrouter' })
  test.each(offers.map(({ model, capabilities }) => ({ model, capabilities })))(
    '$model: what it can do, at every size it makes, is what the specification takes',
    async ({ model, capabilities }) => {
      const { provider } = await account()
      const { sizes, defaultSize, parameters, operations } = capabilities
      for (const size of sizes.kind === 'list' ? sizes.sizes : [defaultSize]) {
        for (const operation of operations) {
          const inputs = operation === 'edit' ? [testInput(image), testInput(image, { role: 'reference' })] : []
          const request = { operation, inputs, ...(parameters.includes('seed') ? { seed: 7 } : {}) }
          const { result } = await attempt(provider, { model, settings: { size }, request, files: { input: image } })
          expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
        }
      }
    },
  )

  test('a member the specification does not have is refused with its name', async () => {
    const { provider } = await account()
    const extraBody = { openrouter: { num_images: 2 } }
    const { result } = await attempt(provider, { request: { extraBody } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('num_images')
    expect(openrouterSpecification.problems('ImageGenerationResponse', { data: [{}] }), 'the judge judges').not.toEqual([])
  })

  test('its own list brings models the codec does not know, with what they can do', async () => {
    expect(openrouterSpecification.problems('ImageModelsListResponse', { data: listedModels })).toEqual([])
    const { provider } = await account()
    const found = await provider.discover?.(AbortSignal.timeout(5_000))
    expect(found).toMatchObject({
      ok: true,
      offers: [
        {
          id: 'or:bytedance-seed/seedream-4.5',
          wireModel: 'bytedance-seed/seedream-4.5',
          capabilities: {
            operations: ['generate', 'edit'],
            maxInputs: 10,
            maxN: 4,
            qualities: ['low', 'high'],
            defaultQuality: 'low',
            formats: ['png', 'jpeg'],
            backgrounds: ['transparent'],
            parameters: ['seed'],
            maxPartialImages: 3,
          },
        },
        { id: 'or:microsoft/mai-image-2.7', capabilities: { maxInputs: 5 } },
      ],
    })
  })

  test('a configured model that nobody listed goes by its full name', async () => {
    const { provider, double } = await account(tokens, {
      models: [{ id: 'riverflow-v2', model: 'sourceful/riverflow-v2', capabilities: {} }],
    })
    const { result } = await attempt(provider)
    expect(result.kind).toBe('done')
    expect(double.calls[0]?.json['model']).toBe('sourceful/riverflow-v2')
  })

  test.each([
    [openrouterKey, { ok: true, message: 'The key works; $9.5 of its limit are left.' }],
    ['wrong', { ok: false }],
  ])('the probe tells whether the key %s works, and asks for no picture', async (key, expected) => {
    const { provider, double } = await account(tokens, { apiKey: { reveal: () => key } })
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
    expect(double.calls.map(({ path }) => path)).toEqual(['/api/v1/key'])
  })
})

describe('prices', () => {
  test.each([
    ['microsoft/mai-image-2.7', tokens, 34_851_000n, 'metered'],
    ['recraft/recraft-v4-vector', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, 80_000_000n, 'metered'],
    ['microsoft/mai-image-2.7', { ...tokens, cost: 0.034851 }, 34_851_000n, 'reported'],
  ] as const)('%s with %j settles at %s, %s, within what was quoted', async (model, usage, charged, provenance) => {
    const { provider } = await account(usage)
    const { result } = await attempt(provider, { model })
    const { quote, settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: charged, provenance, findings: [] })
    expect(quote.minNanoUsd).toBeLessThanOrEqual(charged)
    expect(quote.maxNanoUsd).toBeGreaterThanOrEqual(charged)
  })

  test("with a key of one's own OpenRouter's fee is a line beside what the maker bills", async () => {
    const cost_details = { upstream_inference_cost: 0.034851 }
    const { provider } = await account({ ...tokens, cost: 0.00174255, is_byok: true, cost_details })
    const model = 'microsoft/mai-image-2.7'
    const { result } = await attempt(provider, { model })
    const { settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(settlement).toMatchObject({
      totalNanoUsd: 36_593_550n,
      lines: [
        { kind: 'usage', nativeAmount: '0.034851' },
        { kind: 'adjustment', nativeAmount: '0.00174255' },
      ],
    })
  })
})
