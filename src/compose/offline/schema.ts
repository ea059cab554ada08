/** The schema of the ledger: looked at, brought up to date. */
import type { Config } from '../../config/index.ts'
import { HalftoneError } from '../../core/error.ts'
import { lockDataDir, migratePostgres, schemaVersion } from '../../storage/index.ts'
import { systemClock } from '../../system-clock.ts'
import { databaseUrlOf, openLedger, schemaVersionOf } from './open-ledger.ts'

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
    else await migratePostgres(url, systemClock.nowUs())
  }
  return { from, to: schemaVersion }
}
