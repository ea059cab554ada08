/** Where further pictures of one call cost more, a request for several is made one by one: quote, calls and receipt say the same. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import { compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const fox = { model: 'acme/painter', prompt: 'a red fox', size: '1024x1024', n: 3 }

/** A cent for the first picture of a call, three for each further one. */
const tiers = {
  mode: 'graduated',
  scope: 'request',
  steps: [
    { from: '0', price: '0.01' },
    { from: '1', price: '0.03' },
  ],
}
const prices = { '*': { rates: [{ id: 'each', meter: 'images.out', price: '0.01', effectiveFrom: '2026-01-01', tiers }] } }

interface Made {
  readonly data: readonly unknown[]
  readonly halftone: { readonly request_id: string; readonly cost_usd: string; readonly warnings: readonly { code: string }[] }
}

let double: ProviderDouble
let gateway: TestGateway
beforeEach(async () => {
  double = await startProviderDouble()
  gateway = await startTestGateway({ config: { providers: { painter: compatibleProvider(double, { prices, retries: 0 }) } } })
})
afterEach(async () => {
  await gateway.close()
  await double.close()
})

it('what is quoted is what is called, held and charged', async () => {
  const { body: quote } = await gateway.call<QuoteResponse>('/v1/halftone/quote', { body: fox })
  expect(quote.candidates[0]).toMatchObject({ calls: 3, expected_usd: '0.03', max_usd: '0.03' })
  const { status, body } = await gateway.call<Made>('/v1/images/generations', {
    body: fox,
    headers: { 'x-halftone-quote-id': quote.id ?? '' },
  })
  expect([status, body.data.length, body.halftone.cost_usd]).toEqual([200, 3, '0.03'])
  expect(double.billed.map(({ images }) => images)).toEqual([1, 1, 1])
  const { attempts, total_usd } = await gateway.receipt(body.halftone.request_id)
  expect(attempts.map(({ kind, total_usd }) => [kind, total_usd])).toEqual([
    ['primary', '0.01'],
    ['primary', '0.01'],
    ['primary', '0.01'],
  ])
  expect(total_usd).toBe('0.03')
})

it('a call of the split that fails leaves the pictures of the others, and nothing stays held', async () => {
  double.enqueue({ status: 500, body: { error: { message: 'Oops.', type: 'server_error', code: null, param: null } } })
  const { status, body } = await gateway.call<Made>('/v1/images/generations', { body: fox })
  expect([status, body.data.length, body.halftone.cost_usd]).toEqual([200, 2, '0.02'])
  expect(body.halftone.warnings.map(({ code }) => code)).toContain('partial_success')
  const { body: overview } = await gateway.call<{ held_usd: string }>('/v1/halftone/overview')
  expect(overview.held_usd).toBe('0.00')
})
