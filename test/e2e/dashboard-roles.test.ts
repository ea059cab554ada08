/** The dashboard as finance and as the owner of a project: what they see on each page, and what their browser is told at all. */
import type { BrowserContext, Page, Request, Response } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { endpoints } from '../../src/contract/endpoints.ts'
import { formatUsd, parseUsd } from '../../src/core/money.ts'
import { CHROMIUM_INSTALL_TIMEOUT_MS } from '../support/chromium.ts'
import { type Dashboard, desktop, openDashboard, phone } from '../support/dashboard.ts'

const TIMEOUT_MS = 240_000
const OWN_PROMPT = 'kingfisher over a quiet river'
const RIVAL_PROMPT = 'zeppelin above the wolfram city'
/** Words that only the other project has. */
const RIVAL = ['wolfram', 'zeppelin']
const config = `
sandbox: { latencyScale: 0.02 }
declaredTags: [campaign]
projects: { shop: { name: The shop }, wolfram: { name: The Wolfram works } }
budgets:
  - { id: shop-cap, scope: project, scopeValue: shop, period: month, limitUsd: 500 }
  - { id: wolfram-cap, scope: project, scopeValue: wolfram, period: month, limitUsd: 600 }
  - { id: everything, period: month, limitUsd: 7000 }
`

let dashboard: Dashboard
const keys: Record<string, string> = {}
const ids: Record<'shop' | 'wolfram', string> = { shop: '', wolfram: '' }
/** What the other project spent, and what all did: whoever sees one of them knows the other. */
let foreignUsd: readonly string[] = []

interface Made {
  readonly halftone: { readonly request_id: string; readonly cost_usd: string }
}

beforeAll(async () => {
  dashboard = await openDashboard(config)
  const key = async (name: string, role: string, project_id?: string) => {
    const made = await dashboard.api<{ secret: string }>('POST', '/v1/halftone/keys', {
      name,
      role,
      ...(project_id !== undefined && { project_id }),
    })
    keys[name] = made.secret
  }
  await key('the books', 'finance')
  await key('shop owner', 'project_owner', 'shop')
  await key('shop front', 'inference', 'shop')
  await key('wolfram front', 'inference', 'wolfram')
  const make = async (by: string, prompt: string, n: number, of: string) => {
    const spent: bigint[] = []
    for (let round = 0; round < 3; round += 1) {
      const { halftone } = await dashboard.api<Made>(
        'POST',
        '/v1/images/generations',
        { model: 'sandbox/flat', prompt, n, size: '256x256', response_format: 'url', user: `${of}-customer` },
        {
          headers: {
            authorization: `Bearer ${keys[by]}`,
            'x-halftone-tags': `campaign=${of}-summer`,
            'x-halftone-group': `${of}-group-${round}`,
          },
        },
      )
      ids[of as 'shop'] = halftone.request_id
      spent.push(parseUsd(halftone.cost_usd))
    }
    return spent.reduce((sum, each) => sum + each, 0n)
  }
  const own = await make('shop front', OWN_PROMPT, 1, 'shop')
  const rival = await make('wolfram front', RIVAL_PROMPT, 4, 'wolfram')
  foreignUsd = [formatUsd(rival), formatUsd(own + rival)]
}, CHROMIUM_INSTALL_TIMEOUT_MS)

afterAll(() => dashboard?.close())
afterEach(() => dashboard.expectQuiet())

/** What reached the browser of somebody since it was asked last. */
interface Watched {
  readonly context: BrowserContext
  readonly page: Page
  /** Opens a path and waits until nothing loads any more. */
  open(path: string): Promise<void>
  heard(): Promise<{ readonly texts: readonly string[]; readonly paths: readonly string[]; readonly refused: readonly string[] }>
}

