import Anthropic from '@anthropic-ai/sdk'
import sharp from 'sharp'
import { afterEach, describe, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { createSvgDrawer } from '../../src/steps/svg/draw.ts'
import { type AnthropicScript, anthropicKey, startAnthropic } from '../support/doubles/anthropic.ts'
import type { DoubleServer } from '../support/doubles/server.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'
import { readAll } from './memory-spool.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const drawing = '<svg viewBox="0 0 100 100"><circle cx="50" cy="50" r="50" fill="#00ff00"/></svg>'

async function account(
  script: AnthropicScript = { text: drawing },
  config: Partial<ProviderConfig> = {},
): Promise<{ provider: Provider; double: DoubleServer }> {
  const double = await startAnthropic(script)
  const all = { name: 'anthropic', type: 'anthropic', baseUrl: `${double.origin}/v1`, apiKey: { reveal: () => anthropicKey } }
  const provider = createCodecProvider(anthropic, { ...all, ...config }, { clock: testClock, drawSvg: createSvgDrawer() })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const model = 'anthropic/claude-sonnet-5-5'

describe('against a double of the Messages API', () => {
  test.each(['png', 'webp', 'jpeg', 'svg'] as const)('a drawing comes as %s in exactly the size asked for', async (format) => {
    const { provider } = await account()
    const size = { width: 300, height: 200 }
    const { result, spool } = await attempt(provider, { model, settings: { format, size } })
    if (result.kind === 'failed') throw new Error(result.failure.message)
    const [image] = result.images
    expect(image).toMatchObject({ mediaType: format === 'svg' ? 'image/svg+xml' : `image/${format}`, size })
    if (image && format !== 'svg') {
      const { data, info } = await sharp(await readAll(image.body))
        .raw()
        .toBuffer({ resolveWithObject: true })
      const middle = (100 * info.width + 150) * info.channels
      expect(data[middle + 1], 'the circle is green').toBeGreaterThan(240)
      expect(data[middle], 'and nothing else').toBeLessThan(20)
    }
    await image?.body.dispose()
    expect(spool.open).toBe(0)
  })

  test("the vendor's own SDK gets from the double what the codec gets", async () => {
    const { double } = await account()
    const client = new Anthropic({ apiKey: anthropicKey, baseURL: double.origin })
    const message = await client.messages.create({
      model: 'claude-sonnet-5-5',
      max_tokens: 8_000,
      messages: [{ role: 'user', content: 'a green circle' }],
    })
    expect(message.content).toMatchObject([{ type: 'text', text: drawing }])
    expect(message.usage.output_tokens).toBeGreaterThan(0)
    const wrong = new Anthropic({ apiKey: 'wrong', baseURL: double.origin, maxRetries: 0 })
    await expect(wrong.models.list()).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
  })

  test('a long drawing arrives whole', async () => {
    const shapes = Array.from({ length: 700 }, (_, index) => `<path d="M${index} 0h1v9z" fill="#123456"/>`).join('')
    const { provider } = await account({ text: `<svg viewBox="0 0 700 9">${shapes}</svg>` })
    const { result } = await attempt(provider, { model, settings: { format: 'svg' } })
    if (result.kind === 'failed') throw new Error(result.failure.message)
    const [image] = result.images
    expect(image && (await readAll(image.body)).toString().match(/<path/g)).toHaveLength(700)
  })

  test('a drawing longer than the tokens that were priced is cut off, billed and not handed out', async () => {
    const { provider } = await account({ text: `<svg>${'<rect width="1" height="1"/>'.repeat(2_000)}</svg>` })
    const { result } = await attempt(provider, { model })
    expect(result).toMatchObject({
      kind: 'failed',
      failure: { code: 'provider_no_image', billed: 'yes', usage: { 'tokens.text.out': 8_000_000_000n } },
    })
    const { settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(settlement).toMatchObject({ kind: 'charged' })
  })

  test('a client that leaves while it is drawn pays for the tokens', async () => {
    const gone = new AbortController()
    const double = await startAnthropic({ text: drawing })
    const config = { name: 'a', type: 'anthropic', baseUrl: `${double.origin}/v1`, apiKey: { reveal: () => anthropicKey } }
    const draw = createSvgDrawer()
    const provider = createCodecProvider(anthropic, config, {
      clock: testClock,
      drawSvg: (order, io) => {
        gone.abort()
        return draw(order, io)
      },
    })
    closers.push(double.close, () => provider.close())
    const { result } = await attempt(provider, { model, io: { signal: gone.signal } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'yes' } })
  })

  test('a member the API does not have is refused with its name', async () => {
    const { provider } = await account()
    const { result } = await attempt(provider, { model, request: { extraBody: { anthropic: { picture: true } } } })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('picture')
  })

  test.each([
    [anthropicKey, { ok: true, message: 'The key works; it may use 1 models.' }],
    ['wrong', { ok: false }],
  ])('the probe tells whether the key %s works, and writes nothing', async (key, expected) => {
    const { provider, double } = await account(undefined, { apiKey: { reveal: () => key } })
    expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
    expect(double.calls.map(({ method }) => method)).toEqual(['GET'])
  })

  test('fonts come from folders with absolute paths', () => {
    expect(anthropic.options?.safeParse({ fontDirs: ['fonts'] }).success).toBe(false)
    expect(anthropic.options?.safeParse({ fontDirs: ['/usr/share/fonts'] }).success).toBe(true)
  })
})

describe('prices', () => {
  test.each(['anthropic/claude-haiku-5-5', 'anthropic/claude-sonnet-5-5', 'anthropic/claude-opus-5-5'])(
    '%s: the tokens settle within what was quoted',
    async (name) => {
      const { provider } = await account()
      const { result } = await attempt(provider, { model: name })
      const { quote, settlement } = priced(testCandidate(provider, {}, name), testRequest(), result)
      expect(settlement).toMatchObject({ kind: 'charged', provenance: 'metered', findings: [] })
      const charged = settlement.kind === 'charged' ? settlement.totalNanoUsd : 0n
      expect(charged).toBeGreaterThan(0n)
      expect(charged).toBeLessThanOrEqual(quote.maxNanoUsd ?? 0n)
    },
  )
})
