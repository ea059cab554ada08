/** Two gateways on one PostgreSQL behave as one: keys, idempotency, budgets, records. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type Answer, checkLedger, compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { PostgresDatabase } from '../support/postgres.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { createTestDatabase } from '../support/test-database.ts'

let database: PostgresDatabase
let double: ProviderDouble
let nodes: readonly [TestGateway, TestGateway]

beforeAll(async () => {
  ;[database, double] = await Promise.all([createTestDatabase(), startProviderDouble()])
  const start = (): Promise<TestGateway> =>
    startTestGateway({
      config: { providers: { double: compatibleProvider(double, { retries: 0 }) } },
      env: { DATABASE_URL: database.url },
    })
  nodes = await Promise.all([start(), start()])
})

afterAll(async () => {
  await Promise.all((nodes ?? []).map((node) => node.close()))
  await double?.close()
  await database?.drop()
})

afterEach(() => checkLedger(nodes[0], { doubles: { double } }))

interface Images {
  readonly data: { readonly b64_json: string }[]
  readonly halftone: { readonly request_id: string }
}
const generate = (node: TestGateway, body: object, headers: Record<string, string> = {}, key?: string): Promise<Answer<Images>> =>
  node.call<Images>('/v1/images/generations', {
    body: { model: 'acme/painter', prompt: 'a red fox', ...body },
    headers,
    ...(key !== undefined && { key }),
  })

it('a key made on one node is known on the other, and so are its requests', async () => {
  const { secret } = await nodes[0].createKey()
  const { status, body } = await generate(nodes[1], { prompt: 'fox \ud83e\udd8a "quoted" \\ and \n lines' }, {}, secret)
  expect(status).toBe(200)
  const record = await nodes[0].record(body.halftone.request_id)
  expect(record).toMatchObject({ outcome: 'succeeded', prompt: 'fox \ud83e\udd8a "quoted" \\ and \n lines', cost_usd: '0.04' })
})

it('text no database stores is refused by name, not by a failure of storage', async () => {
  const { status, body } = await generate(nodes[0], { prompt: 'a\u0000b' })
  expect([status, body]).toMatchObject([400, { error: { code: 'invalid_value', param: 'prompt' } }])
})

it('one idempotency key on both nodes at once makes one call', async () => {
  const before = double.calls.length
  double.script({ delayMs: 100 })
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => generate(nodes[index % 2 === 0 ? 0 : 1], {}, { 'idempotency-key': 'both' })),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)])
  expect(double.calls.length - before).toBe(1)
})

it('fifty requests on both nodes never overshoot the cap of a key', async () => {
  const { id, secret } = await nodes[0].createKey({ name: 'capped', max_usd_per_day: '0.30' })
  double.script({ delayMs: 30 })
  // The other node reads budgets every few seconds; a key it has not seen comes with its budget.
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => generate(nodes[index % 2 === 0 ? 0 : 1], { prompt: `fox ${index}` }, {}, secret)),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(7)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(43)
  const spent = (await nodes[1].requests()).filter((request) => request.key_id === id && request.outcome === 'succeeded')
  expect(spent).toHaveLength(7)
})

it('a key revoked on one node stops working on the other within seconds', async () => {
  const { id, secret } = await nodes[0].createKey({ name: 'short-lived' })
  expect((await nodes[1].call('/v1/models', { key: secret })).status).toBe(200)
  await nodes[0].call(`/v1/halftone/keys/${id}`, { method: 'DELETE' })
  expect((await nodes[0].call('/v1/models', { key: secret })).status).toBe(401)
  const deadline = Date.now() + 6_000
  let status = 200
  while (status === 200 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    ;({ status } = await nodes[1].call('/v1/models', { key: secret }))
  }
  expect(status).toBe(401)
})

it('a quote of one node holds at the other', async () => {
  const wanted = { model: 'acme/painter', prompt: 'a red fox', n: 2 }
  const { body: quote } = await nodes[0].call<{ id: string; max_usd: string }>('/v1/halftone/quote', { body: wanted })
  const made = await generate(nodes[1], wanted, { 'x-halftone-quote-id': quote.id })
  expect(made.status).toBe(200)
  expect((await nodes[0].receipt(made.body.halftone.request_id)).quote).toMatchObject({ id: quote.id, max_usd: quote.max_usd })
})
