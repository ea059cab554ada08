/** The ledger's storage: open it, migrate it, back it up. */

export { openSqliteLedger, type SqliteLedgerOptions } from './dialects/sqlite.ts'
export { backupSqlite, restoreSqlite, sqliteSchemaVersion } from './dialects/sqlite-files.ts'
export type { LedgerOptions } from './ledger.ts'
export { latestVersion as schemaVersion } from './migrations/index.ts'
