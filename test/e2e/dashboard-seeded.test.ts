/** Every page over a made-up ledger: its own data stands there, it reads well in both themes, on a desktop and on a phone. */
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, desktop, expectGoodLooks, openDashboard, patient, phone } from '../support/dashboard.ts'
import { pages } from '../support/dashboard-pages.ts'
import { type Seeded, seeded, seedTimeoutMs } from '../support/seeded.ts'

const REQUESTS = 1_500

let ledger: Seeded
let dashboard: Dashboard
let newest: string

beforeAll(async () => {
  ledger = await seeded({ requests: REQUESTS, days: 90, images: 12 })
  dashboard = await openDashboard(ledger.config, { HALFTONE_DATA_DIR: ledger.folder })
  const { data } = await dashboard.api<{ data: { id: string }[] }>('GET', '/v1/halftone/requests?limit=1')
  newest = data[0]?.id ?? ''
}, seedTimeoutMs(REQUESTS) + CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(async () => {
  await dashboard?.close()
  await ledger?.remove()
})
afterEach(() => dashboard.expectQuiet())

describe.each([
  ['desktop', desktop],
  ['phone', phone],
] as const)('on a %s', (where, options) => {
  it.each(pages)(
    '$label has its data and reads well',
    async ({ label, path, ready }) => {
      const { context, page } = await dashboard.visit(path.replace('{id}', newest), options)
      for (const selector of ready) await page.locator(selector).first().waitFor({ state: 'attached' })
      await page.locator('main .skeleton').first().waitFor({ state: 'detached' })
      await expectGoodLooks(page, `${label}, ${where}`)
      await context.close()
    },
    patient(120_000),
  )
})
