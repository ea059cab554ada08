/** The ledger's storage: open it, migrate it, back it up. */

export { openPostgresLedger, type PostgresLedgerOptions } from './dialects/postgres.ts'
export { migratePostgres, postgresSchemaVersion } from './dialects/postgres-migrate.ts'
export { openSqliteLedger, type SqliteLedgerOptions } from './dialects/sqlite.ts'
export { backupSqlite, lockDataDir, restoreSqlite, sqliteSchemaVersion } from './dialects/sqlite-files.ts'
export type { LedgerOptions } from './ledger.ts'
export { latestVersion as schemaVersion } from './migrations/index.ts'
