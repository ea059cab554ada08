/** Accounts through the API: how they stand, what they lack, and what verifying them buys; and prices changed by hand. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PriceChangeWire, PriceSetListWire } from '../../src/contract/price-changes.ts'
import type { PriceListWire } from '../../src/contract/prices.ts'
import type { ProviderListWire, ProviderWire, VerificationWire } from '../../src/contract/providers.ts'
import { type AcmeDouble, startAcmeDouble } from '../support/doubles/acme-pictures.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const module = resolve(import.meta.dirname, '../../examples/custom-provider/acme-pictures.mjs')
let double: AcmeDouble
let gateway: TestGateway

beforeAll(async () => {
  double = await startAcmeDouble()
  gateway = await startTestGateway({
    config: {
      providers: {
        acme: {
          module,
          baseUrl: double.baseUrl,
          apiKey: 'k1',
          prices: { 'acme/brush': { perImage: '0.02' }, 'acme/scissors': { perImage: '0.005' } },
        },
        idle: { type: 'openai', apiKey: 'sk-never-used', disabled: true },
        pool: {
          type: 'openai-compatible',
          baseUrl: 'http://127.0.0.1:9',
          concurrency: 2,
          models: [{ id: 'p', model: 'acme/p' }],
        },
        // Named like its type, whose shipped book has this model too.
        recraft: { apiKey: 'rk-not-called', prices: { 'recraft/recraft-v4.1': { perImage: '0.011' } } },
        shop: { type: 'openai', apiKey: 'sk-not-called' },
      },
    },
  })
})
afterAll(async () => {
  await gateway?.close()
  await double?.close()
})

const list = async () => (await gateway.call<ProviderListWire>('/v1/halftone/providers')).body
const provider = async (name: string): Promise<ProviderWire> => {
  const found = (await list()).data.find((each) => each.name === name)
  if (!found) throw new Error(`no provider ${name}`)
  return found
}
const verify = (body: object, name = 'acme') =>
  gateway.call<VerificationWire & { error?: { code: string; param?: string } }>(`/v1/halftone/providers/${name}/verify`, { body })
const audit = async (action: string) =>
  (
    await gateway.call<{ data: { action: string; object_id: string; data: Record<string, unknown> }[] }>(
      `/v1/halftone/audit?action=${action}`,
    )
  ).body.data

describe('accounts', () => {
  it('name type, host, offers and what they lack with the remedy of doctor, never a key', async () => {
    const { data, available } = await list()
    expect(data.map(({ name, disabled }) => [name, disabled])).toEqual([
      ['acme', false],
      ['idle', true],
      ['pool', false],
      ['recraft', false],
      ['shop', false],
    ])
    expect(await provider('acme')).toMatchObject({
      host: new URL(double.baseUrl).host,
      managed_by: 'file',
      keys: { total: 1, resting: 0, rests_until: null },
    })
    expect((await provider('idle')).findings).toEqual([
      { level: 'notice', message: 'idle: disabled', remedy: 'Remove disabled from providers.idle to use it.' },
    ])
    expect(await provider('pool')).toMatchObject({
      unpriced: 1,
      places: { total: 2, running: 0, waiting: 0 },
      findings: expect.arrayContaining([
        expect.objectContaining({ remedy: expect.stringContaining('Set providers.pool.prices') }),
      ]),
    })
    expect(available.find(({ type }) => type === 'ideogram')).toMatchObject({
      requires_key: true,
      remedy: expect.stringMatching(/^Set IDEOGRAM/),
    })
    expect(JSON.stringify(data)).not.toMatch(/sk-never|sk-not|rk-not|"k1"/)
  })

  it('show the last error of an offer and its calls', async () => {
    double.refusedKeys.add('k1')
    await gateway.call('/v1/images/generations', { body: { model: 'acme:acme/brush', prompt: 'a fox' } })
    double.refusedKeys.delete('k1')
    const offer = (await provider('acme')).offers.find((each) => each.offer === 'acme:acme/brush')
    expect(offer).toMatchObject({ calls: 1, in_flight: 0, breaker: 'closed', last_error: { code: 'provider_auth' } })
  })

  it('remember what a test of their key said', async () => {
    expect((await provider('pool')).tested).toBeNull()
    const { body } = await gateway.call<{ data: { name: string; ok: boolean; message: string }[] }>('/v1/halftone/probe', {
      body: {},
    })
    const said = body.data.find(({ name }) => name === 'pool')
    const { tested, findings } = await provider('pool')
    expect(tested).toMatchObject({ ok: said?.ok, message: said?.message })
    expect(findings.find(({ message }) => message === said?.message)?.level).toBe(said?.ok ? 'ok' : 'wrong')
  })
})

describe('verify', () => {
  it('says what it would buy and buys nothing when asked to', async () => {
    const before = double.jobs.length
    const { body } = await verify({ max_spend_usd: '1', dry_run: true })
    expect(body).toMatchObject({ dry_run: true, max_usd: '0.025', spent_usd: '0.00', results: [] })
    expect(body.probes.map(({ offer }) => offer)).toEqual(['acme:acme/scissors', 'acme:acme/brush'])
    expect(double.jobs).toHaveLength(before)
  })

  it('buys within the sum, settles as the caller, is remembered and in the audit log', async () => {
    const { status, body } = await verify({ max_spend_usd: '1' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ dry_run: false, spent_usd: '0.025' })
    expect(body.results).toMatchObject([
      { offer: 'acme:acme/scissors', cost_usd: '0.005', departures: [] },
      { offer: 'acme:acme/brush', cost_usd: '0.02', departures: [] },
    ])
    for (const { request_id, cost_usd } of body.results) {
      const receipt = await gateway.receipt(request_id ?? '')
      expect(receipt.total_usd).toBe(cost_usd)
    }
    expect((await gateway.requests()).slice(0, 2).map(({ group }) => group)).toEqual(['verify', 'verify'])
    expect((await provider('acme')).offers.map(({ verified }) => verified?.departures)).toEqual([[], []])
    const kept = JSON.parse(await readFile(join(gateway.folder, 'data/verified.json'), 'utf8')) as { offers: object }
    expect(Object.keys(kept.offers)).toHaveLength(2)
    expect((await audit('provider'))[0]).toMatchObject({
      action: 'provider.verify',
      object_id: 'acme',
      data: { max_spend_usd: '1' },
    })
  })

  it('leaves out what the sum does not cover at its maximum', async () => {
    const { body } = await verify({ max_spend_usd: '0.01' })
    expect(body.results.map(({ offer }) => offer)).toEqual(['acme:acme/scissors'])
    expect(body.left_out).toMatchObject([{ offer: 'acme:acme/brush', reason: expect.stringContaining('most that may be spent') }])
  })

  it.each([
    ['without a sum', {}, 'acme', 400, 'missing_required_parameter'],
    ['with nothing to spend', { max_spend_usd: '0' }, 'acme', 400, 'invalid_value'],
    ['of nobody', { max_spend_usd: '1' }, 'nobody', 404, 'not_found'],
    ['of a disabled account', { max_spend_usd: '1' }, 'idle', 404, 'not_found'],
  ])('is refused %s', async (_, body, name, status, code) => {
    expect(await verify(body, name)).toMatchObject({ status, body: { error: { code } } })
  })
})

describe('prices by hand', () => {
  const history = (offer: string) => gateway.call<PriceListWire>(`/v1/halftone/prices/history?offer=${encodeURIComponent(offer)}`)
  const change = (body: object) =>
    gateway.call<PriceChangeWire & { error?: { code: string } }>('/v1/halftone/prices/changes', { body })
  const sets = async () => (await gateway.call<PriceSetListWire>('/v1/halftone/prices/sets')).body
  const today = new Date().toISOString().slice(0, 10)

  it('history of a model with a price of your own is yours alone', async () => {
    const { body } = await history('recraft:recraft/recraft-v4.1')
    expect(body.rates.map(({ price }) => price)).toEqual(['0.011'])
  })

  it('history has the dated rates of an offer and of nothing else', async () => {
    const { body } = await history('shop:openai/dall-e-3')
    expect(body.rates.length).toBeGreaterThan(0)
    expect(new Set(body.rates.map(({ model, provider: book }) => `${book} ${model}`))).toEqual(
      new Set(['openai openai/dall-e-3']),
    )
    expect((await history('acme:acme/brush')).body.rates.map(({ price }) => price)).toEqual(['0.02'])
    expect((await history('nothing at all')).status).toBe(404)
  })

  it('are shown, installed as a set that counts at once, seen in the history, and rolled back', async () => {
    const [rate] = (await history('shop:openai/dall-e-3')).body.rates
    const wanted = {
      provider: 'openai',
      rate_id: rate?.rate_id,
      price: '0.5',
      effective_from: today,
      source_url: 'https://openai.com/api/pricing/',
      note: 'our contract',
    }
    const before = await sets()
    const shown = await change({ ...wanted, dry_run: true })
    expect(shown.body).toMatchObject({ dry_run: true, installed_version: null })
    expect(shown.body.changes.some(({ kind, after }) => kind === 'added' && after?.price === '0.5')).toBe(true)
    expect(await sets()).toEqual(before)

    const { body } = await change(wanted)
    expect(body.changes).toEqual(shown.body.changes)
    expect((await history('shop:openai/dall-e-3')).body.rates.map(({ price }) => price)).toContain('0.5')
    const after = await sets()
    expect(after.current).toMatchObject({ version: body.installed_version, origin: 'installed' })
    expect(after.data[0]).toMatchObject({ note: expect.stringContaining('our contract'), current: true })
    expect((await audit('price'))[0]).toMatchObject({ action: 'price.change', object_id: rate?.rate_id })

    const roll = (from: string) => gateway.call<{ version: string }>('/v1/halftone/prices/rollback', { body: { from } })
    expect(await roll('2020-01-01')).toMatchObject({ status: 409 })
    expect(await roll(body.installed_version ?? '')).toMatchObject({ status: 200, body: { version: before.current.version } })
    expect((await history('shop:openai/dall-e-3')).body.rates.map(({ price }) => price)).not.toContain('0.5')
    expect((await audit('price'))[0]).toMatchObject({ action: 'price.rollback' })
  })

  it('need a source, and stay where the configuration has them', async () => {
    const own = { provider: 'acme', rate_id: (await history('acme:acme/brush')).body.rates[0]?.rate_id, effective_from: today }
    expect(await change({ ...own, price: '1' })).toMatchObject({ status: 400 })
    expect(await change({ ...own, price: '1', source_url: 'https://acme.example/' })).toMatchObject({
      status: 409,
      body: { error: { code: 'managed_by_file' } },
    })
  })
})
