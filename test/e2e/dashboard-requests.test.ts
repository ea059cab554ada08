import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, expectGoodLooks, openDashboard, patient, phone, receiptOf, textOf } from '../support/dashboard.ts'

interface Made {
  readonly halftone: { readonly request_id: string }
}

let dashboard: Dashboard
const ids: Record<string, string> = {}

const make = async (name: string, body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<void> => {
  const answer = await dashboard.api<Made>('POST', '/v1/images/generations', { response_format: 'url', ...body }, { headers })
  ids[name] = answer.halftone.request_id
}

beforeAll(async () => {
  dashboard = await openDashboard()
  await make('ten', { prompt: 'Ten stamps of mountains', n: 10, size: '256x256', model: 'sandbox/flat' })
  await make(
    'fox',
    { prompt: 'A red fox, 100% asleep in fresh snow', user: 'customer-9' },
    { 'x-halftone-tags': 'campaign=summer' },
  )
  await make('first', { prompt: 'A harbour in two colours', n: 2 }, { 'x-halftone-group': 'harbour' })
  await make('second', { prompt: 'A harbour at night', model: 'sandbox/mega' }, { 'x-halftone-group': 'harbour' })
  await make('hostile', { prompt: '<img src=x onerror="document.title=1"> =1+1' }, { 'x-halftone-tags': 'note=<b>bold</b>' })
  await dashboard.api('POST', '/v1/images/generations', { prompt: '[sandbox:refuse-billed] a boat' }, { status: 400 })
}, CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

describe('the requests page', () => {
  // Sixteen runs of axe.
  it(
    'table, gallery and detail read well in both themes, at a desk and on a phone',
    async () => {
      const paths = ['/requests', '/requests?view=gallery', `/requests/${ids['fox']}`, `/requests/${ids['first']}?tab=lineage`]
      for (const [where, options] of [
        ['desktop', {}],
        ['phone', phone],
      ] as const) {
        const { context, page } = await dashboard.visit('/requests', options)
        for (const path of paths) {
          await page.goto(dashboard.url + path)
          await page.locator('[data-request]').first().or(page.locator('[role=tabpanel]')).first().waitFor({ state: 'attached' })
          await expectGoodLooks(page, `${path}, ${where}`)
        }
        await context.close()
      }
    },
    patient(90_000),
  )

  it('another request opens at its receipt, whichever part of the last one was looked at; the filters stay', async () => {
    const { context, page } = await dashboard.visit(`/requests/${ids['first']}?operation=generate`)
    await page.getByRole('tab', { name: 'Lineage' }).click()
    await page.waitForURL(/tab=lineage/)
    await page.locator(`[data-request="${ids['fox']}"]`).click()
    await page.waitForURL(`${dashboard.url}/requests/${ids['fox']}?operation=generate`)
    await page.getByRole('tab', { name: 'Receipt', selected: true }).waitFor()
    await context.close()
  })

  it('the gallery is in the URL, and shows the pictures of all requests', async () => {
    const { context, page } = await dashboard.visit('/requests')
    await page.getByRole('radio', { name: 'Gallery' }).click()
    await page.waitForURL(/view=gallery/)
    const card = page.locator(`[data-request="${ids['ten']}"]`)
    await card.locator('img').first().waitFor()
    expect(await card.locator('img').count()).toBe(4)
    expect(await textOf(card)).toContain('+6')
    await page.reload()
    await page.locator(`[data-request="${ids['fox']}"] img`).waitFor()
    await dashboard.screenshot(page, 'requests-gallery')
    await context.close()
  })

  it.each([
    ['q=100%25+asleep', ['fox']],
    ['q=customer-9', ['fox']],
    ['q=%25%25', []],
    ['tag=campaign%3Dsummer', ['fox']],
    ['group=harbour', ['second', 'first']],
    ['customer=customer-9', ['fox']],
    ['model=sandbox%2Fmega&provider=sandbox&group=harbour', ['second']],
    ['outcome=refused,error&min=0&period=today', ['refused']],
    ['size=icon', ['ten']],
    ['size=icon&quality=high', []],
    ['max=0', []],
    ['from=2020-01-01&to=2020-01-02', []],
  ])('the filter %s finds exactly what it names', async (query, names) => {
    const { context, page } = await dashboard.visit(`/requests?${query}`)
    await page.locator('[data-request]').first().or(page.getByText('No request matches')).first().waitFor()
    const rows = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-request]')].map((row) => row.dataset.request)`,
    )
    if (names[0] === 'refused') {
      expect(rows).toHaveLength(1)
      expect(await textOf(page.locator('[data-request]'))).toContain('Refused')
    } else {
      expect(rows).toEqual(names.map((name) => ids[name]))
    }
    await context.close()
  })

  it('filters are chosen by hand, stand in the URL, and are cleared together', async () => {
    const { context, page } = await dashboard.visit('/requests')
    await page.getByRole('button', { name: 'Outcome' }).click()
    await page.getByRole('checkbox', { name: 'Refused' }).check()
    await page.keyboard.press('Escape')
    await page.waitForURL(/outcome=refused/)
    await page.getByRole('searchbox').fill('boat')
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=boat/)
    await page.getByText('1 request shown').waitFor()
    await page.getByRole('button', { name: 'Clear all' }).click()
    await page.locator(`[data-request="${ids['fox']}"]`).waitFor()
    expect(page.url()).toBe(`${dashboard.url}/requests`)
    await context.close()
  })

  it('what is shown can be saved as CSV, without a formula in it', async () => {
    const { context, page } = await dashboard.visit('/requests?q=onerror')
    await page.locator(`[data-request="${ids['hostile']}"]`).waitFor()
    expect(await page.title()).toBe('Requests · Halftone')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
    expect(download.suggestedFilename()).toBe('requests.csv')
    await context.close()
  })

  it('a picture is looked at by keyboard, rated and scored, and its request knows its group', async () => {
    const { context, page } = await dashboard.visit(`/requests/${ids['first']}`)
    await page
      .getByRole('link', { name: /Look at it larger/ })
      .first()
      .click()
    await page.getByRole('heading', { name: 'Picture 1 of 2' }).waitFor()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('heading', { name: 'Picture 2 of 2' }).waitFor()
    await page.getByRole('dialog').getByLabel('Score').selectOption('0.75')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(page.url(), 'Escape closed the window, not the request').toContain(ids['first'] ?? '?')
    await expect.poll(() => page.getByLabel('Score').nth(1).inputValue(), { timeout: 8_000 }).toBe('0.75')
    await page.getByRole('tab', { name: 'Lineage' }).click()
    await page.getByRole('link', { name: 'A harbour at night', exact: true }).click()
    await page.waitForURL(new RegExp(ids['second'] ?? '?'))
    await page.getByRole('tab', { name: 'Receipt' }).click()
    await page.locator('[data-receipt=total]').waitFor()
    await receiptOf(page)
    await context.close()
  })

  it('a deleted picture leaves its costs', async () => {
    const { images } = await dashboard.api<{ images: { id: string }[] }>('GET', `/v1/halftone/requests/${ids['hostile']}`)
    await dashboard.api('DELETE', `/v1/halftone/images/${images[0]?.id}`)
    const { context, page } = await dashboard.visit(`/requests/${ids['hostile']}`)
    await page.getByText('The picture has expired; its costs are kept.').waitFor()
    const { total } = await receiptOf(page)
    expect(total).toBeGreaterThan(0n)
    expect(await page.title()).toBe('Requests · Halftone')
    await context.close()
  })
})
