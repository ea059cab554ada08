/** Reads of an embedded ledger, on their own thread and connection: a long list never delays an image or a commit. */
import type { StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from './sqlite-files.ts'
import type { Opened, ReaderReply, ReaderRequest, WorkerOptions } from './sqlite-messages.ts'

/** Statements kept prepared; lists of ids make many texts, so that it must be bounded. */
const MAX_STATEMENTS = 200

const port = parentPort
if (port) serve(port, workerData as WorkerOptions)

function serve(parent: NonNullable<typeof parentPort>, { dataDir }: WorkerOptions): void {
  const db = openReader(dataDir)
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known) return known
    if (statements.size >= MAX_STATEMENTS) statements.clear()
    const statement = db.prepare(sql)
    statement.setReadBigInts(true)
    statements.set(sql, statement)
    return statement
  }
  parent.on('message', (request: ReaderRequest) => {
    if ('kind' in request) {
      db.close()
      parent.close()
      return
    }
    let reply: ReaderReply
    try {
      reply = { kind: 'rows', rows: prepare(request.sql).all(...request.parameters) }
    } catch (error) {
      reply = { kind: 'error', message: error instanceof Error ? error.message : String(error) }
    }
    parent.postMessage(reply)
  })
  parent.postMessage({ kind: 'opened' } satisfies Opened)
}
