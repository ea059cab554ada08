import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import type { ImageRequest } from '../../src/core/request.ts'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { ideogram } from '../../src/providers/ideogram.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import {
  type IdeogramDouble,
  type IdeogramScript,
  ideogramKey,
  ideogramSpecification,
  startIdeogram,
} from '../support/doubles/ideogram.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(script: IdeogramScript = {}, key = ideogramKey): Promise<{ provider: Provider; double: IdeogramDouble }> {
  const double = await startIdeogram(script)
  const config = { name: 'ideogram', type: 'ideogram', baseUrl: double.origin, apiKey: { reveal: () => key } }
  const provider = createCodecProvider(ideogram, config, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(512, 512)

describe('against a double that checks each call with the specification', () => {
  const offers = ideogram.offers({ name: 'ideogram', type: 'ideogram' })
  test.each(offers.map(({ model, capabilities }) => ({ model, capabilities })))(
    '$model: what it can do, at every size and quality it has, is taken',
    async ({ model, capabilities }) => {
      const { provider } = await account()
      const { parameters, operations, sizes, qualities } = capabilities
      const optional = { seed: 3, strength: 0.25, style: 'design', negativePrompt: 'text' }
      const taken = Object.fromEntries(Object.entries(optional).filter(([name]) => parameters.some((each) => each === name)))
      const inputs = [testInput(image), ...(capabilities.mask ? [testInput(mask, { role: 'mask', sha256: 'mask' })] : [])]
      const settings = [
        ...(sizes.kind === 'list' && !capabilities.sizeFromInput ? sizes.sizes.map((size) => ({ size })) : [{}]),
        ...qualities.map((quality) => ({ quality })),
      ]
      for (const operation of operations) {
        for (const setting of settings) {
          const request: Partial<ImageRequest> = { ...taken, operation, inputs: operation === 'generate' ? [] : inputs }
          const { result } = await attempt(provider, { model, settings: setting, request, files: { input: image, mask } })
          expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
        }
      }
    },
  )

  test('a mask arrives black where it is edited and white elsewhere, without grey', async () => {
    const { provider, double } = await account()
    const inputs = [testInput(image), testInput(mask, { role: 'mask', sha256: 'mask' })]
    const request: Partial<ImageRequest> = { operation: 'edit', inputs }
    const files = { input: image, mask }
    await attempt(provider, { model: 'ideogram/ideogram-3-inpaint', request, files })
    const alpha = await sharp(mask).extractChannel('alpha').raw().toBuffer()
    const arrived = await sharp(double.masks[0]).toColourspace('b-w').raw().toBuffer()
    expect(new Set(arrived)).toEqual(new Set([0, 255]))
    expect([...arrived]).toEqual([...alpha].map((opacity) => (opacity < 128 ? 0 : 255)))
  })

  test('a field that the API does not have is refused with its name', async () => {
    const { provider } = await account()
    const extraBody = { ideogram: { num_pictures: 2 } }
    const { result } = await attempt(provider, { model: 'ideogram/ideogram-3', request: { extraBody } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('num_pictures')
    expect(ideogramSpecification.problems('ImageGenerationResponseV3', {}), 'the judge judges').not.toEqual([])
  })

  test('a link that has expired is a clear error, billed and not paid for again', async () => {
    const { provider } = await account({ expired: true })
    const { result } = await attempt(provider, { model: 'ideogram/ideogram-3' })
    expect(result).toMatchObject({
      kind: 'failed',
      failure: { code: 'provider_invalid_response', billed: 'yes', retryable: false },
    })
    expect(result.kind === 'failed' && result.failure.message).toContain('403')
  })

  test.each([
    [ideogramKey, { ok: true, message: 'The key works; a picture of low quality is quoted at $0.03.' }],
    ['wrong', { ok: false }],
  ])('the probe asks for a price, not for a picture (key %s)', async (key, expected) => {
    const { provider, double } = await account({}, key)
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
    expect(double.calls.every(({ query }) => query.get('dry_run') === 'true')).toBe(true)
  })
})

describe('prices', () => {
  test.each([
    ['ideogram/ideogram-4.5', 'medium', 60_000_000n],
    ['ideogram/ideogram-3', 'high', 90_000_000n],
    ['ideogram/ideogram-4', 'low', 30_000_000n],
  ] as const)('%s at %s settles at what was quoted', async (model, quality, amount) => {
    const { provider } = await account()
    const { result } = await attempt(provider, { model, settings: { quality } })
    const { quote, settlement } = priced(testCandidate(provider, { quality }, model), testRequest(), result)
    expect(quote.expectedNanoUsd).toBe(amount)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: amount, provenance: 'metered', findings: [] })
  })

  test('pictures that were made and withheld are charged with the others', async () => {
    const { provider } = await account({ unsafe: 1 })
    const model = 'ideogram/ideogram-3'
    const { result } = await attempt(provider, { model, settings: { n: 2 } })
    expect(result).toMatchObject({ kind: 'done', images: [{}], failures: [{ code: 'content_refused', billed: 'yes' }] })
    const { settlement } = priced(testCandidate(provider, { n: 2 }, model), testRequest({ n: 2 }), result)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: 120_000_000n })
  })
})