async function signedIn(name: string, options: object = desktop): Promise<Watched> {
  const context = await dashboard.browser.newContext(options)
  const answer = await context.request.post(`${dashboard.url}/v1/halftone/session`, {
    data: { key: keys[name] },
    headers: { 'x-halftone-csrf': '1' },
  })
  expect(answer.ok(), `signing in as ${name}`).toBe(true)
  const page = await dashboard.openPage(context)
  const running = new Set<Request>()
  const bodies: Promise<string>[] = []
  const paths: string[] = []
  const refused: string[] = []
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.pathname.startsWith('/v1/')) paths.push(`${request.method()} ${url.pathname}`)
    if (!isEventStream(request)) running.add(request)
  })
  page.on('requestfailed', (request) => running.delete(request))
  page.on('requestfinished', (request) => running.delete(request))
  page.on('response', (response) => {
    if (response.status() === 401 || response.status() === 403) refused.push(`${response.status()} ${response.url()}`)
    if (isJson(response)) bodies.push(response.text().catch(() => ''))
  })
  return {
    context,
    page,
    open: async (path) => {
      await page.goto(dashboard.url + path)
      await page.locator('h1').first().waitFor()
      const quiet = async () => [
        running.size,
        await page.locator('.skeleton').count(),
        await page.locator('[role=status][aria-label^="Loading"]').count(),
      ]
      await expect.poll(quiet, { timeout: 60_000, message: `${path} comes to rest` }).toEqual([0, 0, 0])
    },
    heard: async () => ({
      texts: [...(await Promise.all(bodies.splice(0))), await page.content()],
      paths: paths.splice(0),
      refused: refused.splice(0),
    }),
  }
}

/** The live connection never ends. */
const isEventStream = (request: Request): boolean =>
  request.resourceType() === 'eventsource' || request.url().endsWith(endpoints.watchRequests.path)
const isJson = (response: Response): boolean =>
  new URL(response.url()).pathname.startsWith('/v1/') && (response.headers()['content-type'] ?? '').includes('json')

const menuOf = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).first().getByRole('link').allTextContents()

/** Every exact amount in the answers: `"cost_usd":"0.012"`. */
const amountsIn = (texts: readonly string[]): ReadonlySet<string> =>
  new Set(texts.flatMap((text) => [...text.matchAll(/"(-?\d+(?:\.\d+)?)"/g)].map(([, amount]) => amount ?? '')))

/** Which of the words are in any of the texts. */
const wordsIn = (texts: readonly string[], words: readonly string[]): readonly string[] =>
  words.filter((word) => texts.some((text) => text.toLowerCase().includes(word.toLowerCase())))

const pages = {
  finance: ['Overview', 'Explore', 'Requests', 'Books', 'Models', 'Budgets & keys', 'Prices'],
  owner: ['Explore', 'Requests', 'Playground', 'Batches', 'Budgets & keys'],
} as const

const requestTabs = (id: string) =>
  ['', '?tab=attempts', '?tab=decision', '?tab=lineage', '?tab=details'].map((tab) => `/requests/${id}${tab}`)

describe('finance', () => {
  const paths = (): readonly string[] => [
    '/',
    '/explore',
    '/explore?by=project',
    '/methods',
    '/requests',
    '/requests?view=gallery',
    ...requestTabs(ids.shop),
    '/models',
    '/budgets',
    '/budgets?tab=keys',
    '/budgets?tab=projects',
    '/budgets?tab=prepaid',
    '/prices',
    '/books',
    '/books?tab=report',
    '/books?tab=unknown',
    '/books?tab=imports',
    '/books?tab=exports',
  ]

  it('sees money on every page of its menu, and its browser is told no prompt and no picture', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { context, page, open, heard } = await signedIn('the books')
    for (const path of paths()) {
      await open(path)
      const { texts, paths: asked, refused } = await heard()
      expect(new URL(page.url()).pathname, path).toBe(path.split('?')[0])
      expect(await menuOf(page), path).toEqual(pages.finance)
      expect(wordsIn(texts, [OWN_PROMPT, RIVAL_PROMPT]), path).toEqual([])
      expect(
        asked.filter((each) => /\/(images|thumbnails|assets)\//.test(each)),
        path,
      ).toEqual([])
      expect(await page.locator('img').count(), path).toBe(0)
      expect(refused, path).toEqual([])
    }
    await context.close()
  })

  it('knows both projects and what they spent together', { timeout: TIMEOUT_MS }, async () => {
    const { context, open, heard } = await signedIn('the books')
    await open('/explore')
    const { texts } = await heard()
    expect([...amountsIn(texts)]).toContain(foreignUsd[1])
    await context.close()
  })

  it('is led away from pages that are not its own', { timeout: TIMEOUT_MS }, async () => {
    const { context, page, open, heard } = await signedIn('the books')
    for (const path of ['/playground', '/batches', '/routes', '/routes/auto', '/providers', '/audit', '/settings']) {
      await open(path)
      expect(new URL(page.url()).pathname, path).toBe('/')
      expect((await heard()).refused, path).toEqual([])
    }
    await context.close()
  })
})

