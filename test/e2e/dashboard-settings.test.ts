/** The pages where things are set: budgets and keys, projects, and the record of changes. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, desktop, expectGoodLooks, phone, textOf } from '../support/dashboard.ts'
import { HOSTILE, openSettings, type Settings } from '../support/settings.ts'

const TIMEOUT_MS = 90_000

let dashboard: Dashboard
let settings: Settings

beforeAll(async () => {
  settings = await openSettings()
  dashboard = settings.dashboard
}, CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

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

const budget = (page: Page, id: string) => page.locator(`[data-budget="${id}"]`)

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
      await settings.makeImage('sandbox/flat', as)
      await settings.makeImage('sandbox/mega', as, 403)
      await page.reload()
      await page.getByRole('row', { name: /made by hand/ }).click()
      const sheet = page.getByRole('dialog')
      for (const text of ['sandbox/flat', 'team=web', '$0.25', '6000 requests/min']) await sheet.getByText(text).waitFor()
      expect(await sheet.getByText('never').count(), 'it was used').toBe(0)
      await sheet.getByRole('button', { name: 'Revoke the key' }).click()
      await page.getByRole('button', { name: 'Revoke it for good' }).click()
      await page.getByRole('row', { name: /made by hand/ }).waitFor({ state: 'detached' })
      await settings.makeImage('sandbox/flat', as, 401)
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
