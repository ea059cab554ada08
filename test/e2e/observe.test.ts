/** A route on trial: what it leaves as it is, what it records, what it takes over, and when it gives that back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ObservationReport } from '../../src/contract/observe.ts'
import type { Explanation } from '../../src/contract/records.ts'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let named: ProviderDouble
let cheaper: ProviderDouble
let gateway: TestGateway

beforeAll(async () => {
  ;[named, cheaper] = await Promise.all([startProviderDouble(), startProviderDouble()])
})
afterAll(async () => {
  await Promise.all([named?.close(), cheaper?.close()])
})
afterEach(async () => {
  await gateway.close()
  for (const double of [named, cheaper]) double.reset()
})

async function start(trial: object): Promise<void> {
  const provider = (double: ProviderDouble, model: string, perImage: string): object => ({
    ...compatibleProvider(double, { models: [{ model, ...doubleCapabilities }], retries: 0 }),
    prices: { [model]: { perImage } },
  })
  gateway = await startTestGateway({
    config: {
      providers: { house: provider(named, 'acme/famous', '0.04'), other: provider(cheaper, 'acme/plain', '0.01') },
      routes: { trial: { mode: 'observe', observes: 'acme/famous', ...trial } },
    },
  })
}

interface Made {
  readonly halftone: { readonly request_id: string; readonly offer: string }
}
const generate = async (model = 'acme/famous'): Promise<Made['halftone']> => {
  const { status, body } = await gateway.call<Made>('/v1/images/generations', {
    body: { model, prompt: 'a red fox', size: '64x64' },
  })
  expect(status, JSON.stringify(body)).toBe(200)
  return body.halftone
}
const rate = (id: string, verdict: 'accept' | 'reject') =>
  gateway.call('/v1/halftone/feedback', { body: { request_id: id, verdict } })
const report = async (): Promise<ObservationReport> =>
  (await gateway.call<ObservationReport>('/v1/halftone/routes/trial/observation')).body

describe('a route of mode observe', () => {
  it('leaves requests as they are and says what it would have saved', async () => {
    await start({})
    for (const model of ['acme/famous', 'famous', 'trial']) expect((await generate(model)).offer).toBe('house:acme/famous')
    expect([named.calls.length, cheaper.calls.length]).toEqual([3, 0])
    // The bare name is another model of the client's: nobody watches it.
    expect(await report()).toMatchObject({
      observes: 'acme/famous',
      calls: 2,
      routed_calls: 0,
      images: 2,
      spent_usd: '0.08',
      named_usd: '0.08',
      routed_usd: '0.02',
      saved_usd: '0.06',
      models: [{ offer: 'other:acme/plain', calls: 2 }],
      rolled_back: false,
    })
  })

  it('serves its share itself, and still compares', async () => {
    await start({ fraction: 1 })
    expect((await generate()).offer).toBe('other:acme/plain')
    expect(await report()).toMatchObject({ calls: 1, routed_calls: 1, spent_usd: '0.01', named_usd: '0.04', routed_usd: '0.01' })
  })

  it('gives its share back when its pictures are accepted less often', async () => {
    await start({ fraction: 0.5 })
    const made = await Promise.all(Array.from({ length: 240 }, () => generate()))
    for (const { request_id, offer } of made) await rate(request_id, offer === 'house:acme/famous' ? 'accept' : 'reject')
    const found = await report()
    expect(found).toMatchObject({ rolled_back: true, observed: { acceptance: 1 }, routed: { acceptance: 0 } })
    expect(found.routed_calls).toBeGreaterThan(50)
    const before = cheaper.calls.length
    for (let index = 0; index < 12; index++) expect((await generate()).offer).toBe('house:acme/famous')
    expect(cheaper.calls.length).toBe(before)
  })

  it.each([
    ['observed', 0],
    ['routed', 1],
  ] as const)('each request tells what both would have done: %s', async (arm, fraction) => {
    await start({ fraction })
    const { request_id } = await generate()
    const { body } = await gateway.call<Explanation>(`/v1/halftone/requests/${request_id}/explain`)
    expect(body.observation).toEqual({
      arm,
      observes: 'acme/famous',
      named: { offer: 'house:acme/famous', quality: 'medium', expected_usd: '0.04' },
      routed: { offer: 'other:acme/plain', quality: 'medium', expected_usd: '0.01' },
      saved_usd: '0.03',
    })
  })

  it('knows no other route', async () => {
    await start({})
    expect((await gateway.call('/v1/halftone/routes/auto/observation')).status).toBe(404)
  })
})
