/** Books and settings over a seeded ledger: months, unknown money, exports, reports, deletion, alerts and sessions. */
import { createReadStream } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ClosedMonthWire } from '../../src/contract/months.ts'
import type { Receipt, RequestRecordWire, RequestSummaryWire } from '../../src/contract/records.ts'
import type { Report } from '../../src/contract/report.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, desktop, expectGoodLooks, nanoOf, openDashboard, patient, phone, textOf } from '../support/dashboard.ts'
import { type Seeded, seeded, seedTimeoutMs } from '../support/seeded.ts'

const REQUESTS = 3_000
const TIMEOUT_MS = patient(120_000)
/** For what takes as long as there are rows: a file of all, a deletion. */
const LONG_MS = TIMEOUT_MS + seedTimeoutMs(REQUESTS)

let ledger: Seeded
let dashboard: Dashboard

beforeAll(async () => {
  ledger = await seeded({ requests: REQUESTS, days: 90, images: 8 })
  // Nobody listens there: a test message cannot be delivered, and the page says why.
  const alerts =
    'alerts: { webhooks: [{ name: on-call, url: "https://127.0.0.1:9/hook", secret: whsec_c2VjcmV0IG9mIHRoZSB3ZWJob29rcw== }] }\n'
  dashboard = await openDashboard(`${ledger.config}\n${alerts}`, { HALFTONE_DATA_DIR: ledger.folder })
}, seedTimeoutMs(REQUESTS) + CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(async () => {
  await dashboard?.close()
  await ledger?.remove()
})
afterEach(() => dashboard.expectQuiet())

interface Unknown {
  readonly id: string
  readonly request_id: string
  readonly provisional_usd: string
}
const unknown = async () => (await dashboard.api<{ data: Unknown[] }>('GET', '/v1/halftone/attempts/unknown?limit=1000')).data
const months = async () => (await dashboard.api<{ data: ClosedMonthWire[] }>('GET', '/v1/halftone/months')).data
const row = (page: Page, id: string) => page.locator(`[data-row="${id}"]`)

async function opened(path: string, ready: string, options = desktop) {
  const { context, page } = await dashboard.visit(path, options)
  await page.locator(ready).first().waitFor()
  return { context, page }
}

async function linesOf(file: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0
  for await (const chunk of file) for (const byte of chunk) if (byte === 0x0a) lines += 1
  return lines
}

describe('every page of books and settings', () => {
  const paths = [
    ['/books', '[data-row]'],
    ['/books?tab=report', '[data-figure=Spent]'],
    ['/books?tab=unknown', '[data-row]'],
    ['/books?tab=exports', 'text=Download'],
    ['/settings', 'text=Running since'],
    ['/settings?tab=alerts', '[data-row=on-call]'],
    ['/settings?tab=deletion', 'text=Delete what belongs to'],
    ['/settings?tab=sessions', '[data-row]'],
  ] as const
  it.each([
    ['desktop', desktop],
    ['phone', phone],
  ] as const)(
    'reads well in both themes: %s',
    async (where, options) => {
      const { context, page } = await dashboard.visit('/books', options)
      for (const [path, ready] of paths) {
        await page.goto(dashboard.url + path)
        await page.locator(ready).first().waitFor()
        await expectGoodLooks(page, `${path}, ${where}`)
      }
      await context.close()
    },
    2 * TIMEOUT_MS,
  )
})

describe('books', () => {
  it(
    'evidence settles a call of unknown outcome, and what it cost follows',
    async () => {
      const [first] = await unknown()
      expect(first).toBeDefined()
      const { context, page } = await opened('/books?tab=unknown', `[data-row="${first!.id}"]`)
      await row(page, first!.id)
        .getByRole('button', { name: /Settle/ })
        .click()
      await page.getByRole('button', { name: 'Post it' }).click()
      await page.getByText('Name the evidence.').waitFor()
      await page.getByLabel('Billed, in USD').fill('0.0123')
      await page.getByLabel('Id of the evidence').fill('invoice-line-7')
      await page.getByLabel('Known from').fill('an invoice')
      await page.getByRole('button', { name: 'Post it' }).click()
      await row(page, first!.id).waitFor({ state: 'detached' })
      const receipt = await dashboard.api<Receipt>('GET', `/v1/halftone/requests/${first!.request_id}/receipt`)
      expect(receipt.attempts.find(({ id }) => id === first!.id)?.total_usd).toBe('0.0123')
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'a month is closed for good, with unknown calls only when one says so, and still holds what it held',
    async () => {
      const { context, page } = await opened('/books', '[data-row]')
      const open = page.locator('[data-row]').filter({ has: page.getByRole('button', { name: /^Close/ }) })
      const month = (await open.last().getAttribute('data-row')) ?? ''
      await open
        .last()
        .getByRole('button', { name: /^Close/ })
        .click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: 'Close the month' }).click()
      const refused = dialog.getByRole('alert')
      const closed = row(page, month).getByRole('button', { name: /^Check/ })
      await refused.or(closed).first().waitFor()
      if (await refused.isVisible()) {
        expect(await textOf(refused)).toContain('unknown')
        expect(await months()).toEqual([])
        await dialog.getByLabel('Close although some are unknown').check()
        await dialog.getByRole('button', { name: 'Close the month' }).click()
        await closed.waitFor()
      }
      const [sealed] = await months()
      expect(sealed?.month).toBe(month)
      expect(await textOf(row(page, month))).toContain(sealed?.seal?.sha256.slice(0, 12))
      await closed.click()
      await row(page, month).getByText('unchanged').waitFor()
      await dashboard.screenshot(page, 'books')
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'the report of a month has the figures of the API',
    async () => {
      const { context, page } = await opened('/books', '[data-row]')
      const month = (await page.locator('[data-row]').nth(1).getAttribute('data-row')) ?? ''
      await row(page, month)
        .getByRole('link', { name: /^Report/ })
        .click()
      await page.locator('[data-figure=Spent]').waitFor({ timeout: patient(60_000) })
      const report = await dashboard.api<Report>('GET', `/v1/halftone/report?month=${month}&calls=4000`)
      expect(nanoOf(await textOf(page.locator('[data-figure=Spent] dd')))).toBe(nanoOf(report.totals.cost_usd))
      const changes = await page.locator('[data-change]').allTextContents()
      expect(changes).toHaveLength(report.changes.length)
      for (const [place, { title }] of report.changes.entries()) expect(changes[place]).toContain(title)
      await dashboard.screenshot(page, 'books-report')
      await context.close()
    },
    2 * TIMEOUT_MS,
  )

  it(
    'an export is the file of the API, its last day included',
    async () => {
      const { context, page } = await opened('/books?tab=exports', 'text=Download')
      const until = new Date().toISOString().slice(0, 10)
      const from = new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10)
      await page.getByLabel('First day').fill(from)
      await page.getByLabel('Last day').fill(until)
      await page.getByText('jsonl', { exact: true }).click()
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()])
      const rows = await linesOf(createReadStream(await download.path()))
      const to = new Date(Date.parse(until) + 86_400_000).toISOString().slice(0, 10)
      const answer = await fetch(`${dashboard.url}/v1/halftone/exports/focus?from=${from}&to=${to}&format=jsonl`, {
        headers: { authorization: `Bearer ${dashboard.adminKey}` },
      })
      expect(rows).toBe(await linesOf(answer.body ?? []))
      expect(rows).toBeGreaterThan(100)
      await page.getByLabel('Last day').fill('2020-01-01')
      await page.getByText('The last day is before the first.').waitFor()
      expect(await page.getByRole('button', { name: 'Download' }).isDisabled()).toBe(true)
      await context.close()
    },
    LONG_MS,
  )
})

