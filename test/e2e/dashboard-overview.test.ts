/** Overview and Explore over a seeded ledger: every figure is the API's, and every figure leads to its requests. */
import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ExploreResponse, InsightOverview } from '../../src/contract/insight.ts'
import type { RequestRecordWire } from '../../src/contract/records.ts'
import { formatUsd, parseUsd } from '../../src/core/money.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, expectGoodLooks, nanoOf, openDashboard, patient, phone, textOf } from '../support/dashboard.ts'
import { type Seeded, seeded, seedTimeoutMs } from '../support/seeded.ts'

const REQUESTS = 20_000

let ledger: Seeded
let dashboard: Dashboard
/** A second gateway that was never asked for anything. */
let fresh: Dashboard

beforeAll(async () => {
  ledger = await seeded({ requests: REQUESTS, days: 90, images: 8 })
  dashboard = await openDashboard(ledger.config, { HALFTONE_DATA_DIR: ledger.folder })
  fresh = await openDashboard()
}, seedTimeoutMs(REQUESTS) + CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(async () => {
  await dashboard?.close()
  await fresh?.close()
  await ledger?.remove()
})
afterEach(() => {
  dashboard.expectQuiet()
  fresh.expectQuiet()
})

const overview = (query = '') => dashboard.api<InsightOverview>('GET', `/v1/halftone/insight/overview${query}`)
const explore = (body: unknown) => dashboard.api<ExploreResponse>('POST', '/v1/halftone/insight/explore', body)

/** The exact amount of a figure that is shown rounded: its title. */
const exactOf = async (scope: Locator): Promise<string> =>
  formatUsd(nanoOf((await scope.locator('[title]').first().getAttribute('title')) ?? ''))
const exactly = (usd: string | null): string => formatUsd(parseUsd(usd ?? ''))
const titleOf = async (locator: Locator): Promise<string> => formatUsd(nanoOf((await locator.getAttribute('title')) ?? ''))
const tile = (page: Page, label: string) => page.locator(`[data-stat="${label}"]`)
const sum = (amounts: readonly string[]): string => formatUsd(amounts.reduce((total, amount) => total + parseUsd(amount), 0n))

async function opened(path: string, ready: string, options = {}) {
  const { context, page } = await dashboard.visit(path, options)
  await page.locator(ready).first().waitFor()
  return { context, page }
}

describe('the overview', () => {
  it(
    'every figure is that of the API, to the nano-dollar',
    async () => {
      const { context, page } = await opened('/?period=90d', '[data-step=now]')
      const answer = await overview('?period=90d')
      const tiles: readonly (readonly [string, string | null])[] = [
        ['Spent in this period', answer.spend.period_usd],
        ['Today', answer.spend.today_usd],
        ['Month to date', answer.spend.month_to_date_usd],
        ['Saved against baselines', sum(answer.saved.map(({ saved_usd: usd }) => usd))],
        ['Waste', answer.waste.total_usd],
        ['Cost per image', answer.cost_per_image_usd],
        ['Cost per accepted image', answer.acceptance.cost_per_accepted_usd],
        ['Duplicates prevented', answer.duplicates.usd],
      ]
      for (const [label, usd] of tiles) expect(await exactOf(tile(page, label)), label).toBe(exactly(usd))
      expect(await textOf(tile(page, 'Success'))).toContain(`${((answer.success.share ?? 0) * 100).toFixed(1)}%`)
      expect(await textOf(tile(page, 'Latency p50'))).toContain(`${((answer.latency.p50_ms ?? 0) / 1_000).toFixed(1)} s`)
      expect(await textOf(tile(page, 'Latency p50'))).toContain(`p95 ${((answer.latency.p95_ms ?? 0) / 1_000).toFixed(1)} s`)
      expect(await textOf(tile(page, 'Forecast of the month'))).toContain('from 28 days')
      expect(await textOf(tile(page, 'Cost per accepted image'))).toContain('of images rated')
      for (const { baseline } of answer.saved) expect(await textOf(tile(page, 'Saved against baselines'))).toContain(baseline)
      for (const [name, usd] of Object.entries(answer.cost_distribution)) {
        if (!name.endsWith('_usd')) continue
        const quantile = page.locator(`[data-quantile="${name.replace('_usd', '')}"]`)
        expect(await exactOf(quantile), name).toBe(exactly(String(usd)))
      }
      for (const line of answer.waste.lines) {
        expect(await titleOf(page.locator(`[data-waste="${line.kind}"] td:last-child [title]`)), line.kind).toBe(
          exactly(line.usd),
        )
      }
      expect(await exactOf(page.locator('td[data-waste=total]'))).toBe(exactly(answer.waste.total_usd))
      for (const { outcome, requests, usd } of answer.success.by_outcome) {
        const row = page.locator(`[data-outcome="${outcome}"]`)
        expect(await titleOf(row.locator('td [title]')), outcome).toBe(exactly(usd))
        expect(await textOf(row.locator('td').first())).toBe(requests.toLocaleString('en-US'))
      }
      expect(await page.locator('[data-budget]').count()).toBe(answer.budgets.length)
      await context.close()
    },
    patient(60_000),
  )

  it('why the bill changed: the steps lead exactly from one bill to the other, and a cell leads to Explore', async () => {
    const { context, page } = await opened('/', '[data-step=now]')
    const { change, spend } = await overview()
    const step = async (name: string) =>
      formatUsd(nanoOf((await page.locator(`[data-step="${name}"] [data-exact]`).getAttribute('data-exact')) ?? ''))
    const lines = await Promise.all(['before', 'volume', 'price', 'mix', 'other'].map(step))
    expect(sum(lines)).toBe(await step('now'))
    expect(lines).toEqual(
      [spend.previous_usd, change.volume_usd, change.price_usd, change.mix_usd, change.other_usd].map(exactly),
    )
    await page.getByRole('region', { name: 'What changed, cell by cell' }).getByRole('link').first().click()
    await page.waitForURL(/\/explore\?.*offer=/)
    await page.locator('[data-total]').waitFor()
    await context.close()
  })

  it('the period is in the address, real and play money are never mixed, and what a figure means is one press away', async () => {
    const { context, page } = await opened('/', '[data-step=now]')
    await page.getByRole('button', { name: /^Time/ }).click()
    await page.getByRole('button', { name: '7 days' }).click()
    await page.waitForURL(/period=7d/)
    await page.reload()
    await page.locator('[data-step=now]').waitFor()
    const week = await overview('?period=7d')
    expect(await exactOf(tile(page, 'Spent in this period'))).toBe(exactly(week.spend.period_usd))
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'About Cost per accepted image' }).click()
    await page.getByRole('link', { name: 'Formula and limits' }).click()
    await page.waitForURL(/\/methods#cost-per-accepted-image/)
    expect(await textOf(page.locator('#cost-per-accepted-image'))).toContain('what was not rated is taken to be as good')
    await page.goBack()
    await page.getByRole('radio', { name: 'Sandbox' }).click()
    await page.getByText('No play money was spent yet').waitFor()
    expect(page.url()).toContain('money=sandbox')
    await context.close()
  })

  it(
    'an empty ledger says what to do next',
    async () => {
      const { context, page } = await fresh.visit('/')
      await page.getByText('No play money was spent yet').waitFor()
      expect(await textOf(page.locator('pre'))).toContain(`curl ${fresh.url}/v1/images/generations`)
      await expectGoodLooks(page, 'overview of an empty ledger')
      await context.close()
    },
    patient(30_000),
  )
})

