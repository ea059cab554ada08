/** Bedrock against a double that checks signatures and bodies; AWS's own SDK talks to the same one. */
import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime'
import { type Dispatcher, request } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { bedrock } from '../../src/providers/bedrock.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { awsKey, bedrockApiKey, startBedrock } from '../support/doubles/bedrock.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const signed = `${awsKey.id}:${awsKey.secret}`

async function account(...keys: string[]) {
  const double = await startBedrock()
  const [apiKey, ...moreApiKeys] = (keys.length > 0 ? keys : [signed]).map((key) => ({ reveal: () => key }))
  const config = {
    name: 'aws',
    type: 'bedrock',
    baseUrl: double.origin,
    region: double.region,
    moreApiKeys,
    ...(apiKey && { apiKey }),
  }
  const provider = createCodecProvider(bedrock, config, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const served = bedrock.offers({ name: 'aws', type: 'bedrock' }).filter(({ retiredAt }) => retiredAt === undefined)

describe('what an offer can do is what its service takes, and every call is signed', () => {
  test.each([...usesOf(served)])('$model: $use', async ({ setup }) => {
    const { provider, double } = await account()
    const { result } = await attempt(provider, setup)
    expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(1)
    expect(double.calls[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /)
  })
})

describe('keys', () => {
  test.each([
    ['an access key', signed, 'done'],
    ['temporary credentials', `${signed}:${awsKey.session}`, 'done'],
    ['an API key', bedrockApiKey, 'done'],
    ['a secret that is another one', `${awsKey.id}:other`, 'failed'],
  ] as const)('%s: %#', async (_, key, kind) => {
    const { provider, double } = await account(key)
    const { result } = await attempt(provider)
    expect(result.kind).toBe(kind)
    if (result.kind === 'failed') expect(result.failure).toMatchObject({ code: 'provider_auth', billed: 'no' })
    expect(double.calls[0]?.headers['x-amz-security-token']).toBe(key.includes(awsKey.session) ? awsKey.session : undefined)
    expect(JSON.stringify(double.calls[0]?.headers)).not.toContain(awsKey.secret)
  })

  test('a key that is refused makes room for the next', async () => {
    const { provider } = await account(`${awsKey.id}:other`, signed)
    expect((await attempt(provider)).result).toMatchObject({ kind: 'failed', failure: { retryable: true, retryAfterMs: 0 } })
    expect((await attempt(provider)).result.kind).toBe('done')
  })

  test.each(['id:', ':secret', 'id:secret:', 'id:secret:session:more'])('%s is no key', async (key) => {
    await expect(account(key)).rejects.toMatchObject({ code: 'config_invalid' })
  })

  test('the region is part of the host', () => {
    const { baseUrl } = bedrock
    expect(typeof baseUrl === 'function' && baseUrl({ region: 'eu-west-1' })).toBe(
      'https://bedrock-runtime.eu-west-1.amazonaws.com',
    )
    expect(typeof baseUrl === 'function' && baseUrl({})).toContain('us-west-2')
  })
})

describe('models', () => {
  test('one may be called by an inference profile of its own', async () => {
    const profile = 'arn:aws:bedrock:eu-west-1:123:application-inference-profile/core'
    const models = [{ id: profile, model: 'stability-ai/stable-image-core', capabilities: {} }]
    const { wireModel } = bedrock.offers({ name: 'aws', type: 'bedrock', models })[0] ?? {}
    expect(wireModel).toBe(profile)
    const provider = { offers: bedrock.offers({ name: 'aws', type: 'bedrock', models }) }
    const { call } = bedrock.encode(testRequest(), testCandidate(provider), { attemptId: 'a', options: {} })
    expect(call.path).toBe(`/model/${encodeURIComponent(profile)}/invoke`)
  })

  test('those that AWS has retired name what took their place', () => {
    const gone = bedrock.offers({ name: 'aws', type: 'bedrock' }).filter(({ retiredAt }) => retiredAt !== undefined)
    expect(gone.map(({ model, retiredAt }) => [model, retiredAt])).toEqual([
      ['amazon/nova-canvas', '2026-09-30'],
      ['amazon/titan-image-generator-v2', '2026-06-30'],
    ])
    for (const { replacedBy } of gone) expect(served.map(({ model }) => model)).toContain(replacedBy)
  })
})

test('a body that is changed on the way is refused by its signature', async () => {
  const { double, provider } = await account()
  await attempt(provider)
  const [call] = double.calls
  const { 'content-length': _, host: __, connection: ___, ...headers } = call?.headers ?? {}
  const again = await fetch(`${double.origin}${call?.path}`, {
    method: 'POST',
    headers: headers as Record<string, string>,
    body: '{"prompt":"another"}',
  })
  expect(again.status).toBe(403)
})

interface SdkRequest {
  readonly method: Dispatcher.HttpMethod
  readonly protocol: string
  readonly hostname: string
  readonly port: number
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

/** The SDK speaks HTTP/2 by itself, which the double does not. */
async function handle({ method, protocol, hostname, port, path, headers, body }: SdkRequest) {
  const answer = await request(`${protocol}//${hostname}:${port}${path}`, { method, headers, body })
  return { response: { statusCode: answer.statusCode, headers: answer.headers as Record<string, string>, body: answer.body } }
}

test("AWS's SDK gets the same from the same double", async () => {
  const { double } = await account()
  const client = (secretAccessKey: string) =>
    new BedrockRuntimeClient({
      endpoint: double.origin,
      region: double.region,
      credentials: { accessKeyId: awsKey.id, secretAccessKey, sessionToken: awsKey.session },
      maxAttempts: 1,
      requestHandler: { handle },
    })
  const call = (modelId: string, body: object) =>
    new InvokeModelCommand({ modelId, contentType: 'application/json', body: JSON.stringify(body) })
  const core = 'stability.stable-image-core-v1:1'
  const { body } = await client(awsKey.secret).send(call(core, { prompt: 'a kite', aspect_ratio: '16:9' }))
  expect(JSON.parse(body.transformToString())).toMatchObject({ finish_reasons: [null], images: [expect.any(String)] })
  await expect(client(awsKey.secret).send(call(core, { prompt: 'a kite', width: 3 }))).rejects.toThrow('extraneous key [width]')
  await expect(client('other').send(call(core, { prompt: 'a kite' }))).rejects.toThrow('signature does not match')
})

test.each([
  [signed, { ok: true }],
  [`${awsKey.id}:other`, { ok: false }],
])('the probe tells whether the key %s works, and makes nothing', async (key, expected) => {
  const { provider, double } = await account(key)
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
  expect(double.calls.map(({ json }) => json)).toEqual([{}])
})

test.each([
  ['stability-ai/stable-image-core', 40_000_000n],
  ['stability-ai/stable-image-ultra', 140_000_000n],
])('%s settles at what was quoted', async (model, nanoUsd) => {
  const { provider } = await account()
  const { result } = await attempt(provider, { model })
  const { quote, settlement } = priced(testCandidate(provider, {}, model), testRequest(), result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd, provenance: 'metered' })
})
