import { createGateway } from 'ai'
import { afterEach, describe, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { vercelGateway } from '../../src/providers/vercel-gateway.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import type { DoubleServer } from '../support/doubles/server.ts'
import { startVercelGateway, type VercelScript, vercelKey } from '../support/doubles/vercel-gateway.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(
  script: VercelScript = {},
  config: Partial<ProviderConfig> = {},
): Promise<{ provider: Provider; double: DoubleServer }> {
  const double = await startVercelGateway(script)
  const all = { name: 'vercel', type: 'vercel-gateway', baseUrl: double.origin, apiKey: { reveal: () => vercelKey }, ...config }
  const provider = createCodecProvider(vercelGateway, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(64, 64)
const mask = await doubleMask(64, 64)
const model = 'openai/gpt-image-2'

describe('against a double of the gateway', () => {
  test("the vendor's own SDK gets picture and cost from the double as the codec does", async () => {
    const { double } = await account()
    const gateway = createGateway({ apiKey: vercelKey, baseURL: `${double.origin}/v4/ai` })
    const result = await gateway.imageModel(model).doGenerate({
      prompt: 'a red kite',
      n: 1,
      size: '1024x1024',
      aspectRatio: undefined,
      seed: undefined,
      files: undefined,
      mask: undefined,
      providerOptions: { openai: { quality: 'medium' } },
    })
    expect(result.images).toHaveLength(1)
    const told = result.providerMetadata?.['gateway'] as unknown as { readonly generationId: string }
    const info = await gateway.getGenerationInfo({ id: told.generationId })
    expect(info.totalCost).toBe(0.04)
    const ofSdk = double.calls[0]?.headers ?? {}
    const { provider, double: other } = await account()
    await attempt(provider, { model })
    const names = ['ai-gateway-protocol-version', 'ai-gateway-auth-method', 'ai-image-model-specification-version', 'ai-model-id']
    for (const name of names) expect(other.calls[0]?.headers[name], name).toBe(ofSdk[name])
  })

  test("an edit is the same call as the SDK's, to the byte of its files", async () => {
    const { double } = await account()
    const gateway = createGateway({ apiKey: vercelKey, baseURL: `${double.origin}/v4/ai` })
    const file = (data: Buffer) => ({ type: 'file', mediaType: 'image/png', data: new Uint8Array(data) }) as const
    await gateway.imageModel(model).doGenerate({
      prompt: 'a red kite over a grey sea',
      n: 1,
      size: '1024x1024',
      aspectRatio: undefined,
      seed: undefined,
      files: [file(image)],
      mask: file(mask),
      providerOptions: { openai: { quality: 'medium', outputFormat: 'png' } },
    })
    const { provider, double: other } = await account()
    const inputs = [testInput(image), testInput(mask, { role: 'mask', sha256: 'mask' })]
    await attempt(provider, { model, request: { operation: 'edit', inputs }, files: { input: image, mask } })
    expect(other.calls[0]?.json).toEqual(double.calls[0]?.json)
  })

  test.each(
    vercelGateway
      .offers({ name: 'vercel', type: 'vercel-gateway' })
      .map(({ model: name, capabilities }) => ({ name, capabilities })),
  )('$name: what it can do is what the gateway takes', async ({ name, capabilities }) => {
    const { provider } = await account()
    const inputs = [testInput(image), ...(capabilities.mask ? [testInput(mask, { role: 'mask', sha256: 'mask' })] : [])]
    for (const operation of capabilities.operations) {
      const request = { operation, inputs: operation === 'generate' ? [] : inputs }
      const { result } = await attempt(provider, { model: name, request, files: { input: image, mask } })
      expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
    }
  })

  test('a bill that is not written yet is asked for again, one that never comes holds nothing back', async () => {
    const late = await account({ late: 2 })
    expect((await attempt(late.provider, { model })).result).toMatchObject({ reportedCost: { amount: '0.04' } })
    const never = await account({ late: 99 })
    const { result } = await attempt(never.provider, { model })
    expect(result).toMatchObject({ kind: 'done', images: [{}], usage: { 'tokens.image.out': 1_000_000_000n } })
    expect('reportedCost' in result).toBe(false)
    expect(never.double.calls.filter(({ path }) => path === '/v1/generation')).toHaveLength(3)
  })

  test('a member the gateway does not have is refused with its name', async () => {
    const { provider } = await account()
    const { result } = await attempt(provider, { model, request: { extraBody: { 'vercel-gateway': { quality: 'low' } } } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('quality')
  })

  test.each([
    [vercelKey, { ok: true, message: 'The key works; $12.50 of credit are left.' }],
    ['wrong', { ok: false }],
  ])('the probe tells whether the key %s works, and asks for no picture', async (key, expected) => {
    const { provider, double } = await account({}, { apiKey: { reveal: () => key } })
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
    expect(double.calls.map(({ path }) => path)).toEqual(['/v1/credits'])
  })
})

describe('prices', () => {
  const settled = async (script: VercelScript, name = model) => {
    const { provider } = await account(script)
    const { result } = await attempt(provider, { model: name })
    return priced(testCandidate(provider, {}, name), testRequest(), result)
  }

  test('what was debited is charged, a surcharge on a line of its own', async () => {
    const { settlement } = await settled({ bill: { total_cost: 0.03005, surcharge_cost: 0.001, gateway_cost: 0.03105 } })
    expect(settlement).toMatchObject({
      totalNanoUsd: 31_050_000n,
      provenance: 'reported',
      lines: [
        { kind: 'usage', nativeAmount: '0.03005' },
        { kind: 'adjustment', nativeAmount: '0.001' },
      ],
    })
  })

  test.each([
    [model, 30_050_000n],
    ['black-forest-labs/flux.3-image-klein', 9_000_000n],
  ])('without a bill %s is charged by the price book, within what was quoted', async (name, amount) => {
    const { quote, settlement } = await settled({ late: 99 }, name)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: amount, provenance: 'metered' })
    expect(quote.maxNanoUsd).toBeGreaterThanOrEqual(amount)
  })
})
