/** The page of a route: written, tried, saved, compared, rolled back, copied. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, textOf } from '../support/dashboard.ts'
import { openSettings, type Settings } from '../support/settings.ts'

const TIMEOUT_MS = 90_000

let dashboard: Dashboard
let settings: Settings

beforeAll(async () => {
  settings = await openSettings()
  dashboard = settings.dashboard
}, CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

const documentOf = async (name: string) =>
  await dashboard.api<{ version: number; document: Record<string, unknown> }>('GET', `/v1/halftone/routes/${name}`)

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
      await settings.putRoute('shared', { models: ['sandbox/flat'] }, 0)
      const { context, page } = await dashboard.visit('/routes/shared')
      await page.getByLabel('Most tries per request').fill('2')
      await expect.poll(() => save(page).isEnabled(), { timeout: 10_000 }).toBe(true)
      await settings.putRoute('shared', { models: ['sandbox/flat'], maxCostUsd: '0.07' }, 1)
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
