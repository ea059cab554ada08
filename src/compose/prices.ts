/** The composition root of `halftone prices` where no gateway is needed: the book in use, data sets, and what they change. */
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createSpool } from '../blobs/spool.ts'
import type { Config } from '../config/index.ts'
import type { PriceFiles } from '../config/price-files.ts'
import {
  type ActivePrices,
  compareVersions,
  loadActivePrices,
  MAX_BUNDLE_BYTES,
  type PriceBundle,
  packPrices,
  parseBundle,
  rollbackPrices,
  type StagedSet,
  stageBundle,
} from '../config/price-sets.ts'
import { HalftoneError } from '../core/error.ts'
import { diffRates, type RateChange } from '../core/pricing/diff.ts'
import { type Finding, lintPrices } from '../core/pricing/lint.ts'
import { type RateRow, rateRows, type UnpricedRow, unpricedRows } from '../core/pricing/rate-rows.ts'
import { createForeignFetcher, ForeignFetchError } from '../net/foreign-fetch.ts'
import { systemClock } from '../system-clock.ts'

const FETCH_TIMEOUT_MS = 60_000

export interface PriceView {
  readonly version: string
  /** `shipped` with this version of Halftone, or `installed` from a data set. */
  readonly origin: ActivePrices['origin']
  readonly rates: readonly RateRow[]
  readonly unpriced: readonly UnpricedRow[]
}

/** Every rate that counts: the operator's own first, then the book. */
export async function readPriceView(config: Config): Promise<PriceView> {
  const active = await loadActivePrices(config.storage.dataDir)
  const own = Object.values(config.providers).flatMap(({ name, prices }) => (prices ? [{ name, book: prices }] : []))
  const nowUs = systemClock.nowUs()
  return {
    version: active.version,
    origin: active.origin,
    rates: [...own.flatMap(({ name, book }) => rateRows(book, nowUs, name)), ...rowsOf(active)],
    unpriced: [
      ...own.flatMap(({ name, book }) => unpricedRows(book, name)),
      ...active.books.flatMap(({ book }) => unpricedRows(book)),
    ],
  }
}

const rowsOf = ({ books }: PriceFiles): RateRow[] => books.flatMap(({ book }) => rateRows(book, systemClock.nowUs()))

// --- what can be compared --------------------------------------------------------------------------------------------

/** `shipped`, `current`, an installed version, a bundle's file or https address, a folder of price files, or one book's file. */
export async function readRatesOf(
  config: Config,
  named: string,
  io: { cwd: string; signal: AbortSignal },
): Promise<readonly RateRow[]> {
  const { loadInstalled, installedVersions } = await import('../config/price-sets.ts')
  const { loadPriceFiles } = await import('../config/price-files.ts')
  const { dataDir } = config.storage
  if (named === 'current') return rowsOf(await loadActivePrices(dataDir))
  if (named === 'shipped') return rowsOf(await loadPriceFiles())
  if (/^\d{4}-\d{2}-\d{2}(\.\d+)?$/.test(named)) {
    if (!(await isFolder(join(dataDir, 'prices', named)))) {
      const known = [...(await installedVersions(dataDir)), 'shipped', 'current'].join(', ')
      throw new HalftoneError('not_found', `No set of prices ${named} was ever installed here. There are: ${known}.`)
    }
    return rowsOf(await loadInstalled(dataDir, named))
  }
  const path = resolve(io.cwd, named)
  if (!/^https?:/.test(named) && (await isFolder(path))) return rowsOf(await loadPriceFiles(path))
  const bytes = await readSource(config, named, io)
  return withStaged(config, parseBundle(bytes), async ({ files }) => rowsOf(files))
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

async function withStaged<T>(config: Config, bundle: PriceBundle, use: (staged: StagedSet) => Promise<T>): Promise<T> {
  const staged = await stageBundle(config.storage.dataDir, bundle)
  try {
    return await use(staged)
  } finally {
    await staged.discard()
  }
}

// --- data sets -------------------------------------------------------------------------------------------------------

export interface PriceUpdate {
  readonly version: string
  readonly date: string
  readonly note: string | null
  readonly sha256: string
  readonly replaces: { readonly version: string; readonly origin: ActivePrices['origin'] }
  /** Older than what is in use, or the same: nothing would change by installing it. */
  readonly newer: boolean
  readonly changes: readonly RateChange[]
  /** What the lint warns of; errors refuse the set. */
  readonly warnings: readonly string[]
  install(): Promise<void>
  discard(): Promise<void>
}

export interface UpdateSource {
  /** File, or https address. */
  readonly source: string
  /** Expected SHA-256 of the whole file, from another channel than the file. */
  readonly sha256?: string
  readonly cwd: string
  readonly signal: AbortSignal
}

/** Read, check and lint a data set without letting it count. Raises `config_invalid` with every problem. */
export async function openPriceUpdate(config: Config, { source, sha256, cwd, signal }: UpdateSource): Promise<PriceUpdate> {
  const { createHash } = await import('node:crypto')
  const bytes = await readSource(config, source, { cwd, signal })
  const found = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== undefined && sha256.toLowerCase() !== found)
    throw new HalftoneError('config_invalid', `The file has the SHA-256 ${found}, not the one given.`)
  const bundle = parseBundle(bytes)
  const active = await loadActivePrices(config.storage.dataDir)
  const staged = await stageBundle(config.storage.dataDir, bundle)
  try {
    return {
      version: bundle.manifest.version,
      date: bundle.manifest.date,
      note: bundle.manifest.note ?? null,
      sha256: found,
      replaces: { version: active.version, origin: active.origin },
      newer: compareVersions(bundle.manifest.version, active.version) > 0,
      changes: diffRates(rowsOf(active), rowsOf(staged.files)),
      warnings: lintOf(active, staged.files),
      install: staged.install,
      discard: staged.discard,
    }
  } catch (error) {
    await staged.discard()
    throw error
  }
}

