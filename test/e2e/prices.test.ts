/** Prices over time, on a running gateway: corrections of the past, and drafts from what the provider reports. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bundleOf, installBook, packPrices, stageBundle } from '../../src/config/price-sets.ts'
import type { PriceDraftWire, PriceListWire, RerateReportWire } from '../../src/contract/prices.ts'
import type { PriceBook, Rate } from '../../src/core/pricing/price-book.ts'
import { compatibleProvider, openaiProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { billAll, rateOf, source } from '../support/pricing.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
const about = { today: '2026-11-22', date: '2026-11-22T00:00:00Z', note: 'test' }

/** A book of the double's provider type, which the shipped set does not have. */
const bookWith = (...rates: Rate[]): PriceBook => ({
  provider: 'openai-compatible',
  unit: 'USD',
  source,
  skus: [{ id: 'acme/painter', model: 'acme/painter', rates, billedPolicy: billAll }],
})
const wrong = rateOf({ id: 'acme/painter/image', price: '0.04' })
const corrected = rateOf({ id: 'acme/painter/image/2', price: '0.036' })

const folderOf = (name: string): string => join(gateway.folder, name)
const book = async (): Promise<string> => (await gateway.call<{ price_book: string }>('/v1/halftone/status')).body.price_book
const install = async (...rates: Rate[]): Promise<void> => {
  const before = await book()
  await installBook(folderOf('data'), bookWith(...rates), about)
  await vi.waitFor(async () => expect(await book()).not.toBe(before), 10_000)
}
const generate = async (prompt: string) => {
  const { status, body } = await gateway.call<{ halftone: { request_id: string; cost_usd: string } }>('/v1/images/generations', {
    body: { model: 'acme/painter', prompt },
  })
  expect(status).toBe(200)
  return body.halftone
}
const rerate = async (more: object = {}) => {
  const { status, body } = await gateway.call<RerateReportWire>('/v1/halftone/prices/rerate', {
    body: { since: '2026-01-01', ...more },
  })
  expect(status).toBe(200)
  return body
}
const spentToday = async () => (await gateway.call<{ today_usd: string }>('/v1/halftone/overview')).body.today_usd

beforeEach(async () => {
  double = await startProviderDouble()
  const provider = { type: 'openai-compatible', baseUrl: double.baseUrl, models: [{ id: 'painter', model: 'acme/painter' }] }
  gateway = await startTestGateway({ config: { providers: { double: provider }, maxUsdPerDay: 5 } })
  await install(wrong)
})
afterEach(async () => {
  await gateway.close()
  await double.close()
})

describe('rerate', () => {
  it('posts what a corrected price changes, once, in receipt, budget and totals', async () => {
    const { request_id: id, cost_usd: cost } = await generate('a red fox')
    expect(cost).toBe('0.04')
    await install(corrected)
    expect(await rerate({ dry_run: true })).toMatchObject({ dry_run: true, examined: 1, corrected: 1, corrected_usd: '-0.004' })
    expect((await gateway.receipt(id)).total_usd).toBe('0.04')
    expect(await rerate()).toMatchObject({
      examined: 1,
      corrected: 1,
      corrected_usd: '-0.004',
      corrections: [{ request_id: id, was_usd: '0.04', is_usd: '0.036' }],
    })
    const receipt = await gateway.receipt(id)
    expect(receipt.total_usd).toBe('0.036')
    const [first, second] = receipt.attempts[0]?.charges ?? []
    expect(first).toMatchObject({ kind: 'usage', amount_usd: '0.04', rate_id: 'acme/painter/image' })
    expect(second).toMatchObject({
      kind: 'correction',
      amount_usd: '-0.004',
      rate_id: 'acme/painter/image/2',
      corrects: first?.id,
    })
    // The charge of then still names the book of then, which can be looked up.
    expect(second?.price_book).not.toBe(first?.price_book)
    const { body: then } = await gateway.call(`/v1/halftone/prices/books/${first?.price_book}`)
    expect(then).toMatchObject({ provider: 'openai-compatible', rates: [{ rate_id: 'acme/painter/image', price: '0.04' }] })
    expect((await gateway.call('/v1/halftone/prices/books/none')).status).toBe(404)
    expect(await spentToday()).toBe('0.036')
    expect(await rerate()).toMatchObject({ examined: 1, unchanged: 1, corrected: 0, corrected_usd: '0.00' })
    expect((await gateway.receipt(id)).attempts[0]?.charges).toHaveLength(2)
  })

  it('goes back when the correction is rolled back, and leaves later price changes alone', async () => {
    const { request_id: id } = await generate('a red fox')
    await install({ ...wrong, effectiveTo: '2030-01-01' }, { ...corrected, effectiveFrom: '2030-01-01' })
    expect(await rerate()).toMatchObject({ unchanged: 1, corrected: 0 })
    await install(corrected)
    await rerate()
    await install(wrong)
    expect(await rerate()).toMatchObject({ corrected: 1, corrected_usd: '0.004' })
    expect((await gateway.receipt(id)).total_usd).toBe('0.04')
  })

  it('never overrides what the provider reported', async () => {
    double.script({ usage: { cost: 0.05 } })
    const { request_id: id } = await generate('a red fox')
    await install(corrected)
    expect(await rerate()).toMatchObject({ kept: 1, corrected: 0 })
    expect((await gateway.receipt(id)).total_usd).toBe('0.05')
  })

  it('a day that is none is refused', async () => {
    const { status } = await gateway.call('/v1/halftone/prices/rerate', { body: { since: 'last week' } })
    expect(status).toBe(400)
  })
})

