import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import type { Explanation } from '../../src/contract/records.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, expectGoodLooks, nanoOf, openDashboard, phone, textOf } from '../support/dashboard.ts'

let dashboard: Dashboard

beforeAll(async () => {
  dashboard = await openDashboard()
}, CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

describe('the button of the playground', () => {
  it('waits for the state: whoever is quick gets the picture, not a question about money that nobody spends', async () => {
    const { context, page } = await dashboard.visit('/requests')
    await page.route('**/v1/halftone/status', async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      await call.continue()
    })
    await page.goto(`${dashboard.url}/playground`)
    await page.getByLabel('Prompt').fill('A quick boat')
    const button = page.getByRole('button', { name: 'Make the picture' })
    expect(await button.isDisabled()).toBe(true)
    await button.click()
    await page.locator('[data-receipt=total]').waitFor()
    await context.close()
  })
})

describe('a group in the playground', () => {
  it('says what the request means for it and what all of its pictures cost; the receipt and the decision say what it was', async () => {
    const { context, page } = await dashboard.visit('/playground?model=sandbox/flat&quality=low&group=autumn&planned=40')
    await page.getByLabel('Prompt').fill('A red kettle on white')
    const group = page.locator('[data-quote=group]')
    await group.getByText('autumn has no pictures yet').waitFor()
    const quote = await dashboard.api<QuoteResponse>('POST', '/v1/halftone/quote', {
      model: 'sandbox/flat',
      prompt: 'A red kettle on white',
      quality: 'low',
      halftone: { group: 'autumn', group_size: 40 },
      job: { count: 40 },
    })
    const whole = quote.job?.candidates.find(({ offer, quality }) => offer === 'sandbox:sandbox/flat' && quality === 'low')
    expect(nanoOf(await textOf(group.locator('.num').first()))).toBe(nanoOf(whole?.expected_usd ?? ''))
    await page.getByRole('button', { name: 'Make the picture' }).click()
    await page.locator('[data-look=first]').waitFor()
    await page.getByRole('link', { name: 'Attempts and decision' }).click()
    await page.getByRole('tab', { name: 'Decision' }).click()
    const grounds = page.getByRole('region', { name: 'What it was decided on' })
    await grounds.waitFor()
    const id = new URL(page.url()).pathname.split('/').at(-1)
    const explanation = await dashboard.api<Explanation>('GET', `/v1/halftone/requests/${id}/explain`)
    expect(await page.locator('[data-candidate]').count()).toBe(explanation.candidates.length)
    for (const ground of [explanation.price_book, explanation.snapshot?.config, explanation.snapshot?.experience])
      expect(await textOf(grounds)).toContain(ground)
    await expectGoodLooks(page, 'decision, desktop')
    await page.goto(`${dashboard.url}/playground?model=sandbox/flat&group=autumn`)
    await page.getByLabel('Prompt').fill('A blue kettle on white')
    await group.getByText('It follows autumn').waitFor()
    await context.close()
  })
})

describe('the playground on several offers', () => {
  it('quotes each and their sum before, makes them side by side, and compares the cost after', async () => {
    const { context, page } = await dashboard.visit('/playground?model=sandbox/flat&with=sandbox/mega,auto')
    await page.getByLabel('Prompt').fill('A lighthouse at dusk, screen print, three colours')
    await page.locator('[data-quote=column]').nth(2).waitFor()
    const quotes = await page.locator('[data-quote=column] .num:first-child').allTextContents()
    const sum = quotes.map(nanoOf).reduce((total, amount) => total + amount, 0n)
    expect(nanoOf(await textOf(page.locator('[data-quote=total] .num').first()))).toBe(sum)
    await page.getByRole('button', { name: 'Make on 3' }).click()
    await page.locator('[data-after]').nth(2).waitFor()
    const after = await page.evaluate<string[]>(`[...document.querySelectorAll('[data-after]')].map((one) => one.dataset.after)`)
    expect(after.map(nanoOf).reduce((total, amount) => total + amount, 0n)).toBe(sum)
    expect(await page.getByText('as quoted').count()).toBe(3)
    await page.locator('[data-target="auto"] img').waitFor()
    await page.evaluate(`Promise.all([...document.querySelectorAll('[data-target] img')].map((image) => image.decode()))`)
    await dashboard.screenshot(page, 'playground-compare')
    await expectGoodLooks(page, 'compare, desktop')
    await context.close()
  })

  it('a vote is an accept of each picture of the column, and of no other', async () => {
    const { context, page } = await dashboard.visit('/playground?model=sandbox/flat&with=sandbox/mega&n=2')
    await page.getByLabel('Prompt').fill('A vote between two harbours')
    await page.getByRole('button', { name: 'Make on 2' }).click()
    const best = page.locator('[data-target="sandbox/mega"]')
    await best.getByRole('button', { name: 'Vote best' }).click()
    await page.getByText('Voted best').waitFor()
    await best.getByRole('button', { name: 'Accept', pressed: true }).nth(1).waitFor()
    const { data } = await dashboard.api<{ data: { offer: string; images: { accepted: number }[] }[] }>(
      'GET',
      '/v1/halftone/requests?search=two+harbours',
    )
    const accepted = data.map(({ offer, images }) => [offer, ...images.map((image) => image.accepted)]).sort()
    expect(accepted).toEqual([
      ['sandbox:sandbox/flat', 0, 0],
      ['sandbox:sandbox/mega', 1, 1],
    ])
    await context.close()
  })

  it('one that fails leaves the others alone, and shows what it cost', async () => {
    const { context, page } = await dashboard.visit('/playground?model=sandbox/flat&with=sandbox/mega')
    await page.getByLabel('Prompt').fill('[sandbox:refuse-billed fail-on=mega] a boat')
    await page.getByRole('button', { name: 'Make on 2' }).click()
    const failed = page.locator('[data-target="sandbox/mega"]')
    await failed.getByText('content_refused').waitFor()
    await failed.locator('[data-after]').waitFor()
    await page.locator('[data-target="sandbox/flat"] img').waitFor()
    await context.close()
  })

  it('targets are chosen by hand, at most six, and stand in the URL', async () => {
    const { context, page } = await dashboard.visit('/playground?model=sandbox/flat')
    await page.getByRole('button', { name: 'Add an offer' }).click()
    await page.getByLabel('Search models').fill('sandbox/mega')
    await page.keyboard.press('Enter')
    await page.waitForURL(/with=[^&]*mega/)
    await page.getByRole('button', { name: /^Do not compare with/ }).click()
    await page.waitForURL((url) => !url.search.includes('with='))
    await page.goto(`${dashboard.url}/playground?model=a&with=b,c,d,e,f,g`)
    await page.getByText('Six at most.').waitFor()
    await context.close()
  })

  it('reads well on a phone, in both themes', async () => {
    const { context, page } = await dashboard.visit('/playground?model=sandbox/flat&with=sandbox/mega', phone)
    await page.getByLabel('Prompt').fill('A harbour in the rain')
    await page.getByRole('button', { name: 'Make on 2' }).click()
    await page.locator('[data-after]').nth(1).waitFor()
    await expectGoodLooks(page, 'compare, phone')
    await page.getByRole('button', { name: /^Menu/ }).click()
    await expectGoodLooks(page, 'menu, phone')
    await page.getByRole('link', { name: 'Requests', exact: true }).click()
    await page.locator('[data-request]').first().waitFor()
    await context.close()
  })
})