describe('the owner of a project', () => {
  const paths = (): readonly string[] => [
    '/explore',
    '/explore?by=key',
    '/methods',
    '/requests',
    '/requests?view=gallery',
    ...requestTabs(ids.shop),
    '/playground',
    '/batches',
    '/budgets',
    '/budgets?tab=keys',
    '/budgets?tab=projects',
  ]

  it('sees the own project on every page of the menu, and the browser is told nothing of the other', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { context, page, open, heard } = await signedIn('shop owner')
    for (const path of paths()) {
      await open(path)
      const { texts, refused } = await heard()
      expect(new URL(page.url()).pathname, path).toBe(path.split('?')[0])
      expect(await menuOf(page), path).toEqual(pages.owner)
      expect(wordsIn(texts, RIVAL), path).toEqual([])
      const amounts = amountsIn(texts)
      for (const amount of foreignUsd) {
        expect(amounts.has(amount), `${path} tells ${amount}`).toBe(false)
        expect(wordsIn(texts, [`$${amount}`]), path).toEqual([])
      }
      expect(refused, path).toEqual([])
    }
    await context.close()
  })

  it('sees prompts and pictures of it', { timeout: TIMEOUT_MS }, async () => {
    const { context, page, open } = await signedIn('shop owner')
    await open(`/requests/${ids.shop}`)
    await page.getByText(OWN_PROMPT).first().waitFor()
    await page.locator(`img[alt="${OWN_PROMPT}"]`).first().waitFor()
    await context.close()
  })

  it('hears of no request of the other project, by its id or while it happens', { timeout: TIMEOUT_MS }, async () => {
    const { context, page, open, heard } = await signedIn('shop owner')
    await open(`/requests/${ids.wolfram}`)
    await page.getByRole('alert').first().waitFor()
    const { texts } = await heard()
    expect(wordsIn(texts, RIVAL)).toEqual([])
    await open('/requests')
    const live = page.locator('[data-request]')
    const before = await live.count()
    const make = (by: string, prompt: string) =>
      dashboard.api<Made>(
        'POST',
        '/v1/images/generations',
        { model: 'sandbox/flat', prompt, size: '256x256' },
        { headers: { authorization: `Bearer ${keys[by]}` } },
      )
    await make('wolfram front', RIVAL_PROMPT)
    await make('shop front', `${OWN_PROMPT} at night`)
    // The own one came after the other, so that the other would be in sight by now.
    await page.getByText(`${OWN_PROMPT} at night`).first().waitFor({ timeout: 60_000 })
    expect(await live.count()).toBe(before + 1)
    expect(wordsIn((await heard()).texts, RIVAL)).toEqual([])
    await context.close()
  })

  it('is led away from pages of the whole gateway', { timeout: TIMEOUT_MS }, async () => {
    const { context, page, open, heard } = await signedIn('shop owner')
    for (const path of ['/', '/models', '/prices', '/routes', '/providers', '/audit']) {
      await open(path)
      expect(['/explore', '/requests'], path).toContain(new URL(page.url()).pathname)
      const { refused, texts } = await heard()
      expect(refused, path).toEqual([])
      expect(wordsIn(texts, RIVAL), path).toEqual([])
    }
    await context.close()
  })
})

it.each([
  ['the books', pages.finance],
  ['shop owner', pages.owner],
] as const)('on a phone the menu of %s has the same pages', { timeout: TIMEOUT_MS }, async (name, expected) => {
  const { context, page, open } = await signedIn(name, phone)
  await open('/requests')
  await page.getByRole('button', { name: 'Menu:' }).click()
  const menu = page.getByRole('dialog', { name: 'Menu' }).getByRole('link')
  await menu.first().waitFor()
  expect(await menu.allTextContents()).toEqual(expected)
  await context.close()
})
