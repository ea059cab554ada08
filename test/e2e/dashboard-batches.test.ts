/** Batches in the browser: priced, started, followed line by line, cancelled; and what many of one picture would cost. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { BatchLineWire, BatchQuote, BatchWire } from '../../src/contract/batch-endpoints.ts'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, desktop, expectGoodLooks, nanoOf, openDashboard, patient, phone, textOf } from '../support/dashboard.ts'

const TIMEOUT_MS = patient(120_000)
const HOSTILE = `<img src=x onerror=alert(1)> =HYPERLINK("http://evil.test") ${'w'.repeat(300)}`
const generations = '/v1/images/generations'

let dashboard: Dashboard
beforeAll(async () => {
  const routes = 'routes:\n  shop: { models: [sandbox/flat, sandbox/batch] }\n'
  dashboard = await openDashboard(`sandbox:\n  latencyScale: 0.02\n${routes}`)
}, 60_000 + CHROMIUM_INSTALL_TIMEOUT_MS)
afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

const line = (custom_id: string, body: object): string => JSON.stringify({ custom_id, method: 'POST', url: generations, body })
const drawing = (prompt: string, over: object = {}) => ({ model: 'shop', prompt, size: '256x256', ...over })
const slow = (count: number) =>
  Array.from({ length: count }, (_, index) => line(`slow-${index}`, drawing(`[sandbox:slow=20000] ${index}`))).join('\n')

async function handIn(text: string, metadata: Record<string, string> = {}): Promise<BatchWire> {
  const form = new FormData()
  form.set('purpose', 'batch')
  form.set('file', new File([text], 'in.jsonl'))
  const headers = { authorization: `Bearer ${dashboard.adminKey}` }
  const uploaded = await fetch(`${dashboard.url}/v1/files`, { method: 'POST', headers, body: form })
  const { id } = (await uploaded.json()) as { id: string }
  const body = { input_file_id: id, endpoint: generations, completion_window: '24h', metadata }
  return dashboard.api<BatchWire>('POST', '/v1/batches', body)
}
const batchOf = (id: string) => dashboard.api<BatchWire>('GET', `/v1/batches/${id}`)
const over = async (id: string): Promise<BatchWire> => {
  await expect
    .poll(async () => (await batchOf(id)).status, { timeout: patient(60_000) })
    .toMatch(/completed|failed|cancelled|expired/)
  return batchOf(id)
}
const files = async () => (await dashboard.api<{ data: { id: string }[] }>('GET', '/v1/files?purpose=batch')).data
const figure = (page: Page, label: string) => page.locator(`[data-stat="${label}"]`)

describe('a batch', () => {
  it(
    'is priced before it starts, started from pasted lines, and followed to its end',
    async () => {
      const { context, page } = await dashboard.visit('/batches')
      await page.getByText('No batches yet').waitFor()
      await expectGoodLooks(page, 'no batches')
      await page.getByRole('button', { name: 'New batch' }).click()
      const sheet = page.getByRole('dialog', { name: 'New batch' })
      await sheet.getByRole('button', { name: 'Price it' }).click()
      await sheet.getByText('Choose a file.').waitFor()
      await sheet.getByRole('radio', { name: 'Lines' }).click()
      const lines = [
        line('mug', drawing('a red mug')),
        line('cup', drawing('a cup', { n: 2 })),
        line('bad', drawing('a', { model: 'no/such' })),
      ]
      await sheet.getByRole('textbox', { name: 'Lines' }).fill(lines.join('\n'))
      const answer = page.waitForResponse((response) => response.url().endsWith('/batches/quote'))
      await sheet.getByRole('button', { name: 'Price it' }).click()
      const quote = (await (await answer).json()) as BatchQuote
      const shown = sheet.locator('[data-quote=batch]')
      await shown.waitFor()
      expect(nanoOf(await textOf(shown.locator('.num').first()))).toBe(nanoOf(quote.expected_usd))
      expect(await textOf(shown)).toContain('3 lines, 3 pictures')
      await shown.getByText('1 line would be refused').click()
      await shown.getByText('No route, offer or model is called "no/such"').waitFor()
      await expectGoodLooks(page, 'a priced batch')
      await dashboard.screenshot(page, 'batches-new')
      await sheet.getByRole('button', { name: 'Start it' }).click()
      await page.waitForURL(/\/batches\/batch_/)
      const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
      await figure(page, 'Ended').waitFor({ timeout: patient(60_000) })
      const { halftone } = await batchOf(id)
      expect(nanoOf(await textOf(figure(page, 'Cost so far').locator('.num .num')))).toBe(nanoOf(halftone.cost_usd))
      expect(halftone.cost_usd).toBe(quote.expected_usd)
      await page.locator('[data-row="3"]').getByText('failed').waitFor()
      await dashboard.screenshot(page, 'batch')
      const list = await dashboard.visit('/batches')
      await list.page.locator(`[data-row="${id}"]`).waitFor()
      await dashboard.screenshot(list.page, 'batches')
      await list.context.close()
      await page
        .locator('[data-row="1"]')
        .getByRole('link', { name: /Request/ })
        .click()
      await page.getByText('a red mug').first().waitFor()
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'that is not started leaves no file behind',
    async () => {
      const before = (await files()).length
      const { context, page } = await dashboard.visit('/batches?new=true')
      const sheet = page.getByRole('dialog', { name: 'New batch' })
      const text = line('a', drawing('x'))
      await sheet.getByLabel('File', { exact: true }).setInputFiles({
        name: 'pictures.jsonl',
        mimeType: 'application/jsonl',
        buffer: Buffer.from(text),
      })
      await sheet.getByRole('button', { name: 'Price it' }).click()
      await sheet.getByRole('button', { name: 'Start it' }).waitFor()
      expect(await files()).toHaveLength(before + 1)
      await sheet.getByRole('button', { name: 'Cancel' }).click()
      await expect.poll(async () => (await files()).length).toBe(before)
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'with errors in its file cannot be started',
    async () => {
      const { context, page } = await dashboard.visit('/batches?new=true')
      const sheet = page.getByRole('dialog', { name: 'New batch' })
      await sheet.getByRole('radio', { name: 'Lines' }).click()
      await sheet.getByRole('textbox', { name: 'Lines' }).fill(`${line('a', drawing('x'))}\n{"custom_id": "cut`)
      await sheet.getByRole('button', { name: 'Price it' }).click()
      await sheet.getByText('The file cannot be done as it is').waitFor()
      expect(await sheet.getByRole('button', { name: 'Start it' }).isDisabled()).toBe(true)
      await sheet.getByRole('textbox', { name: 'Lines' }).fill(line('a', drawing('x')))
      await sheet.getByRole('button', { name: 'Price it' }).click()
      await expect.poll(() => sheet.getByRole('button', { name: 'Start it' }).isEnabled()).toBe(true)
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'shows its lines by what became of them, whatever they are called, and gives its answers and errors',
    async () => {
      const lines = Array.from({ length: 70 }, (_, index) => line(`sku-${index}`, drawing(`picture ${index}`)))
      lines.push(line(HOSTILE, drawing('x', { size: 'huge' })))
      const { id } = await handIn(lines.join('\n'), { campaign: HOSTILE.slice(0, 200) })
      const batch = await over(id)
      const { context, page } = await dashboard.visit('/batches')
      await page.locator(`[data-row="${id}"]`).waitFor()
      await expectGoodLooks(page, 'batches')
      await page.locator(`[data-row="${id}"]`).click()
      await page.locator('[data-row="50"]').waitFor()
      expect(await page.locator('[data-row="51"]').count()).toBe(0)
      await page.getByRole('button', { name: 'Show more lines' }).click()
      await page.locator('[data-row="71"]').waitFor()
      await page.getByRole('radio', { name: 'Failed' }).click()
      await page.locator('[data-row="1"]').waitFor({ state: 'detached' })
      const failed = page.locator('[data-row="71"]')
      await failed.waitFor()
      const { data } = await dashboard.api<{ data: BatchLineWire[] }>('GET', `/v1/halftone/batches/${id}/lines?state=failed`)
      expect(await textOf(failed)).toContain(data[0]?.error?.message)
      expect(await textOf(failed)).toContain('<img src=x')
      expect(page.url()).toContain('lines=failed')
      await expectGoodLooks(page, 'a batch with failed lines')
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Errors' }).click()])
      expect(await readFile(await download.path(), 'utf8')).toContain('invalid_value')
      expect(await page.getByRole('link', { name: 'Answers' }).getAttribute('href')).toContain(batch.output_file_id)
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'that is cancelled begins nothing more, once one confirms it',
    async () => {
      const { id } = await handIn(slow(60))
      const { context, page } = await dashboard.visit(`/batches/${id}`)
      await page.getByRole('button', { name: 'Cancel the batch' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel', exact: true }).click()
      expect((await batchOf(id)).cancelling_at).toBeNull()
      await page.getByRole('button', { name: 'Cancel the batch' }).click()
      await page.getByRole('button', { name: 'Begin nothing more' }).click()
      await figure(page, 'Ended').waitFor({ timeout: patient(60_000) })
      const { status, request_counts: counts } = await batchOf(id)
      expect(status).toBe('cancelled')
      expect(nanoOf(await textOf(figure(page, 'Failed').locator('.num').first()))).toBe(BigInt(counts.failed) * 1_000_000_000n)
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'of somebody else, or of nobody, is said to be unknown; on a phone everything is in reach',
    async () => {
      const { id } = await handIn(line(HOSTILE, drawing('x', { size: 'huge' })))
      await over(id)
      const { context, page } = await dashboard.visit('/batches/batch_of-nobody', phone)
      await page.getByText('There is no such batch').waitFor()
      for (const path of ['/batches', '/batches?new=true', `/batches/${id}`]) {
        await page.goto(dashboard.url + path)
        await page.locator('[data-row], dialog').first().waitFor()
        await expectGoodLooks(page, `${path}, phone`)
      }
      await page.getByText('Invalid "size"').first().waitFor()
      await context.close()
    },
    TIMEOUT_MS,
  )
})

it(
  'the playground says what many of them cost until when, as the API does',
  async () => {
    const { context, page } = await dashboard.visit('/playground?model=shop&size=256x256', desktop)
    await page.getByLabel('Prompt').fill('a product photograph')
    await page.getByLabel('How many in all').fill('10000')
    await page.getByLabel('Needed within').selectOption({ label: 'an hour' })
    const late = page.locator('[data-job]').getByText('too late')
    await late.first().waitFor()
    const { job } = await dashboard.api<QuoteResponse>('POST', '/v1/halftone/quote', {
      model: 'shop',
      prompt: 'a product photograph',
      size: '256x256',
      job: { count: 10_000, deadline_ms: 3_600_000 },
    })
    const shown = page.locator('[data-job]')
    for (let at = 0; at < (await shown.count()); at += 1) {
      const offer = await shown.nth(at).getAttribute('data-job')
      const amounts = job?.candidates.filter((each) => each.offer === offer).map(({ expected_usd }) => nanoOf(expected_usd))
      expect(amounts).toContain(nanoOf((await shown.nth(at).locator('.num').first().getAttribute('title')) ?? ''))
    }
    expect(page.url()).toContain('count=10000')
    expect(page.url()).toContain('within=1')
    await page.getByLabel('How many in all').press('Enter')
    expect(await page.locator('[data-receipt=total]').count()).toBe(0)
    await page.locator('[aria-busy=true]').waitFor({ state: 'detached' })
    await expectGoodLooks(page, 'the quote of a job')
    await page.getByLabel('Needed within').selectOption({ label: 'a day' })
    await expect.poll(() => late.count()).toBe(0)
    await context.close()
  },
  TIMEOUT_MS,
)
