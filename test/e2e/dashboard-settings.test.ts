/** The pages where things are set: budgets and keys, routes, and the record of changes. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, desktop, expectGoodLooks, openDashboard, phone, textOf } from '../support/dashboard.ts'

const HOSTILE = '=1+1<img src=x onerror="document.title=1">'
const TIMEOUT_MS = 90_000

const config = `
sandbox: { latencyScale: 0.02 }
projects: { filed: { name: Of the file } }
budgets:
  - { id: file-cap, scope: project, scopeValue: filed, period: month, limitUsd: 500 }
routes:
  filed-route: { models: [sandbox/flat], maxCostUsd: 0.5 }
  trial: { mode: observe, observes: sandbox/mega, fraction: 0, models: [sandbox/flat] }
limits: { perKey: { requestsPerMinute: 6000 } }
`

let dashboard: Dashboard

interface Made {
  readonly id: string
  readonly secret: string
}
const makeImage = (model: string, headers: Record<string, string> = {}, status?: number) =>
  dashboard.api(
    'POST',
    '/v1/images/generations',
    { model, prompt: 'a red fox', size: '256x256', response_format: 'url' },
    { headers, ...(status !== undefined && { status }) },
  )
const putRoute = (name: string, document: object, version: number) =>
  dashboard.api('PUT', `/v1/halftone/routes/${name}`, { document, version })
const documentOf = async (name: string) =>
  await dashboard.api<{ version: number; document: Record<string, unknown> }>('GET', `/v1/halftone/routes/${name}`)

beforeAll(async () => {
  dashboard = await openDashboard(config)
  const { secret } = await dashboard.api<Made>('POST', '/v1/halftone/keys', { name: 'web-shop', max_usd_per_day: '0.5' })
  await dashboard.api('PUT', '/v1/halftone/budgets/gateway-month', { scope: 'global', period: 'month', limit_usd: '1' })
  await dashboard.api('PUT', '/v1/halftone/budgets/summer', {
    scope: 'tag',
    scope_value: 'campaign=summer',
    period: 'total',
    limit_usd: '0.03',
    hard: false,
  })
  await dashboard.api('PUT', '/v1/halftone/projects/hostile', { name: HOSTILE, tags: { note: HOSTILE } })
  for (let round = 0; round < 6; round += 1) {
    await makeImage(round % 2 ? 'sandbox/flat' : 'sandbox/mega', {
      authorization: `Bearer ${secret}`,
      'x-halftone-tags': 'campaign=summer',
    })
  }
  await makeImage('filed-route')
  await putRoute('thumbs', { models: ['sandbox/mega'] }, 0)
  await putRoute('thumbs', { models: ['sandbox/mega', 'sandbox/flat'], maxCostUsd: '0.5' }, 1)
  await makeImage('thumbs')
}, CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

const budget = (page: Page, id: string) => page.locator(`[data-budget="${id}"]`)

describe('every page of settings', () => {
  const paths = [
    ['/budgets', '[data-budget]'],
    ['/budgets?tab=keys', '[data-row]'],
    ['/budgets?tab=projects', '[data-row]'],
    ['/budgets?tab=prepaid', 'text=Nothing is paid in advance'],
    ['/routes', '[data-row]'],
    ['/routes/thumbs', 'text=For a picture of any size'],
    ['/routes/thumbs?as=yaml', 'textarea'],
    ['/routes/thumbs?tab=history', '[data-row]'],
    ['/routes/trial?tab=trial', '[data-stat="Saved"]'],
    ['/audit', '[data-row]'],
  ] as const
  it.each([
    ['desktop', desktop],
    ['phone', phone],
  ] as const)(
    'reads well in both themes: %s',
    async (where, options) => {
      const { context, page } = await dashboard.visit('/budgets', options)
      for (const [path, ready] of paths) {
        await page.goto(dashboard.url + path)
        await page.locator(ready).first().waitFor({ state: 'attached' })
        await expectGoodLooks(page, `${path}, ${where}`)
      }
      await context.close()
    },
    180_000,
  )
})

describe('budgets', () => {
  it(
    'shows what is used, what is left and who set it; those of the file cannot be changed',
    async () => {
      const { context, page } = await dashboard.visit('/budgets')
      const { data } = await dashboard.api<{ data: { id: string; used_share: number }[] }>('GET', '/v1/halftone/budgets')
      for (const { id, used_share: share } of data)
        expect(await textOf(budget(page, id)), id).toContain(`${Math.floor(share * 100)}%`)
      expect(await textOf(budget(page, 'summer'))).toContain('The limit is passed; requests go on.')
      expect(await textOf(budget(page, 'file-cap'))).toContain('Set in halftone.yaml')
      expect(
        await budget(page, 'file-cap')
          .getByRole('button', { name: /Edit|Delete/ })
          .count(),
      ).toBe(0)
      await dashboard.screenshot(page, 'budgets')
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'one is made, its errors stand at their fields, it is changed and deleted',
    async () => {
      const { context, page } = await dashboard.visit('/budgets')
      await page.getByRole('button', { name: 'New budget' }).click()
      const form = page.getByRole('dialog')
      await form.getByLabel('Limits', { exact: true }).selectOption('customer')
      await form.getByRole('button', { name: 'Create the budget' }).click()
      expect(await textOf(form)).toContain('Say whose budget it is.')
      await form.getByLabel('End customer').fill('customer-9')
      await form.getByLabel('Limit in USD').fill('0')
      await form.getByRole('button', { name: 'Create the budget' }).click()
      await form.getByRole('alert').getByText('must be above 0').waitFor()
      await form.getByLabel('Limit in USD').fill('12.50')
      await form.getByText('Soft: only tell').click()
      await form.getByRole('button', { name: 'Create the budget' }).click()
      const made = budget(page, 'customer-customer-9-month')
      await made.getByText('$12.50', { exact: true }).first().waitFor()
      expect(await textOf(made)).toContain('per month, soft')

      await made.getByRole('button', { name: 'Edit' }).click()
      await page.getByRole('dialog').getByLabel('Limit in USD').fill('20')
      await page.getByRole('dialog').getByRole('button', { name: 'Save the budget' }).click()
      await made.getByText('$20.00', { exact: true }).first().waitFor()

      await made.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: 'Delete the budget', exact: true }).click()
      await made.waitFor({ state: 'detached' })
      await context.close()
    },
    TIMEOUT_MS,
  )
})

describe('keys and projects', () => {
  it(
    'a key is made, its secret is shown once and works, and it is revoked',
    async () => {
      const { context, page } = await dashboard.visit('/budgets?tab=keys')
      await page.getByRole('button', { name: 'New key' }).click()
      const form = page.getByRole('dialog')
      await form.getByLabel('Name').fill('made by hand')
      await form.getByLabel('Models and routes it may use').fill('sandbox/flat')
      await page.keyboard.press('Enter')
      await form.getByLabel('Tags').fill('team=web')
      await form.getByLabel('Cap per day').fill('0.25')
      await form.getByRole('button', { name: 'Create the key' }).click()
      const secret = await textOf(page.locator('[data-secret]'))
      expect(secret).toMatch(/^ht-/)
      await page.keyboard.press('Escape')
      await page.getByText('It cannot be shown again').waitFor()
      await page.getByRole('button', { name: 'I have stored it' }).click()
      expect(await page.locator('[data-secret]').count()).toBe(0)
      expect(await page.content(), 'the secret is nowhere any more').not.toContain(secret)

      const as = { authorization: `Bearer ${secret}` }
      await makeImage('sandbox/flat', as)
      await makeImage('sandbox/mega', as, 403)
      await page.reload()
      await page.getByRole('row', { name: /made by hand/ }).click()
      const sheet = page.getByRole('dialog')
      for (const text of ['sandbox/flat', 'team=web', '$0.25', '6000 requests/min']) await sheet.getByText(text).waitFor()
      expect(await sheet.getByText('never').count(), 'it was used').toBe(0)
      await sheet.getByRole('button', { name: 'Revoke the key' }).click()
      await page.getByRole('button', { name: 'Revoke it for good' }).click()
      await page.getByRole('row', { name: /made by hand/ }).waitFor({ state: 'detached' })
      await makeImage('sandbox/flat', as, 401)
      await page.getByLabel('Revoked keys too').check()
      await page.getByRole('row', { name: /made by hand.*revoked/ }).waitFor()
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'a project is made and changed; names are text, whatever stands in them',
    async () => {
      const { context, page } = await dashboard.visit('/budgets?tab=projects')
      await page.getByRole('button', { name: 'New project' }).click()
      const form = page.getByRole('dialog')
      await form.getByLabel('Name').fill('Spring sale')
      await form.getByLabel('Prompts', { exact: true }).selectOption('none')
      await form.getByLabel('Days that images are kept').fill('7')
      await form.getByLabel('Days that prompts and answers are kept').fill('0')
      await form.getByLabel('Days that whole records are kept').fill('90')
      await form.getByRole('button', { name: 'Create the project' }).click()
      await form.getByText('Write a whole number of days, 1 to 3650.').waitFor()
      await form.getByLabel('Days that prompts and answers are kept').fill('')
      await form.getByRole('button', { name: 'Create the project' }).click()
      const row = page.getByRole('row', { name: /Spring sale/ })
      await row.getByText('not kept').waitFor()
      expect(await textOf(row)).toContain('7 days')
      expect(await textOf(row)).toContain('90 days')
      const { data } = await dashboard.api<{ data: Record<string, unknown>[] }>('GET', '/v1/halftone/projects')
      expect(data.find(({ name }) => name === 'Spring sale')).toMatchObject({
        asset_ttl_days: 7,
        content_ttl_days: null,
        records_ttl_days: 90,
      })
      await row.getByRole('button', { name: /Edit/ }).click()
      await form.getByLabel('Days that whole records are kept').fill('')
      await form.getByRole('button', { name: 'Save the project' }).click()
      await row.getByText('90 days').waitFor({ state: 'detached' })
      await page.getByRole('row', { name: /onerror/ }).waitFor()
      expect(await page.title()).toBe('Budgets & keys · Halftone')
      await context.close()
    },
    TIMEOUT_MS,
  )
})

describe('a route', () => {
  const save = (page: Page) => page.getByRole('button', { name: 'Save\u2026' })

  it(
    'is written with an error that stands at its field, tried, saved, compared and rolled back',
    async () => {
      const { context, page } = await dashboard.visit('/routes/thumbs')
      await page
        .getByRole('list', { name: /Models: chosen/ })
        .getByText('sandbox/flat')
        .waitFor()
      await page.getByLabel('Quality floor', { exact: true }).fill('no-such-level')
      await page.getByRole('region', { name: 'Validation' }).getByText('Problem').waitFor()
      await page
        .getByRole('alert')
        .getByText(/neither a known level/)
        .waitFor()
      expect(await save(page).isDisabled()).toBe(true)
      await page.getByLabel('Quality floor', { exact: true }).fill('')
      await page.getByLabel('Objective').selectOption('priority')
      await page.getByLabel('Order', { exact: true }).fill('sandbox/flat')
      await page.keyboard.press('Enter')
      await expect.poll(() => save(page).isEnabled(), { timeout: 10_000 }).toBe(true)
      await page.getByRole('region', { name: 'Candidates' }).getByText('sandbox:sandbox/flat').first().waitFor()

      await page.getByRole('button', { name: 'Dry run', exact: true }).click()
      await page.getByText('All requests', { exact: true }).click()
      await page.getByRole('button', { name: 'Run it' }).click()
      await page.locator('[data-stat="It would cost"]').waitFor()
      expect(await textOf(page.getByRole('region', { name: 'Who serves' }).first())).toContain('sandbox:sandbox/flat')
      await dashboard.screenshot(page, 'route-dry-run')

      await page.getByRole('tab', { name: /Document/ }).click()
      await dashboard.screenshot(page, 'routes')
      await save(page).click()
      const dialog = page.getByRole('dialog')
      expect(await textOf(dialog.getByRole('region', { name: 'Changes' }))).toMatch(/objective.*"priority".*order/s)
      await dialog.locator('[data-stat="It would cost"]').waitFor()
      await dialog.getByRole('button', { name: 'Put it in force', exact: true }).click()
      await page.getByText('thumbs stands at version 3').waitFor()
      expect((await documentOf('thumbs')).document).toMatchObject({ objective: 'priority', order: ['sandbox/flat'] })

      await page.getByRole('tab', { name: /History/ }).click()
      expect(await textOf(page.getByRole('region', { name: 'What differs' }))).toContain('"priority"')
      await page.getByRole('button', { name: 'Roll back to version 1' }).click()
      await page.getByRole('button', { name: 'Roll back', exact: true }).click()
      await page.getByText('thumbs is back to version 1, as version 4').waitFor()
      const now = await documentOf('thumbs')
      expect([now.version, now.document['models'], now.document['order']]).toEqual([4, ['sandbox/mega'], undefined])
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'that somebody else saved meanwhile is not overwritten: what they changed is shown, and both ways on work',
    async () => {
      await putRoute('shared', { models: ['sandbox/flat'] }, 0)
      const { context, page } = await dashboard.visit('/routes/shared')
      await page.getByLabel('Most tries per request').fill('2')
      await expect.poll(() => save(page).isEnabled(), { timeout: 10_000 }).toBe(true)
      await putRoute('shared', { models: ['sandbox/flat'], maxCostUsd: '0.07' }, 1)
      await save(page).click()
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Put it in force/ })
        .click()
      await page.getByText('Another version was saved meanwhile').waitFor()
      await page.getByRole('button', { name: 'See what they changed' }).click()
      await page.getByText('saved version 2 meanwhile').waitFor()
      expect(await textOf(page.locator('[data-change]').first())).toContain('maxCostUsd')
      await page.getByRole('button', { name: 'Keep mine, to replace version 2' }).click()
      await save(page).click()
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Put it in force/ })
        .click()
      await page.getByText('shared stands at version 3').waitFor()
      expect((await documentOf('shared')).document['maxAttempts']).toBe(2)
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'is written as YAML: what is no YAML is told by its line, and the form shows what was typed',
    async () => {
      const { context, page } = await dashboard.visit('/routes/thumbs?as=yaml')
      const text = page.locator('textarea')
      await text.fill('objective: cost\nmodels: [sandbox/flat\n')
      await page
        .getByText(/^Line \d: /)
        .first()
        .waitFor()
      expect(await save(page).isDisabled()).toBe(true)
      await text.fill('objective: cost\nmodels: [sandbox/flat]\nfloor: nothing\n')
      await page.getByRole('button', { name: /^Line 3: floor/ }).waitFor()
      await text.fill('objective: latency\nmodels: [sandbox/flat]\n')
      await page.getByText('Form', { exact: true }).click()
      await expect.poll(() => page.getByLabel('Objective').inputValue()).toBe('latency')
      await page.getByText('JSON', { exact: true }).click()
      expect(JSON.parse(await page.locator('textarea').inputValue())).toEqual({ objective: 'latency', models: ['sandbox/flat'] })
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'of the file is read-only, and is copied to a new one',
    async () => {
      const { context, page } = await dashboard.visit('/routes')
      await page.getByRole('link', { name: 'filed-route' }).click()
      await page.getByText('Set in halftone.yaml, so it is read-only here').waitFor()
      expect(await page.getByLabel('Objective').isDisabled()).toBe(true)
      expect(await save(page).count()).toBe(0)
      await page.getByRole('button', { name: 'Copy', exact: true }).click()
      await page.getByLabel('Name of the copy').fill('copied')
      await page.getByRole('button', { name: 'Open the copy' }).click()
      await page.getByText('Not made yet').waitFor()
      await expect.poll(() => page.getByLabel(/Most one request may cost/).inputValue()).toBe('0.50')
      await expect.poll(() => save(page).isEnabled(), { timeout: 10_000 }).toBe(true)
      await save(page).click()
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Put it in force/ })
        .click()
      await page.getByText('copied stands at version 1').waitFor()
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByRole('button', { name: 'Delete the route' }).click()
      await page.getByRole('link', { name: 'filed-route' }).waitFor()
      await dashboard.api('GET', '/v1/halftone/routes/copied', undefined, { status: 404 })
      await context.close()
    },
    TIMEOUT_MS,
  )
})

describe('the audit log', () => {
  it(
    'says who changed what, filters by kind and object, and shows before and after',
    async () => {
      for (const limit of ['3', '4', '5'])
        await dashboard.api('PUT', '/v1/halftone/budgets/watched', { scope: 'global', period: 'day', limit_usd: limit })
      const { context, page } = await dashboard.visit('/audit?action=budget&object=watched')
      await expect.poll(() => page.locator('[data-row]').count()).toBe(3)
      await page.locator('[data-row]').first().click()
      const sheet = page.getByRole('dialog')
      expect(await textOf(sheet.locator('[data-change=changed]').first())).toMatch(/4.*5/)
      await dashboard.screenshot(page, 'audit')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Remove the filter Object' }).click()
      await expect.poll(() => page.locator('[data-row]').count()).toBeGreaterThan(3)
      await page.goto(`${dashboard.url}/audit?actor=nobody`)
      await page.getByText('No change matches').waitFor()
      await context.close()
    },
    TIMEOUT_MS,
  )

  it(
    'older rows come by the cursor, and names that others chose are text',
    async () => {
      for (let round = 0; round < 60; round += 1)
        await dashboard.api('PUT', '/v1/halftone/projects/paged', { name: `${HOSTILE} ${round}` })
      const { context, page } = await dashboard.visit('/audit?object=paged')
      await expect.poll(() => page.locator('[data-row]').count()).toBe(50)
      await page.getByRole('button', { name: 'Show older changes' }).click()
      await expect.poll(() => page.locator('[data-row]').count()).toBe(60)
      await page.locator('[data-row]').first().click()
      await page.getByRole('dialog').getByText('onerror').first().waitFor()
      expect(await page.title()).toBe('Audit · Halftone')
      await context.close()
    },
    TIMEOUT_MS,
  )
})
