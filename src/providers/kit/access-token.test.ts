import { expect, test } from 'vitest'
import type { JsonValue } from '../../core/json.ts'
import { createTokenSource } from './access-token.ts'

interface Exchange {
  readonly resolve: (answer: JsonValue) => void
  readonly reject: (error: unknown) => void
}

/** A source whose exchanges the test ends, and its clock. */
function source() {
  const exchanges: Exchange[] = []
  const clock = { nowUs: 0 }
  const token = createTokenSource({
    host: 'token.example',
    exchange: () => new Promise((resolve, reject) => exchanges.push({ resolve, reject })),
    nowUs: () => clock.nowUs,
  })
  return { token, exchanges, clock }
}
const patient = new AbortController().signal

test('a caller that leaves takes nothing from those who wait for the same token', async () => {
  const { token, exchanges } = source()
  const leaving = new AbortController()
  const [left, stayed] = [token(leaving.signal), token(patient)]
  leaving.abort()
  await expect(left).rejects.toMatchObject({ code: 'cancelled' })
  exchanges[0]?.resolve({ access_token: 'a', expires_in: 3600 })
  expect(await stayed).toBe('a')
  expect(exchanges).toHaveLength(1)
})

test('a token is renewed two minutes before it ends, so that no call leaves with one that ends on the way', async () => {
  const { token, exchanges, clock } = source()
  const first = token(patient)
  exchanges[0]?.resolve({ access_token: 'a', expires_in: 600 })
  await first
  clock.nowUs = 479_000_000
  expect(await token(patient)).toBe('a')
  clock.nowUs = 480_000_000
  const second = token(patient)
  exchanges[1]?.resolve({ access_token: 'b' })
  expect(await second).toBe('b')
})

test.each([
  ['a network that fails', (exchange: Exchange) => exchange.reject(new Error('ECONNRESET')), 'provider_unreachable'],
  ['an answer without a token', (exchange: Exchange) => exchange.resolve({ error: 'x' }), 'provider_auth'],
])('%s is not kept: the next call asks again', async (_, end, code) => {
  const { token, exchanges } = source()
  const failed = token(patient)
  end(exchanges[0] as Exchange)
  await expect(failed).rejects.toMatchObject({ code })
  const next = token(patient)
  exchanges[1]?.resolve({ access_token: 'a' })
  expect(await next).toBe('a')
})
