/** Kysely over the reader thread: it compiles here and runs there. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { HalftoneError } from '../../core/error.ts'
import type { Database, SqlValue } from '../schema.ts'
import type { ReaderReply, ReaderRequest } from './sqlite-messages.ts'
import { unpackRows } from './sqlite-rows.ts'
import type { WorkerPort } from './sqlite-worker.ts'

export function kyselyOnReader(reader: WorkerPort<ReaderRequest, ReaderReply>): Kysely<Database> {
  const connection: DatabaseConnection = {
    executeQuery: async <R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> => {
      const reply = await reader.ask({ sql, parameters: parameters as readonly SqlValue[] })
      if (reply.kind === 'error') throw new HalftoneError('storage_failed', `The ledger could not read: ${reply.message}`)
      return { rows: (await unpackRows(reply)) as R[] }
    },
    streamQuery: () => {
      throw new Error('streaming reads are not used')
    },
  }
  const readOnly = async (): Promise<void> => {
    throw new Error('the reader has no transactions')
  }
  const driver: Driver = {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: readOnly,
    commitTransaction: readOnly,
    rollbackTransaction: readOnly,
    releaseConnection: async () => undefined,
    destroy: () => reader.close(),
  }
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}
