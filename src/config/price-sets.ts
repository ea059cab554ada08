/**
 * The price book as a versioned data set: packed into one file, checked, installed beside the ledger, rolled back. Sets are
 * never changed once installed; `current.json` alone says which of them count, so that a reload sees all of a set or nothing.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HalftoneError } from '../core/error.ts'
import type { PriceBook } from '../core/pricing/price-book.ts'
import { loadPriceFiles, type PriceFiles, packagedPrices } from './price-files.ts'

const FORMAT = 'halftone-prices/1'
/** Far above the shipped book, far below what could hurt. */
export const MAX_BUNDLE_BYTES = 16 * 1024 * 1024
const MAX_FILES = 500
const FILE_NAME = /^[a-z0-9][a-z0-9.-]{0,63}\.json$/
/** A day, and a count within it. */
const VERSION = /^\d{4}-\d{2}-\d{2}(\.\d{1,4})?$/

export interface PriceManifest {
  readonly format: typeof FORMAT
  /** `2026-11-22`, or `2026-11-22.1` for another set of that day. */
  readonly version: string
  /** When it was packed, ISO 8601. */
  readonly date: string
  /** Hex SHA-256 of each file's bytes. */
  readonly files: Readonly<Record<string, string>>
  readonly note?: string
}

/** One file to publish and to download: the manifest, and every file as text. */
export interface PriceBundle {
  readonly manifest: PriceManifest
  readonly files: Readonly<Record<string, string>>
}

export type PriceOrigin = 'shipped' | 'installed'

/** The prices in use: the newest of the shipped and the installed set. */
export interface ActivePrices extends PriceFiles {
  readonly version: string
  readonly origin: PriceOrigin
}

const setsFolder = (dataDir: string): string => join(dataDir, 'prices')
const setFolder = (dataDir: string, version: string): string => join(setsFolder(dataDir), version)
/** Watched by a running gateway: it changes last, in one rename. */
export const currentSetFile = (dataDir: string): string => join(setsFolder(dataDir), 'current.json')

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')
const invalid = (message: string, cause?: unknown): HalftoneError =>
  new HalftoneError('config_invalid', message, cause === undefined ? {} : { cause })

// --- versions ------------------------------------------------------------------------------------------------------

/** Below zero when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string): readonly [string, number] => [text.slice(0, 10), Number(text.slice(11) || 0)]
  const [[dayA, countA], [dayB, countB]] = [parts(a), parts(b)]
  return dayA === dayB ? countA - countB : dayA < dayB ? -1 : 1
}

/** Of files without a manifest: the day the newest of their sources was read. */
export function versionOf({ books }: PriceFiles): string {
  const days = books.flatMap(({ book }) => [
    book.source.checkedAt,
    ...book.skus.flatMap((sku) => [
      ...(sku.source ? [sku.source.checkedAt] : []),
      ...sku.rates.flatMap((rate) => (rate.source ? [rate.source.checkedAt] : [])),
    ]),
  ])
  return (days.sort().at(-1) ?? '1970-01-01').slice(0, 10)
}

/** The version after both: the day given, counted on where that day has one already. */
export function nextVersion(current: string, today: string): string {
  if (compareVersions(today, current) > 0) return today
  return `${current.slice(0, 10)}.${Number(current.slice(11) || 0) + 1}`
}

// --- bundles -------------------------------------------------------------------------------------------------------

export interface PackOptions {
  readonly folder?: string
  readonly version?: string
  /** ISO 8601. */
  readonly date: string
  readonly note?: string
}

/** Make a bundle of a folder of price files. They are read and checked first. */
export async function packPrices({ folder = packagedPrices(), version, date, note }: PackOptions): Promise<PriceBundle> {
  const loaded = await loadPriceFiles(folder)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json') && name !== 'schema.json').sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  const files = Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']))
  return bundleOf(files, { version: version ?? versionOf(loaded), date, ...(note !== undefined && { note }) })
}

