/** Models, prices and providers in a browser: over a seeded ledger, in the sandbox, and with an account that sells pictures. */
import { resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ExploreResponse, InsightModels } from '../../src/contract/insight.ts'
import type { PriceSetListWire } from '../../src/contract/price-changes.ts'
import type { PriceListWire } from '../../src/contract/prices.ts'
import type { ProviderListWire } from '../../src/contract/providers.ts'
import { formatUsd } from '../../src/core/money.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, expectGoodLooks, nanoOf, openDashboard, patient, phone, textOf } from '../support/dashboard.ts'
import { type AcmeDouble, startAcmeDouble } from '../support/doubles/acme-pictures.ts'
import { type Seeded, seeded, seedTimeoutMs } from '../support/seeded.ts'

const REQUESTS = 4_000
const module = resolve(import.meta.dirname, '../../examples/custom-provider/acme-pictures.mjs')

let ledger: Seeded
let dashboard: Dashboard
/** A gateway that was never asked for anything, and one that buys from a double. */
let fresh: Dashboard
let shop: Dashboard
let double: AcmeDouble

beforeAll(async () => {
  ledger = await seeded({ requests: REQUESTS, days: 60, images: 4 })
  double = await startAcmeDouble()
  dashboard = await openDashboard(ledger.config, { HALFTONE_DATA_DIR: ledger.folder })
  fresh = await openDashboard()
  const prices = { 'acme/brush': { perImage: '0.02' }, 'acme/scissors': { perImage: '0.005' } }
  shop = await openDashboard(
    JSON.stringify({
      providers: {
        acme: { module, baseUrl: double.baseUrl, apiKey: 'k1', prices },
        spare: { type: 'openai', apiKey: 'sk-x', disabled: true },
      },
    }),
  )
}, seedTimeoutMs(REQUESTS) + CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(async () => {
  for (const each of [dashboard, fresh, shop]) await each?.close()
  await double?.close()
  await ledger?.remove()
})
afterEach(() => {
  for (const each of [dashboard, fresh, shop]) each.expectQuiet()
})

const models = (query = '') => dashboard.api<InsightModels>('GET', `/v1/halftone/insight/models${query}`)
const rowOf = (offer: string, quality: string | null): string => `${offer}\n${quality ?? ''}`

/** The table, not the one below the chart. */
const offers = (page: Page) => page.getByRole('region', { name: 'Offers on your traffic' })
const isPlain = ({ provider, tiers, retired_at: retired, effective_to: to }: PriceListWire['rates'][number]): boolean =>
  provider === 'openai' && !tiers && !retired && !to

describe('models', () => {
  it('list every offer that was called, with the figures of the API, to the nano-dollar', async () => {
    const { context, page } = await dashboard.visit('/models')
    const answer = (await models()).data.filter(({ attempts, spend_usd: usd }) => attempts > 0 || Number(usd) !== 0)
    const rows = offers(page).locator('tr[data-row]')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(answer.length)
    expect(await rows.first().getAttribute('data-row')).toBe(rowOf(answer[0]?.offer ?? '', answer[0]?.quality ?? null))
    const index = (await offers(page).locator('thead th').allTextContents()).findIndex((text) => text.startsWith('Spend'))
    const shown = await rows.evaluateAll(
      (found, at) =>
        (found as { dataset: { row: string }; cells: { querySelector(of: string): { title: string } | null }[] }[]).map((row) => [
          row.dataset.row,
          row.cells[at]?.querySelector('[title]')?.title ?? '',
        ]),
      index,
    )
    expect(new Map(shown.map(([id, title]) => [id, formatUsd(nanoOf(title ?? ''))]))).toEqual(
      new Map(answer.map(({ offer, quality, spend_usd: usd }) => [rowOf(offer, quality), usd])),
    )
    await context.close()
  })

  it('draw the frontier the API names, list who is not rated, and open an offer from there', async () => {
    const { context, page } = await dashboard.visit('/models')
    const { data } = await models()
    const names = (place: string) => page.locator(`[data-frontier="${place}"] li`)
    await names('On the frontier').first().waitFor()
    expect(await names('On the frontier').count()).toBe(data.filter(({ place }) => place === 'frontier').length)
    expect(await names('Not rated').count()).toBe(Math.min(12, data.filter(({ place }) => place === 'unrated').length))
    await page.locator('[data-chart] svg[role=img]').first().waitFor()
    await names('On the frontier').first().getByRole('button').click()
    await page.getByRole('dialog').waitFor()
    expect(new URL(page.url()).searchParams.get('offer')).toContain(':')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await context.close()
  })

  it('are sorted, searched and narrowed in the URL, by keyboard too', async () => {
    const { context, page } = await dashboard.visit('/models?q=flux&sort=-p95')
    const rows = offers(page).locator('tr[data-row]')
    await rows.first().waitFor()
    for (const id of await rows.evaluateAll((all) => (all as { dataset: { row: string } }[]).map(({ dataset }) => dataset.row)))
      expect(id).toContain('flux')
    expect(await page.locator('th[aria-sort=descending]').textContent()).toContain('p95')
    await page.getByRole('button', { name: /^Per image/ }).click()
    await expect.poll(() => page.url()).toContain('sort=-cost')
    await page.locator('th[aria-sort=descending]').getByText('Per image').waitFor()
    await rows.first().focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.goto(`${dashboard.url}/models?q=nothing-like-it`)
    await page.getByText('No offer fits').waitFor()
    await context.close()
  })

  it("an offer's sheet has its attempts by outcome, its price lines, what it can do and what is known of it", async () => {
    const [row] = (await models()).data
    if (!row) throw new Error('nothing was called')
    const { context, page } = await dashboard.visit(`/models?offer=${encodeURIComponent(row.offer)}`)
    const dialog = page.getByRole('dialog')
    const explored = await dashboard.api<ExploreResponse>('POST', '/v1/halftone/insight/explore', {
      group_by: ['outcome'],
      filters: { offer: [row.offer], quality: [row.quality ?? ''] },
    })
    await dialog.getByText('Succeeded').waitFor()
    expect(await dialog.locator('section[aria-label="How its attempts ended"] tbody tr').count()).toBe(explored.rows.length)
    const history = await dashboard.api<PriceListWire>(
      'GET',
      `/v1/halftone/prices/history?offer=${encodeURIComponent(row.offer)}`,
    )
    await dialog.locator('[data-price-line]').first().waitFor()
    expect(await dialog.locator('[data-price-line]').count()).toBe(
      new Set(history.rates.map(({ provider, sku, meter, when }) => [provider, sku, meter, when].join())).size,
    )
    await dialog.getByText('Operations').waitFor()
    await dialog.getByText('Trains on it').waitFor()
    await expectGoodLooks(page, 'an offer')
    await context.close()
  })
})

describe('prices', () => {
  it('count what the API lists, book by book, and lead to the rates of one', async () => {
    const list = await dashboard.api<PriceListWire>('GET', '/v1/halftone/prices')
    const day = new Date().toISOString().slice(0, 10)
    const current = list.rates.filter(
      ({ effective_from: from, effective_to: to, retired_at: retired }) =>
        from <= day && (to === null || day < to) && (retired === null || day < retired),
    )
    const { context, page } = await dashboard.visit('/prices')
    await page.locator('[data-row=openai]').waitFor()
    expect(await textOf(page.locator('[data-stat="Rates in force"] .num').first())).toBe(String(current.length))
    expect(await textOf(page.locator('[data-stat="Without a price"] .num').first())).toBe(String(list.unpriced.length))
    await page.locator('[data-row=openai]').click()
    await expect.poll(() => page.url()).toContain('provider=openai')
    await page.getByRole('region', { name: 'Rates' }).locator('tr[data-row]').first().waitFor()
    expect(await page.locator('tr[data-row]').count()).toBe(current.filter(({ provider }) => provider === 'openai').length)
    await context.close()
  })

  it('are changed by hand: shown first, installed, in use, and rolled back', async () => {
    const { context, page } = await shop.visit('/prices?q=dall-e-3&provider=openai')
    const sets = () => shop.api<PriceSetListWire>('GET', '/v1/halftone/prices/sets')
    const before = await sets()
    const list = await shop.api<PriceListWire>('GET', '/v1/halftone/prices')
    const rate = list.rates.find(isPlain)
    if (!rate) throw new Error('no rate to change')
    await page.goto(`${shop.url}/prices?provider=${rate.provider}&book=${rate.provider}&rate=${encodeURIComponent(rate.rate_id)}`)
    const dialog = page.getByRole('dialog').first()
    await dialog.getByLabel(/^Price in/).fill('7.25')
    await dialog.getByLabel('Where it stands').fill('https://acme.example/contract')
    await dialog.getByRole('button', { name: 'Show what changes' }).click()
    await dialog.locator('[data-change=added]').waitFor()
    expect(await textOf(dialog.locator('[data-change=added]'))).toContain('7.25')
    expect(await sets()).toEqual(before)
    await expectGoodLooks(page, 'a change of a price')
    await dialog.getByRole('button', { name: 'Install this change' }).click()
    await dialog.waitFor({ state: 'detached' })
    const after = await sets()
    expect(after.current.origin).toBe('installed')
    await page.getByRole('tab', { name: 'Installed sets' }).click()
    await page.locator(`[data-set="${after.current.version}"]`).waitFor()
    await page.getByRole('button', { name: 'Roll back to the one before' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click()
    await page.getByText('The shipped prices are in use').waitFor()
    expect((await sets()).current.version).toBe(before.current.version)
    await context.close()
  })

  it('an amount that is none and a day before the rate are said at their fields', async () => {
    const list = await shop.api<PriceListWire>('GET', '/v1/halftone/prices')
    const rate = list.rates.find(isPlain)
    const { context, page } = await shop.visit(`/prices?book=${rate?.provider}&rate=${encodeURIComponent(rate?.rate_id ?? '')}`)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(/^Price in/).fill('cheap')
    await dialog.getByText('Write a decimal such as 0.04.').waitFor()
    await dialog.getByLabel(/^Price in/).fill('1')
    await dialog.getByLabel('From').fill('2001-01-01')
    await dialog.getByRole('button', { name: 'Show what changes' }).click()
    await dialog.getByText(/is in force from/).waitFor()
    await context.close()
  })

  it(
    'a correction of the past is shown before anything is posted',
    async () => {
      const { context, page } = await dashboard.visit('/prices?tab=correct&since=2020-01-01')
      await page.getByRole('button', { name: 'Show what would be posted' }).click()
      // Everything is priced again: minutes for a million calls.
      await page.locator('[data-stat="Looked at"]').waitFor({ timeout: seedTimeoutMs(REQUESTS) })
      expect(Number((await textOf(page.locator('[data-stat="Looked at"] .num').first())).replaceAll(',', ''))).toBeGreaterThan(
        1_000,
      )
      await context.close()
    },
    patient(90_000) + seedTimeoutMs(REQUESTS),
  )
})

describe('providers', () => {
  it('name every account with its state and what doctor says to do', async () => {
    const answer = await dashboard.api<ProviderListWire>('GET', '/v1/halftone/providers')
    const { context, page } = await dashboard.visit('/providers')
    await page.locator('tr[data-row]').first().waitFor()
    expect(await page.locator('tr[data-row]').count()).toBe(answer.data.length)
    expect(await textOf(page.locator('[data-stat=Offers] .num').first())).toBe(
      String(answer.data.reduce((sum, { offers }) => sum + offers.length, 0)),
    )
    const fal = answer.data.find(({ name }) => name === 'fal')
    await page.locator('tr[data-row=fal]').click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    expect(await dialog.locator('[data-finding]').count()).toBe(fal?.findings.length)
    expect(await dialog.locator('[data-offer]').count()).toBe(fal?.offers.length)
    for (const { remedy } of fal?.findings ?? []) if (remedy) await dialog.getByText(remedy.replaceAll('`', '')).first().waitFor()
    await expectGoodLooks(page, 'an account')
    await context.close()
  })

  it(
    'are verified within a sum: what it would cost, a question, then pictures and their receipts',
    async () => {
      const { context, page } = await shop.visit('/providers?name=acme')
      const dialog = page.getByRole('dialog').first()
      await dialog.getByRole('button', { name: 'Verify with real pictures' }).click()
      await dialog.getByLabel('Spend at most (USD)').fill('everything')
      await dialog.getByText('Write USD such as 0.25.').waitFor()
      await dialog.getByLabel('Spend at most (USD)').fill('0.10')
      await dialog.getByRole('button', { name: 'Show what would be bought' }).click()
      await dialog.locator('[data-verify=max]').waitFor()
      expect(await textOf(dialog.locator('[data-verify=max]'))).toBe('$0.025')
      expect(double.jobs).toEqual([])
      await dialog.getByRole('button', { name: 'Buy them' }).click()
      const question = page.getByRole('dialog', { name: /real money/ })
      await question.getByRole('button', { name: 'Cancel' }).click()
      expect(double.jobs).toEqual([])
      await dialog.getByRole('button', { name: 'Buy them' }).click()
      await question.getByRole('button', { name: /^Buy 2 pictures/ }).click()
      await dialog.locator('[data-result]').first().waitFor({ timeout: 30_000 })
      expect(await dialog.locator('[data-result]').count()).toBe(2)
      expect(await dialog.locator('[data-result]').getByText('as said').count()).toBe(2)
      expect(double.jobs).toHaveLength(2)
      await expectGoodLooks(page, 'what verifying found')
      await dialog.getByRole('link', { name: 'its receipt' }).first().click()
      await page.locator('[data-receipt=total]').waitFor()
      await context.close()
    },
    patient(60_000),
  )

  it('test every key for free, and say which account is disabled', async () => {
    const { context, page } = await shop.visit('/providers')
    await page.locator('tr[data-row=spare]').getByText('Disabled', { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Test every key, free' }).click()
    await page
      .getByRole('status')
      .getByText(/Every key works|Not reachable/)
      .waitFor()
    await context.close()
  })
})

describe.each([
  ['models', '/models', 'tr[data-row]'],
  ['prices', '/prices', 'tr[data-row]'],
  ['providers', '/providers', 'tr[data-row]'],
])('%s', (name, path, ready) => {
  it.each([
    ['on a desktop', {}],
    ['on a phone', phone],
  ])('looks good in light and dark %s', async (where, options) => {
    const { context, page } = await dashboard.visit(path, options)
    await page.locator(ready).first().waitFor()
    if (path === '/models') await page.locator('[data-chart] svg[role=img]').first().waitFor()
    await expectGoodLooks(page, `${name} ${where}`)
    if (where === 'on a desktop') await dashboard.screenshot(page, name)
    await context.close()
  })

  it('says what to do next in a sandbox nobody used yet', async () => {
    const { context, page } = await fresh.visit(path)
    await page.locator(`${ready}, [data-stat], p.text-lg`).first().waitFor()
    if (path === '/models') await page.getByText('No offer was called in this time').waitFor()
    await expectGoodLooks(page, `${name}, fresh`)
    await context.close()
  })
})
