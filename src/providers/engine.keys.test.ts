/** Accounts with several keys, and calls that are signed. Real sockets. */
import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { attempt, testClock, testInput } from '../../test/providers/attempt.ts'
import { account, failureOf, fault, scripted } from '../../test/providers/scripted.ts'
import { json, serveAnswers } from '../../test/providers/served.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import { HalftoneError } from '../core/error.ts'
import { createCodecProvider } from './engine.ts'

const picture = doublePicture(64, 48, { bytes: 4_000 })
const made = { image: picture.toString('base64') }

describe('several keys', () => {
  const keys = { apiKey: { reveal: () => 'sk-one' }, moreApiKeys: [{ reveal: () => 'sk-two' }] }
  /** Refuses the first key with a status, and serves the second. */
  const refusing = (status: number, headers: Record<string, string> = {}) =>
    serveAnswers({
      'POST /make': (response, { headers: { authorization } }) =>
        authorization === 'Bearer sk-one' ? json(response, {}, status, headers) : json(response, made),
    })

  test.each([401, 402, 429])('after %i another one is worth a retry at once, and serves it', async (status) => {
    const { origin, seen } = await refusing(status)
    const provider = account(origin, scripted(), keys)
    expect(failureOf((await attempt(provider)).result)).toMatchObject({ retryable: true, retryAfterMs: 0, billed: 'no' })
    expect((await attempt(provider)).result.kind).toBe('done')
    // The one that was refused rests.
    expect((await attempt(provider)).result.kind).toBe('done')
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-one', 'Bearer sk-two', 'Bearer sk-two'])
  })

  test('rest for as long as the answer says', async () => {
    let now = 0
    const { origin, seen } = await refusing(429, { 'retry-after': '30' })
    const provider = createCodecProvider(
      scripted(),
      { name: 'mine', type: 'scripted', baseUrl: origin, timeoutMs: 2_000, ...keys },
      { clock: { ...testClock, monotonicMs: () => now } },
    )
    onTestFinished(() => provider.close())
    await attempt(provider)
    now = 29_000
    await attempt(provider)
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer sk-two')
  })

  test('that all rest leave the failure as it is', async () => {
    const { origin } = await serveAnswers({ 'POST /make': (response) => json(response, {}, 429, { 'retry-after': '7' }) })
    const provider = account(origin, scripted(), keys)
    await attempt(provider)
    expect(failureOf((await attempt(provider)).result)).toMatchObject({ retryable: true, retryAfterMs: 7_000 })
  })

  test('do not pay twice: what may be billed is not retried with another key', async () => {
    const { origin } = await serveAnswers({ 'POST /make': (response) => json(response, { billed: 'unknown' }, 402) })
    expect(failureOf((await attempt(account(origin, scripted(), keys))).result)).toMatchObject({
      retryable: false,
      billed: 'unknown',
    })
  })

  test('none of them is quoted in a failure', async () => {
    const definition = scripted({
      decode: () => ({ kind: 'failed', failure: { ...fault(500), message: 'key sk-two-secret of sk-one-secret failed' } }),
    })
    const { origin } = await serveAnswers({ 'POST /make': (response) => json(response, {}, 500) })
    const secrets = { apiKey: { reveal: () => 'sk-one-secret' }, moreApiKeys: [{ reveal: () => 'sk-two-secret' }] }
    const { result } = await attempt(account(origin, definition, secrets))
    expect(failureOf(result)?.message).not.toMatch(/secret/)
  })
})

describe('calls that are signed', () => {
  test('the signature covers the bytes that are sent, images included', async () => {
    const definition = scripted({
      createAuthorizer: (apiKey) => ({
        authorize: async ({ method, url, bodySha256 }) => ({
          'x-signed': `${apiKey} ${method} ${url.pathname} ${await bodySha256()}`,
        }),
      }),
    })
    const { origin, seen } = await serveAnswers({ 'POST /make': (response) => json(response, made) })
    const { result } = await attempt(account(origin, definition, { apiKey: { reveal: () => 'k' } }), {
      request: { operation: 'edit', inputs: [testInput(picture, { sha256: 'a' })] },
      files: { a: picture },
    })
    expect(result.kind).toBe('done')
    const [sent] = seen
    expect(JSON.parse(sent?.body ?? '')).toEqual({ image: picture.toString('base64') })
    const sha256 = createHash('sha256')
      .update(sent?.body ?? '')
      .digest('hex')
    expect(sent?.headers['x-signed']).toBe(`k POST /make ${sha256}`)
  })

  test('without credentials nothing is sent, so nothing is billed', async () => {
    const definition = scripted({
      createAuthorizer: () => ({
        authorize: () => Promise.reject(new HalftoneError('provider_auth', 'The token endpoint said no.')),
      }),
    })
    const { origin, seen } = await serveAnswers({})
    const { result } = await attempt(account(origin, definition))
    expect(failureOf(result)).toMatchObject({ code: 'provider_auth', billed: 'no' })
    expect(seen).toEqual([])
  })

  test('each key has its own authorizer', async () => {
    const definition = scripted({
      createAuthorizer: (apiKey) => ({ authorize: async () => ({ 'x-key': apiKey ?? 'none' }) }),
    })
    const { origin, seen } = await serveAnswers({ 'POST /make': (response) => json(response, {}, 401) })
    const provider = account(origin, definition, { apiKey: { reveal: () => 'a' }, moreApiKeys: [{ reveal: () => 'b' }] })
    await attempt(provider)
    await attempt(provider)
    expect(seen.map(({ headers }) => headers['x-key'])).toEqual(['a', 'b'])
  })
})
