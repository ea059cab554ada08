/** Requirements on facts, over HTTP: a route's, a request's, both, and what is fallen back to. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let open: ProviderDouble
let strict: ProviderDouble
let gateway: TestGateway

beforeAll(async () => {
  ;[open, strict] = await Promise.all([startProviderDouble(), startProviderDouble()])
  const models = [{ model: 'acme/painter', ...doubleCapabilities }]
  gateway = await startTestGateway({
    config: {
      providers: {
        open: compatibleProvider(open, { models, retries: 0 }),
        strict: {
          ...compatibleProvider(strict, { models, retries: 0 }),
          facts: { region: ['eu'], retention: 0, training: 'no', checkedAt: '2026-11-01', note: 'our agreement' },
        },
      },
      routes: {
        private: { models: ['acme/painter'], require: { region: ['eu'], retentionDays: 0, training: 'no' } },
        impossible: { models: ['acme/painter'], require: { watermark: 'none' } },
      },
    },
  })
})
afterAll(async () => {
  await gateway?.close()
  await Promise.all([open?.close(), strict?.close()])
})
afterEach(() => {
  for (const double of [open, strict]) double.reset()
})

interface Body {
  readonly error: { readonly code: string; readonly message: string; readonly param: string | null }
}

const generate = (body: object, headers: Record<string, string> = {}) =>
  gateway.call<Body>('/v1/images/generations', { body: { model: 'acme/painter', prompt: 'a red fox', ...body }, headers })
const served = (): readonly number[] => [open.calls.length, strict.calls.length]

describe('a requirement on facts', () => {
  it('of a route keeps every request at offers known to meet it', async () => {
    for (let count = 0; count < 3; count += 1) expect((await generate({ model: 'private' })).status).toBe(200)
    expect(served()).toEqual([0, 3])
  })

  it.each([
    ['the header', {}, { 'x-halftone-require': 'region=eu|de, retention_days=7,training=no' }],
    ['the body', { halftone: { require: { region: ['eu'], retention_days: 7, training: 'no' } } }, {}],
    ['the header over the body', { halftone: { require: { watermark: 'none' } } }, { 'x-halftone-require': 'training=no' }],
  ])('of a request is taken from %s', async (_where, body, headers) => {
    expect((await generate(body, headers as Record<string, string>)).status).toBe(200)
    expect(served()).toEqual([0, 1])
  })

  it('holds for what the client falls back to', async () => {
    strict.script({ status: 500, body: { error: { message: 'broken', type: 'server_error' } } })
    const { status } = await generate({ model: 'private', halftone: { fallback_models: ['acme/painter'] } })
    expect(status).toBeGreaterThanOrEqual(500)
    expect(served()[0]).toBe(0)
  })

  it('nobody is known to meet is an error that names the fact', async () => {
    const { status, body } = await generate({ model: 'impossible' })
    expect([status, body.error.code, body.error.param]).toEqual([400, 'no_eligible_offer', 'halftone.require'])
    expect(body.error.message).toContain('watermark unknown')
    expect(served()).toEqual([0, 0])
  })

  it.each(['training', 'training=maybe', 'colour=red', 'training=no,training=no', 'retention_days=-1', 'region=Europe', ''])(
    'that cannot be read, %j, is refused instead of ignored',
    async (header) => {
      const { status, body } = await generate({}, { 'x-halftone-require': header })
      expect([status, body.error.code]).toEqual([400, 'invalid_header'])
      expect(served()).toEqual([0, 0])
    },
  )

  it('is told by a quote, offer by offer', async () => {
    const { body } = await gateway.call<{ eliminated: { offer: string; reason: string; detail: string }[] }>(
      '/v1/halftone/quote',
      { body: { model: 'private', prompt: 'a red fox' } },
    )
    expect(body.eliminated).toContainEqual(
      expect.objectContaining({ offer: 'open:acme/painter', reason: 'region', detail: 'region unknown' }),
    )
  })

  it('is met by what the list of models says, with its source', async () => {
    const { body } = await gateway.call<{ data: { id: string; halftone: { facts?: Record<string, unknown> } }[] }>('/v1/models')
    const facts = (id: string) => body.data.find((model) => model.id === id)?.halftone.facts
    expect(facts('strict:acme/painter')).toMatchObject({
      retention: {
        value: 0,
        source: { kind: 'operator', url: 'providers.strict.facts', checked_at: '2026-11-01', note: 'our agreement' },
      },
      watermark: null,
    })
    expect(Object.values(facts('open:acme/painter') ?? {})).toEqual([null, null, null, null, null, null])
    expect(facts('acme/painter')).toBeUndefined()
  })
})
