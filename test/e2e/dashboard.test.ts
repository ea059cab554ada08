import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { formatUsd, parseUsd } from '../../src/core/money.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS, launchChromium } from '../support/chromium.ts'

const ADMIN_KEY = 'dashboard-test-admin-key'
const MAX_SCREENSHOT_BYTES = 300 * 1024
/** Set to `docs/images` to renew the pictures of the guide. */
const screenshots = process.env['HALFTONE_TEST_SCREENSHOTS']

let folder: string
let server: ChildProcess
let url: string
let browser: Browser
const problems: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-dashboard-'))
  ;({ server, url } = await startServer(folder))
  browser = await launchChromium()
}, CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(async () => {
  await browser?.close()
  server?.kill('SIGTERM')
  if (server?.exitCode === null) await once(server, 'exit')
  await rm(folder, { recursive: true, force: true })
})

afterEach(() => {
  expect(problems.splice(0), 'console errors and uncaught exceptions').toEqual([])
})

/** The real server, sandbox only, on a free port and an empty data folder. */
async function startServer(dataDir: string): Promise<{ server: ChildProcess; url: string }> {
  const bin = fileURLToPath(new URL('../../bin/halftone.mjs', import.meta.url))
  await writeFile(join(dataDir, 'halftone.yaml'), 'sandbox:\n  latencyScale: 0.05\n')
  const child = spawn(process.execPath, [bin, 'serve', '--port', '0', '--json'], {
    cwd: dataDir,
    env: { PATH: process.env['PATH'], HALFTONE_DATA_DIR: join(dataDir, 'data'), HALFTONE_ADMIN_KEY: ADMIN_KEY },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the server ended without starting:\n${output}`)))
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.stdout.on('data', (chunk) => {
      output += chunk
      const started = /"url":\s*"([^"]+)"/.exec(output)?.[1]
      if (started) resolve({ server: child, url: started })
    })
  })
}

async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  // Below the limit of a test, so that a failure names what was waited for.
  page.setDefaultTimeout(12_000)
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    // Chromium reports every 4xx as a console error; those are answers the page shows, and the tests look for them.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) problems.push(message.text())
  })
  return page
}

async function signedIn(options: BrowserContextOptions = {}): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await openPage(context)
  await page.goto(`${url}/playground`)
  await page.getByLabel('Key', { exact: true }).fill(ADMIN_KEY)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Prompt').waitFor()
  return { context, page }
}

/** Ask for a picture and wait for the receipt. */
async function make(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Prompt').fill(prompt)
  await page.getByRole('button', { name: 'Make the picture' }).click()
  await page.locator('[data-receipt=total]').waitFor()
}

const textOf = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? ''

const nanoOf = (text: string): bigint => parseUsd(text.trim().replace('\u2212', '-').replace('$', ''))

async function receiptOf(page: Page): Promise<{ lines: bigint[]; total: bigint }> {
  const lines = await page.locator('[data-receipt=line]').allTextContents()
  return { lines: lines.map(nanoOf), total: nanoOf(await textOf(page.locator('[data-receipt=total]'))) }
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)

async function screenshot(page: Page, name: string): Promise<void> {
  const target = screenshots ?? folder
  await mkdir(target, { recursive: true })
  const path = join(target, `${name}.jpg`)
  await page.screenshot({ path, type: 'jpeg', quality: 82, animations: 'disabled' })
  expect((await stat(path)).size).toBeLessThan(MAX_SCREENSHOT_BYTES)
}

describe('signing in', () => {
  it('a wrong key is refused with its code and what to do', async () => {
    const context = await browser.newContext()
    const page = await openPage(context)
    await page.goto(`${url}/requests`)
    await page.getByLabel('Key', { exact: true }).waitFor()
    await screenshot(page, 'sign-in')
    await page.getByLabel('Key', { exact: true }).fill('not-the-admin-key')
    await page.getByRole('button', { name: 'Sign in' }).click()
    const alert = await textOf(page.getByRole('alert'))
    expect(alert).toContain('invalid_api_key')
    expect(alert).toContain('halftone keys')
    await context.close()
  })

  it('the right key leads to the page that was asked for, and no script can read the session', async () => {
    const context = await browser.newContext()
    const page = await openPage(context)
    await page.goto(`${url}/requests?outcome=refused`)
    await page.getByLabel('Key', { exact: true }).fill(ADMIN_KEY)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Requests' }).waitFor()
    expect(page.url()).toBe(`${url}/requests?outcome=refused`)
    expect(await page.evaluate('document.cookie')).toBe('')
    expect((await context.cookies()).map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([
      { httpOnly: true, sameSite: 'Strict' },
    ])
    await context.close()
  })

  it('signing out ends the session', async () => {
    const { context, page } = await signedIn()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Key', { exact: true }).waitFor()
    await page.goto(`${url}/playground`)
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
    await page.goto(`${url}/playground?model=sandbox/flat`)
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
    expect(formatUsd(sum(lines))).toBe(formatUsd(total))
    expect(formatUsd(total)).toBe(formatUsd(quoted))
    await screenshot(page, 'playground')
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
    const { lines, total } = await receiptOf(page)
    expect(total).toBeGreaterThan(0n)
    expect(sum(lines)).toBe(total)
    await context.close()
  })

  it('a request that no offer can make says why', async () => {
    const { context, page } = await signedIn()
    await page.goto(`${url}/playground?size=9999x16`)
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
    const making = await openPage(context)
    await making.goto(`${url}/playground`)
    const prompt = 'A red fox asleep in fresh snow'
    await make(making, prompt)
    const { total } = await receiptOf(making)

    const row = watching.locator('[data-request]').filter({ hasText: prompt })
    await row.getByText('Succeeded').waitFor()
    await row.locator('img').waitFor()
    await screenshot(watching, 'requests')

    await row.click()
    await watching.locator('[data-receipt=total]').waitFor()
    expect((await receiptOf(watching)).total).toBe(total)
    await screenshot(watching, 'request')
    await watching.emulateMedia({ colorScheme: 'dark' })
    await screenshot(watching, 'request-dark')
    await watching.keyboard.press('Escape')
    await watching.getByRole('region', { name: 'Request' }).waitFor({ state: 'detached' })
    await context.close()
  })

  it('a running request is shown as running', async () => {
    const { context, page } = await signedIn()
    const watching = await openPage(context)
    await watching.goto(`${url}/requests`)
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
    await page.goto(`${url}/playground?size=512x512`)
    await page.getByLabel('Prompt').fill('[sandbox:500 fail-on=mega] a boat with a second chance')
    await page.getByText('sandbox:sandbox/mega would be chosen').waitFor()
    await page.getByRole('button', { name: 'Make the picture' }).click()
    await page.locator('[data-receipt=total]').waitFor()
    expect(await textOf(page.locator('table'))).toContain('Not billed.')
    const { lines, total } = await receiptOf(page)
    expect(sum(lines)).toBe(total)
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
    await page.goto(`${url}/requests`)
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
        fetch(`${url}/v1/images/generations`, {
          method: 'POST',
          headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'sandbox/flat', prompt: `stamp ${index}`, size: '64x64', response_format: 'url' }),
        }).then((response) => response.status),
      ),
    )
    expect(new Set(made)).toEqual(new Set([200]))
    const { context, page } = await signedIn()
    await page.goto(`${url}/requests`)
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
    await page.waitForURL(`${url}/requests/${ids[1]}`)
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
    await page.goto(`${url}/requests/00000000-0000-7000-8000-000000000000`)
    expect(await textOf(page.getByRole('alert'))).toContain('not_found')
    await context.close()
  })
})

describe('the page itself', () => {
  it('starts with less than 300 KiB of script and nothing inline', async () => {
    const answer = await fetch(url, { headers: { accept: 'text/html' } })
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    const html = await answer.text()
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i)
    const sources = [...html.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map((match) => match[1] ?? '')
    expect(sources.length).toBeGreaterThan(0)
    const sizes = await Promise.all(
      sources.map(async (source) => gzipSync(Buffer.from(await (await fetch(new URL(source, url))).arrayBuffer())).length),
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
    await screenshot(page, 'phone-playground')
    await page.getByRole('button', { name: /^Menu/ }).click()
    await page.getByRole('link', { name: 'Requests', exact: true }).click()
    await page.locator('[data-request]').first().waitFor()
    expect(await overflow()).toBe(0)
    await screenshot(page, 'phone-requests')
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
