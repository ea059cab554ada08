/**
 * How soon each page of the dashboard can be used, on a ledger of a million requests, in headless Chromium against the built package.
 * Run with `npm run bench:dashboard`, or `-- --data-dir DIR` for a folder that `npm run seed` filled; exits 1 when a target is missed.
 * What the columns mean is in docs/guide/dashboard.md.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, BrowserContext } from 'playwright-core'
import { seedLedger } from '../scripts/seed/seed.ts'
import { type BuiltServer, startBuiltServer } from '../test/support/built-server.ts'
import { launchChromium } from '../test/support/chromium.ts'
import { type DashboardPage, pages } from '../test/support/dashboard-pages.ts'
import { createWeigher, type Opening, openPage } from './dashboard/open-page.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '90' },
    'data-dir': { type: 'string' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
})
const runs = Number(values.runs)
const ADMIN_KEY = 'bench-admin-key-0123456789'
const INTERACTIVE_MS = 1_000
const API_MS = 2_000

async function seed(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'halftone-bench-dashboard-'))
  const size = { requests: Number(values.requests), days: Number(values.days), images: 60 }
  await seedLedger({ ...size, seed: 1, dataDir, untilUs: Date.now() * 1_000 })
  return dataDir
}

async function signIn(browser: Browser, url: string): Promise<Awaited<ReturnType<BrowserContext['storageState']>>> {
  const context = await browser.newContext()
  const headers = { 'x-halftone-csrf': '1' }
  const answer = await context.request.post(`${url}/v1/halftone/session`, { data: { key: ADMIN_KEY }, headers })
  if (!answer.ok()) throw new Error(`signing in: ${answer.status()}`)
  const state = await context.storageState()
  await context.close()
  return state
}

/** The request whose detail is opened: the newest. */
async function newestRequest(url: string): Promise<string> {
  const answer = await fetch(`${url}/v1/halftone/requests?limit=1`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  const { data } = (await answer.json()) as { readonly data: readonly { readonly id: string }[] }
  return data[0]?.id ?? ''
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? Number.NaN
const whole = (milliseconds: number): string => milliseconds.toFixed(0)

interface Row {
  readonly cells: readonly string[]
  readonly isMet: boolean
  readonly calls: ReadonlyMap<string, readonly number[]>
}

function rowOf({ label, withinMs = INTERACTIVE_MS }: DashboardPage, openings: readonly Opening[]): Row {
  const [cold, ...warm] = openings
  const usual = median(warm.map(({ interactiveMs }) => interactiveMs))
  const calls = new Map<string, number[]>()
  for (const opening of openings) for (const { name, ms } of opening.calls) calls.set(name, [...(calls.get(name) ?? []), ms])
  const slowest = [...calls].map(([name, times]) => ({ name, ms: median(times) })).toSorted((one, other) => other.ms - one.ms)[0]
  const isMet = usual <= withinMs && Math.max(...[...calls.values()].flat()) <= API_MS
  return {
    isMet,
    calls,
    cells: [
      label,
      `${slowest?.name ?? ''} ${whole(slowest?.ms ?? 0)}`,
      whole(usual),
      whole(Math.max(...warm.map(({ interactiveMs }) => interactiveMs))),
      whole(cold?.interactiveMs ?? Number.NaN),
      ((openings[0]?.scriptBytes ?? 0) / 1_024).toFixed(0),
      isMet ? '' : '**missed**',
    ],
  }
}

async function measure({ url }: BuiltServer, browser: Browser): Promise<readonly Row[]> {
  const storageState = await signIn(browser, url)
  const requestId = await newestRequest(url)
  const weigh = createWeigher()
  const rows: Row[] = []
  for (const page of pages.filter(({ label }) => values.only === undefined || label === values.only)) {
    const openings: Opening[] = []
    // The first opening is the page's first on this server.
    for (let run = 0; run <= runs; run += 1) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, storageState })
      openings.push(await openPage(context, { url: url + page.path.replace('{id}', requestId), ready: page.ready, weigh }))
      await context.close()
    }
    rows.push(rowOf(page, openings))
    console.log(`| ${rows.at(-1)?.cells.join(' | ')} |`)
  }
  return rows
}

const dataDir = values['data-dir'] === undefined ? await seed() : resolve(values['data-dir'])
const load = (loadavg()[0] ?? 0).toFixed(1)
console.log(
  `Node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, load ${load}\n`,
)
const server = await startBuiltServer(dataDir, { HALFTONE_DATA_DIR: dataDir, HALFTONE_ADMIN_KEY: ADMIN_KEY })
const browser = await launchChromium()
try {
  console.log('| page | slowest call ms | interactive ms | worst ms | first ms | JS KiB gzip | |')
  console.log('|---|---|---|---|---|---|---|')
  const rows = await measure(server, browser)
  console.log('\n| call | median ms | worst ms |\n|---|---|---|')
  const all = new Map<string, number[]>()
  for (const { calls } of rows) for (const [name, times] of calls) all.set(name, [...(all.get(name) ?? []), ...times])
  for (const [name, times] of [...all].toSorted(([, one], [, other]) => median(other) - median(one)))
    console.log(`| ${name} | ${whole(median(times))} | ${whole(Math.max(...times))} |`)
  process.exitCode = rows.every(({ isMet }) => isMet) ? 0 : 1
} finally {
  await browser.close()
  await server.close()
  if (values['data-dir'] === undefined) await rm(dataDir, { recursive: true, force: true })
}
