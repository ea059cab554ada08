import { expect, it } from 'vitest'
import type { ProviderDefinition } from '../define-provider.ts'
import { createCredentials } from './credentials.ts'

const secret = (text: string) => ({ reveal: () => text })
const definition = { id: 'acme', auth: (key: string) => ({ authorization: key }) } as unknown as ProviderDefinition
const failed = { code: 'provider_rate_limited', message: 'slow down', billed: 'no', retryable: true, retryAfterMs: 500 } as const

it('the state of an account tells how many keys rest, and until when the first of them does', () => {
  let now = 1_000
  const config = { name: 'acme', type: 'acme', apiKey: secret('a'), moreApiKeys: [secret('b'), secret('c')] }
  const credentials = createCredentials(definition, config as never, { monotonicMs: () => now } as never)
  expect(credentials.state()).toEqual({ total: 3, resting: 0 })
  credentials.report(credentials.take(), failed)
  credentials.report(credentials.take(), { ...failed, retryAfterMs: 200 })
  expect(credentials.state()).toEqual({ total: 3, resting: 2, restMs: 200 })
  now += 300
  expect(credentials.state()).toEqual({ total: 3, resting: 1, restMs: 200 })
})

it('an account without a key has none to rest', () => {
  const credentials = createCredentials(definition, { name: 'acme', type: 'acme' } as never, { monotonicMs: () => 0 } as never)
  expect(credentials.state()).toEqual({ total: 0, resting: 0 })
})

it('a key rests an hour at most, however long its provider says', () => {
  let now = 0
  const config = { name: 'acme', type: 'acme', apiKey: secret('a'), moreApiKeys: [secret('b')] }
  const credentials = createCredentials(definition, config as never, { monotonicMs: () => now } as never)
  credentials.report(credentials.take(), { ...failed, retryAfterMs: 30 * 86_400_000 })
  credentials.report(credentials.take(), { ...failed, retryAfterMs: 60 * 86_400_000 })
  expect(credentials.state()).toEqual({ total: 2, resting: 2, restMs: 3_600_000 })
  now = 3_600_000
  expect(credentials.state()).toEqual({ total: 2, resting: 0 })
})
