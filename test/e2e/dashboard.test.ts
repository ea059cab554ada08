import { gzipSync } from 'node:zlib'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { formatUsd } from '../../src/core/money.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, nanoOf, openDashboard, receiptOf, textOf } from '../support/dashboard.ts'

let dashboard: Dashboard

beforeAll(async () => {
  dashboard = await openDashboard()
}, CHROMIUM_INSTALL_TIMEOUT_MS)
afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

async function signedIn(options: BrowserContextOptions = {}) {
  const opened = await dashboard.visit('/playground', options)
  await opened.page.getByLabel('Prompt').waitFor()
  return opened
}

/** Ask for a picture and wait for the receipt. */
async function make(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Prompt').fill(prompt)
  await page.getByRole('button', { name: 'Make the picture' }).click()
  await page.locator('[data-receipt=total]').waitFor()
}

describe('signing in', () => {
  it('a wrong key is refused with its code and what to do', async () => {
    const context = await dashboard.browser.newContext()
    const page = await dashboard.openPage(context)
    await page.goto(`${dashboard.url}/requests`)
    await page.getByLabel('Key', { exact: true }).waitFor()
    await dashboard.screenshot(page, 'sign-in')
    await page.getByLabel('Key', { exact: true }).fill('not-the-admin-key')
    await page.getByRole('button', { name: 'Sign in' }).click()
    const alert = await textOf(page.getByRole('alert'))
    expect(alert).toContain('invalid_api_key')
    expect(alert).toContain('halftone keys')
    await context.close()
  })

  it('the right key leads to the page that was asked for, and no script can read the session', async () => {
    const context = await dashboard.browser.newContext()
    const page = await dashboard.openPage(context)
    await page.goto(`${dashboard.url}/requests?outcome=refused`)
    await page.getByLabel('Key', { exact: true }).fill(dashboard.adminKey)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Requests' }).waitFor()
    expect(page.url()).toBe(`${dashboard.url}/requests?outcome=refused`)
    expect(await page.evaluate('document.cookie')).toBe('')
    expect((await context.cookies()).map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([
      { httpOnly: true, sameSite: 'Strict' },
    ])
    await context.close()
  })

  it('signing out ends the session', async () => {
    // One of its own: the others go on with theirs.
    const context = await dashboard.browser.newContext()
    const page = await dashboard.openPage(context)
    await page.goto(`${dashboard.url}/playground`)
    await page.getByLabel('Key', { exact: true }).fill(dashboard.adminKey)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('Prompt').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Key', { exact: true }).waitFor()
    await page.goto(`${dashboard.url}/playground`)
    await page.getByLabel('Key', { exact: true }).waitFor()
    await context.close()
  })

  it('a session cannot change anything without the header that only our own page sets', async () => {
    const { context, page } = await signedIn()
    const status = await page.evaluate(
      `fetch('/v1/halftone/quote', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"x"}' }).then((response) => response.status)`,
    )
    expect(status).toBe(403)
    await context.close()
  })
})

describe('the playground', () => {
  it('says that the sandbox spends no money', async () => {
    const { context, page } = await signedIn()
    await page.getByText('Sandbox.').waitFor()
    await context.close()
  })

  it('quotes before the call; the receipt adds up to the nano-dollar and is what was quoted', async () => {
    const { context, page } = await signedIn()
    await page.goto(`${dashboard.url}/playground?model=sandbox/flat`)
    await page.getByLabel('Prompt').fill('A lighthouse at dusk, screen print, three colours')
    await page.getByText('exact, known before the call').waitFor()
    const quoted = nanoOf(await textOf(page.locator('[data-quote=expected] .num').first()))
    await page.getByText('Cheapest alternatives').waitFor()
    await make(page, 'A lighthouse at dusk, screen print, three colours')
    const picture = page.getByRole('img', { name: 'A lighthouse at dusk' })
    await picture.waitFor()
    expect(await page.evaluate(`document.querySelector('figure img').decode().then(() => 'decoded')`)).toBe('decoded')
    const { lines, total } = await receiptOf(page)
    expect(lines.length).toBeGreaterThan(0)
    expect(total).toBeGreaterThan(0n)
    expect(formatUsd(total)).toBe(formatUsd(quoted))
    await dashboard.screenshot(page, 'playground')
    await context.close()
  })

  it('settings are in the URL and the prompt is not', async () => {
    const { context, page } = await signedIn()
    await page.getByLabel('Prompt').fill('a secret prompt')
    await page.getByRole('button', { name: /^Model:/ }).click()
    await page.getByLabel('Search models').fill('flat')
    await page.keyboard.press('Enter')
    await page.getByLabel('Pictures').fill('2')
    await page.getByRole('button', { name: 'Make 2 pictures' }).waitFor()
    expect(page.url()).toMatch(/model=[^&]*flat/)
    expect(page.url()).toContain('n=2')
    expect(page.url()).not.toContain('secret')
    await page.getByRole('button', { name: 'Make 2 pictures' }).click()
    await page.locator('[data-receipt=total]').waitFor()
    expect(await page.getByRole('img', { name: 'a secret prompt' }).count()).toBe(2)
    await context.close()
  })

  it('a refusal that was billed shows the error, and the receipt with its charge', async () => {
    const { context, page } = await signedIn()
    await make(page, '[sandbox:refuse-billed] a boat')
    expect(await textOf(page.getByRole('alert'))).toContain('content_refused')
    const { total } = await receiptOf(page)
    expect(total).toBeGreaterThan(0n)
    await context.close()
  })

  it('a request that no offer can make says why', async () => {
    const { context, page } = await signedIn()
    await page.goto(`${dashboard.url}/playground?size=9999x16`)
    await page.getByLabel('Prompt').fill('a very long banner')
    await page.getByText('No offer can make this').first().waitFor()
    await page.getByText('left out').click()
    await page.getByText('x size').waitFor()
    await context.close()
  })
})

describe('requests', () => {
  it('a picture made in one page appears in another that is already open, without a reload', async () => {
    const { context, page: watching } = await signedIn()
    await watching.getByRole('link', { name: 'Requests', exact: true }).click()
    await watching.getByText('Live: new requests').waitFor()
    const making = await dashboard.openPage(context)
    await making.goto(`${dashboard.url}/playground`)
    const prompt = 'A red fox asleep in fresh snow'
    await make(making, prompt)
    const { total } = await receiptOf(making)

    const row = watching.locator('[data-request]').filter({ hasText: prompt })
    await row.getByText('Succeeded').waitFor()
    await row.locator('img').waitFor()
    await dashboard.screenshot(watching, 'requests')

    await row.click()
    await watching.locator('[data-receipt=total]').waitFor()
    expect((await receiptOf(watching)).total).toBe(total)
    await dashboard.screenshot(watching, 'request')
    await watching.emulateMedia({ colorScheme: 'dark' })
    await dashboard.screenshot(watching, 'request-dark')
    await watching.keyboard.press('Escape')
    await watching.getByRole('region', { name: 'Request' }).waitFor({ state: 'detached' })
    await context.close()
  })

  it('a running request is shown as running', async () => {
    const { context, page } = await signedIn()
    const watching = await dashboard.openPage(context)
    await watching.goto(`${dashboard.url}/requests`)
    await watching.getByText('Live: new requests').waitFor()
    await page.getByLabel('Prompt').fill('[sandbox:slow=2500] a slow boat')
    await page.getByRole('button', { name: 'Make the picture' }).click()
    const row = watching.locator('[data-request]').filter({ hasText: 'a slow boat' })
    await row.getByText('Running', { exact: true }).waitFor()
    await row.getByText('Succeeded').waitFor()
    await context.close()
  })

  it('a fallback shows each attempt, why it was chosen, and a receipt of both', async () => {
    const { context, page } = await signedIn()
    // At this size the offer priced by megapixels is the cheapest, whatever the prompt.
    await page.goto(`${dashboard.url}/playground?size=512x512`)
    await page.getByLabel('Prompt').fill('[sandbox:500 fail-on=mega] a boat with a second chance')
    await page.getByText('sandbox:sandbox/mega would be chosen').waitFor()
    await page.getByRole('button', { name: 'Make the picture' }).click()
    await page.locator('[data-receipt=total]').waitFor()
    expect(await textOf(page.locator('table'))).toContain('Not billed.')
    await receiptOf(page)
    await page.getByRole('link', { name: 'Attempts and decision' }).click()
    await page.getByRole('tab', { name: /Attempts/ }).click()
    await page.getByText('provider_error').first().waitFor()
    await page.getByText('fallback').first().waitFor()
    await page.getByRole('tab', { name: 'Decision' }).click()
    await page.getByText('Route auto').waitFor()
    expect(page.url()).toContain('tab=decision')
    await context.close()
  })

  it('filters are in the URL and survive a reload', async () => {
    const { context, page } = await signedIn()
    await page.goto(`${dashboard.url}/requests`)
    await page.getByRole('button', { name: 'Outcome' }).click()
    await page.getByRole('checkbox', { name: 'Refused' }).check()
    await page.waitForURL(/outcome=refused/)
    await page.reload()
    const row = page.locator('[data-request]').first()
    await row.waitFor()
    expect(await textOf(row)).toContain('Refused')
    expect(await page.locator('[data-request]').filter({ hasText: 'Succeeded' }).count()).toBe(0)
    await context.close()
  })

  it('older requests come by the page, and arrow keys walk the rows', async () => {
    const made = await Promise.all(
      Array.from({ length: 45 }, (_, index) =>
        fetch(`${dashboard.url}/v1/images/generations`, {
          method: 'POST',
          headers: { authorization: `Bearer ${dashboard.adminKey}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'sandbox/flat', prompt: `stamp ${index}`, size: '64x64', response_format: 'url' }),
        }).then((response) => response.status),
      ),
    )
    expect(new Set(made)).toEqual(new Set([200]))
    const { context, page } = await signedIn()
    await page.goto(`${dashboard.url}/requests`)
    const rows = page.locator('[data-request]')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(40)
    await page.getByRole('button', { name: 'Show older requests' }).click()
    await rows.nth(44).waitFor()
    const ids = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[data-request]')].map((row) => row.dataset.request)`,
    )
    expect(new Set(ids).size).toBe(ids.length)
    expect([...ids].sort().reverse()).toEqual(ids)

    await rows.first().focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.evaluate('document.activeElement.dataset.request')).toBe(ids[1])
    await page.keyboard.press('Enter')
    await page.waitForURL(`${dashboard.url}/requests/${ids[1]}`)
    await context.close()
  })

  it('hostile prompts are text, never markup', async () => {
    const { context, page } = await signedIn()
    const prompt = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    await make(page, prompt)
    await page.getByRole('link', { name: 'Requests', exact: true }).click()
    await page.locator('[data-request]').filter({ hasText: prompt }).waitFor()
    expect(await page.title()).toBe('Requests · Halftone')
    await context.close()
  })

  it('an id that is not there says so', async () => {
    const { context, page } = await signedIn()
    await page.goto(`${dashboard.url}/requests/00000000-0000-7000-8000-000000000000`)
    expect(await textOf(page.getByRole('alert'))).toContain('not_found')
    await context.close()
  })
})

describe('the page itself', () => {
  it('starts with less than 300 KiB of script and nothing inline', async () => {
    const answer = await fetch(dashboard.url, { headers: { accept: 'text/html' } })
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    const html = await answer.text()
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i)
    const sources = [...html.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map((match) => match[1] ?? '')
    expect(sources.length).toBeGreaterThan(0)
    const sizes = await Promise.all(
      sources.map(
        async (source) => gzipSync(Buffer.from(await (await fetch(new URL(source, dashboard.url))).arrayBuffer())).length,
      ),
    )
    expect(sizes.reduce((total, size) => total + size, 0)).toBeLessThan(300 * 1024)
  })
})

describe('looks', () => {
  it('no page scrolls sideways on a phone', async () => {
    const { context, page } = await signedIn({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
    const overflow = () => page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    await page.getByLabel('Prompt').fill('A harbour in the rain')
    await page.getByText('would be chosen').waitFor()
    await make(page, 'A harbour in the rain')
    expect(await overflow()).toBe(0)
    const top = await page.evaluate<number>(`document.querySelector('section[aria-label=Result]').getBoundingClientRect().top`)
    expect(Math.abs(top), 'the result is in the upper half of the screen').toBeLessThan(844 / 2)
    await page.evaluate(`document.querySelector('figure img').decode()`)
    await dashboard.screenshot(page, 'phone-playground')
    await page.getByRole('button', { name: /^Menu/ }).click()
    await page.getByRole('link', { name: 'Requests', exact: true }).click()
    await page.locator('[data-request]').first().waitFor()
    expect(await overflow()).toBe(0)
    await dashboard.screenshot(page, 'phone-requests')
    await page.locator('[data-request]').first().click()
    for (const tab of ['Receipt', 'Attempts', 'Decision', 'Lineage', 'Details']) {
      await page.getByRole('tab', { name: tab }).click()
      expect(await overflow(), tab).toBe(0)
    }
    await context.close()
  })

  it('follows the system to dark, and a chosen theme outlives the page', async () => {
    const { context, page } = await signedIn({ colorScheme: 'dark' })
    const background = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor')
    const dark = await background()
    await page.getByRole('button', { name: 'Theme: Auto' }).click()
    expect(await background()).not.toBe(dark)
    await page.reload()
    await page.getByRole('button', { name: 'Theme: Light' }).click()
    expect(await background()).toBe(dark)
    await context.close()
  })
})
