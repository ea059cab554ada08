import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import type { ImageInput } from '../../src/core/request.ts'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { stability } from '../../src/providers/stability.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import {
  type StabilityDouble,
  type StabilityScript,
  stabilityKey,
  stabilityProblems,
  startStability,
} from '../support/doubles/stability.ts'
import { crashAndResume } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { type AttemptSetup, attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function account(
  script: StabilityScript = {},
  config: Partial<ProviderConfig> = {},
): Promise<{ provider: Provider; double: StabilityDouble }> {
  const double = await startStability(script)
  const apiKey = { reveal: () => stabilityKey }
  const all = { name: 'stability', type: 'stability', baseUrl: double.origin, apiKey, ...config }
  const provider = createCodecProvider(stability, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(4, 1)
const files = { input: image, mask }
/** Whoever waits is told at once that the job has ended. */
const io = { woken: async () => undefined }
const extra = { search_prompt: 'a gull', select_prompt: 'the kite', preserve_original_subject: 0.9 }
const creative: AttemptSetup = {
  model: 'stability-ai/upscale-creative',
  request: { operation: 'upscale', inputs: [testInput(image)] },
  files,
  io,
}

describe('against a double that checks each form with the stored description', () => {
  const offers = stability.offers({ name: 'stability', type: 'stability' })
  // The description has no style transfer.
  const described = offers.filter(({ model }) => model !== 'stability-ai/style-transfer')
  const cases = described.flatMap(({ model, capabilities }) =>
    capabilities.operations.map((operation) => ({ model, operation, capabilities })),
  )

  test.each(cases)('$model, $operation', async ({ model, operation, capabilities }) => {
    const { provider, double } = await account()
    const { parameters, styles, needs = [], needsExtra = [], controls } = capabilities
    const optional = { seed: 3, negativePrompt: 'rain', guidance: 5, strength: 0.4, style: styles?.[0] }
    const taken = Object.entries(optional).filter(([name]) => parameters.some((parameter) => parameter === name))
    const inputs: ImageInput[] = [
      ...(operation === 'generate' ? [] : [testInput(image)]),
      ...(capabilities.mask ? [testInput(mask, { role: 'mask', sha256: 'mask' })] : []),
      ...(controls?.[0] ? [testInput(image, { role: 'control', control: controls[0], controlStrength: 0.5 })] : []),
    ]
    const { result } = await attempt(provider, {
      model,
      request: {
        ...Object.fromEntries(taken),
        ...(capabilities.maxPromptChars === 0 ? { prompt: '' } : {}),
        ...(needs.includes('outpaint') ? { outpaint: { left: 8, right: 0, top: 4, bottom: 0 } } : {}),
        extraBody: { stability: Object.fromEntries(needsExtra.map((name) => [name, extra[name as keyof typeof extra]])) },
        operation,
        inputs,
      },
      files,
      io,
    })
    expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
    expect(double.accepted).toHaveLength(1)
  })

  test('the judge judges', () => {
    expect(stabilityProblems('GenerateCoreRequest', { prompt: 'x', width: 512 })).not.toEqual([])
    expect(stabilityProblems('SearchAndReplaceRequest', { prompt: 'x', image: 'image/png' })).not.toEqual([])
  })

  test('what is transparent in a mask is white in theirs', async () => {
    const { provider, double } = await account()
    const inputs = [testInput(image), testInput(mask, { role: 'mask', sha256: 'mask' })]
    await attempt(provider, { model: 'stability-ai/inpaint', request: { operation: 'edit', inputs }, files })
    const sent = await sharp(double.accepted[0]?.mask).toColourspace('b-w').raw().toBuffer()
    expect([...sent]).toEqual([255, 255, 0, 0])
  })

  test('a slow service is polled through its 202s', async () => {
    const { provider, double } = await account({ pending: 2 })
    const { result } = await attempt(provider, creative)
    expect(result).toMatchObject({ kind: 'done', images: [{ seed: 7 }] })
    expect(double.calls.filter(({ method }) => method === 'GET')).toHaveLength(3)
  })

  test('a job that a crash left behind is resumed, and not submitted again', async () => {
    const { provider, double } = await account({ pending: 0 })
    const { cut, resumed } = await crashAndResume(provider, creative)
    expect(cut).toMatchObject({ kind: 'failed', failure: { billed: 'unknown' } })
    expect(resumed.kind).toBe('done')
    expect(double.accepted).toHaveLength(1)
  })

  test.each([
    [{ ending: 'moderated' }, { code: 'content_refused', stage: 'before', billed: 'no' }],
    [{ ending: 'filtered' }, { code: 'content_refused', stage: 'after', billed: 'no' }],
    [{ expired: true }, { code: 'provider_error', billed: 'unknown', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    expect((await attempt(provider, creative)).result).toMatchObject({ kind: 'failed', failure })
  })

  test('a job that does not end in time is unknown, because there is no way to end it', async () => {
    const { provider } = await account({ pending: 99 }, { timeoutMs: 1_000 })
    const { result } = await attempt(provider, { ...creative, io: {} })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_timeout', billed: 'unknown' } })
  })

  test('the probe tells a wrong key from a right one', async () => {
    const { provider } = await account()
    const right = { ok: true, message: 'The key works; 12.5 credits are left.' }
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toEqual(right)
    const { provider: wrong } = await account({}, { apiKey: { reveal: () => 'wrong' } })
    expect(await wrong.probe?.(AbortSignal.timeout(5_000))).toMatchObject({ ok: false })
  })
})

test.each([
  ['stability-ai/stable-image-core', 30_000_000n],
  ['stability-ai/stable-diffusion-3.5-large', 65_000_000n],
])('%s: flat credits settle at what was quoted', async (model, nanoUsd) => {
  const { provider } = await account()
  const { result } = await attempt(provider, { model })
  const { quote, settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd, provenance: 'metered' })
})
