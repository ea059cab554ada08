/** Reads of an embedded ledger, on a thread and connection of their own, so that they delay neither an image nor a commit. */
import { parentPort, workerData } from 'node:worker_threads'
import { blocksOf } from './sqlite-columns.ts'
import { openReader } from './sqlite-files.ts'
import type { Opened, ReaderReply, ReaderRequest, WorkerOptions } from './sqlite-messages.ts'
import { type Prepared, prepareRows, readRows } from './sqlite-rows.ts'

/** Statements kept prepared; lists of ids make many texts, so that it must be bounded. */
const MAX_STATEMENTS = 200

const port = parentPort
if (port) serve(port, workerData as WorkerOptions)

function serve(parent: NonNullable<typeof parentPort>, { dataDir }: WorkerOptions): void {
  const db = openReader(dataDir)
  const statements = new Map<string, Prepared>()
  const prepare = (sql: string): Prepared => {
    const known = statements.get(sql)
    if (known) return known
    if (statements.size >= MAX_STATEMENTS) statements.clear()
    const prepared = prepareRows(db, sql)
    statements.set(sql, prepared)
    return prepared
  }
  parent.on('message', (request: ReaderRequest) => {
    if ('kind' in request) {
      db.close()
      parent.close()
      return
    }
    let reply: ReaderReply
    try {
      reply = readRows(prepare(request.sql), request.parameters)
    } catch (error) {
      reply = { kind: 'error', message: error instanceof Error ? error.message : String(error) }
    }
    parent.postMessage(reply, reply.kind === 'packed' ? blocksOf(reply.packed) : [])
  })
  parent.postMessage({ kind: 'opened' } satisfies Opened)
}
