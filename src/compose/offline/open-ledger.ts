/** The ledger the configuration means, opened by a command in place of the gateway. */
import type { Config } from '../../config/index.ts'
import type { Ledger } from '../../ports/ledger.ts'
import { openPostgresLedger, openSqliteLedger, postgresSchemaVersion, sqliteSchemaVersion } from '../../storage/index.ts'
import { systemClock } from '../../system-clock.ts'

/** Undefined: the ledger is SQLite in the data folder. */
export const databaseUrlOf = (config: Config): string | undefined => config.storage.databaseUrl?.reveal()

/** 0: nothing there yet. */
export async function schemaVersionOf(config: Config): Promise<number> {
  const url = databaseUrlOf(config)
  return url === undefined ? sqliteSchemaVersion(config.storage.dataDir) : postgresSchemaVersion(url)
}

/** Opening brings the schema up to date. */
export function openLedger(config: Config): Promise<Ledger> {
  const url = databaseUrlOf(config)
  return url === undefined
    ? openSqliteLedger({ dataDir: config.storage.dataDir, now: systemClock.nowUs })
    : openPostgresLedger({ url, now: systemClock.nowUs })
}
