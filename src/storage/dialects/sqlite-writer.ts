/** The one writer of an embedded ledger, on its own thread: commits wait for the disk here, not on the event loop. */
import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { type ErrorCode, HalftoneError } from '../../core/error.ts'
import { runIsolated } from '../batch/isolate.ts'
import { runBatch } from '../batch/run.ts'
import type { Command } from '../commands.ts'
import { lockDataDir, migrateSqlite, openWriter } from './sqlite-files.ts'
import type { Opened, WorkerOptions, WriterReply, WriterRequest } from './sqlite-messages.ts'
import { finishRestore } from './sqlite-restore.ts'
import { createSqliteTx } from './sqlite-tx.ts'

const SQLITE_FULL = 13

const port = parentPort
if (port) await serve(port, workerData as WorkerOptions)

async function serve(parent: NonNullable<typeof parentPort>, { dataDir, nowUs }: WorkerOptions): Promise<void> {
  const opened = await open(dataDir, nowUs)
  if (opened instanceof Error) {
    const code = opened instanceof HalftoneError ? opened.code : toCode(opened)
    parent.postMessage({ kind: 'failed', code, message: opened.message } satisfies Opened)
    return
  }
  const { db, lock } = opened
  let clockUs = nowUs
  const tx = createSqliteTx(db, () => clockUs)
  const inTransaction = createTransactions(db)
  parent.on('message', (request: WriterRequest) => {
    if ('kind' in request) {
      db.close()
      lock.close()
      parent.close()
      return
    }
    clockUs = request.context.nowUs
    const transaction = (commands: readonly Command[]) => inTransaction(() => runBatch(tx, commands, request.context))
    // One batch is under way at a time: the main thread sends the next after this reply.
    void runIsolated(request.commands, transaction, toCode).then((results) => {
      parent.postMessage({ kind: 'written', results } satisfies WriterReply)
    })
  })
  parent.postMessage({ kind: 'opened' } satisfies Opened)
}

async function open(dataDir: string, nowUs: number): Promise<{ db: DatabaseSync; lock: { close(): void } } | Error> {
  let lock: { close(): void } | undefined
  let db: DatabaseSync | undefined
  try {
    lock = lockDataDir(dataDir)
    finishRestore(dataDir)
    db = openWriter(dataDir)
    await migrateSqlite(db, nowUs)
    return { db, lock }
  } catch (error) {
    db?.close()
    lock?.close()
    return error instanceof Error ? error : new Error(String(error))
  }
}

function createTransactions(db: DatabaseSync): <T>(run: () => Promise<T>) => Promise<T> {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  return async (run) => {
    begin.run()
    try {
      const result = await run()
      commit.run()
      return result
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}

const toCode = (error: unknown): ErrorCode =>
  (error as { errcode?: number }).errcode === SQLITE_FULL ? 'storage_full' : 'storage_failed'
