/**
 * The composition root of commands that work without a running gateway: they look at, migrate, copy and mend the same
 * storage and test the same providers, without the server.
 */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { backupSmall } from '../blobs/small-backup.ts'
import { type Config, type LoadedConfig, type LoadOptions, loadConfig } from '../config/index.ts'
import { loadActivePrices } from '../config/price-sets.ts'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { CompiledPrices } from '../core/pricing/index.ts'
import { isInForce, rateRows } from '../core/pricing/rate-rows.ts'
import type { Policy, Snapshot } from '../core/routing/index.ts'
import { policyOf } from '../gateway/decide.ts'
import type { GatewayState } from '../gateway/state.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { ProviderDefinition } from '../providers/define-provider.ts'
import { providers } from '../providers/index.ts'
import { type RequiredOption, requiredOptions } from '../providers/usual-keys.ts'
import { newSecret } from '../server/key-ring.ts'
import {
  backupSqlite,
  checkBackup,
  lockDataDir,
  migratePostgres,
  openPostgresLedger,
  openSqliteLedger,
  postgresSchemaVersion,
  restoreSqlite,
  schemaVersion,
  sqliteSchemaVersion,
} from '../storage/index.ts'
import { systemClock } from '../system-clock.ts'
import { providerKnowledge } from './modules.ts'
import { readRoute } from './routes.ts'
import { buildState } from './state.ts'

export { copyImages, examineBucket, type ImageCopy } from './bucket.ts'

const now = (): number => systemClock.nowUs()

/** Read the configuration as `serve` does: kinds of providers that do not exist are problems too. */
export const loadFullConfig = (options: LoadOptions): Promise<LoadedConfig> => loadConfig({ ...options, ...providerKnowledge })

// --- providers -------------------------------------------------------------------------------------------------------

/** A kind of provider that can be configured. */
export interface ProviderChoice {
  readonly type: string
  /** It has no address of its own. */
  readonly needsBaseUrl: boolean
  readonly requiresKey: boolean
  /** The variable that its own tools read. */
  readonly variable: string | undefined
  /** Options it cannot do without. */
  readonly options: readonly RequiredOption[]
  /** Its server says itself which models it has. */
  readonly findsModels: boolean
}

export const providerChoices = (): readonly ProviderChoice[] =>
  Object.entries<ProviderDefinition>(providers).map(([type, definition]) => ({
    type,
    needsBaseUrl: definition.baseUrl === undefined,
    requiresKey: definition.requiresKey,
    variable: definition.keyVariables?.[0],
    options: requiredOptions(definition),
    findsModels: definition.discover !== undefined,
  }))

export interface ProviderTest {
  readonly name: string
  readonly ok: boolean
  /** One line: what was tried, what came back. */
  readonly message: string
}

/** Test each configured provider with a call that costs nothing; the sandbox is left out. Never rejects for what one answers. */
export async function probeProviders(config: Config, signal: AbortSignal): Promise<readonly ProviderTest[]> {
  const state = await buildState(config, systemClock)
  const all = [...state.providers.values()]
  try {
    return await Promise.all(
      all
        .filter(({ name }) => Object.hasOwn(config.providers, name))
        .map(async ({ name, probe }) => ({
          name,
          ...((await probe?.(signal)) ?? { ok: true, message: 'there is no call that costs nothing, so it was not tested' }),
        })),
    )
  } finally {
    await Promise.all(all.map((provider) => provider.close()))
  }
}

// --- simulation ------------------------------------------------------------------------------------------------------

/** What a replay of past requests decides with. */
export interface RoutingBasis {
  readonly snapshot: Pick<Snapshot, 'offers' | 'quality' | 'qualityLevels'>
  readonly prices: CompiledPrices
  readonly policy: Policy
}

/** Finds the document of a route that the configuration does not have; undefined: nobody has it. */
export type RouteLookUp = (name: string) => Promise<JsonObject | undefined>

/**
 * The configured offers and prices, and the policy that `model` (a route, model or offer) stands for. Calls nobody but servers that say what they
 * serve, and `lookUp` for a name that nothing in the configuration has.
 */
export async function routingBasis(config: Config, model: string, lookUp: RouteLookUp): Promise<RoutingBasis> {
  const state = await buildState(config, systemClock)
  await Promise.all([...state.providers.values()].map((provider) => provider.close()))
  const { offers, quality, qualityLevels, prices } = state
  return { snapshot: { offers, quality, qualityLevels }, prices, policy: await policyNamed(model, state, lookUp) }
}