/** Whether a host is a provider's own, and what every codec sells, are checked where the set is made. */
const rulesOfThePublisher: ReadonlySet<string> = new Set(['official', 'coverage', 'count'])

/** Warnings of the set; what the book in use says as well was looked into before and is no reason to refuse. */
function lintOf(active: PriceFiles, set: PriceFiles): string[] {
  const known = new Set(findingsOf(active).map(textOf))
  const fresh = findingsOf(set).filter((finding) => !known.has(textOf(finding)))
  const errors = fresh.filter(({ severity }) => severity === 'error')
  if (errors.length > 0)
    throw new HalftoneError('config_invalid', `The data set fails the price lint:\n${errors.map(textOf).join('\n')}`)
  return fresh.map(textOf)
}

const textOf = ({ rule, place, message }: Finding): string => `[${rule}] ${place}: ${message}`

const findingsOf = ({ books, fx }: PriceFiles): Finding[] =>
  lintPrices({
    files: books.map(({ book }) => ({ name: `${book.provider}.json`, json: book })),
    fx: { rates: fx },
    offers: [],
    ownHosts: {},
    today: new Date(systemClock.nowUs() / 1000).toISOString().slice(0, 10),
    uncounted: ['sandbox'],
  }).findings.filter(({ rule }) => !rulesOfThePublisher.has(rule))

async function readSource(config: Config, source: string, io: { cwd: string; signal: AbortSignal }): Promise<Uint8Array> {
  return /^https?:\/\//i.test(source) ? download(config, source, io.signal) : readLocal(resolve(io.cwd, source))
}

async function readLocal(file: string): Promise<Uint8Array> {
  const found = await stat(file).catch((cause: unknown) => {
    throw new HalftoneError('not_found', `${file} cannot be read.`, { cause })
  })
  if (found.size > MAX_BUNDLE_BYTES)
    throw new HalftoneError('config_invalid', `${file} is larger than ${MAX_BUNDLE_BYTES} bytes.`)
  return readFile(file)
}

/** https from public addresses only, checked again at each redirect; other hosts must stand in network.allowPrivateHosts. */
async function download(config: Config, url: string, signal: AbortSignal): Promise<Uint8Array> {
  const dir = join(config.storage.dataDir, 'prices', '.download')
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const spool = createSpool({ dir, memoryBudgetBytes: MAX_BUNDLE_BYTES })
  const fetcher = createForeignFetcher({
    maxBytes: MAX_BUNDLE_BYTES,
    timeoutMs: FETCH_TIMEOUT_MS,
    allowHosts: config.network.allowPrivateHosts,
  })
  try {
    const body = await fetcher.fetchFile(url, { spool, signal })
    const chunks: Uint8Array[] = []
    for await (const chunk of body.open()) chunks.push(Uint8Array.from(chunk))
    await body.dispose()
    return Buffer.concat(chunks)
  } catch (error) {
    if (error instanceof ForeignFetchError) throw new HalftoneError('invalid_value', error.message, { cause: error })
    throw error
  } finally {
    await fetcher.close()
    await spool.close()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Give up the installed set. Answers with what was left and what counts now; undefined when nothing is installed. */
export async function rollBack(
  config: Config,
  options: { readonly toShipped: boolean },
): Promise<{ readonly left: string; readonly version: string; readonly origin: ActivePrices['origin'] } | undefined> {
  const { dataDir } = config.storage
  const left = await rollbackPrices(dataDir, options)
  if (left === undefined) return undefined
  const { version, origin } = await loadActivePrices(dataDir)
  return { left, version, origin }
}

export { packPrices }
