/** What this machine does to pictures, where the operator gave it a price: quoted, held, charged and shown as a step of its own. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { QuoteResponse } from '../../src/contract/quote.ts'
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
const ours = 'halftone:halftone/finish'

async function start(more: object = {}): Promise<void> {
  const models = [{ model, ...doubleCapabilities, sizes: ['1024x1024'] }]
  gateway = await startTestGateway({
    config: {
      providers: { painter: compatibleProvider(double, { models, retries: 0 }) },
      steps: { price: { perPicture: '0.002', perMegapixel: '0.01' } },
      ...more,
    },
  })
}

interface Made {
  readonly data: readonly unknown[]
  readonly halftone: {
    readonly request_id: string
    readonly cost_usd: string
    readonly warnings: readonly { readonly code: string; readonly message: string }[]
  }
}
const small = { model, prompt: 'a red fox', size: '500x400', n: 2, halftone: { fit: 'cover' } }
const generate = (body: object) => gateway.call<Made>('/v1/images/generations', { body })
const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
const held = async (): Promise<string> => (await gateway.call<{ held_usd: string }>('/v1/halftone/overview')).body.held_usd

it('the quote has it, and the receipt shows it line by line', async () => {
  await start()
  const { body: quote } = await gateway.call<QuoteResponse>('/v1/halftone/quote', { body: small })
  // Two pictures at $0.04, and for each $0.002 and 0.2 megapixels at $0.01.
  expect(quote.candidates[0]).toMatchObject({ min_usd: '0.08', expected_usd: '0.088', max_usd: '0.088' })
  const { status, body } = await gateway.call<Made>('/v1/images/generations', {
    body: small,
    headers: { 'x-halftone-quote-id': quote.id ?? '' },
  })
  expect([status, body.halftone.cost_usd]).toEqual([200, '0.088'])
  const { attempts, total_usd } = await gateway.receipt(body.halftone.request_id)
  expect(attempts.map(({ kind, offer, state, total_usd }) => [kind, offer, state, total_usd])).toEqual([
    ['primary', 'painter:acme/painter', 'settled', '0.08'],
    ['step', ours, 'settled', '0.008'],
  ])
  expect(attempts[1]?.charges.map(({ kind, meter, amount_usd }) => [kind, meter, amount_usd])).toEqual([
    ['step', 'images.out', '0.004'],
    ['step', 'megapixels.out', '0.004'],
  ])
  expect([total_usd, await held()]).toEqual(['0.088', '0.00'])
})

it('reports and exports show it beside its request, and pricing it again changes nothing', async () => {
  await start()
  await generate(small)
  const { body: overview } = await gateway.call<{ spent_usd: string }>('/v1/halftone/insight/overview')
  expect(JSON.stringify(overview)).toContain('0.088')
  const { status, body: rows } = await gateway.call<string>(`/v1/halftone/exports/focus?from=${day(-1)}&to=${day(2)}`)
  expect([status, rows]).toEqual([200, expect.stringContaining('halftone/finish')])
  const { body: rerated } = await gateway.call('/v1/halftone/prices/rerate', { body: { since: day(-1) } })
  expect(rerated).toMatchObject({ examined: 2, unchanged: 2, corrected: 0, skipped: [] })
})

it('a picture that needs no change costs nothing here', async () => {
  await start()
  const { body } = await generate({ ...small, size: '1024x1024' })
  expect(body.halftone.cost_usd).toBe('0.08')
  expect((await gateway.receipt(body.halftone.request_id)).attempts).toHaveLength(1)
})

it('without room in a budget the picture stays as it was made, and says so', async () => {
  await start({ maxUsdPerDay: '0.083' })
  const { status, body } = await generate(small)
  expect([status, body.halftone.cost_usd, await held()]).toEqual([200, '0.08', '0.00'])
  expect(body.halftone.warnings).toContainEqual({
    code: 'finishing_failed',
    message: 'Not done: resize to 500x400 (cover). A budget has no room for it.',
  })
})

it('without a price nothing is charged, and nothing is recorded', async () => {
  await start({ steps: {} })
  const { body } = await generate(small)
  expect([body.halftone.cost_usd, (await gateway.receipt(body.halftone.request_id)).attempts.length]).toEqual(['0.08', 1])
})

it('seconds are quoted up to the time limit and charged as they were', async () => {
  await start({ steps: { price: { perSecond: '0.001' } } })
  const { body: quote } = await gateway.call<QuoteResponse>('/v1/halftone/quote', { body: small })
  expect(quote.candidates[0]).toMatchObject({ expected_usd: '0.081', max_usd: '0.12' })
  const { body } = await generate(small)
  const [, step] = (await gateway.receipt(body.halftone.request_id)).attempts
  expect(step?.charges).toMatchObject([{ meter: 'compute.seconds', provenance: 'metered' }])
  expect(Number(step?.total_usd)).toBeGreaterThan(0)
  expect(Number(step?.total_usd)).toBeLessThan(0.04)
})
