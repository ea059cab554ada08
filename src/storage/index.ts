/** The ledger's storage: open it, migrate it, back it up. */

export { openPostgresLedger } from './dialects/postgres.ts'
export { migratePostgres, postgresSchemaVersion } from './dialects/postgres-migrate.ts'
export { openSqliteLedger } from './dialects/sqlite.ts'
export { backupSqlite, lockDataDir, sqliteSchemaVersion } from './dialects/sqlite-files.ts'
export { checkBackup, restoreSqlite } from './dialects/sqlite-restore.ts'
export { latestVersion as schemaVersion } from './migrations/index.ts'
