/** Spend from elsewhere, what people said about models, and where alerts are set, in the browser. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ProductQualityWire } from '../../src/contract/quality.ts'
import type { RequestSummaryWire } from '../../src/contract/records.ts'
import { formatUsd, parseUsd } from '../../src/core/money.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, expectGoodLooks, nanoOf, openDashboard, patient, phone, textOf } from '../support/dashboard.ts'

const TIMEOUT_MS = patient(120_000)
const HOSTILE = '<img src=x onerror=alert(1)>'

let dashboard: Dashboard
beforeAll(async () => {
  const route = '{ models: [sandbox/flat, sandbox/visual], floor: standard, maxAttempts: 1 }'
  dashboard = await openDashboard(`sandbox:\n  latencyScale: 0\nroutes:\n  shop: ${route}\n`)
}, 60_000 + CHROMIUM_INSTALL_TIMEOUT_MS)
afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

const bill = (rows: readonly (readonly [id: string, at: string, usd: string])[]): Buffer =>
  Buffer.from(
    ['Date,Model,Cost,id,description', ...rows.map(([id, at, usd]) => `${at},acme/painter,${usd},${id},"${HOSTILE}"`)].join('\n'),
  )
const october = [
  ['row-1', '2026-10-05T10:00:00Z', '1.250000001'],
  ['row-2', '2026-10-06T10:00:00Z', '0.75'],
  [HOSTILE, '2026-10-07T10:00:00Z', '2'],
] as const
const imported = async () =>
  (await dashboard.api<{ data: RequestSummaryWire[] }>('GET', '/v1/halftone/requests?route=import:acme-eu&limit=200')).data

async function openForm(rows: Parameters<typeof bill>[0]) {
  const { context, page } = await dashboard.visit('/books?tab=imports')
  await page.getByLabel('What the files are').selectOption('csv')
  await page.getByLabel('Name of the account').fill('acme-eu')
  await page.getByLabel('Who was paid').fill('acme')
  await page.getByText('The headings are called differently').click()
  for (const [word, heading] of [
    ['at', 'Date'],
    ['model', 'Model'],
    ['amount_usd', 'Cost'],
  ] as const)
    await page.getByLabel(word, { exact: true }).fill(heading)
  await page.getByLabel('Files', { exact: true }).setInputFiles({ name: 'october.csv', mimeType: 'text/csv', buffer: bill(rows) })
  const summary = page.locator('[data-import=summary]')
  const read = () => page.getByRole('button', { name: 'Read the files' }).click()
  return { context, page, summary, read }
}

it(
  'spend from elsewhere is looked at before it is recorded, and counts once',
  async () => {
    const { context, page, summary, read } = await openForm(october)
    await read()
    await summary.waitFor()
    expect(await textOf(summary)).toContain('3 rows, 0 pictures, 2026-10-05 to 2026-10-07')
    expect(await textOf(summary)).toContain('3 new')
    expect(nanoOf(await textOf(summary.locator('.num').first()))).toBe(parseUsd('4.000000001'))
    expect(await imported()).toEqual([])
    await expectGoodLooks(page, 'rows of an import')
    await dashboard.screenshot(page, 'books-import')
    await page.getByRole('button', { name: 'Record 3 rows' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    expect(await imported()).toEqual([])
    await page.getByRole('button', { name: 'Record 3 rows' }).click()
    await page.getByRole('button', { name: 'Record them' }).click()
    await page.getByText('Recorded: 3 new').waitFor()
    const sum = (await imported()).reduce((total, { cost_usd }) => total + parseUsd(cost_usd), 0n)
    expect(formatUsd(sum)).toBe('4.000000001')
    await read()
    await page.getByText('Everything in it is known already').waitFor()
    await page.getByRole('link', { name: 'its requests' }).click()
    await page.getByText('Imported from acme-eu').first().waitFor()
    expect(await page.getByText('Imported from acme-eu').count()).toBe(3)
    await context.close()
  },
  TIMEOUT_MS,
)

it(
  'a bill that has changed says which rows are corrected, and reverses what stood',
  async () => {
    const { context, page, summary, read } = await openForm([['row-1', '2026-10-05T10:00:00Z', '1.5'], ...october.slice(1)])
    await read()
    await summary.getByText('1 would be corrected, 2 known already').waitFor()
    await page.getByRole('button', { name: 'Record 1 row' }).click()
    await page.getByRole('button', { name: 'Record them' }).click()
    await page.getByText('Recorded: 1 corrected, 2 known already').waitFor()
    const sum = (await imported()).reduce((total, { cost_usd }) => total + parseUsd(cost_usd), 0n)
    expect(formatUsd(sum)).toBe('4.25')
    await context.close()
  },
  TIMEOUT_MS,
)

it(
  'files with one bad line are not imported, and every problem is told with its place',
  async () => {
    const { context, page, read } = await openForm([
      ['good', '2026-10-05T10:00:00Z', '1'],
      [HOSTILE, 'yesterday', '-1'],
    ])
    await page.getByLabel('Name of the account').fill('Acme EU')
    await read()
    await page.getByText('Lower-case letters, digits and dashes').waitFor()
    await page.getByLabel('Name of the account').fill('acme-bad')
    await read()
    await page.getByText('2 problems, so nothing is imported').waitFor()
    await page.getByText('october.csv: line 3, Date').waitFor()
    expect(await page.getByRole('button', { name: /^Record/ }).count()).toBe(0)
    await expectGoodLooks(page, 'problems of an import')
    await page.getByLabel('What the files are').selectOption('openai')
    await page.getByText('2 problems, so nothing is imported').waitFor({ state: 'detached' })
    await context.close()
  },
  TIMEOUT_MS,
)

it(
  'a model that was rejected too often says below which floor it is and until when, and meets it again once that is put aside',
  async () => {
    const make = async () => {
      const body = { model: 'shop', prompt: 'a red fox', size: '256x256' }
      const answer = await dashboard.api<{ halftone: { request_id: string; offer: string } }>(
        'POST',
        '/v1/images/generations',
        body,
      )
      return answer.halftone
    }
    const first = await make()
    for (let said = 0; said < 3; said += 1) {
      const { request_id } = await make()
      await dashboard.api('POST', '/v1/halftone/feedback', { request_id, verdict: 'reject' })
    }
    const listed = async () => (await dashboard.api<{ data: ProductQualityWire[] }>('GET', '/v1/halftone/quality')).data
    const [product] = await listed()
    const next = await make()
    expect([product?.findings[0]?.below_until === null, next.offer === first.offer]).toEqual([false, false])
    const { context, page } = await dashboard.visit('/models')
    const row = page.getByRole('region', { name: 'What people said' }).locator(`[data-row="${product?.product}"]`)
    await row.getByText(/below/).waitFor()
    expect(await textOf(row)).toContain(product?.findings[0]?.below_until?.slice(0, 10))
    await expectGoodLooks(page, 'what people said about models')
    await page.goto(`${dashboard.url}/requests/${next.request_id}?tab=decision`)
    const floor = page.locator('[data-decision=floor]')
    await floor.getByText('rejected 3 times since').first().waitFor()
    await expectGoodLooks(page, 'a decision with a floor')
    await page.goto(`${dashboard.url}/models`)
    await row.getByRole('button', { name: /Put aside/ }).click()
    await page.getByRole('button', { name: 'Put it aside' }).click()
    await row.waitFor({ state: 'detached' })
    expect(await listed()).toEqual([])
    expect((await make()).offer).toBe(first.offer)
    await context.close()
  },
  TIMEOUT_MS,
)

it(
  'where nobody is told of anything, the page says where that is set; imports and models fit a phone',
  async () => {
    const { context, page } = await dashboard.visit('/settings?tab=alerts', phone)
    await page.getByText('Nobody is told of anything').waitFor()
    await page.getByText('webhooks:').waitFor()
    await expectGoodLooks(page, 'alerts, phone')
    await page.goto(`${dashboard.url}/books?tab=imports`)
    await page.getByLabel('What the files are').waitFor()
    await expectGoodLooks(page, 'imports, phone')
    await context.close()
  },
  TIMEOUT_MS,
)
