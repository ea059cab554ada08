/** What a route optimises, seen from outside: which provider's double is called. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import { ADMIN_KEY, compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let cheap: ProviderDouble
let dear: ProviderDouble
let gateway: TestGateway

beforeAll(async () => {
  ;[cheap, dear] = await Promise.all([startProviderDouble(), startProviderDouble()])
})
afterAll(async () => {
  await Promise.all([cheap?.close(), dear?.close()])
})
afterEach(async () => {
  await gateway.close()
  for (const double of [cheap, dear]) double.reset()
})

const model = 'acme/painter'
const models = [{ model, ...doubleCapabilities }]
const price = (perImage: string) => ({ prices: { [model]: { perImage } } })

async function start(routes: object, more: object = {}): Promise<void> {
  gateway = await startTestGateway({
    config: {
      providers: {
        cheap: compatibleProvider(cheap, { models, retries: 0, ...price('0.01'), ...more }),
        dear: compatibleProvider(dear, { models, retries: 0, ...price('0.02') }),
      },
      routes: Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, { models: [model], ...route }])),
    },
  })
}

const generate = (route: string) =>
  gateway.call('/v1/images/generations', { body: { model: route, prompt: 'a red fox', size: '64x64' } })
const calls = () => ({ cheap: cheap.calls.length, dear: dear.calls.length })

describe('a route', () => {
  it('buys the cheaper one, or the one it lists first', async () => {
    await start({ saving: {}, listed: { objective: 'priority', order: ['dear'] } })
    expect((await generate('saving')).status).toBe(200)
    expect(calls()).toEqual({ cheap: 1, dear: 0 })
    expect((await generate('listed')).status).toBe(200)
    expect(calls()).toEqual({ cheap: 1, dear: 1 })
  })

  it('splits its traffic by the stated shares', async () => {
    await start({ canary: { objective: 'weighted', shares: { cheap: 1, dear: 3 } } })
    const answers = await Promise.all(Array.from({ length: 40 }, () => generate('canary')))
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200))
    const seen = calls()
    expect(seen.cheap + seen.dear).toBe(40)
    expect(seen.dear).toBeGreaterThan(20)
    expect(seen.cheap).toBeGreaterThan(1)
  })

  it('learns which offer is faster, and still knows after a restart', async () => {
    await start({
      quick: { objective: 'latency' },
      listed: { objective: 'priority', order: ['dear', 'cheap'] },
      other: { objective: 'priority', order: ['cheap'] },
    })
    cheap.script({ delayMs: 300 })
    for (let index = 0; index < 3; index++) {
      await generate('listed')
      await generate('other')
    }
    const before = calls()
    expect((await generate('quick')).status).toBe(200)
    expect(calls()).toEqual({ ...before, dear: before.dear + 1 })
    await gateway.halftone.close()
    const again = await startHalftone({
      env: {
        HALFTONE_PORT: '0',
        HALFTONE_DATA_DIR: `${gateway.folder}/data`,
        HALFTONE_ADMIN_KEY: ADMIN_KEY,
        HALFTONE_LOG_LEVEL: 'silent',
      },
      cwd: gateway.folder,
    })
    try {
      const answer = await fetch(`${again.url}/v1/images/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'quick', prompt: 'a red fox', size: '64x64' }),
      })
      expect(answer.status).toBe(200)
      await answer.arrayBuffer()
      expect(calls()).toEqual({ ...before, dear: before.dear + 2 })
    } finally {
      await again.close()
    }
  })

  it('prefers the dearer offer once the cheaper one is known to bill for nothing', async () => {
    const billedRefusals = {
      perImage: '0.01',
      billedPolicy: { success: 1, refusedBefore: 1, refusedAfter: 1, providerError: 0, timeout: 0, cancelled: 0 },
    }
    await start({ saving: { fallbackOnRefusal: true, payTwice: 'onUnknown' } }, { prices: { [model]: billedRefusals } })
    const error = {
      message: 'The generated image was rejected by our safety system.',
      type: 'invalid_request_error',
      code: 'moderation_blocked',
      param: null,
    }
    cheap.script({ status: 400, body: JSON.stringify({ error }) })
    let asked = 0
    for (let index = 0; index < 60; index++) {
      const before = cheap.calls.length
      expect((await generate('saving')).status).toBe(200)
      if (cheap.calls.length > before) asked++
    }
    expect(asked).toBeGreaterThan(5)
    expect(asked).toBeLessThan(50)
    const explained = await gateway.call<{ candidates: { offer: string }[] }>(
      `/v1/halftone/requests/${(await gateway.requests())[0]!.id}/explain`,
    )
    expect(explained.body.candidates[0]?.offer).toBe('dear:acme/painter')
  })

  it.each([
    ['only', { 'x-halftone-only': 'dear' }, { only: ['dear'] }],
    ['ignore', { 'x-halftone-ignore': 'cheap:acme/painter' }, { ignore: ['cheap:acme/painter'] }],
    ['order', { 'x-halftone-order': 'dear, cheap' }, { order: ['dear', 'cheap'] }],
  ])('obeys a request that says %s, in a header or in the body', async (_name, headers, halftone) => {
    await start({ saving: {} })
    const body = { model: 'saving', prompt: 'a red fox', size: '64x64' }
    expect((await gateway.call('/v1/images/generations', { body, headers })).status).toBe(200)
    expect((await gateway.call('/v1/images/generations', { body: { ...body, halftone } })).status).toBe(200)
    expect(calls()).toEqual({ cheap: 0, dear: 2 })
  })

  it('goes on to the models a request falls back to, also when its own cannot serve', async () => {
    await start({ one: { providers: ['cheap'] }, other: { providers: ['dear'] } })
    const headers = { 'x-halftone-fallback-models': 'other' }
    const ask = (more: object) =>
      gateway.call('/v1/images/generations', { body: { model: 'one', prompt: 'a red fox', size: '64x64', ...more }, headers })
    cheap.enqueue({ status: 500, body: '{"error":{"message":"no"}}' })
    expect((await ask({})).status).toBe(200)
    expect(calls()).toEqual({ cheap: 1, dear: 1 })
    const unknown = await gateway.call('/v1/images/generations', {
      body: { model: 'one', prompt: 'a red fox', halftone: { fallback_models: ['nothing-like-it'] } },
    })
    expect(unknown.status).toBe(404)
  })

  it('refuses a floor nobody knows or reaches, and a list that is none', async () => {
    await start({ saving: {} })
    const body = { model: 'saving', prompt: 'a red fox', size: '64x64' }
    const floor = await gateway.call<{ error: { message: string } }>('/v1/images/generations', {
      body,
      headers: { 'x-halftone-quality-floor': 'high' },
    })
    expect([floor.status, floor.body.error.message]).toEqual([400, expect.stringContaining('nobody has rated')])
    const list = await gateway.call<{ error: { param: string } }>('/v1/images/generations', {
      body,
      headers: { 'x-halftone-only': 'a,,b' },
    })
    expect([list.status, list.body.error.param]).toEqual([400, 'x-halftone-only'])
    expect(calls()).toEqual({ cheap: 0, dear: 0 })
  })
})

describe('savings', () => {
  it('are told in the receipt, against the baseline the route declares and never without its name', async () => {
    await start({
      saving: { baseline: 'dear:acme/painter' },
      dearer: { objective: 'priority', order: ['dear'], baseline: 'saving' },
      plain: {},
    })
    for (const [route, baseline] of [
      [
        'saving',
        { name: 'dear:acme/painter', offer: 'dear:acme/painter', quality: 'medium', expected_usd: '0.02', saved_usd: '0.01' },
      ],
      ['dearer', { name: 'saving', offer: 'cheap:acme/painter', quality: 'medium', expected_usd: '0.01', saved_usd: '-0.01' }],
      ['plain', null],
    ] as const) {
      expect((await generate(route)).status).toBe(200)
      const receipt = await gateway.receipt((await gateway.requests())[0]!.id)
      expect(receipt.baseline).toEqual(baseline)
    }
  })
})