export function bundleOf(
  files: Readonly<Record<string, string>>,
  about: { readonly version: string; readonly date: string; readonly note?: string },
): PriceBundle {
  if (!VERSION.test(about.version))
    throw invalid(`"${about.version}" is no version; write a day such as 2026-11-22 or 2026-11-22.1.`)
  const sums = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)]))
  return { manifest: { format: FORMAT, ...about, files: sums }, files }
}

/** Read a bundle's bytes: shape, names, and the checksum of every file. Raises `config_invalid`. */
export function parseBundle(bytes: Uint8Array): PriceBundle {
  const value = parseJson(bytes)
  const { manifest, files } = (isRecord(value) ? value : {}) as { manifest?: unknown; files?: unknown }
  if (!isRecord(manifest) || !isRecord(files) || manifest['format'] !== FORMAT)
    throw invalid(`This is no price data set (${FORMAT}). \`halftone prices pack\` writes one.`)
  const { version, date, files: sums, note } = manifest
  if (typeof version !== 'string' || !VERSION.test(version)) throw invalid('The manifest names no version such as 2026-11-22.')
  if (typeof date !== 'string' || Number.isNaN(Date.parse(date))) throw invalid('The manifest names no date.')
  if (!isRecord(sums)) throw invalid('The manifest lists no files.')
  const names = Object.keys(files)
  if (names.length > MAX_FILES) throw invalid(`The data set has ${names.length} files; at most ${MAX_FILES} are read.`)
  const problems = names.flatMap((name) => problemOf(name, files[name], sums[name]))
  for (const name of Object.keys(sums)) if (!Object.hasOwn(files, name)) problems.push(`${name} is in the manifest and missing`)
  if (problems.length > 0) throw invalid(`The data set is damaged: ${problems.join('; ')}. Download it again.`)
  return {
    manifest: { format: FORMAT, version, date, files: sums as Record<string, string>, ...(typeof note === 'string' && { note }) },
    files: files as Record<string, string>,
  }
}

function problemOf(name: string, text: unknown, sum: unknown): string[] {
  if (!FILE_NAME.test(name)) return [`"${name}" is not the name of a price file`]
  if (typeof text !== 'string') return [`${name} is not text`]
  if (typeof sum !== 'string') return [`${name} is not in the manifest`]
  return sha256(text) === sum ? [] : [`${name} does not have the SHA-256 of the manifest`]
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid('This is not a JSON file.', cause)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

// --- installed sets --------------------------------------------------------------------------------------------------

/** Versions in the order they were installed; the last one counts. */
export async function installedVersions(dataDir: string): Promise<readonly string[]> {
  const file = currentSetFile(dataDir)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw invalid(`${file} cannot be read.`, cause)
  }
  const remedy = 'Delete the file to return to the shipped prices, then install again.'
  try {
    const value: unknown = JSON.parse(text)
    const versions = isRecord(value) ? value['installed'] : undefined
    if (Array.isArray(versions) && versions.every((each) => typeof each === 'string' && VERSION.test(each))) return versions
  } catch (cause) {
    throw invalid(`${file}: is not JSON. ${remedy}`, cause)
  }
  throw invalid(`${file}: does not list installed versions. ${remedy}`)
}

/** The prices that count for a data folder. Raises `config_invalid` naming file, line and remedy for what cannot be used. */
export async function loadActivePrices(dataDir: string, shippedFolder: string = packagedPrices()): Promise<ActivePrices> {
  const shipped = await loadPriceFiles(shippedFolder)
  const shippedSet: ActivePrices = { ...shipped, version: versionOf(shipped), origin: 'shipped' }
  const installed = (await installedVersions(dataDir)).at(-1)
  if (installed === undefined || compareVersions(installed, shippedSet.version) < 0) return shippedSet
  return { ...(await loadInstalled(dataDir, installed)), version: installed, origin: 'installed' }
}

