/** Routes by API: versions, who may change what, live at once and on every node, and what a document would have done. */
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import type { Explanation } from '../../src/contract/records.ts'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { createTestDatabase } from '../support/test-database.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function double(): Promise<ProviderDouble> {
  const started = await startProviderDouble()
  closers.push(() => started.close())
  return started
}

const provider = (from: ProviderDouble, model: string, perImage: string): object => ({
  ...compatibleProvider(from, { models: [{ model, ...doubleCapabilities }], retries: 0 }),
  prices: { [model]: { perImage } },
})

async function start(change: { config?: object; env?: Record<string, string>; doubles?: readonly ProviderDouble[] } = {}) {
  const [dear, cheap] = change.doubles ?? [await double(), await double()]
  if (!dear || !cheap) throw new Error('two doubles are needed')
  const gateway = await startTestGateway({
    config: {
      providers: { dear: provider(dear, 'acme/famous', '0.04'), cheap: provider(cheap, 'acme/plain', '0.01') },
      routes: { filed: { providers: ['dear'] } },
      aliases: { nick: 'acme/famous' },
      ...change.config,
    },
    ...(change.env && { env: change.env }),
  })
  closers.push(() => gateway.close())
  return gateway
}

interface RouteBody {
  readonly version: number
  readonly managed_by: string
  readonly document: Record<string, unknown>
  readonly error: { readonly code: string; readonly message: string; readonly param: string | null }
}
const PATH = '/v1/halftone/routes'
const put = (gateway: TestGateway, name: string, document: object, version?: number) =>
  gateway.call<RouteBody>(`${PATH}/${name}`, { method: 'PUT', body: { document, ...(version !== undefined && { version }) } })
const make = async (gateway: TestGateway, model: string) => {
  const { status, body } = await gateway.call<{
    readonly halftone?: { readonly offer: string; readonly request_id: string }
    readonly error?: { readonly code: string }
  }>('/v1/images/generations', { body: { model, prompt: 'a red fox', size: '64x64' } })
  return { status, offer: body.halftone?.offer, code: body.error?.code, id: body.halftone?.request_id }
}