async function policyNamed(model: string, state: GatewayState, lookUp: RouteLookUp): Promise<Policy> {
  try {
    return policyOf(model, state, now())
  } catch (error) {
    const document =
      error instanceof HalftoneError && error.code === 'model_not_found' && !/[/:]/.test(model) ? await lookUp(model) : undefined
    if (!document) throw error
    const made = readRoute(model, document)
    if (made.kind === 'valid') return made.policy
    const problems = made.problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')
    throw new HalftoneError('invalid_value', `The stored route "${model}" cannot be used: ${problems}.`)
  }
}

/** Of a route made by API, in the ledger itself; undefined where there is none, or a running gateway has the data folder. */
export async function storedRoute(config: Config, name: string): Promise<JsonObject | undefined> {
  // A look changes nothing: an older ledger is not brought up to date for it.
  if ((await schemaVersionOf(config)) !== schemaVersion) return undefined
  let ledger: Ledger
  try {
    ledger = await openLedger(config)
  } catch (error) {
    if (error instanceof HalftoneError && error.code === 'data_dir_locked') return undefined
    throw error
  }
  try {
    const stored = (await ledger.routes.newest()).find((route) => route.name === name && !route.retired)
    return stored?.document
  } finally {
    await ledger.close()
  }
}

// --- ledger ----------------------------------------------------------------------------------------------------------

export interface LedgerInspection {
  readonly engine: 'SQLite' | 'PostgreSQL'
  /** 0: nothing there yet. */
  readonly schemaVersion: number
  readonly latestVersion: number
  /** Another process has the data folder; only SQLite is exclusive. */
  readonly inUse: boolean
}

/** Look, and change nothing. Throws `storage_failed` when the database cannot be reached. */
export async function inspectLedger(config: Config): Promise<LedgerInspection> {
  const found = await schemaVersionOf(config)
  const engine = databaseUrlOf(config) === undefined ? 'SQLite' : 'PostgreSQL'
  const inUse = engine === 'SQLite' && found > 0 && isInUse(config.storage.dataDir)
  return { engine, schemaVersion: found, latestVersion: schemaVersion, inUse }
}

function isInUse(dataDir: string): boolean {
  try {
    lockDataDir(dataDir).close()
    return false
  } catch (error) {
    if (error instanceof HalftoneError && error.code === 'data_dir_locked') return true
    throw error
  }
}

export interface LedgerMigration {
  readonly from: number
  readonly to: number
}

/** Bring the schema to this version's. Throws `schema_newer`, `data_dir_locked`, `storage_failed`. */
export async function migrateLedger(config: Config, { dryRun }: { readonly dryRun: boolean }): Promise<LedgerMigration> {
  const from = await schemaVersionOf(config)
  if (from > schemaVersion) {
    const message = `The database has schema version ${from} and this Halftone knows up to ${schemaVersion}.`
    throw new HalftoneError('schema_newer', message)
  }
  if (!dryRun && from < schemaVersion) {
    const url = databaseUrlOf(config)
    if (url === undefined) await (await openLedger(config)).close()
    else await migratePostgres(url, now())
  }
  return { from, to: schemaVersion }
}

/** From the data directory on. */
const SMALL_IMAGES = join('blobs', 'small.db')
/** Small images stand beside the ledger's copy. */
const imagesBeside = (file: string): string => `${file}.images`

/**
 * One consistent copy, also while the gateway runs. An existing file is replaced only once the copy is complete. Answers the file of small
 * images beside it; null: there are none.
 */
export async function backupLedger(config: Config, file: string): Promise<{ readonly images: string | null }> {
  requireSqlite(config, 'pg_dump')
  const draft = `${file}.new`
  await rm(draft, { force: true })
  backupSqlite(config.storage.dataDir, draft)
  await rename(draft, file)
  const images = imagesBeside(file)
  if (backupSmall(join(config.storage.dataDir, SMALL_IMAGES), images)) return { images }
  // One of an older copy belongs to another ledger.
  await rm(images, { force: true })
  return { images: null }
}

