import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { INSTALL_TIMEOUT_MS, installDebianPackages, isExecutable, oneInstaller, run } from './installing.ts'

/** Hooks that call `ensureChromium` outside `npm test` (which prepares the browser first) need this long for an installation. */
export const CHROMIUM_INSTALL_TIMEOUT_MS = INSTALL_TIMEOUT_MS

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome.exe']
const USUAL_PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/opt/google/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
  'C:\\Program Files\\Google\\Chrome\\Application',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application',
]
const MAC_NAMES = ['Google Chrome', 'Chromium']

const isRoot = process.getuid?.() === 0

/** Flags for a test browser: no talk to the outside, and no sandbox where root cannot have one. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--headless',
  ...(isRoot ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the test browser; the caller closes it. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureChromium(), headless: true, args: [...CHROMIUM_FLAGS] })
}

/**
 * The path of a Chromium to test with: `CHROME_PATH`, one on the machine, or one installed now (Debian's package as root,
 * Playwright's own download elsewhere). Rejects with what to do when there is none to be had.
 */
export async function ensureChromium(): Promise<string> {
  const found = await findChromium()
  if (found !== undefined) return found
  return oneInstaller(async () => {
    // Another process may have installed it while this one waited for the lock.
    const failure = (await findChromium()) === undefined ? await install() : ''
    const installed = await findChromium()
    if (installed !== undefined) return installed
    throw new Error(
      `The browser tests need Chromium and it could not be installed. Install Chromium or Chrome, or set CHROME_PATH to one.\n${failure}`,
    )
  })
}

/** An executable Chromium on this machine, if there is one. A `CHROME_PATH` that leads nowhere is an error. */
export async function findChromium(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const configured = env['CHROME_PATH']
  if (configured) {
    if (await isExecutable(configured)) return configured
    throw new Error(`CHROME_PATH is ${configured}, which cannot be executed`)
  }
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), ...USUAL_PLACES]
  const candidates = folders.flatMap((folder) => [...NAMES, ...MAC_NAMES].map((name) => join(folder, name)))
  for (const candidate of [...candidates, chromium.executablePath()]) {
    if (await isExecutable(candidate)) return candidate
  }
  return undefined
}

/** Runs the installers that fit this machine, until one has worked, and returns what the others said. */
async function install(): Promise<string> {
  console.error('Installing Chromium for the browser tests (once)')
  const failure = await installDebianPackages(['chromium'])
  if ((await findChromium()) !== undefined) return ''
  const playwright = fileURLToPath(new URL('../../node_modules/playwright-core/cli.js', import.meta.url))
  return (failure ?? '') + (await run(process.execPath, [playwright, 'install', 'chromium'], process.env))
}