describe('a route by API', () => {
  it('serves at once, changes by version, goes back and goes away', async () => {
    const gateway = await start()
    expect((await put(gateway, 'thumbs', { providers: ['cheap'] })).body).toMatchObject({ version: 1, managed_by: 'api' })
    expect(await make(gateway, 'thumbs')).toMatchObject({ offer: 'cheap:acme/plain' })
    expect((await put(gateway, 'thumbs', { providers: ['dear'], maxCostUsd: '0.05' }, 1)).body).toMatchObject({
      version: 2,
      document: { maxCostUsd: '0.05', objective: 'cost' },
    })
    const made = await make(gateway, 'thumbs')
    expect(made).toMatchObject({ offer: 'dear:acme/famous' })
    const { body: explained } = await gateway.call<Explanation>(`/v1/halftone/requests/${made.id}/explain`)
    expect(explained.snapshot).toMatchObject({ route_managed_by: 'api', route_version: 2 })

    const back = await gateway.call<RouteBody>(`${PATH}/thumbs/rollback`, { body: { to: 1, version: 2 } })
    expect(back.body).toMatchObject({ version: 3, document: { providers: ['cheap'] } })
    expect(await make(gateway, 'thumbs')).toMatchObject({ offer: 'cheap:acme/plain' })
    expect((await gateway.call(`${PATH}/thumbs?version=3`, { method: 'DELETE' })).status).toBe(200)
    expect(await make(gateway, 'thumbs')).toMatchObject({ status: 404, code: 'model_not_found' })
    const versions = await gateway.call<{ data: { version: number; retired: boolean; restores: number | null }[] }>(
      `${PATH}/thumbs/versions`,
    )
    expect(versions.body.data.map(({ version, retired, restores }) => [version, retired, restores])).toEqual([
      [4, true, null],
      [3, false, 1],
      [2, false, null],
      [1, false, null],
    ])
    expect((await put(gateway, 'thumbs', {}, 0)).body).toMatchObject({ version: 5 })
  })

  it('is changed by whoever knows the version that stands, by body or If-Match', async () => {
    const gateway = await start()
    await put(gateway, 'r', {})
    for (const version of [undefined, 0, 7]) expect((await put(gateway, 'r', {}, version)).body.error.code).toBe('conflict')
    const send = (header: string) =>
      gateway.call<RouteBody>(`${PATH}/r`, { method: 'PUT', body: { document: {} }, headers: { 'if-match': header } })
    expect((await send('"9"')).body.error.code).toBe('conflict')
    expect((await send('nonsense')).body.error.code).toBe('invalid_header')
    expect((await send('"1"')).body).toMatchObject({ version: 2 })
    const race = await Promise.all([1, 2, 3, 4].map(() => put(gateway, 'r', {}, 2)))
    expect(race.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
  })

  it.each([
    ['filed', 'managed_by_file'],
    ['nick', 'conflict'],
    ['famous', 'conflict'],
    ['direct', 'invalid_value'],
    ['a%20b', 'invalid_value'],
  ])('shares one namespace with the file: %s is %s', async (name, code) => {
    const gateway = await start()
    expect((await put(gateway, name, {})).body.error.code).toBe(code)
    if (code === 'managed_by_file')
      expect((await gateway.call<RouteBody>(`${PATH}/${name}`, { method: 'DELETE' })).body.error.code).toBe(code)
  })

  it('says whom a document would choose now for usual requests, and whom it leaves out, before it is saved', async () => {
    const gateway = await start()
    interface Usual {
      readonly request: string
      readonly candidates: readonly { readonly offer: string; readonly expected_usd: string }[]
      readonly eliminated: readonly { readonly reason: string; readonly offers: number }[]
    }
    const choose = (document: object) =>
      gateway.call<{ requests: Usual[]; error?: { code: string } }>(`${PATH}/planned/candidates`, { body: { document } })
    const offersOf = async (document: object) => {
      const [first] = (await choose(document)).body.requests
      return first?.candidates.map(({ offer, expected_usd }) => [offer, expected_usd])
    }
    expect(await offersOf({})).toEqual([
      ['cheap:acme/plain', '0.01'],
      ['dear:acme/famous', '0.04'],
    ])
    expect(await offersOf({ objective: 'priority', order: ['dear'] })).toEqual([
      ['dear:acme/famous', '0.04'],
      ['cheap:acme/plain', '0.01'],
    ])
    const { body } = await choose({ providers: ['dear'], maxCostUsd: '0.02' })
    expect(body.requests[0]).toMatchObject({
      candidates: [],
      eliminated: expect.arrayContaining([expect.objectContaining({ reason: 'max_cost', offers: 1 })]),
    })
    expect((await choose({ floor: 'no-such' })).body.error?.code).toBe('invalid_value')
    expect((await gateway.call(`${PATH}/planned`)).status).toBe(404)
  })

  it('is closed to keys that only make images', async () => {
    const gateway = await start()
    const { secret } = await gateway.createKey({ name: 'app' })
    for (const method of ['PUT', 'DELETE']) {
      const answer = await gateway.call(`${PATH}/r`, { method, key: secret, ...(method === 'PUT' && { body: { document: {} } }) })
      expect(answer.status).toBe(403)
    }
  })

  it('says every problem with its field, and what a document may not do as meant', async () => {
    const gateway = await start()
    interface Validation {
      readonly valid: boolean
      readonly findings: readonly { readonly level: string; readonly path: string; readonly remedy: string }[]
    }
    const validate = async (document: object) =>
      (await gateway.call<Validation>(`${PATH}/new/validate`, { body: { document } })).body
    const wrong = await validate({ objectiv: 'cost', maxAttempts: 99, floor: 'hihg' })
    expect(wrong.valid).toBe(false)
    expect(wrong.findings.map(({ path }) => path).sort()).toEqual(['maxAttempts', 'objectiv'])
    expect(wrong.findings.find(({ path }) => path === 'objectiv')?.remedy).toBe('Did you mean objective?')

    const meant = await validate({ providers: ['dera'], floor: 'hihg', baseline: 'new', models: ['acme/palin'] })
    const at = (path: string) => meant.findings.find((each) => each.path === path)
    expect(at('providers[0]')).toMatchObject({ level: 'problem', remedy: 'Did you mean dear?' })
    expect(at('floor')).toMatchObject({ level: 'problem', remedy: 'Did you mean high?' })
    expect(at('baseline')).toMatchObject({ level: 'problem' })
    expect(at('models[0]')).toMatchObject({ level: 'warning', remedy: 'Did you mean acme/plain?' })

    expect(await validate({ maxCostUsd: '0.001' })).toMatchObject({ valid: true, findings: [{ path: 'maxCostUsd' }, {}, {}, {}] })
    expect((await validate({ floor: 'high' })).findings.map(({ path }) => path)).toContain('floor')
    expect((await validate({ models: ['acme/*'] })).findings.filter(({ path }) => path !== '')).toEqual([])
    expect((await put(gateway, 'new', { floor: 'hihg' })).body.error).toMatchObject({
      code: 'invalid_value',
      param: 'document.floor',
    })
  })

  it('survives a restart, and a row that is broken stops nothing but itself', async () => {
    const database = await createTestDatabase()
    closers.push(() => database.drop())
    const doubles = [await double(), await double()]
    const env = { DATABASE_URL: database.url }
    const first = await start({ env, doubles })
    await put(first, 'kept', { providers: ['cheap'] })
    await put(first, 'spoilt', {})
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query("INSERT INTO route_versions VALUES ('spoilt', 2, '{\"objective\":\"no such\"}', 0, NULL, 1, 'hand')")
    await client.end()
    // A second node on the same ledger: a restart and another node are the same thing to it.
    const second = await start({ env, doubles })
    expect(await make(second, 'kept')).toMatchObject({ offer: 'cheap:acme/plain' })
    expect(await make(second, 'spoilt')).toMatchObject({ status: 500, code: 'config_invalid' })
    const status = await second.call<{ ready: boolean; notices: string[] }>('/v1/halftone/status')
    expect(status.body.ready).toBe(true)
    expect(status.body.notices).toEqual([expect.stringContaining('route "spoilt", version 2, cannot be used: objective')])
    expect((await second.call<string>('/metrics')).body).toContain('halftone_broken_routes 1')
    expect((await put(second, 'spoilt', {}, 2)).body).toMatchObject({ version: 3 })
    expect(await make(second, 'spoilt')).toMatchObject({ status: 200 })

    await put(second, 'kept', { providers: ['dear'] }, 1)
    await expect.poll(async () => (await make(first, 'kept')).offer, { timeout: 6_000, interval: 200 }).toBe('dear:acme/famous')
  })

  it('decides past requests again under a document, and says what would have changed', async () => {
    const gateway = await start()
    for (let each = 0; each < 3; each += 1) await make(gateway, 'filed')
    await make(gateway, 'acme/plain')
    await gateway.settled()
    const dryRun = async (body: object) => (await gateway.call(`${PATH}/next/dry-run`, { body })).body
    const all = await dryRun({ document: { maxCostUsd: '0.02' }, of: 'all' })
    expect(all).toMatchObject({
      sample: { of: 'all', requests: 4, complete: true },
      recorded: { requests: 4, images: 4, cost_usd: '0.13' },
      before: [
        { offer: 'dear:acme/famous', requests: 3, share: 0.75, cost_usd: '0.12' },
        { offer: 'cheap:acme/plain', requests: 1, share: 0.25 },
      ],
      after: [{ offer: 'cheap:acme/plain', requests: 4, share: 1 }],
      unserved: {},
      changed: 3,
    })
    expect(all['change']).toBeLessThan(-0.6)
    expect(all['examples']).toHaveLength(3)
    expect(await dryRun({ document: { maxCostUsd: '0.001' }, of: 'all', limit: 2 })).toMatchObject({
      sample: { requests: 2, complete: false },
      unserved: { max_cost: 2 },
      changed: 0,
    })
    const own = await gateway.call<{ sample: { requests: number } }>(`${PATH}/filed/dry-run`, { body: {} })
    expect(own.body.sample.requests).toBe(3)
  })
})