describe('explore', () => {
  it.each([
    ['', { group_by: ['model'] }],
    ['?rows=project&cols=quality', { group_by: ['project', 'quality'] }],
    ['?rows=tag:campaign&grain=day&period=7d&show=lines', { group_by: ['tag:campaign'], grain: 'day', period: '7d' }],
    [
      '?rows=none&cols=outcome&show=pivot&model=openai/gpt-image-2',
      { group_by: ['outcome'], filters: { model: ['openai/gpt-image-2'] } },
    ],
    ['?cols=size&show=table&measure=latency_p95_ms', { group_by: ['model', 'size'] }],
    ['?rows=end_customer&cols=model&period=7d&show=table', { group_by: ['end_customer', 'model'], period: '7d' }],
  ])(
    '%s shows the total of the API, and comes back from its address',
    async (query, body) => {
      const { context, page } = await opened(`/explore${query}`, '[data-total]')
      const { total, source } = await explore(body)
      const isTable = query.includes('show=table')
      const shown = page.locator(isTable ? '[data-total=cost_usd]' : '[data-total]').first()
      expect(await titleOf(shown)).toBe(exactly(total.cost_usd))
      expect(await page.locator('[data-source]').getAttribute('data-source')).toBe(source.name)
      const address = page.url()
      await page.reload()
      await page.locator('[data-total]').first().waitFor()
      expect(page.url()).toBe(address)
      await context.close()
    },
    30_000,
  )

  it('from a bar to its requests, to one of them, to its attempts and charges', async () => {
    const { context, page } = await opened('/explore?rows=project&cols=quality&period=7d', '[data-bar]')
    const bar = page.locator('[data-bar]').first().getByRole('link')
    // The bar may be called by its name; its link has the id.
    const project = new URL((await bar.getAttribute('href')) ?? '', dashboard.url).searchParams.get('project_id')
    await bar.click()
    await page.waitForURL(({ searchParams }) => searchParams.get('project_id') === project)
    await page.locator('[data-request]').first().waitFor()
    const id = (await page.locator('[data-request]').first().getAttribute('data-request')) ?? ''
    const record = await dashboard.api<RequestRecordWire>('GET', `/v1/halftone/requests/${id}`)
    expect(record.project_id).toBe(project)
    await page.locator('[data-request]').first().click()
    await page.locator('[data-receipt=total]').waitFor()
    expect(nanoOf(await textOf(page.locator('[data-receipt=total]')))).toBe(parseUsd(record.cost_usd))
    await page.getByRole('tab', { name: 'Attempts' }).click()
    await page.waitForURL(/tab=attempts/)
    await context.close()
  })

  it('a cell of the heat map leads to as many requests as it counts', async () => {
    const { context, page } = await opened(
      '/explore?rows=quality&cols=size&show=pivot&measure=requests&period=7d&route=marketing',
      '[data-line]',
    )
    const { rows } = await explore({ group_by: ['quality', 'size'], period: '7d', filters: { route: ['marketing'] } })
    const smallest = rows.filter(({ requests }) => requests > 0).sort((left, right) => left.requests - right.requests)[0]
    const line = page.locator(`[data-line="${smallest?.key[0] ?? 'none'}"]`)
    await line
      .getByRole('link', { name: String(smallest?.requests), exact: true })
      .first()
      .click()
    await page.waitForURL(/\/requests\?/)
    await page.locator('[data-request]').first().waitFor()
    if ((smallest?.requests ?? 0) <= 40) expect(await page.locator('[data-request]').count()).toBe(smallest?.requests)
    await context.close()
  })

  it.each(['table', 'pivot'])('the CSV of the %s is what stands there', async (show) => {
    const { context, page } = await opened(`/explore?rows=model&cols=quality&show=${show}`, '[data-total]')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const lines = (await readFile((await (await download).path()) ?? '', 'utf8')).trimEnd().split('\r\n')
    const { rows, total } = await explore({ group_by: ['model', 'quality'], limit: 500 })
    const cells = lines.slice(1).map((line) => line.split(','))
    if (show === 'table') {
      expect(cells.map(([model, quality, cost]) => [model, quality, cost])).toEqual(
        rows.map(({ key, cost_usd: cost }) => [key[0] ?? '', key[1] ?? '', cost]),
      )
      const shown = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.data-table tbody tr')].map((row) => row.cells[2].querySelector('[title]').title)`,
      )
      expect(shown.map((text) => formatUsd(nanoOf(text)))).toEqual(cells.map(([, , cost]) => exactly(cost ?? '')))
      expect(sum(cells.map(([, , cost]) => cost ?? ''))).toBe(exactly(total.cost_usd))
    } else {
      expect(cells.at(-1)?.[0]).toBe('total')
      expect(exactly(cells.at(-1)?.at(-1) ?? '')).toBe(exactly(total.cost_usd))
      const names = await page.locator('[data-line]').evaluateAll((found) => found.map((row) => row.getAttribute('data-line')))
      expect(cells.slice(0, -1).map(([name]) => name)).toEqual(names)
    }
    await context.close()
  })

  it(
    'a view is saved, shared, renamed and deleted',
    async () => {
      const { context, page } = await opened('/explore?rows=route&measure=images', '[data-total]')
      await page.getByRole('button', { name: 'Saved views' }).click()
      await page.getByRole('button', { name: 'Save as a new view' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('Images by <route>')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('button', { name: 'Images by <route>' }).waitFor()
      const shared = page.url()
      expect(shared).toContain('view=images-by-route-')
      await page.goto(shared)
      await page.getByRole('radio', { name: 'Table' }).click()
      await page.getByRole('button', { name: /Images by <route>.*changed/ }).click()
      await page.getByRole('button', { name: /^Rename/ }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('Per route')
      await page.getByRole('button', { name: 'Rename', exact: true }).click()
      await page.getByRole('button', { name: /^Per route/ }).click()
      await page.getByRole('button', { name: /^Delete/ }).click()
      await page.getByRole('button', { name: 'Delete the view' }).click()
      await page.getByRole('button', { name: 'Saved views' }).waitFor()
      expect(page.url()).not.toContain('view=')
      expect(page.url()).toContain('rows=route')
      await context.close()
    },
    patient(30_000),
  )

  it(
    'a tag rule is tried before it is saved, then history reads so, and its charges stay',
    async () => {
      const before = await explore({ group_by: ['project'] })
      const shop = before.rows.find(({ key }) => key[0] === 'shop')
      const { context, page } = await opened('/explore', '[data-total]')
      await page.getByRole('button', { name: 'Tag rules' }).click()
      await page.getByRole('button', { name: 'Add a rule' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('Web team')
      await page.getByLabel('Project').fill('shop')
      await page.getByLabel('Tag', { exact: true }).fill('team')
      await page.getByLabel('Value', { exact: true }).fill('web')
      await page.locator('[data-preview]').waitFor()
      expect(await exactOf(page.locator('[data-preview]'))).toBe(exactly(shop?.cost_usd ?? ''))
      await expectGoodLooks(page, 'the editor of tag rules')
      await page.getByRole('button', { name: 'Save the rule' }).click()
      await page.getByRole('button', { name: /^Change/ }).waitFor()
      const labelled = await explore({ group_by: ['tag:team'] })
      expect(labelled.rows.find(({ key }) => key[0] === 'web')?.cost_usd).toBe(shop?.cost_usd)
      expect(labelled.total.cost_usd).toBe(before.total.cost_usd)
      await page.goto(`${dashboard.url}/explore?rows=tag:team`)
      await page.locator('[data-bar=web]').waitFor()
      expect(await page.locator('[data-bar=web] a').count(), 'requests carry another tag, so no list of them').toBe(0)
      await page.getByRole('button', { name: 'Tag rules' }).click()
      await page.getByRole('button', { name: /^Delete/ }).click()
      await page.getByRole('button', { name: 'Delete the rule' }).click()
      await page.getByText('No rule yet').waitFor()
      await context.close()
    },
    patient(60_000),
  )

  it('a question that is too large says so, and what to leave out', async () => {
    const { context, page } = await dashboard.visit('/explore?grain=hour&period=90d')
    expect(await textOf(page.getByRole('alert'))).toContain('query_too_large')
    await page.getByRole('button', { name: 'Go by the day' }).click()
    await page.locator('[data-total]').waitFor()
    expect(page.url()).toContain('grain=day')
    await context.close()
  })
})

describe('looks', () => {
  it.each([
    '/',
    '/explore?cols=quality',
    '/explore?grain=day',
    '/explore?rows=project&grain=day&period=7d&show=pivot',
    '/explore?show=table',
    '/methods',
  ])(
    '%s reads well in both themes, at a desk and on a phone',
    async (path) => {
      for (const [where, options] of [
        ['desktop', {}],
        ['phone', phone],
      ] as const) {
        const { context, page } = await dashboard.visit(path, options)
        await page.locator('[data-step=now], [data-total], .methods h2').first().waitFor({ state: 'attached' })
        await expectGoodLooks(page, `${path}, ${where}`)
        await context.close()
      }
    },
    60_000,
  )

  it(
    'pictures for the guide',
    async () => {
      for (const [name, path, options] of [
        ['overview', '/', {}],
        ['overview-dark', '/', { colorScheme: 'dark' }],
        ['explore', '/explore?cols=quality&grain=day', {}],
        ['explore-heat', '/explore?rows=project&grain=day&period=7d&show=pivot', {}],
        ['phone-overview', '/', phone],
      ] as const) {
        const { context, page } = await opened(path, '[data-step=now], [data-total]', options)
        if (path === '/' || (path.includes('grain=day') && !path.includes('pivot')))
          await page.locator('.chart svg.plot').waitFor()
        await dashboard.screenshot(page, name)
        await context.close()
      }
    },
    patient(60_000),
  )

  it('the keyboard alone gets from the overview to the requests of a bar', async () => {
    const { context, page } = await opened('/explore', '[data-bar]')
    await page.locator('[data-bar] a').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/requests\?.*model=/)
    await context.close()
  })
})
