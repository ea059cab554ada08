/** One page, opened with an empty cache. */
import { gzipSync } from 'node:zlib'
import type { BrowserContext } from 'playwright-core'

export interface Opening {
  /** From the start of the navigation until the page's own data stands there, no placeholder is left, and a task is answered at once. */
  readonly interactiveMs: number
  readonly calls: readonly { readonly name: string; readonly ms: number }[]
  /** Of all scripts that the page loaded until then, each compressed by gzip. */
  readonly scriptBytes: number
}

export interface OpenOptions {
  readonly url: string
  readonly ready: readonly string[]
  readonly weigh: Weigher
}

type Weigher = (url: string) => Promise<number>

/** Longer and a key pressed now would feel late. */
const ANSWERS_WITHIN_MS = 50
const GIVE_UP_MS = 30_000

interface Measured {
  readonly interactiveMs: number
  readonly resources: readonly { readonly name: string; readonly method: string; readonly ms: number }[]
}

/** Runs in the page from its start: looks once per frame, and then asks the main thread for two tasks in a row. */
const watch = (ready: readonly string[]): string => `
  performance.setResourceTimingBufferSize(1000)
  window.benchInteractive = new Promise((resolve) => {
    const isReady = () => ${JSON.stringify(ready)}.every((selector) => document.querySelector(selector)) && !document.querySelector('main .skeleton')
    const look = () => {
      if (!isReady()) return requestAnimationFrame(look)
      const at = performance.now()
      setTimeout(() => (performance.now() - at <= ${ANSWERS_WITHIN_MS} ? resolve(performance.now()) : requestAnimationFrame(look)))
    }
    requestAnimationFrame(look)
  })`

const read = `benchInteractive.then((interactiveMs) => ({
  interactiveMs,
  resources: performance.getEntriesByType('resource').map(({ name, duration }) => ({ name, ms: duration })),
}))`

/** Rejects when the page is not there after half a minute. The caller closes the context. */
export async function openPage(context: BrowserContext, { url, ready, weigh }: OpenOptions): Promise<Opening> {
  const page = await context.newPage()
  await page.addInitScript(watch(ready))
  await page.goto(url, { waitUntil: 'commit' })
  await page.waitForFunction('window.benchInteractive !== undefined')
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error(`${url} was not there after ${GIVE_UP_MS} ms`)), GIVE_UP_MS).unref()
  })
  const { interactiveMs, resources } = await Promise.race([page.evaluate<Measured>(read), late])
  const paths = resources.map(({ name, ms }) => ({ path: new URL(name).pathname, name, ms }))
  const scripts = paths.filter(({ path }) => path.endsWith('.js'))
  const sizes = await Promise.all(scripts.map(({ name }) => weigh(name)))
  return {
    interactiveMs,
    calls: paths
      .filter(({ path }) => path.startsWith('/v1/') && !path.includes('/images/'))
      .map(({ path, ms }) => ({ name: nameOf(path), ms })),
    scriptBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
  }
}

const nameOf = (path: string): string => path.replace('/v1/halftone/', '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '{id}')

/** Size by gzip, each script once. */
export function createWeigher(): Weigher {
  const known = new Map<string, Promise<number>>()
  const weighed = async (url: string): Promise<number> => gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length
  return (url) => {
    const size = known.get(url) ?? weighed(url)
    known.set(url, size)
    return size
  }
}
