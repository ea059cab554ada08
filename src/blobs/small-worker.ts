/** The thread of the store of small blobs: one transaction for everything that came while the last one was written. */
import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { FILE_MODE } from './files.ts'
import type { SmallOperation, SmallRequest, SmallResult } from './small-messages.ts'

const SQLITE_FULL = 13
/** Pages given back to the file system with each batch of deletions; the rest is used again by later blobs. */
const PAGES_GIVEN_BACK = 256

const port = parentPort
// The parent starts it with the path of the database.
if (port) serve(port, workerData as string)

function serve(parent: NonNullable<typeof parentPort>, path: string): void {
  let open: { readonly db: DatabaseSync; run(operation: SmallOperation): SmallResult } | undefined
  parent.on('message', (request: SmallRequest) => {
    if (request === 'close') {
      open?.db.close()
      parent.close()
      return
    }
    try {
      // Whoever deletes the folder of a running gateway must not have images written to a file without a name.
      if (open && !existsSync(path)) {
        open.db.close()
        open = undefined
      }
      open ??= openDatabase(path)
      parent.postMessage(runAll(open.db, request, open.run))
    } catch (error) {
      parent.postMessage(request.map(() => failure(error)))
    }
  })
}

/** A commit is not forced to disk: it survives the end of the process, and after a power cut the database is whole but older. */
function openDatabase(path: string): { readonly db: DatabaseSync; run(operation: SmallOperation): SmallResult } {
  // SQLite would make it readable by everyone; its log gets the same mode.
  closeSync(openSync(path, 'a', FILE_MODE))
  const db = new DatabaseSync(path, { timeout: 5000 })
  try {
    db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      PRAGMA journal_size_limit = 16777216;
      CREATE TABLE IF NOT EXISTS blobs (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT`)
    return { db, run: operationsOn(db) }
  } catch (error) {
    db.close()
    throw error
  }
}

function operationsOn(db: DatabaseSync): (operation: SmallOperation) => SmallResult {
  const put = db.prepare('INSERT INTO blobs (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const get = db.prepare('SELECT bytes FROM blobs WHERE sha256 = ?')
  const remove = db.prepare('DELETE FROM blobs WHERE sha256 = ?')
  return (operation) => {
    switch (operation.kind) {
      case 'put':
        put.run(operation.sha256, operation.bytes)
        return { ok: true }
      case 'get': {
        const bytes = get.get(operation.sha256)?.['bytes']
        return bytes instanceof Uint8Array ? { ok: true, bytes } : { ok: true }
      }
      case 'delete':
        remove.run(operation.sha256)
        return { ok: true }
    }
  }
}

function runAll(
  db: DatabaseSync,
  operations: readonly SmallOperation[],
  run: (operation: SmallOperation) => SmallResult,
): readonly SmallResult[] {
  try {
    const results = inTransaction(db, () => operations.map(run))
    if (operations.some(({ kind }) => kind === 'delete')) db.exec(`PRAGMA incremental_vacuum(${PAGES_GIVEN_BACK})`)
    return results
  } catch (error) {
    if (operations.length === 1) return [failure(error)]
    // One that does not fit must not take the others with it.
    return operations.flatMap((operation) => runAll(db, [operation], run))
  }
}

function inTransaction<T>(db: DatabaseSync, run: () => T): T {
  db.exec('BEGIN')
  try {
    const result = run()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function failure(error: unknown): SmallResult {
  const isFull = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL
  const reason = error instanceof Error ? error.message : String(error)
  return isFull
    ? { ok: false, code: 'storage_full', message: 'The disk that holds the images is full.' }
    : { ok: false, code: 'storage_failed', message: `The store of small images failed: ${reason}.` }
}