/** Put a backup in place, images and all, or nothing of it. The ledger that was there is kept beside it under the path returned. */
export async function restoreLedger(config: Config, file: string): Promise<{ readonly replaced: string | null }> {
  requireSqlite(config, 'pg_restore')
  const images = imagesBeside(file)
  const beside = existsSync(images) ? [{ target: SMALL_IMAGES, from: images }] : []
  return restoreSqlite(config.storage.dataDir, { from: file, beside, nowUs: now() })
}

/** Throws what `restoreLedger` would, as far as the file tells. */
export function checkRestore(config: Config, file: string): void {
  requireSqlite(config, 'pg_restore')
  checkBackup(file)
}

const databaseUrlOf = (config: Config): string | undefined => config.storage.databaseUrl?.reveal()

async function schemaVersionOf(config: Config): Promise<number> {
  const url = databaseUrlOf(config)
  return url === undefined ? sqliteSchemaVersion(config.storage.dataDir) : postgresSchemaVersion(url)
}

/** Opening brings the schema up to date. */
function openLedger(config: Config): Promise<Ledger> {
  const url = databaseUrlOf(config)
  return url === undefined ? openSqliteLedger({ dataDir: config.storage.dataDir, now }) : openPostgresLedger({ url, now })
}

function requireSqlite(config: Config, tool: string): void {
  if (databaseUrlOf(config) === undefined) return
  throw new HalftoneError('conflict', `The ledger is in PostgreSQL: use ${tool}, or the backups of your database service.`)
}

// --- prices ----------------------------------------------------------------------------------------------------------

export interface PriceSources {
  /** Of the set in use: the newest of the shipped and the installed one. */
  readonly version: string
  readonly origin: 'shipped' | 'installed'
  /** How many price files there are, of the providers asked for. */
  readonly books: number
  /** Rates in force whose source nobody looked at for too long, by provider. */
  readonly stale: readonly {
    readonly provider: string
    readonly rates: number
    readonly checkedAt: string
    readonly ageDays: number
  }[]
  /** The oldest source of a rate in force; undefined without any. */
  readonly oldest: string | undefined
}

/** How old the prices of some providers are. */
export async function priceSources(
  config: Pick<Config, 'storage'>,
  providers: ReadonlySet<string>,
  nowUs: number,
): Promise<PriceSources> {
  const active = await loadActivePrices(config.storage.dataDir)
  const today = new Date(nowUs / 1000).toISOString().slice(0, 10)
  const books = active.books.filter(({ book }) => providers.has(book.provider))
  const rows = books
    .flatMap(({ book }) => rateRows(book, nowUs))
    .filter((row) => isInForce(row, today) && (row.retiredAt === null || today < row.retiredAt))
    .sort((a, b) => b.ageDays - a.ageDays)
  const stale = [...providers].flatMap((provider) => {
    const old = rows.filter((row) => row.provider === provider && row.stale)
    const [oldest] = old
    return oldest ? [{ provider, rates: old.length, checkedAt: oldest.source.checkedAt, ageDays: oldest.ageDays }] : []
  })
  return { version: active.version, origin: active.origin, books: books.length, stale, oldest: rows[0]?.source.checkedAt }
}

// --- admin key -------------------------------------------------------------------------------------------------------

/**
 * Make a new admin key and revoke every other one named `admin` that the gateway made. `keep` stores the secret before any
 * old key stops working. Throws `data_dir_locked` while a gateway runs on SQLite.
 */
export async function replaceAdminKey(config: Config, keep: (secret: string) => Promise<void>): Promise<string> {
  if (databaseUrlOf(config) === undefined && !existsSync(config.storage.dataDir)) {
    throw new HalftoneError(
      'not_found',
      `There is no data folder ${config.storage.dataDir}: the first start makes it, and a key.`,
    )
  }
  const ledger = await openLedger(config)
  try {
    const { secret, hash, prefix } = newSecret()
    const key = { id: `admin-${hash.slice(0, 12)}`, name: 'admin', hash, prefix, role: 'admin', projectId: 'default' } as const
    const old = await ledger.admin.keys()
    await ledger.admin.createKey({ ...key, tags: {}, createdUs: now(), managedBy: 'api' })
    await keep(secret)
    for (const { id, name, role, managedBy, revokedUs } of old) {
      if (name === 'admin' && role === 'admin' && managedBy === 'api' && revokedUs === null)
        await ledger.admin.revokeKey(id, now())
    }
    return secret
  } finally {
    await ledger.close()
  }
}
