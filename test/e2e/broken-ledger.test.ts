/** A ledger that stumbles while a request runs: what was paid for is still given out, and nothing is kept that nobody needs. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(() => double.close())
afterEach(async () => {
  await gateway.close()
  double.reset()
})

const model = 'acme/painter'

async function start(more: object = {}, options: { readonly leaseMs?: number } = {}): Promise<void> {
  const models = [{ model, ...doubleCapabilities, sizes: ['1024x1024'] }]
  gateway = await startTestGateway({
    ...options,
    config: { providers: { painter: compatibleProvider(double, { models, retries: 0 }) }, ...more },
  })
}

function inLedger(sql: string): void {
  const db = new DatabaseSync(join(gateway.folder, 'data', 'ledger.db'))
  db.exec(`PRAGMA busy_timeout = 10000; ${sql}`)
  db.close()
}

/** From now on the ledger refuses to write such rows. */
const breakLedger = (when: string): void =>
  inLedger(`CREATE TRIGGER trouble BEFORE ${when} BEGIN SELECT RAISE(ABORT, 'disk trouble'); END`)

interface Made {
  readonly data: readonly { readonly b64_json: string }[]
  readonly halftone: { readonly cost_usd: string; readonly warnings: readonly { readonly code: string }[] }
}
const small = { model, prompt: 'a red fox', size: '500x400', halftone: { fit: 'cover' } }

it('a step of this machine that cannot be held leaves the picture as it was made', async () => {
  await start({ steps: { price: { perPicture: '0.002' } } })
  breakLedger("INSERT ON attempts WHEN NEW.kind = 'step'")
  const { status, body } = await gateway.call<Made>('/v1/images/generations', { body: small })
  expect([status, body.data?.length, body.halftone?.cost_usd]).toEqual([200, 1, '0.04'])
  expect(body.halftone.warnings.map(({ code }) => code)).toContain('finishing_failed')
  await gateway.settled()
})

it('a call that cannot be settled keeps no picture in memory, and its client is told not to repeat it', async () => {
  await start()
  breakLedger("UPDATE OF state ON attempts WHEN NEW.state = 'settled'")
  const { status, headers } = await gateway.call<Made>('/v1/images/generations', { body: { model, prompt: 'a red fox', n: 2 } })
  expect([status, headers.get('x-should-retry')]).toEqual([500, 'false'])
  const { body: metrics } = await gateway.call<string>('/metrics')
  expect(metrics).toMatch(/^halftone_spool_bytes 0$/m)
})

it('a call that could not be settled is once the ledger can be written again, at what it cost, and a repeat gets its picture', async () => {
  await start()
  breakLedger("UPDATE OF state ON attempts WHEN NEW.state = 'settled'")
  const ask = () =>
    gateway.call<Made>('/v1/images/generations', { body: { model, prompt: 'a red fox' }, headers: { 'idempotency-key': 'fox' } })
  expect((await ask()).status).toBe(500)
  expect((await ask()).status).toBe(409)
  inLedger('DROP TRIGGER trouble')
  await gateway.settled()
  const [request] = await gateway.requests()
  expect(request).toMatchObject({ outcome: 'succeeded', cost_usd: '0.04', cost_status: 'final', images_returned: 1 })
  const repeated = await ask()
  expect([repeated.status, repeated.headers.get('x-halftone-cache'), repeated.body.data.length]).toEqual([200, 'hit', 1])
  expect(double.billed).toHaveLength(1)
}, 60_000)

it('calls beside one that cannot be settled run to their end before their request is over', async () => {
  const models = [{ model, ...doubleCapabilities, sizes: ['1024x1024'], maxN: 1 }]
  await start({ providers: { painter: compatibleProvider(double, { models, retries: 0 }) } })
  breakLedger("UPDATE OF state ON attempts WHEN NEW.state = 'settled' AND NEW.duration_us < 4000000")
  double.enqueue({}, { delayMs: 5_000 })
  const { status } = await gateway.call<Made>('/v1/images/generations', { body: { model, prompt: 'a red fox', n: 2 } })
  expect(status).toBe(500)
  const [request] = await gateway.requests()
  const { attempts } = await gateway.receipt(request?.id ?? '')
  expect(attempts.map(({ state }) => state).sort()).toEqual(['dispatched', 'settled'])
  const { body: metrics } = await gateway.call<string>('/metrics')
  expect(metrics).toMatch(/^halftone_spool_bytes 0$/m)
})

it('a request whose end cannot be written gives out the pictures that it made', async () => {
  const models = [{ model, ...doubleCapabilities, sizes: ['1024x1024'], maxN: 1 }]
  const providers = { painter: compatibleProvider(double, { models, retries: 0 }) }
  await start({ providers, maxUsdPerDay: '0.05' })
  breakLedger('UPDATE OF finished_us ON requests')
  const { status, body } = await gateway.call<Made>('/v1/images/generations', { body: { model, prompt: 'a red fox', n: 2 } })
  expect([status, body.data?.length, body.halftone?.cost_usd]).toEqual([200, 1, '0.04'])
  expect((await gateway.requests())[0]?.finished_at).toBeNull()
  inLedger('DROP TRIGGER trouble')
  await gateway.settled()
  expect((await gateway.requests())[0]).toMatchObject({ outcome: 'partial', images_returned: 1, cost_usd: '0.04' })
}, 60_000)

it('a changed configuration is in force as a whole, also when what follows from it cannot be written', async () => {
  const hash = createHash('sha256').update('a-key-of-some-length-1').digest('hex')
  await start({ keys: { app: { hash } } })
  const status = async (key: string) =>
    (await gateway.call('/v1/images/generations', { key, body: { model, prompt: 'x, '.repeat(100) } })).status
  expect(await status('a-key-of-some-length-1')).toBe(200)
  breakLedger('INSERT ON credit_lots')
  const credits = { kind: 'prepaidCredits', id: 'credits', lots: [{ amount: '1', paid: '1', expiresAt: '2099-01-01' }] }
  const prices = { [model]: { perImage: '0.04', commitments: [credits] } }
  await gateway.writeConfig({ providers: { painter: compatibleProvider(double, { prices }) }, server: { maxBodyBytes: 100 } })
  await expect.poll(() => status(gateway.adminKey), { timeout: 30_000 }).toBe(413)
  expect(await status('a-key-of-some-length-1')).toBe(401)
  expect((await gateway.call('/readyz', { key: null })).status).toBe(200)
}, 60_000)

const probe = async (path: '/healthz' | '/readyz') => {
  const { status, body } = await gateway.call<{ problems?: readonly string[] }>(path, { key: null })
  return { status, problems: body.problems ?? [] }
}
const patience = { timeout: 30_000, interval: 50 }

it('a node whose ledger cannot be written is not ready until it can be again', async () => {
  await start({}, { leaseMs: 1_500 })
  breakLedger('UPDATE ON nodes')
  await expect.poll(() => probe('/readyz'), patience).toEqual({ status: 503, problems: ['the ledger cannot be written'] })
  expect((await probe('/healthz')).status).toBe(200)
  inLedger('DROP TRIGGER trouble')
  await expect.poll(() => probe('/readyz'), patience).toEqual({ status: 200, problems: [] })
}, 90_000)

it('a node that lost its lease is not ready and not healthy: only a restart makes it serve again', async () => {
  await start({}, { leaseMs: 1_500 })
  inLedger('UPDATE nodes SET closed_us = 1')
  await expect.poll(() => probe('/readyz'), patience).toEqual({ status: 503, problems: ['the lease of this node was lost'] })
  expect((await probe('/healthz')).status).toBe(503)
}, 90_000)
