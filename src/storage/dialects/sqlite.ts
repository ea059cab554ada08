/** The embedded ledger: SQLite inside the process, one writer thread, a reader thread and another for long questions, one process per data directory. */
import type { Ledger } from '../../ports/ledger.ts'
import { createLedger, type LedgerOptions } from '../ledger.ts'
import { kyselyOnReader } from './sqlite-kysely.ts'
import type { ReaderReply, ReaderRequest, WriterReply, WriterRequest } from './sqlite-messages.ts'
import { startWhenAsked, startWorker } from './sqlite-worker.ts'

export interface SqliteLedgerOptions extends LedgerOptions {
  /** Created if missing; the ledger is `ledger.db` in it. */
  readonly dataDir: string
}

/** Open and migrate. Throws `data_dir_locked` while another process has it open, `schema_newer`, `storage_failed`. */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  const workerOptions = { dataDir: options.dataDir, nowUs: options.now() }
  const writer = await startWorker<WriterRequest, WriterReply>('sqlite-writer', workerOptions)
  const reader = await startWorker<ReaderRequest, ReaderReply>('sqlite-reader', workerOptions).catch(async (error) => {
    await writer.close()
    throw error
  })
  const reads = kyselyOnReader(reader)
  const longReader = startWhenAsked(() => startWorker<ReaderRequest, ReaderReply>('sqlite-reader', workerOptions))
  const longReads = kyselyOnReader(longReader)
  return createLedger({
    options,
    reads,
    longReads,
    exclusive: true,
    write: async (commands, context) => (await writer.ask({ commands, context })).results,
    close: async () => {
      // The readers first: the last connection to close folds the log into the database.
      await Promise.all([reads.destroy(), longReads.destroy()])
      await longReader.close()
      await reader.close()
      await writer.close()
    },
  })
}