/** An installed set; files that were changed since are refused. */
export async function loadInstalled(dataDir: string, version: string): Promise<PriceFiles> {
  const folder = setFolder(dataDir, version)
  const remedy = '`halftone prices rollback` returns to the set before it.'
  const manifest = await readManifest(folder, remedy)
  const files = await loadPriceFiles(folder).catch((cause: unknown) => {
    throw invalid(`${cause instanceof Error ? cause.message : 'It cannot be read.'}\n${remedy}`, cause)
  })
  for (const [name, sum] of Object.entries(manifest.files)) {
    const bytes = await readFile(join(folder, name)).catch(() => undefined)
    if (bytes === undefined || sha256(bytes) !== sum)
      throw invalid(`${join(folder, name)} is not the file that was installed. ${remedy}`)
  }
  return files
}

/** Of an installed set, whether it is in use or not. */
export const readSetManifest = (dataDir: string, version: string): Promise<PriceManifest> =>
  readManifest(setFolder(dataDir, version), 'Install it again.')

async function readManifest(folder: string, remedy: string): Promise<PriceManifest> {
  const file = join(folder, MANIFEST)
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (isRecord(value) && isRecord(value['files'])) return value as unknown as PriceManifest
  } catch (cause) {
    throw invalid(`${file} cannot be read. ${remedy}`, cause)
  }
  throw invalid(`${file} is no manifest. ${remedy}`)
}

const MANIFEST = 'manifest'

/** Unpack into a folder of its own, so that everything the gateway checks can be checked before anything counts. */
export async function stageBundle(dataDir: string, bundle: PriceBundle): Promise<StagedSet> {
  const draft = join(setsFolder(dataDir), `.new-${randomUUID()}`)
  await mkdir(draft, { recursive: true, mode: 0o700 })
  const discard = (): Promise<void> => rm(draft, { recursive: true, force: true })
  try {
    for (const [name, text] of Object.entries(bundle.files)) await writeFile(join(draft, name), text)
    await writeFile(join(draft, MANIFEST), `${JSON.stringify(bundle.manifest, null, 2)}\n`)
    const files = await loadPriceFiles(draft, { shownAs: bundle.manifest.version })
    return { files, discard, install: () => install(dataDir, draft, bundle.manifest.version) }
  } catch (error) {
    await discard()
    throw error
  }
}

export interface StagedSet {
  readonly files: PriceFiles
  /** Make it count. */
  install(): Promise<void>
  discard(): Promise<void>
}

async function install(dataDir: string, draft: string, version: string): Promise<void> {
  const folder = setFolder(dataDir, version)
  const installed = (await installedVersions(dataDir)).filter((each) => each !== version)
  // A set of this version that no longer counts, after a roll back, gives way.
  await rm(folder, { recursive: true, force: true })
  await rename(draft, folder)
  await writeCurrent(dataDir, [...installed, version])
}

async function writeCurrent(dataDir: string, installed: readonly string[]): Promise<void> {
  const file = currentSetFile(dataDir)
  const draft = `${file}.new`
  await writeFile(draft, `${JSON.stringify({ installed }, null, 2)}\n`)
  await rename(draft, file)
}

/**
 * Return to the set that was installed before, or with `toShipped` to the shipped prices. The set left stays on disk, so that
 * what was charged by it can be looked up. Undefined: nothing is installed.
 */
export async function rollbackPrices(
  dataDir: string,
  { toShipped }: { readonly toShipped: boolean },
): Promise<string | undefined> {
  const installed = await installedVersions(dataDir)
  const left = installed.at(-1)
  if (left === undefined) return undefined
  await writeCurrent(dataDir, toShipped ? [] : installed.slice(0, -1))
  return left
}

/** Install the prices in use with one book replaced, as the next version. Answers with that version. */
export async function installBook(
  dataDir: string,
  book: PriceBook,
  about: { readonly today: string; readonly date: string; readonly note: string },
): Promise<string> {
  const active = await loadActivePrices(dataDir)
  const folder = active.origin === 'installed' ? setFolder(dataDir, active.version) : packagedPrices()
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json') && name !== 'schema.json').sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  const files = Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']))
  const version = nextVersion(active.version, about.today)
  const changed = { ...files, [`${book.provider}.json`]: `${JSON.stringify(book, null, 2)}\n` }
  const staged = await stageBundle(dataDir, bundleOf(changed, { version, date: about.date, note: about.note }))
  await staged.install()
  return version
}