describe('drafted prices', () => {
  const review = async () =>
    (await gateway.call<{ data: PriceDraftWire[] }>('/v1/halftone/prices/drafts', { method: 'POST' })).body.data
  const paint = async (count: number) => {
    for (let index = 0; index < count; index += 1) await generate(`fox ${index}`)
  }

  it('five reports of another price draft a change; accepted it is installed, and the next report agrees', async () => {
    double.script({ usage: { cost: 0.05 } })
    await paint(4)
    expect(await review()).toEqual([])
    await paint(1)
    const [draft, another] = await review()
    expect(another).toBeUndefined()
    expect(draft).toMatchObject({
      status: 'open',
      ratio: '1.25',
      requests: 5,
      rates: [{ rate_id: 'acme/painter/image', price: '0.04', proposed: '0.05' }],
    })
    expect(draft?.attempts).toHaveLength(5)
    expect(await review()).toHaveLength(1)
    const before = await book()
    const accepted = await gateway.call<PriceDraftWire>(`/v1/halftone/prices/drafts/${draft?.id}/accept`, { method: 'POST' })
    expect(accepted.body).toMatchObject({
      status: 'accepted',
      // The day, and a number where the book in use is of the same day.
      installed_version: expect.stringMatching(/^\d{4}-\d\d-\d\d(\.\d+)?$/),
    })
    await vi.waitFor(async () => expect(await book()).not.toBe(before), 10_000)
    const { body: list } = await gateway.call<PriceListWire>('/v1/halftone/prices?model=acme/painter')
    expect(list.rates).toMatchObject([
      { rate_id: 'acme/painter/image', price: '0.04', effective_to: draft?.effective_from },
      { price: '0.05', effective_from: draft?.effective_from, confidence: 'derived', effective_to: null },
    ])
    await paint(5)
    expect((await review()).map(({ status }) => status)).toEqual(['accepted'])
    // What was metered without a report since that day follows.
    double.script({ usage: null })
    expect((await generate('no report')).cost_usd).toBe('0.05')
    const again = await gateway.call(`/v1/halftone/prices/drafts/${draft?.id}/accept`, { method: 'POST' })
    expect(again.status).toBe(409)
  })

  it('a rejected draft does not come back', async () => {
    double.script({ usage: { cost: 0.05 } })
    await paint(5)
    const [draft] = await review()
    const rejected = await gateway.call<PriceDraftWire>(`/v1/halftone/prices/drafts/${draft?.id}/reject`, { method: 'POST' })
    expect(rejected.body).toMatchObject({ status: 'rejected', installed_version: null })
    expect((await review()).map(({ status }) => status)).toEqual(['rejected'])
    expect((await gateway.call('/v1/halftone/prices/drafts/none/accept', { method: 'POST' })).status).toBe(404)
  })
})

describe('installed prices', () => {
  it('that cannot be used leave the old ones in force and turn /readyz, until they are mended', async () => {
    const before = await book()
    const data = folderOf('data')
    const bundle = await packPrices({ date: about.date, version: '2040-01-01' })
    const staged = await stageBundle(data, bundleOf(bundle.files, { version: '2040-01-01', date: about.date }))
    await staged.install()
    await vi.waitFor(async () => expect(await book()).toMatch(/^2040-01-01/), 10_000)
    await mkdir(join(data, 'prices/2041-01-01'))
    await writeFile(join(data, 'prices/current.json'), JSON.stringify({ installed: ['2041-01-01'] }))
    await vi.waitFor(async () => expect((await gateway.call('/readyz')).status).toBe(503), 10_000)
    expect(await book()).toMatch(/^2040-01-01/)
    await writeFile(join(data, 'prices/current.json'), JSON.stringify({ installed: ['2026-11-22.1'] }))
    await vi.waitFor(async () => expect((await gateway.call('/readyz')).status).toBe(200), 10_000)
    expect(before).toMatch(/installed/)
  })
})

describe('usage that no meter stands for', () => {
  it.each([
    ['openai', openaiProvider, 'openai/gpt-image-2'],
    ['openai-compatible', compatibleProvider, 'acme/painter'],
  ] as const)('%s: told with its amount, and kept with the attempt', async (_, provider, model) => {
    await gateway.close()
    gateway = await startTestGateway({ config: { providers: { double: provider(double) } } })
    double.script({ usage: { input_tokens: 10, output_tokens: 20, input_tokens_details: { audio_tokens: 7 } } })
    const { body } = await gateway.call<{ halftone: { request_id: string; warnings: { code: string; message: string }[] } }>(
      '/v1/images/generations',
      { body: { model, prompt: 'a red fox' } },
    )
    const message = 'The provider reported "input_tokens_details.audio_tokens": 7, for which there is no meter.'
    expect(body.halftone.warnings).toContainEqual(expect.objectContaining({ code: 'usage_unrecognized', message }))
    const [attempt] = (await gateway.receipt(body.halftone.request_id)).attempts
    expect(attempt?.events.flatMap(({ data }) => data['findings'] ?? [])).toContainEqual(message)
  })
})
