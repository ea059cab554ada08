import { afterEach, describe, expect, test } from 'vitest'
import type { Provider } from '../../src/ports/provider.ts'
import type { ProviderDefinition } from '../../src/providers/define-provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { litellm } from '../../src/providers/litellm.ts'
import { portkey } from '../../src/providers/portkey.ts'
import type { ModelConfig } from '../../src/providers/provider-config.ts'
import { tokenmix } from '../../src/providers/tokenmix.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type DoubleServer, startServer } from '../support/doubles/server.ts'
import { priced } from '../support/priced.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const usage = { input_tokens: 10, input_tokens_details: { text_tokens: 10 }, output_tokens: 1000, total_tokens: 1010 }

/** GPT Image behind a gateway: it refuses to be asked for base64, as OpenAI does. */
async function account(
  definition: ProviderDefinition,
  headers: Readonly<Record<string, string>> = {},
  models?: readonly ModelConfig[],
): Promise<{ provider: Provider; double: DoubleServer }> {
  const double = await startServer(({ json }) =>
    'response_format' in json && /gpt-image/.test(String(json['model']))
      ? { status: 400, json: { error: { message: "Unknown parameter: 'response_format'." } } }
      : { headers, json: { created: 1, data: [{ b64_json: doublePicture(64, 64).toString('base64') }], usage } },
  )
  const config = { name: 'gateway', type: definition.id, baseUrl: `${double.origin}/v1`, apiKey: { reveal: () => 'key' } }
  const provider = createCodecProvider(definition, { ...config, ...(models && { models }) }, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const model = 'openai/gpt-image-2'

describe('gateways in front of the makers', () => {
  test.each([
    [litellm, 'gpt-image-2', 'authorization'],
    [portkey, '@openai/gpt-image-2', 'x-portkey-api-key'],
    [tokenmix, 'gpt-image-2', 'authorization'],
  ] as const)('$0.id: GPT Image is asked as OpenAI has it, by the name $1', async (definition, wire, header) => {
    const { provider, double } = await account(definition)
    const { result } = await attempt(provider, { model })
    expect(result.kind === 'failed' ? result.failure.message : 'done').toBe('done')
    expect(double.calls[0]).toMatchObject({ path: '/v1/images/generations', json: { model: wire, quality: 'medium' } })
    expect(double.calls[0]?.headers[header]).toContain('key')
  })

  test('an alias of the operator stands for a model that is known', async () => {
    const { provider, double } = await account(litellm, {}, [
      { id: 'team-pictures', model, capabilities: {} },
      { id: 'gpt-image-1.5', model: 'openai/gpt-image-1.5', capabilities: {} },
    ])
    for (const each of [model, 'openai/gpt-image-1.5']) await attempt(provider, { model: each })
    expect(double.calls.map(({ json }) => json['model'])).toEqual(['team-pictures', 'gpt-image-1.5'])
    expect(provider.offers[0]?.capabilities.qualities).toContain('high')
  })

  test('a reseller that nothing official describes is never chosen by itself', async () => {
    const { provider } = await account(tokenmix)
    expect(provider.offers.every(({ assumed }) => assumed)).toBe(true)
  })
})

describe('prices', () => {
  const cost = (final: string, original: string) => ({
    'x-litellm-response-cost': final,
    'x-litellm-response-cost-original': original,
  })

  test("the proxy's margin is a line of its own", async () => {
    const { provider } = await account(litellm, cost('0.033055', '0.03005'))
    const { result } = await attempt(provider, { model })
    const { settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(settlement).toMatchObject({
      totalNanoUsd: 33_055_000n,
      provenance: 'reported',
      lines: [
        { kind: 'usage', nativeAmount: '0.03005' },
        { kind: 'adjustment', nativeAmount: '0.003005' },
      ],
    })
  })

  test.each([
    ['a model outside the price map, which costs "0.0"', cost('0.0', '0.0')],
    ['no word about the cost', {}],
  ])('%s is charged by its tokens, not at nothing', async (_, headers) => {
    const { provider } = await account(litellm, headers)
    const { result } = await attempt(provider, { model })
    const { quote, settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: 30_050_000n, provenance: 'metered', findings: [] })
    expect(quote.maxNanoUsd).toBeGreaterThanOrEqual(30_050_000n)
  })

  test('Portkey passes the bill of the maker through', async () => {
    const { provider } = await account(portkey)
    const { result } = await attempt(provider, { model })
    const { settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
    expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: 30_050_000n, provenance: 'metered' })
  })
})
