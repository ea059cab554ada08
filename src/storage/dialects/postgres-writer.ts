/**
 * The writing connection of one node. It survives what happens to connections: contention is retried, a lost connection is
 * replaced, and when it was lost during COMMIT the server is asked how that transaction ended, so that a batch is written
 * exactly once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { HalftoneError } from '../../core/error.ts'
import { runIsolated, UncertainCommit } from '../batch/isolate.ts'
import { runBatch } from '../batch/run.ts'
import type { BatchContext, Command, CommandResult } from '../commands.ts'
import { connect, isConnectionLoss, isContention, isDuplicate, toCode } from './postgres-client.ts'
import { createPostgresTx, createStatementNames } from './postgres-tx.ts'

/** How often, and after what pause, a batch is tried again: about 15 s in all, longer than a failover's reconnect. */
const RETRY_PAUSES_MS = [0, 50, 200, 500, 1000, 2000, 4000, 8000] as const

/** A key that is still a duplicate after this many looks is one in truth. */
const DUPLICATE_RETRIES = 3

export interface PostgresWriter {
  write(commands: readonly Command[], context: BatchContext): Promise<readonly CommandResult[]>
  close(): Promise<void>
}

export async function createPostgresWriter(url: string): Promise<PostgresWriter> {
  const names = createStatementNames()
  let client: Client | undefined = await prepare(url)
  const connected = async (): Promise<Client> => {
    client ??= await prepare(url)
    return client
  }
  const disconnect = async (): Promise<void> => {
    const old = client
    client = undefined
    await old?.end().catch(() => undefined)
  }

  async function once(commands: readonly Command[], context: BatchContext): Promise<readonly CommandResult[]> {
    const connection = await connected()
    const transaction = await begin(connection)
    let results: readonly CommandResult[]
    try {
      results = await runBatch(createPostgresTx(connection, names), commands, context)
    } catch (error) {
      if (isConnectionLoss(error)) await disconnect()
      else await connection.query('ROLLBACK').catch(disconnect)
      throw error
    }
    try {
      await connection.query('COMMIT')
    } catch (error) {
      if (!isConnectionLoss(error)) throw error
      await disconnect()
      if (!(await wasCommitted(url, transaction))) throw error
    }
    return results
  }

  async function persistently(commands: readonly Command[], context: BatchContext): Promise<readonly CommandResult[]> {
    for (const [tries, pause] of RETRY_PAUSES_MS.entries()) {
      try {
        return await once(commands, context)
      } catch (error) {
        if (isDuplicate(error) && tries < DUPLICATE_RETRIES) continue
        if (error instanceof UncertainCommit) throw error
        const unreachable = error instanceof HalftoneError && error.code === 'storage_failed'
        if (!isContention(error) && !isConnectionLoss(error) && !unreachable) throw error
        if (isConnectionLoss(error)) await disconnect()
      }
      await sleep(pause)
    }
    return once(commands, context)
  }

  return {
    write: (commands, context) => runIsolated(commands, (part) => persistently(part, context), toCode),
    close: disconnect,
  }
}

/**
 * A connection whose commits wait for the disk, and which frees its locks if this process is stopped or cut off: well within a
 * lease, or the nodes that wait for those locks would lose theirs.
 */
async function prepare(url: string): Promise<Client> {
  const client = await connect(url)
  await client.query(`SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '5s'; SET lock_timeout = '30s'`)
  // Every statement here finds rows by an index. A plan made while a table was small would read it whole, and it would be
  // kept while the table grows.
  await client.query(`SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
    SET enable_mergejoin = off`)
  return client
}

async function begin(client: Client): Promise<string> {
  const results: unknown = await client.query('BEGIN; SELECT pg_current_xact_id()::text AS id')
  const last = Array.isArray(results) ? (results.at(-1) as { rows: readonly { id: string }[] }) : undefined
  const id = last?.rows[0]?.id
  if (id === undefined) throw new Error('PostgreSQL gave no transaction id')
  return id
}

/** How a transaction ended whose COMMIT was sent on a connection that then broke. Throws `UncertainCommit` when nobody answers. */
async function wasCommitted(url: string, transaction: string): Promise<boolean> {
  let problem: unknown
  for (const pause of RETRY_PAUSES_MS) {
    await sleep(pause)
    try {
      const client = await connect(url)
      try {
        const { rows } = await client.query('SELECT pg_xact_status($1::xid8) AS status', [transaction])
        if (rows[0]?.status !== 'in progress') return rows[0]?.status === 'committed'
      } finally {
        await client.end()
      }
    } catch (error) {
      problem = error
    }
  }
  throw new UncertainCommit(problem)
}
