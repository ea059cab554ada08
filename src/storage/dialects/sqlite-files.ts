/** The files of the embedded ledger: opening, lock, migration and backup. Synchronous: for workers and the CLI. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HalftoneError } from '../../core/error.ts'
import { type DdlFlavour, stateRank } from '../migrations/ddl.ts'
import { type Migration, migrations } from '../migrations/index.ts'
import { applyMigrations, type MigrationReport } from '../migrations/migrate.ts'

export const databasePath = (dataDir: string): string => join(dataDir, 'ledger.db')

/** A connection for the one writer. WAL with `synchronous = FULL`: a commit returns after its log is on disk. */
export function openWriter(dataDir: string): DatabaseSync {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const db = new DatabaseSync(databasePath(dataDir), { timeout: 5000 })
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864`)
  return db
}

export function openReader(dataDir: string): DatabaseSync {
  const db = new DatabaseSync(databasePath(dataDir), { readOnly: true, timeout: 5000 })
  db.exec('PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY')
  return db
}

/**
 * Make this process the only one on the data directory, until the lock is closed or the process ends, however it ends: the
 * operating system drops the lock of a database whose exclusive transaction was open. Throws `data_dir_locked`.
 */
export function lockDataDir(dataDir: string): { close(): void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const lock = new DatabaseSync(join(dataDir, 'ledger.lock'), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new HalftoneError('data_dir_locked', `Another halftone process uses ${dataDir}; stop it, or choose another folder.`, {
      cause,
    })
  }
  return lock
}

const flavour: DdlFlavour = {
  types: { text: 'TEXT', int: 'INTEGER' },
  decimal: 'REAL',
  jsonText: (column, path) => `json_extract(${column}, '$.${path.join('.')}')`,
  jsonEach: (column) => `json_each(${column})`,
  tableOptions: (spec) => (spec.compact ? ' STRICT, WITHOUT ROWID' : ' STRICT'),
  insertOnly: (table) =>
    ['UPDATE', 'DELETE'].map(
      (event) =>
        `CREATE TRIGGER ${table}_no_${event.toLowerCase()} BEFORE ${event} ON ${table}
         BEGIN SELECT RAISE(ABORT, '${table} is insert-only'); END`,
    ),
  deletableOnlyWhen: (table, condition) => [
    `DROP TRIGGER ${table}_no_delete`,
    `CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table} WHEN NOT (${condition})
     BEGIN SELECT RAISE(ABORT, '${table} is insert-only'); END`,
  ],
  forwardOnlyAttempts: () => [
    `CREATE TRIGGER attempts_forward_only BEFORE UPDATE OF state ON attempts
     WHEN NEW.state <> OLD.state AND ${stateRank('NEW.state')} <= ${stateRank('OLD.state')}
     BEGIN SELECT RAISE(ABORT, 'attempts only move forward'); END`,
  ],
}

/** Bring the schema up to date in one transaction. Throws `schema_newer`. */
export async function migrateSqlite(
  db: DatabaseSync,
  nowUs: number,
  known: readonly Migration[] = migrations,
): Promise<MigrationReport> {
  db.exec('BEGIN IMMEDIATE')
  try {
    const report = await applyMigrations(
      {
        flavour,
        execute: async (sql) => db.exec(sql),
        appliedVersions: async () => versions(db),
      },
      nowUs,
      known,
    )
    db.exec('COMMIT')
    return report
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

const versions = (db: DatabaseSync): readonly number[] =>
  db
    .prepare('SELECT version FROM schema_migrations')
    .all()
    .map((row) => Number(row['version']))

/** Schema version of the ledger in a data directory; 0 when there is none yet. */
export function sqliteSchemaVersion(dataDir: string): number {
  return existsSync(databasePath(dataDir)) ? fileSchemaVersion(databasePath(dataDir)) : 0
}

export function fileSchemaVersion(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const known = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").all()
    return known.length === 0 ? 0 : Math.max(0, ...versions(db))
  } finally {
    db.close()
  }
}

/**
 * Copy the ledger to `file` while it may be in use: one consistent state, complete, without free pages. The file must not
 * exist. Images are not part of it.
 */
export function backupSqlite(dataDir: string, file: string): void {
  if (existsSync(file)) throw new HalftoneError('conflict', `${file} exists; a backup never overwrites a file.`)
  if (!existsSync(databasePath(dataDir))) throw new HalftoneError('not_found', `There is no ledger in ${dataDir}.`)
  const partial = `${file}.partial`
  rmSync(partial, { force: true })
  const db = openReader(dataDir)
  try {
    // VACUUM INTO counts as writing although it leaves this database alone.
    db.exec('PRAGMA query_only = OFF')
    db.prepare('VACUUM INTO ?').run(partial)
  } finally {
    db.close()
  }
  syncFile(partial)
  renameSync(partial, file)
}

/** Wait until a file, or the names in a folder, are on disk. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
