import { afterEach, describe, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { recraft } from '../../src/providers/recraft.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import { recraftKey, recraftSpecification, startRecraft } from '../support/doubles/recraft.ts'
import type { DoubleServer } from '../support/doubles/server.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(credits?: number, key = recraftKey): Promise<{ provider: Provider; double: DoubleServer }> {
  const double = await startRecraft(credits)
  const config = { name: 'recraft', type: 'recraft', baseUrl: `${double.origin}/v1`, apiKey: { reveal: () => key } }
  const provider = createCodecProvider(recraft, config, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(512, 512)

describe('against a double that checks each call with the specification', () => {
  const offers = recraft.offers({ name: 'recraft', type: 'recraft' })
  test.each(offers.map(({ model, capabilities }) => ({ model, capabilities })))(
    '$model: what it can do, at every size it makes, is what the specification takes',
    async ({ model, capabilities }) => {
      const { provider } = await account()
      const { parameters, operations, sizes } = capabilities
      const optional = { seed: 3, strength: 0.25, style: 'digital_illustration', negativePrompt: 'text' }
      const taken = Object.fromEntries(Object.entries(optional).filter(([name]) => parameters.some((each) => each === name)))
      const inputs = [testInput(image), ...(capabilities.mask ? [testInput(mask, { role: 'mask', sha256: 'mask' })] : [])]
      for (const operation of operations) {
        const all = operation === 'generate' && sizes.kind === 'list' ? sizes.sizes : [capabilities.defaultSize]
        for (const size of all) {
          const { result } = await attempt(provider, {
            model,
            settings: { size },
            request: { ...taken, operation, inputs: operation === 'generate' ? [] : inputs },
            files: { input: image, mask },
          })
          expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
        }
      }
    },
  )

  test('a member the specification does not have is refused with its name', async () => {
    const { provider } = await account()
    const { result } = await attempt(provider, { request: { extraBody: { recraft: { num_images: 2 } } } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('num_images')
    expect(recraftSpecification.problems('GenerateImageResponse', {}), 'the judge judges').not.toEqual([])
  })

  test.each([
    [recraftKey, { ok: true, message: 'The key works; 990 API units are left.' }],
    ['wrong', { ok: false }],
  ])('the probe tells whether the key %s works, and asks for no picture', async (key, expected) => {
    const { provider, double } = await account(40, key)
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
    expect(double.calls.map(({ path }) => path)).toEqual(['/v1/users/me'])
  })
})

describe('prices', () => {
  test.each([
    ['recraft/recraft-v3', 'generate', 40, 40_000_000n],
    ['recraft/recraft-v4.1-vector', 'generate', 80, 80_000_000n],
    ['recraft/remove-background', 'remove_background', 10, 10_000_000n],
    ['recraft/remix', 'variation', 40, 40_000_000n],
  ] as const)('%s: the units of the answer settle at what was quoted', async (model, operation, credits, amount) => {
    const { provider } = await account(credits)
    const inputs = operation === 'generate' ? [] : [testInput(image)]
    const { result } = await attempt(provider, { model, request: { operation, inputs }, files: { input: image } })
    const request = testRequest({ operation, inputs })
    const { quote, settlement } = priced(testCandidate(provider, {}, model), request, result)
    expect(quote.expectedNanoUsd).toBe(amount)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: amount, provenance: 'reported', findings: [] })
    if (result.kind !== 'done') throw new Error('It failed.')
    const { reportedCost: _, ...metered } = result
    expect(priced(testCandidate(provider, {}, model), request, metered).settlement).toMatchObject({ totalNanoUsd: amount })
  })
})
