/** The embedded ledger for one writer in a hurry: its own commands and sums, without its threads and its waits for the disk. */
import type { DatabaseSync } from 'node:sqlite'
import type { Ledger } from '../../src/ports/ledger.ts'
import { createRollups, flushRollups } from '../../src/storage/batch/rollup.ts'
import { runBatch } from '../../src/storage/batch/run.ts'
import { emptyWorld } from '../../src/storage/batch/world.ts'
import type { BatchContext, Command, CommandResult } from '../../src/storage/commands.ts'
import type { SqliteLedgerOptions } from '../../src/storage/dialects/sqlite.ts'
import { lockDataDir, migrateSqlite, openWriter } from '../../src/storage/dialects/sqlite-files.ts'
import { kyselyOnReader } from '../../src/storage/dialects/sqlite-kysely.ts'
import { prepareRows, readRows } from '../../src/storage/dialects/sqlite-rows.ts'
import { createSqliteTx } from '../../src/storage/dialects/sqlite-tx.ts'
import { createLedger } from '../../src/storage/ledger.ts'
import type { Tx } from '../../src/storage/tx.ts'

/** Commands between two commits: sums are written once in each, so that most of them are added up in memory. */
const COMMANDS_PER_COMMIT = 40_000

/**
 * As `openSqliteLedger`, but a command is durable only after `close()`: a process that ends before leaves an incomplete ledger,
 * and the first failure of the database is the last. Throws `data_dir_locked`.
 */
export async function openBulkLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  const lock = lockDataDir(options.dataDir)
  const db = openWriter(options.dataDir)
  const close = async (): Promise<void> => {
    db.close()
    lock.close()
  }
  try {
    await migrateSqlite(db, options.now())
    db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144')
    putOff(db)
  } catch (error) {
    await close()
    throw error
  }
  const writer = new BulkWriter(db, createSqliteTx(db, options.now))
  return createLedger({
    options,
    reads: kyselyOnReader(portOn(db)),
    exclusive: true,
    write: (commands, context) => writer.write(commands, context),
    close: async () => {
      try {
        await writer.commit()
        catchUp(db)
      } finally {
        await close()
      }
    },
  })
}

/** What no command of a seed looks for by: made at the end, from rows that are all there, each takes a fraction of the time. */
const unread = [
  'requests_by_fingerprint',
  'requests_by_key',
  'requests_by_project',
  'requests_by_customer',
  'requests_by_group',
  'charges_by_incurred',
] as const
const PUT_OFF = 'seed_indexes'

/** Kept beside the ledger until then: a seed that ended early is no ledger, but none that is finished lacks an index. */
function putOff(db: DatabaseSync): void {
  db.exec(`CREATE TEMP TABLE ${PUT_OFF} (name TEXT NOT NULL, sql TEXT NOT NULL)`)
  for (const name of unread) {
    const { changes } = db
      .prepare(`INSERT INTO ${PUT_OFF} SELECT name, sql FROM sqlite_master WHERE type = 'index' AND name = ?`)
      .run(name)
    if (changes !== 1) throw new Error(`the schema has no index ${name}`)
    db.exec(`DROP INDEX ${name}`)
  }
}

function catchUp(db: DatabaseSync): void {
  for (const { sql } of db.prepare(`SELECT sql FROM ${PUT_OFF}`).all()) db.exec(String(sql))
}

/** One transaction over many batches. */
class BulkWriter {
  readonly #db: DatabaseSync
  readonly #tx: Tx
  #rollups = createRollups()
  #context: BatchContext | undefined
  #pending = 0
  #failure: unknown

  constructor(db: DatabaseSync, tx: Tx) {
    this.#db = db
    this.#tx = tx
  }

  async write(commands: readonly Command[], context: BatchContext): Promise<readonly CommandResult[]> {
    if (this.#failure) throw this.#failure
    if (!this.#db.isTransaction) this.#db.exec('BEGIN IMMEDIATE')
    this.#context = context
    try {
      const results = await runBatch(this.#tx, commands, context, this.#rollups)
      this.#pending += commands.length
      if (this.#pending >= COMMANDS_PER_COMMIT) await this.commit()
      return results
    } catch (error) {
      this.#failure = error
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  async commit(): Promise<void> {
    if (!this.#db.isTransaction || !this.#context) return
    await flushRollups(this.#tx, emptyWorld(this.#context), this.#rollups)
    this.#rollups = createRollups()
    this.#pending = 0
    this.#db.exec('COMMIT')
  }
}

/** Reads on the writer's own connection: they see what is not committed yet. */
function portOn(db: DatabaseSync): Parameters<typeof kyselyOnReader>[0] {
  return {
    async ask(request) {
      if ('kind' in request) return { kind: 'rows', columns: [], rows: [] }
      return readRows(prepareRows(db, request.sql), request.parameters)
    },
    close: async () => undefined,
  }
}
