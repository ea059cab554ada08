/** A real server with the built dashboard and a real browser, for the tests of its pages. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { formatUsd, parseUsd } from '../../src/core/money.ts'
import { startBuiltServer } from './built-server.ts'
import { launchChromium } from './chromium.ts'

const ADMIN_KEY = 'dashboard-test-admin-key'
const MAX_SCREENSHOT_BYTES = 300 * 1024
/** Set to `docs/images` to renew the pictures of the guide. */
const screenshots = process.env['HALFTONE_TEST_SCREENSHOTS']
/** How many times slower the browser's processor is made, to find what depends on its speed: `HALFTONE_TEST_CPU_THROTTLE=6`. */
const throttle = Number(process.env['HALFTONE_TEST_CPU_THROTTLE'] ?? 1)

/** The limit of a test that states its own. */
export const patient = (milliseconds: number): number => milliseconds * throttle

export const desktop: BrowserContextOptions = { viewport: { width: 1440, height: 900 } }
export const phone: BrowserContextOptions = { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true }

export interface Dashboard {
  readonly url: string
  readonly adminKey: string
  readonly browser: Browser
  /** An API call as the admin; the answer must be 2xx unless `status` says otherwise. */
  api<Answer = unknown>(
    method: string,
    path: string,
    body?: unknown,
    options?: { status?: number; headers?: Record<string, string> },
  ): Promise<Answer>
  /** A page whose console errors and exceptions fail the test, by `expectQuiet`. */
  openPage(context: BrowserContext): Promise<Page>
  /** Signed in, on a desktop unless told otherwise, at `path`. */
  visit(path: string, options?: BrowserContextOptions): Promise<{ context: BrowserContext; page: Page }>
  /** Call it in `afterEach`: no console error and no uncaught exception since the last call. */
  expectQuiet(): void
  /** Saves what is in sight as `<name>.jpg`: into the guide's pictures when they are renewed. */
  screenshot(page: Page, name: string): Promise<void>
  close(): Promise<void>
}

async function slowDown(page: Page): Promise<void> {
  if (throttle === 1) return
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: throttle })
}

/** Starts the built server (sandbox, an empty data folder, `config` as its halftone.yaml) and a browser. */
export async function openDashboard(
  config = 'sandbox:\n  latencyScale: 0.05\n',
  env: Readonly<Record<string, string>> = {},
): Promise<Dashboard> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-dashboard-'))
  await writeFile(join(folder, 'halftone.yaml'), config)
  const data = { HALFTONE_DATA_DIR: join(folder, 'data'), HALFTONE_ADMIN_KEY: ADMIN_KEY }
  const server = await startBuiltServer(folder, { ...data, ...env })
  const { url } = server
  const browser = await launchChromium()
  const problems: string[] = []
  const sessions = new Map<string, Awaited<ReturnType<BrowserContext['storageState']>>>()

  const api: Dashboard['api'] = async <Answer>(
    method: string,
    path: string,
    body?: unknown,
    options: { status?: number; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...options.headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (options.status === undefined ? !response.ok : response.status !== options.status)
      throw new Error(`${method} ${path}: ${response.status} ${text}`)
    // The caller names the answer it expects; a wrong one fails where it is used.
    return JSON.parse(text) as Answer
  }

  const openPage = async (context: BrowserContext): Promise<Page> => {
    const page = await context.newPage()
    await slowDown(page)
    // Below the limit of a test, so that a failure names what was waited for.
    page.setDefaultTimeout(12_000 * throttle)
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => {
      // Chromium reports every 4xx as a console error; those are answers the page shows, and the tests look for them.
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) problems.push(message.text())
    })
    return page
  }

  const signIn = async (): Promise<Awaited<ReturnType<BrowserContext['storageState']>>> => {
    const context = await browser.newContext()
    const answer = await context.request.post(`${url}/v1/halftone/session`, {
      data: { key: ADMIN_KEY },
      headers: { 'x-halftone-csrf': '1' },
    })
    expect(answer.ok(), 'signing in').toBe(true)
    const state = await context.storageState()
    await context.close()
    return state
  }

  return {
    url,
    adminKey: ADMIN_KEY,
    browser,
    api,
    openPage,
    visit: async (path, options = {}) => {
      const storageState = sessions.get('admin') ?? (await signIn())
      sessions.set('admin', storageState)
      const context = await browser.newContext({ ...desktop, storageState, ...options })
      const page = await openPage(context)
      await page.goto(url + path)
      // Beside one request a narrow screen has no place for the list and its heading.
      await page.locator('h1:visible').first().waitFor()
      return { context, page }
    },
    expectQuiet: () => expect(problems.splice(0), 'console errors and uncaught exceptions').toEqual([]),
    screenshot: async (page, name) => {
      const target = screenshots ?? folder
      await mkdir(target, { recursive: true })
      const path = join(target, `${name}.jpg`)
      await page.screenshot({ path, type: 'jpeg', quality: 82, animations: 'disabled' })
      expect((await stat(path)).size).toBeLessThan(MAX_SCREENSHOT_BYTES)
    },
    close: async () => {
      await browser.close()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

interface Violation {
  readonly id: string
  readonly impact: string | null
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** Fails on serious and critical violations. Runs in the page by the debugger, which its security policy does not stop. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(await readFile(axePath, 'utf8'))
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)`,
  )
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const found = grave.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary ?? ''}`).join('\n')}`,
  )
  expect(found, where).toEqual([])
}

/** Axe in light and dark, and nothing that scrolls sideways. The page keeps the theme it had. */
export async function expectGoodLooks(page: Page, where: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await expectAccessible(page, `${where}, ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  expect(overflow, `${where}: pixels that scroll sideways`).toBe(0)
}

export const textOf = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? ''

/** A shown amount in nano-USD. */
export const nanoOf = (text: string): bigint => parseUsd(text.trim().replace('\u2212', '-').replace('$', ''))

/** The lines of the receipt in sight and its total, which must agree. */
export async function receiptOf(scope: Page | Locator): Promise<{ lines: bigint[]; total: bigint }> {
  await scope.locator('[data-receipt=total]').waitFor()
  // Read in one go: between two looks the page may go on to the receipt of another request.
  const shown = await scope
    .locator('[data-receipt]')
    .evaluateAll((all) =>
      (all as { dataset: { receipt: string }; textContent: string }[]).map(({ dataset, textContent }) => [
        dataset.receipt,
        textContent,
      ]),
    )
  const total = nanoOf(shown.find(([part]) => part === 'total')?.[1] ?? '')
  const amounts = shown.filter(([part]) => part === 'line').map(([, text]) => nanoOf(text ?? ''))
  expect(formatUsd(amounts.reduce((sum, amount) => sum + amount, 0n))).toBe(formatUsd(total))
  return { lines: amounts, total }
}
