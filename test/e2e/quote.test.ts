/** Quotes over the real server: what is worth looking at, what constraints and jobs cost, and ids that hold a request to a price. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import { parseUsd } from '../../src/core/money.ts'
import { type Answer, compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

interface Made {
  readonly halftone: { readonly request_id: string; readonly cost_usd: string; readonly offer: string }
  readonly error?: { readonly code: string; readonly message: string }
}

const quoteOf = async (gateway: TestGateway, body: object, key?: string): Promise<QuoteResponse> => {
  const answer = await gateway.call<QuoteResponse>('/v1/halftone/quote', { body, ...(key !== undefined && { key }) })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}
const make = (gateway: TestGateway, body: object, quoteId: string | null, key?: string): Promise<Answer<Made>> =>
  gateway.call<Made>('/v1/images/generations', {
    body,
    ...(quoteId !== null && { headers: { 'x-halftone-quote-id': quoteId } }),
    ...(key !== undefined && { key }),
  })
const codeOf = ({ status, body }: Answer<Made>): unknown => (body.error ? [status, body.error.code] : status)
const eventually = async (condition: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it never happened')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('with two providers', () => {
  let cheap: ProviderDouble
  let dear: ProviderDouble
  let gateway: TestGateway

  const plain = { ...doubleCapabilities, backgrounds: ['opaque'], mask: false }
  const configOf = (cheapPrice = '0.03') => ({
    providers: {
      cheap: compatibleProvider(cheap, { retries: 0, models: [{ model: 'acme/plain', ...plain }], perImage: cheapPrice }),
      dear: compatibleProvider(dear, { retries: 0, perImage: '0.05' }),
    },
    routes: { any: { models: ['acme/plain', 'acme/painter'] } },
  })
  const fox = { model: 'any', prompt: 'a red fox' }

  beforeAll(async () => {
    ;[cheap, dear] = await Promise.all([startProviderDouble(), startProviderDouble()])
    gateway = await startTestGateway({ config: configOf() })
  })
  afterEach(() => {
    for (const double of [cheap, dear]) double.reset()
  })
  afterAll(async () => {
    await gateway?.close()
    for (const double of [cheap, dear]) await double?.close()
  })

  it('settings that the request leaves open are shown as what the offer makes of them', async () => {
    const { candidates } = await quoteOf(gateway, { ...fox, quality: 'auto' })
    const medium = candidates.find(({ offer, quality }) => offer.startsWith('cheap:') && quality === 'medium')
    expect(medium).toMatchObject({ quality_from: 'default', size_from: 'default', size: '1024x1024', eligible: true })
    const high = candidates.find(({ offer, quality }) => offer.startsWith('cheap:') && quality === 'high')
    expect(high).toMatchObject({ quality_from: 'tier', eligible: false })
    const stated = await quoteOf(gateway, { ...fox, quality: 'high', size: '512x512' })
    expect(stated.candidates[0]).toMatchObject({ quality_from: 'request', size_from: 'request', size: '512x512' })
  })

  it('explains what each constraint costs', async () => {
    const { explained } = await quoteOf(gateway, { ...fox, background: 'transparent', n: 2, explain: true })
    expect(explained).toMatchObject({ cheapest_usd: '0.10', offers_left: 1 })
    expect(explained?.constraints).toEqual([
      { constraint: 'background', stated: 'transparent', adds_usd: '0.04', without_usd: '0.06', offers_without: 2 },
      { constraint: 'n', stated: '2', adds_usd: '0.05', without_usd: '0.05', offers_without: 1 },
      {
        constraint: 'route models',
        stated: 'acme/plain, acme/painter',
        adds_usd: '0.00',
        without_usd: '0.10',
        offers_without: 1,
      },
    ])
    expect((await quoteOf(gateway, fox)).explained).toBeNull()
  })

  it('the model in use is the one named, else the one most images were made with, else what the route chooses', async () => {
    expect((await quoteOf(gateway, { prompt: 'a fox' })).current).toMatchObject({ source: 'route' })
    const { secret: key } = await gateway.createKey()
    const low = { model: 'acme/painter', prompt: 'a fox', quality: 'low', n: 2 }
    expect((await make(gateway, low, null, key)).status).toBe(200)
    const used = { offer: 'dear:acme/painter', quality: 'low', source: 'ledger', images: 2, serves: true }
    expect((await quoteOf(gateway, { prompt: 'a fox' }, key)).current).toEqual(used)
    const named = await quoteOf(gateway, { prompt: 'a fox', model: 'acme/plain' }, key)
    expect(named.current).toMatchObject({ offer: 'cheap:acme/plain', source: 'named', images: null })
    // Another key's use is nobody else's business.
    const other = await gateway.createKey()
    expect((await quoteOf(gateway, { prompt: 'a fox' }, other.secret)).current).toMatchObject({ source: 'route' })
  })

  describe('a quote id', () => {
    it('makes the quoted request at the quoted maximum, and the receipt says so', async () => {
      const quote = await quoteOf(gateway, { ...fox, n: 2 })
      expect(quote).toMatchObject({ max_usd: '0.06', id: expect.stringMatching(/^quote_/) })
      const made = await make(gateway, { ...fox, n: 2, response_format: 'url', user: 'customer-1' }, quote.id)
      expect(codeOf(made)).toBe(200)
      const receipt = await gateway.receipt(made.body.halftone.request_id)
      expect(receipt.quote).toEqual({ id: quote.id, max_usd: '0.06', expires_at: quote.expires_at })
      expect(receipt.attempts.map(({ held_usd }) => held_usd)).toEqual(['0.06'])
      const free = await make(gateway, fox, null)
      expect((await gateway.receipt(free.body.halftone.request_id)).quote).toBeNull()
    })

    it('may travel in the body', async () => {
      const { id } = await quoteOf(gateway, fox)
      expect(codeOf(await make(gateway, { ...fox, halftone: { quote_id: id } }, null))).toBe(200)
      expect(codeOf(await make(gateway, { ...fox, prompt: 'a cat', halftone: { quote_id: id } }, null))).toEqual([
        400,
        'quote_mismatch',
      ])
    })

    it('is refused for another request, for another key, and where it was made up; nothing is called', async () => {
      const { id } = await quoteOf(gateway, fox)
      const { secret: key } = await gateway.createKey()
      const mismatch = [400, 'quote_mismatch']
      expect(codeOf(await make(gateway, { ...fox, n: 2 }, id))).toEqual(mismatch)
      expect(codeOf(await make(gateway, { ...fox, size: '512x512' }, id))).toEqual(mismatch)
      expect(codeOf(await make(gateway, fox, id, key))).toEqual(mismatch)
      expect(codeOf(await make(gateway, fox, `${id?.slice(0, -1)}_`, undefined))).toEqual(mismatch)
      expect([cheap.calls.length, dear.calls.length]).toEqual([0, 0])
    })

    it('holds an edit to the sizes of its images', async () => {
      const edit = { model: 'acme/painter', prompt: 'make it blue' }
      const sizes = { operation: 'edit', inputs: [{ width: 1, height: 1 }] }
      const { id } = await quoteOf(gateway, { ...edit, ...sizes })
      const send = (quoteId: string | null) =>
        gateway.call<Made>('/v1/images/edits', {
          body: { ...edit, images: [{ image_url: `data:image/png;base64,${PIXEL}` }] },
          headers: { 'x-halftone-quote-id': quoteId ?? '' },
        })
      expect(codeOf(await send(id))).toBe(200)
      const larger = await quoteOf(gateway, { ...edit, operation: 'edit', inputs: [{ width: 2, height: 1 }] })
      expect(codeOf(await send(larger.id))).toEqual([400, 'quote_mismatch'])
    })

    it('does not fall back to what costs more than was quoted', async () => {
      const { id } = await quoteOf(gateway, fox)
      cheap.script({ status: 500, body: { error: { message: 'Oops.' } } })
      const held = await make(gateway, fox, id)
      expect(codeOf(held)).toEqual([502, 'provider_error'])
      expect(dear.calls).toHaveLength(0)
      cheap.reset()
      cheap.script({ status: 500, body: { error: { message: 'Oops.' } } })
      expect((await make(gateway, fox, null)).body.halftone.offer).toBe('dear:acme/painter')
    })

    it('is refused once the price is above it, and serves again at or below it', async () => {
      const wanted = { model: 'acme/plain', prompt: 'a red fox' }
      const { id } = await quoteOf(gateway, wanted)
      const costs = async (usd: string) =>
        (await quoteOf(gateway, wanted)).candidates.some(
          ({ offer, expected_usd }) => offer.startsWith('cheap:') && expected_usd === usd,
        )
      await gateway.writeConfig(configOf('0.031'))
      await eventually(() => costs('0.031'))
      const refused = await make(gateway, wanted, id)
      expect(codeOf(refused)).toEqual([409, 'quote_exceeded'])
      expect(refused.body.error?.message).toMatch(/\$0\.03;.*cheap:acme\/plain, may cost \$0\.031/)
      expect(refused.headers.get('x-should-retry')).toBe('false')
      expect(cheap.calls).toHaveLength(0)
      await gateway.writeConfig(configOf('0.02'))
      await eventually(() => costs('0.02'))
      expect((await make(gateway, wanted, id)).body.halftone.cost_usd).toBe('0.02')
      await gateway.writeConfig(configOf())
      await eventually(() => costs('0.03'))
    })

    it('that is refused decides nothing for its group', async () => {
      const inGroup = { ...fox, halftone: { group: 'refused-quote' } }
      const { id } = await quoteOf(gateway, inGroup)
      const firstCosts = async (usd: string) => (await quoteOf(gateway, fox)).candidates[0]?.expected_usd === usd
      await gateway.writeConfig(configOf('0.09'))
      await eventually(() => firstCosts('0.05'))
      expect(codeOf(await make(gateway, inGroup, id))).toEqual([409, 'quote_exceeded'])
      await gateway.writeConfig(configOf())
      await eventually(() => firstCosts('0.03'))
      expect((await make(gateway, inGroup, null)).body.halftone.offer).toBe('cheap:acme/plain')
    })
  })
})

it('neither a quote nor a max cost leaves anything for a second try once the first may have been charged, even where the route would pay twice', async () => {
  const doubles = await Promise.all([startProviderDouble(), startProviderDouble()])
  const [one, two] = doubles
  const gateway = await startTestGateway({
    config: {
      providers: { one: compatibleProvider(one, { retries: 0 }), two: compatibleProvider(two, { retries: 0 }) },
      routes: { daring: { models: ['acme/painter'], payTwice: 'onUnknown' } },
    },
  })
  try {
    const wanted = { model: 'daring', prompt: 'a red fox' }
    const { id } = await quoteOf(gateway, wanted)
    const callsOf = async (quoteId: string | null, maxUsd?: string): Promise<number> => {
      for (const double of doubles) {
        double.reset()
        double.enqueue({ fault: 'reset_after' })
      }
      const limited = maxUsd === undefined ? wanted : { ...wanted, halftone: { max_cost_usd: maxUsd } }
      expect((await make(gateway, limited, quoteId)).status).not.toBe(200)
      return one.calls.length + two.calls.length
    }
    expect(await callsOf(id)).toBe(1)
    expect(await callsOf(null, '0.07')).toBe(1)
    expect(await callsOf(null, '0.08')).toBe(2)
    expect(await callsOf(null)).toBe(2)
  } finally {
    await gateway.close()
    for (const double of doubles) await double.close()
  }
})

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

describe('in the sandbox', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway({ config: { sandbox: { latencyScale: 0 } } })
  })
  afterAll(() => gateway?.close())

  it('a metered request held to a quote never settles above it', async () => {
    const prompts = ['x', 'a red fox', 'a crowded market at dusk, '.repeat(20), 'seven "words" in a shop window, with lettering']
    const models = ['sandbox/thinking', 'sandbox/visual', 'sandbox/mega']
    for (const model of models) {
      for (const [index, prompt] of prompts.entries()) {
        const wanted = { model, prompt, n: 1 + index, seed: index }
        const { id, max_usd } = await quoteOf(gateway, wanted)
        const made = await make(gateway, wanted, id)
        expect(codeOf(made)).toBe(200)
        expect(parseUsd(made.body.halftone.cost_usd) <= parseUsd(max_usd ?? '0'), `${model} ${prompt}`).toBe(true)
      }
    }
  })

  it('a job weighs the batch lane, which is late within six hours, and learns failed tries from the ledger', async () => {
    const job = { count: 1000, deadline_ms: 6 * 3_600_000 }
    const first = await quoteOf(gateway, { prompt: 'a fox', model: 'sandbox/flat', job })
    const batch = first.job?.candidates.at(-1)
    expect(batch).toMatchObject({ lane: 'batch', in_time: 'no', offer: 'sandbox:sandbox/batch+batch' })
    const flat = first.job?.candidates.find(({ quality }) => quality === 'medium')
    expect(flat).toMatchObject({ lane: 'standard', calls: 1000, min_usd: '40.00', allowance_from: 'assumed', eligible: true })
    const day = await quoteOf(gateway, { prompt: 'a fox', job: { ...job, deadline_ms: 24 * 3_600_000 } })
    expect(day.job?.candidates.find(({ lane }) => lane === 'batch')).toMatchObject({ in_time: 'yes', duration_ms: 86_400_000 })
  })
})
