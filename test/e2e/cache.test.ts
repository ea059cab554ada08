/** Equal requests that share pictures: paid for once, never given to others, and never against what the request may have. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLedger, compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let first: ProviderDouble
let second: ProviderDouble
let gateway: TestGateway

beforeEach(async () => {
  ;[first, second] = await Promise.all([startProviderDouble(), startProviderDouble()])
})
afterEach(async () => {
  await checkLedger(gateway, { doubles: { first, second } })
  await gateway.close()
  await Promise.all([first.close(), second.close()])
})

const provider = (double: ProviderDouble, more: object = {}) => compatibleProvider(double, { retries: 0, ...more })
const start = async (route: object = { cacheSeconds: 600 }, more: object = {}) => {
  gateway = await startTestGateway({
    config: {
      providers: { first: provider(first), second: provider(second) },
      routes: { icons: { objective: 'priority', order: ['first', 'second'], retries: 0, ...route } },
      ...more,
    },
  })
}
interface Body {
  readonly data?: readonly { readonly b64_json?: string; readonly url?: string }[]
  readonly usage?: { readonly cost: number; readonly total_tokens: number }
  readonly error?: { readonly code: string; readonly param: string | null }
  readonly halftone?: {
    readonly request_id: string
    readonly offer: string
    readonly cost_usd: string
    readonly attempts: number
    readonly warnings: readonly { readonly code: string; readonly message: string }[]
  }
}
const icon = (body: object = {}, key?: string) =>
  gateway.call<Body>('/v1/images/generations', {
    body: { model: 'icons', prompt: 'a paper clip', ...body },
    ...(key !== undefined && { key }),
  })
const calls = () => first.calls.length + second.calls.length
const cacheOf = ({ headers }: { readonly headers: Headers }) => headers.get('x-halftone-cache')

describe('a route with cacheSeconds', () => {
  it('gives an equal request the same picture, for nothing, and says so', async () => {
    await start()
    const [made, again] = [await icon(), await icon()]
    expect([cacheOf(made), cacheOf(again)]).toEqual(['miss', 'hit'])
    expect(again.body.data).toEqual(made.body.data)
    expect(Number(made.headers.get('x-halftone-cost-usd'))).toBeGreaterThan(0)
    expect(Number(again.headers.get('x-halftone-cost-usd'))).toBe(0)
    expect(again.body.usage).toMatchObject({ cost: 0, total_tokens: 0 })
    expect(again.body.halftone).toMatchObject({
      request_id: made.body.halftone?.request_id,
      offer: made.body.halftone?.offer,
      cost_usd: '0.00',
      attempts: 0,
      warnings: [{ code: 'reused', message: expect.stringContaining(made.body.halftone?.request_id ?? '?') }],
    })
    expect([calls(), (await gateway.requests()).length]).toEqual([1, 1])
    const metrics = await (
      await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${gateway.adminKey}` } })
    ).text()
    expect(metrics).toMatch(/^halftone_duplicates_prevented(\{[^}]*\})? 1$/m)
  })

  it('asks for one picture when many equal requests come at once', async () => {
    await start()
    first.script({ delayMs: 300 })
    const answers = await Promise.all(Array.from({ length: 8 }, () => icon()))
    expect(answers.map(cacheOf).sort()).toEqual([...Array.from({ length: 7 }, () => 'hit'), 'miss'])
    expect(calls()).toBe(1)
  })

  it('keeps nobody waiting beyond the deadline, nor for ever behind one that fails', async () => {
    await start()
    first.enqueue({ delayMs: 500, status: 400 })
    second.enqueue({ status: 400 })
    const failing = icon()
    while (first.waiting === 0) await sleep(5)
    const [late, patient] = await Promise.all([icon({ halftone: { deadline_ms: 100 } }), icon()])
    expect([late.status, late.body.error?.code]).toEqual([504, 'provider_timeout'])
    expect((await failing).status).toBe(400)
    expect([patient.status, cacheOf(patient)]).toEqual([200, 'miss'])
  })

  it.each([
    ['another prompt', { prompt: 'two paper clips' }],
    ['another size', { size: '512x512' }],
    ['another number of pictures', { n: 2 }],
    ['another end customer', { user: 'customer-2' }],
    ['cache_seconds 0', { halftone: { cache_seconds: 0 } }],
  ])('makes new ones for %s', async (_what, body) => {
    await start()
    await icon()
    expect(cacheOf(await icon(body))).toBe('miss')
    expect(calls()).toBe(2)
  })

  it('shares nothing between keys', async () => {
    await start()
    const [one, other] = [await gateway.createKey(), await gateway.createKey()]
    await icon({}, one.secret)
    expect(cacheOf(await icon({}, other.secret))).toBe('miss')
    expect(cacheOf(await icon({}, one.secret))).toBe('hit')
  })

  it('makes a new picture when the stored one is too old, deleted or was rejected', async () => {
    await start({ cacheSeconds: 1 })
    const made = await icon()
    await sleep(1_100)
    expect(cacheOf(await icon())).toBe('miss')
    const body = { halftone: { cache_seconds: 3_600 } }
    expect(cacheOf(await icon(body))).toBe('hit')
    const [newest] = await gateway.requests()
    expect(newest?.id).not.toBe(made.body.halftone?.request_id)
    await gateway.call('/v1/halftone/feedback', { body: { request_id: newest?.id, verdict: 'reject' } })
    const anew = await icon(body)
    expect(cacheOf(anew)).toBe('miss')
    const { images } = await gateway.record(anew.body.halftone?.request_id ?? '')
    const deleted = await gateway.call(`/v1/halftone/images/${images[0]?.id}`, { method: 'DELETE' })
    expect(deleted.status).toBeLessThan(300)
    expect(cacheOf(await icon(body))).toBe('miss')
  })

  it('gives nothing that this request may not have, and something through an outage', async () => {
    await start()
    const { body } = await icon()
    const [madeBy] = body.halftone?.offer.split(':') ?? []
    expect(madeBy).toBe('first')
    const elsewhere = await icon({ halftone: { ignore: ['first'] } })
    expect([cacheOf(elsewhere), elsewhere.body.halftone?.offer.split(':')[0]]).toEqual(['miss', 'second'])
    const cheap = await icon({ halftone: { ignore: ['second'], max_cost_usd: '0.000001' } })
    expect([cheap.status, cheap.body.error?.code]).toEqual([400, 'cost_limit_exceeded'])
    first.script({ status: 500 })
    second.script({ status: 500 })
    for (let tries = 0; tries < 3; tries += 1) await icon({ prompt: `outage ${tries}` })
    expect(cacheOf(await icon())).toBe('hit')
  })

  it('does not give back half of what was asked for, nor an error', async () => {
    await start()
    first.script({ status: 400 })
    second.script({ status: 400 })
    expect((await icon({ n: 2 })).status).toBe(400)
    first.script({ missing: 1 })
    const half = await icon({ n: 2 })
    expect([half.body.data?.length, cacheOf(half)]).toEqual([1, 'miss'])
    first.script({})
    expect(cacheOf(await icon({ n: 2 }))).toBe('miss')
    expect(cacheOf(await icon({ n: 2 }))).toBe('hit')
  })
})

describe('without cacheSeconds', () => {
  it('every request makes its own picture, unless it says that one that is there will do', async () => {
    await start({})
    expect([cacheOf(await icon()), cacheOf(await icon())]).toEqual(['miss', 'miss'])
    const shared = await gateway.call<Body>('/v1/images/generations', {
      body: { model: 'icons', prompt: 'a paper clip' },
      headers: { 'x-halftone-cache-seconds': '60' },
    })
    expect(cacheOf(shared)).toBe('hit')
    expect(calls()).toBe(2)
  })

  it.each(['-1', '2592001', '1.5', 'ever'])('x-halftone-cache-seconds %s is an error that names it', async (value) => {
    await start({})
    const { status, body } = await gateway.call<Body>('/v1/images/generations', {
      body: { model: 'icons', prompt: 'a paper clip' },
      headers: { 'x-halftone-cache-seconds': value },
    })
    expect([status, body.error?.code, body.error?.param]).toEqual([400, 'invalid_header', 'x-halftone-cache-seconds'])
    expect(calls()).toBe(0)
  })
})

it('a stream is answered with the shared picture too', async () => {
  await start()
  const stream = () =>
    fetch(`${gateway.baseUrl}/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'icons', prompt: 'a paper clip', stream: true }),
    })
  const picture = (text: string) => /"b64_json":"([^"]+)"/.exec(text)?.[1]
  const made = picture(await (await stream()).text())
  const again = await stream()
  expect(made).toBeDefined()
  expect(picture(await again.text())).toBe(made)
  expect(calls()).toBe(1)
})