describe('settings', () => {
  it(
    'what an end customer wrote and got is deleted once one confirms it, and what it cost stays',
    async () => {
      const { data } = await dashboard.api<{ data: RequestSummaryWire[] }>('GET', '/v1/halftone/requests?limit=200')
      const theirs = data.find((each) => each.end_customer !== null && each.prompt !== null)
      expect(theirs).toBeDefined()
      const { context, page } = await opened('/settings?tab=deletion', 'text=Delete what belongs to')
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('Say whose content is deleted.').waitFor()
      await page.getByLabel('End customer').fill(theirs!.end_customer ?? '')
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
      const whole = await dashboard.api<RequestRecordWire>('GET', `/v1/halftone/requests/${theirs!.id}`)
      expect(whole.prompt).toBe(theirs!.prompt)
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText(/Content of .* deleted/).waitFor({ timeout: LONG_MS })
      const left = await dashboard.api<RequestRecordWire>('GET', `/v1/halftone/requests/${theirs!.id}`)
      expect(left).toMatchObject({ prompt: null, cost_usd: theirs!.cost_usd })
      expect(left.end_customer).toMatch(/^deleted-/)
      expect(await textOf(page.getByRole('main'))).toContain(left.end_customer)
      await dashboard.screenshot(page, 'settings-deletion')
      await context.close()
    },
    LONG_MS,
  )

  it(
    'a test message that does not arrive says why',
    async () => {
      const { context, page } = await opened('/settings?tab=alerts', '[data-row=on-call]')
      await row(page, 'on-call').getByRole('button', { name: /Test/ }).click()
      await page.getByText(/^on-call: /).waitFor()
      expect(await textOf(row(page, 'on-call'))).not.toContain('/hook')
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'somebody who is signed out here is signed out at once',
    async () => {
      const { secret } = await dashboard.api<{ secret: string }>('POST', '/v1/halftone/keys', {
        name: 'visitor',
        role: 'finance',
      })
      const other = await dashboard.browser.newContext()
      const signedIn = await other.request.post(`${dashboard.url}/v1/halftone/session`, {
        data: { key: secret },
        headers: { 'x-halftone-csrf': '1' },
      })
      expect(signedIn.ok()).toBe(true)
      const { context, page } = await opened('/settings?tab=sessions', 'text=visitor')
      await page.getByRole('button', { name: 'Sign out visitor' }).click()
      await page.getByText('visitor is signed out').waitFor()
      expect((await other.request.get(`${dashboard.url}/v1/halftone/session`)).status()).toBe(401)
      await other.close()
      await context.close()
    },
    TIMEOUT_MS,
  )
})
