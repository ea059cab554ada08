/** A key that is revoked while it is in use: what has begun ends and is paid for, what waits does not begin. */
import { afterEach, expect, it } from 'vitest'
import { checkLedger, compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
afterEach(async () => {
  try {
    await checkLedger(gateway, { doubles: { double } })
  } finally {
    await gateway.close()
    await double.close()
  }
})

async function start(provider: object = {}) {
  double = await startProviderDouble()
  gateway = await startTestGateway({ config: { providers: { double: compatibleProvider(double, { retries: 0, ...provider }) } } })
  const { id, secret } = await gateway.createKey()
  const revoke = () => gateway.call(`/v1/halftone/keys/${id}`, { method: 'DELETE' })
  const ask = (prompt: string, more: object = {}) =>
    gateway.call<{ readonly error?: { readonly code: string } } & string>('/v1/images/generations', {
      body: { model: 'acme/painter', prompt, ...more },
      key: secret,
    })
  return { revoke, ask }
}

it('a request that waits for its turn is turned away, and nothing is asked of a provider', async () => {
  const { revoke, ask } = await start({ requestsPerMinute: 10 })
  for (const { status } of await Promise.all(Array.from({ length: 10 }, (_, index) => ask(`fox ${index}`))))
    expect(status).toBe(200)
  const waiting = ask('a late fox')
  // For it to come in. On a machine so slow that it has not, it is turned away at the door instead.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect((await revoke()).status).toBe(200)
  const { status, body } = await waiting
  expect([status, body.error?.code, double.calls.length]).toEqual([401, 'invalid_api_key', 10])
}, 60_000)

it('a stream that has begun is sent to its end and paid for once', async () => {
  const { revoke, ask } = await start()
  double.script({ delayMs: 1_500 })
  const running = ask('a fox', { stream: true })
  await expect.poll(() => double.waiting, { timeout: 10_000 }).toBe(1)
  await revoke()
  const { status, body } = await running
  expect([status, body.includes('event: image_generation.completed')]).toEqual([200, true])
  expect((await ask('another fox')).status).toBe(401)
  expect(double.billed).toHaveLength(1)
}, 60_000)
