/** The example runs where it says it runs: in Node as a program, in a browser as a page, with the built package. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS, launchChromium } from '../support/chromium.ts'

const root = resolve(import.meta.dirname, '../..')
const sum = /240 requests, 412 images, \$\d+\.\d+ expected/

async function runExample(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['examples/price-a-month/run.js', ...args], { cwd: root })
  return stdout
}

describe('examples/price-a-month in Node', () => {
  test('prices the sample month, its parts and the alternatives', async () => {
    const output = await runExample()
    expect(output).toMatch(sum)
    expect(output).not.toContain('requests have no price')
    // 34 calls of two 1024 x 1024 images at 3 cents a piece.
    expect(output).toMatch(/black-forest-labs\/flux\.2-pro'.* 68 +│ '\$2\.04' +│ '\$2\.04' +│ '\$2\.04'/)
  })

  test('compares with the models it is given, and says what has no price', async () => {
    const file = 'examples/price-a-month/requests.csv'
    const output = await runExample(file, 'google/gemini-3.1-flash-image', 'nobody:no/model')
    expect(output).toMatch(/'google\/gemini-3\.1-flash-image'/)
    expect(output).toMatch(/'nobody:no\/model'.* 0 .* 240 +│/)
  })
})

describe('examples/price-a-month in a browser', () => {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json' }
  const served: string[] = []
  let server: Server
  let browser: Browser
  let origin = ''

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname
      readFile(join(root, path)).then(
        (bytes) => {
          served.push(path)
          response.setHeader('content-type', types[extname(path)] ?? 'text/plain').end(bytes)
        },
        () => response.writeHead(404).end(),
      )
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await launchChromium()
  }, CHROMIUM_INSTALL_TIMEOUT_MS)
  afterAll(async () => {
    await browser?.close()
    await new Promise((done) => server.close(done))
  })

  test('shows the same sums as Node, from nothing but core and the price files', async () => {
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`${origin}/examples/price-a-month/index.html`)
    const status = page.getByRole('status').filter({ hasText: sum })
    await status.waitFor().catch(() => undefined)
    expect(problems).toEqual([])
    expect(await runExample()).toContain(await status.textContent())
    expect(await page.locator('#elsewhere tr').count()).toBeGreaterThan(5)
    const modules = served.filter((path) => path.startsWith('/dist/'))
    expect(modules.length).toBeGreaterThan(10)
    expect(modules.filter((path) => !path.startsWith('/dist/core/'))).toEqual([])
  })

  test('prices a file of the user, and says what is wrong with one', async () => {
    const page = await browser.newPage()
    await page.goto(`${origin}/examples/price-a-month/index.html`)
    await page.getByRole('status').filter({ hasText: sum }).waitFor()
    const give = async (csv: string, said: RegExp) => {
      await page.getByLabel('Your requests').setInputFiles({ name: 'mine.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
      await page.getByRole('status').filter({ hasText: said }).waitFor()
    }
    const head = 'at,offer,size,quality,n,inputs,prompt'
    await give(`${head}\n2026-10-01,openai:openai/gpt-image-1,1024x1024,medium,2,,"a fox, in ""snow"""\n`, /1 requests, 2 images/)
    await give(`${head}\n2026-10-01,nobody:no/model,1024x1024,,1,,\n`, /1 requests have no price .*nobody/)
    await give(`${head}\n2026-10-01,openai:openai/gpt-image-2,large,,1,,\n`, /size: "large" is not a size/)
  })
})
