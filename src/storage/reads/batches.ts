/** Files and batches as the port names them. */
import type { Kysely, Selectable } from 'kysely'
import type { JsonObject } from '../../core/json.ts'
import type {
  BatchLine,
  BatchProblem,
  BatchRecord,
  BatchState,
  FilePurpose,
  FileRecord,
  LedgerBatches,
} from '../../ports/ledger-batches.ts'
import type { Database } from '../schema.ts'
import type { Row } from '../tx.ts'
import { numberOrNull, toSum } from './decode.ts'

type BatchReads = Pick<LedgerBatches, 'file' | 'files' | 'batch' | 'batches' | 'counts' | 'waiting' | 'lines'>

export const createBatchReads = (db: Kysely<Database>): BatchReads => ({
  async file(id) {
    const row = await db.selectFrom('files').selectAll().where('id', '=', id).where('deleted_us', 'is', null).executeTakeFirst()
    return row && toFile(row)
  },
  async files({ keyId, projectId, after, limit, purpose }) {
    let query = db.selectFrom('files').selectAll().where('deleted_us', 'is', null).orderBy('id', 'desc').limit(limit)
    if (keyId !== undefined) query = query.where('key_id', '=', keyId)
    if (projectId !== undefined) query = query.where('project_id', '=', projectId)
    if (purpose !== undefined) query = query.where('purpose', '=', purpose)
    if (after !== undefined) query = query.where('id', '<', after)
    return (await query.execute()).map(toFile)
  },
  async batch(id) {
    const row = await db.selectFrom('batches').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toBatch(row)
  },
  async batches({ keyId, projectId, after, limit }) {
    let query = db.selectFrom('batches').selectAll().orderBy('id', 'desc').limit(limit)
    if (keyId !== undefined) query = query.where('key_id', '=', keyId)
    if (projectId !== undefined) query = query.where('project_id', '=', projectId)
    if (after !== undefined) query = query.where('id', '<', after)
    return (await query.execute()).map(toBatch)
  },
  async counts(batchId) {
    const states = await db
      .selectFrom('batch_lines')
      .select(({ fn }) => ['state', fn.countAll<bigint>().as('lines')])
      .where('batch_id', '=', batchId)
      .groupBy('state')
      .execute()
    const of = (state: string): number => Number(states.find((row) => row.state === state)?.lines ?? 0)
    const total = states.reduce((sum, row) => sum + Number(row.lines), 0)
    const done = of('done')
    return { total, done, failed: total - done - of('waiting'), costNanoUsd: await costOf(db, batchId) }
  },
  async waiting({ batchId, nowUs, limit }) {
    const rows = await db
      .selectFrom('batch_lines')
      .selectAll()
      .where('batch_id', '=', batchId)
      .where('state', '=', 'waiting')
      .where('run_at_us', '<=', BigInt(nowUs))
      .orderBy('run_at_us')
      .orderBy('line')
      .limit(limit)
      .execute()
    return rows.map(toLine)
  },
  async lines({ batchId, afterLine, limit, states }) {
    let query = db
      .selectFrom('batch_lines')
      .selectAll()
      .where('batch_id', '=', batchId)
      .where('line', '>', BigInt(afterLine))
      .orderBy('line')
      .limit(limit)
    if (states !== undefined) query = query.where('state', 'in', states)
    return (await query.execute()).map(toLine)
  },
})

async function costOf(db: Kysely<Database>, batchId: string): Promise<bigint> {
  const row = await db
    .selectFrom('batch_lines')
    .innerJoin('attempts', 'attempts.request_id', 'batch_lines.request_id')
    .innerJoin('charges', 'charges.attempt_id', 'attempts.id')
    .select(({ fn }) => fn.sum<bigint>('charges.amount_nano_usd').as('cost'))
    .where('batch_lines.batch_id', '=', batchId)
    .executeTakeFirst()
  return toSum(row?.cost ?? null)
}

const toFile = (row: Selectable<Database['files']>): FileRecord => ({
  id: row.id,
  keyId: row.key_id,
  projectId: row.project_id,
  // What `addFile` stored.
  purpose: row.purpose as FilePurpose,
  filename: row.filename,
  bytes: Number(row.bytes),
  sha256: row.sha256,
  createdUs: Number(row.created_us),
  expiresUs: Number(row.expires_us),
})

/** Also of a row that a writer read. */
export function toBatch(row: Row | Selectable<Database['batches']>): BatchRecord {
  // Both name the same columns; the writer's rows are only typed wider.
  const batch = row as Selectable<Database['batches']>
  return {
    id: batch.id,
    keyId: batch.key_id,
    projectId: batch.project_id,
    endpoint: batch.endpoint,
    fileId: batch.file_id,
    metadata: batch.metadata === null ? null : (JSON.parse(batch.metadata) as JsonObject),
    state: batch.state as BatchState,
    createdUs: Number(batch.created_us),
    startedUs: numberOrNull(batch.started_us),
    cancellingUs: numberOrNull(batch.cancelling_us),
    finishedUs: numberOrNull(batch.finished_us),
    expiresUs: Number(batch.expires_us),
    problems: batch.problems === null ? [] : (JSON.parse(batch.problems) as readonly BatchProblem[]),
  }
}

const toLine = (row: Selectable<Database['batch_lines']>): BatchLine => ({
  line: Number(row.line),
  customId: row.custom_id,
  byteFrom: Number(row.byte_from),
  bytes: Number(row.bytes),
  state: row.state as BatchLine['state'],
  tries: Number(row.tries),
  requestId: row.request_id,
  httpStatus: numberOrNull(row.http_status),
  links: row.links === 1n,
  error: row.error === null ? null : (JSON.parse(row.error) as JsonObject),
})
