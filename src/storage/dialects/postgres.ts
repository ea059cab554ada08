/** The ledger on PostgreSQL, for more than one node: the same commands, batched by each node. */
import { Kysely, PostgresDialect } from 'kysely'
import type { Ledger } from '../../ports/ledger.ts'
import { createLedger, type LedgerOptions } from '../ledger.ts'
import type { Database } from '../schema.ts'
import { clientConfig, loadDriver } from './postgres-client.ts'
import { migratePostgres } from './postgres-migrate.ts'
import { createPostgresWriter } from './postgres-writer.ts'

export interface PostgresLedgerOptions extends LedgerOptions {
  /** `postgres://user:password@host:port/database`; a direct connection or a session-mode pooler. */
  readonly url: string
  /** Connections for reads, besides the one that writes. Default 4. */
  readonly readConnections?: number
}

/** Connect and migrate. Throws `schema_newer`, `config_invalid` (server older than 15) and `storage_failed`. */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<Ledger> {
  await migratePostgres(options.url, options.now())
  const writer = await createPostgresWriter(options.url)
  const { Pool } = await loadDriver()
  const pool = new Pool({ ...(await clientConfig(options.url)), max: options.readConnections ?? 4 })
  pool.on('error', () => undefined)
  const reads = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return createLedger({
    options,
    reads,
    exclusive: false,
    write: (commands, context) => writer.write(commands, context),
    close: async () => {
      await writer.close()
      await reads.destroy()
    },
  })
}
