/** Pictures that must look alike: who follows whom, at which seed, what happens when it cannot, and what it costs. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Halftone, startHalftone } from '../../src/compose.ts'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import { ADMIN_KEY, compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let cheap: ProviderDouble
let dear: ProviderDouble
let gateway: TestGateway
let again: Halftone | undefined

beforeAll(async () => {
  ;[cheap, dear] = await Promise.all([startProviderDouble(), startProviderDouble()])
})
afterAll(async () => {
  await Promise.all([cheap?.close(), dear?.close()])
})
afterEach(async () => {
  await again?.close()
  again = undefined
  await gateway.close()
  for (const double of [cheap, dear]) double.reset()
})

const model = 'acme/painter'
const models = [{ model, ...doubleCapabilities, parameters: ['seed'] }]
const routes = {
  first: { models: [model], objective: 'priority', order: ['dear'], retries: 0 },
  saving: { models: [model], retries: 0 },
  patient: { models: [model] },
  strict: { models: [model], retries: 0, groupFailure: 'error' },
  marking: { models: [model], retries: 0, groupFailure: 'switch-and-mark' },
}

async function start(prices: { readonly cheap?: object; readonly dear?: object } = {}): Promise<void> {
  const provider = (double: ProviderDouble, price: object): object => ({
    ...compatibleProvider(double, { models }),
    prices: { [model]: price },
  })
  gateway = await startTestGateway({
    config: {
      providers: {
        cheap: provider(cheap, prices.cheap ?? { perImage: '0.01' }),
        dear: provider(dear, prices.dear ?? { perImage: '0.04' }),
      },
      routes,
    },
  })
}

interface Made {
  readonly data: readonly { readonly b64_json: string }[]
  readonly halftone: {
    readonly request_id: string
    readonly offer: string
    readonly warnings: readonly { readonly code: string }[]
  }
}
const generate = (route: string, group: string, more: object = {}) =>
  gateway.call<Made>('/v1/images/generations', {
    body: { model: route, prompt: 'a red fox', size: '64x64', halftone: { group, ...more } },
  })
const calls = () => ({ cheap: cheap.calls.length, dear: dear.calls.length })
const receiptOf = ({ body }: { readonly body: Made }) => gateway.receipt(body.halftone.request_id)

describe('a group', () => {
  it('stays at the offer of its first picture, and the receipt says what that cost', async () => {
    await start()
    expect((await receiptOf(await generate('first', 'catalogue'))).consistency).toMatchObject({ because: 'group', role: 'first' })
    const second = await generate('saving', 'catalogue')
    expect(second.body.halftone.offer).toBe('dear:acme/painter')
    expect(await receiptOf(second)).toMatchObject({
      consistency: { role: 'followed', offer: 'dear:acme/painter', cheapest_offer: 'cheap:acme/painter', cost_usd: '0.03' },
    })
    expect((await generate('saving', 'another')).body.halftone.offer).toBe('cheap:acme/painter')
  })

  it('is quoted at its own offer, with what that costs, and the quote holds', async () => {
    await start()
    const request = { model: 'saving', prompt: 'a red fox', size: '64x64', halftone: { group: 'quoted' } }
    const quote = async () => (await gateway.call<QuoteResponse>('/v1/halftone/quote', { body: request })).body
    // Looking founds no group.
    for (let index = 0; index < 2; index++)
      expect(await quote()).toMatchObject({
        group: { role: 'first', offer: 'cheap:acme/painter', cost_usd: '0.00' },
        max_usd: '0.01',
      })
    await generate('first', 'quoted')
    const quoted = await quote()
    expect(quoted).toMatchObject({
      group: {
        name: 'quoted',
        role: 'followed',
        offer: 'dear:acme/painter',
        cheapest_offer: 'cheap:acme/painter',
        cost_usd: '0.03',
      },
      max_usd: '0.04',
    })
    expect(quoted.candidates.find(({ choice }) => choice === 1)?.offer).toBe('dear:acme/painter')
    const made = await gateway.call<Made>('/v1/images/generations', {
      body: request,
      headers: { 'x-halftone-quote-id': quoted.id ?? '' },
    })
    expect(await receiptOf(made)).toMatchObject({
      total_usd: '0.04',
      quote: { max_usd: '0.04' },
      consistency: { cost_usd: '0.03' },
    })
    expect(
      (await gateway.call<QuoteResponse>('/v1/halftone/quote', { body: { ...request, halftone: {} } })).body.group,
    ).toBeNull()
  })

  it('sends neighbouring seeds, of the first one that the client stated', async () => {
    await start()
    for (let index = 0; index < 3; index++) await generate('saving', 'seeds')
    const [first = 0, ...rest] = cheap.calls.map(({ fields }) => Number(fields['seed']))
    expect(Number.isInteger(first) && first > 0 && first < 2 ** 31).toBe(true)
    expect(rest).toEqual([first + 1, first + 2])
    await gateway.call('/v1/images/generations', {
      body: { model: 'saving', prompt: 'a fox', size: '64x64', seed: 7, halftone: { group: 'mine' } },
    })
    await generate('saving', 'mine')
    expect(cheap.calls.slice(3).map(({ fields }) => Number(fields['seed']))).toEqual([7, 8])
  })

  it('is still known after a restart, by the ledger alone', async () => {
    await start()
    await generate('first', 'kept')
    await gateway.halftone.close()
    const env = {
      HALFTONE_PORT: '0',
      HALFTONE_DATA_DIR: `${gateway.folder}/data`,
      HALFTONE_ADMIN_KEY: ADMIN_KEY,
      HALFTONE_LOG_LEVEL: 'silent',
    }
    again = await startHalftone({ env, cwd: gateway.folder })
    const answer = await fetch(`${again.url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'x-halftone-group': 'kept' },
      body: JSON.stringify({ model: 'saving', prompt: 'a red fox', size: '64x64' }),
    })
    expect(answer.headers.get('x-halftone-offer')).toBe('dear:acme/painter')
    expect(Number(dear.calls[1]?.fields['seed'])).toBe(Number(dear.calls[0]?.fields['seed']) + 1)
  })

  it('of which nothing was made yet is chosen anew', async () => {
    await start()
    dear.enqueue({ status: 400 })
    expect((await generate('first', 'failed')).status).toBe(400)
    expect((await generate('saving', 'failed')).body.halftone.offer).toBe('cheap:acme/painter')
  })

  it('whose requests start at once has one look', async () => {
    await start()
    cheap.script({ delayMs: 100 })
    dear.script({ delayMs: 100 })
    const all = await Promise.all(['first', 'saving', 'saving', 'saving'].map((route) => generate(route, 'together')))
    expect(new Set(all.map(({ body }) => body.halftone.offer)).size).toBe(1)
  })

  it('that fails is an error, another offer with a mark, or is tried again with patience', async () => {
    await start()
    for (const group of ['a', 'b', 'c']) await generate('first', group)
    const failure = { status: 503 }
    dear.enqueue(failure)
    const strict = await generate('strict', 'a')
    expect(strict.status).toBeGreaterThanOrEqual(500)
    dear.enqueue(failure)
    const marked = await generate('marking', 'b')
    expect(marked.body.halftone.offer).toBe('cheap:acme/painter')
    expect(marked.body.halftone.warnings.map(({ code }) => code)).toContain('group_switched')
    dear.enqueue(failure, failure, failure)
    const patient = await generate('patient', 'c')
    expect(patient.body.halftone.offer).toBe('dear:acme/painter')
    expect(calls().cheap).toBe(1)
  })

  it('chooses by the price of all its pictures', async () => {
    const tiers = {
      mode: 'graduated',
      scope: 'month',
      steps: [
        { from: '0', price: '0.03' },
        { from: '1', price: '0.001' },
      ],
    }
    const tiered = { rates: [{ id: 'tiered', meter: 'images.out', price: '0.03', effectiveFrom: '2026-01-01', tiers }] }
    await start({ cheap: { perImage: '0.01' }, dear: tiered })
    expect((await generate('saving', 'one')).body.halftone.offer).toBe('cheap:acme/painter')
    expect((await generate('saving', 'many', { group_size: 1_000 })).body.halftone.offer).toBe('dear:acme/painter')
  })
})

describe('an edit', () => {
  it('of a picture made here prefers the offer that made it', async () => {
    await start()
    const { body } = await generate('first', 'edited')
    const edit = await gateway.call<Made>('/v1/images/edits', {
      body: {
        model: 'saving',
        prompt: 'at night',
        size: '64x64',
        images: [{ image_url: `data:image/png;base64,${body.data[0]?.b64_json}` }],
      },
    })
    expect(edit.body.halftone.offer).toBe('dear:acme/painter')
    expect((await receiptOf(edit)).consistency).toMatchObject({ because: 'edit', role: 'followed', cost_usd: '0.03' })
  })
})
