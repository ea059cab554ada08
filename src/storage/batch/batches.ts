/** Files and batches as rows; see the port. */
import { HalftoneError } from '../../core/error.ts'
import type {
  BatchProblem,
  BatchRecord,
  FileRecord,
  FinishedLine,
  LedgerBatches,
  NewBatchLine,
} from '../../ports/ledger-batches.ts'
import { toBatch } from '../reads/batches.ts'
import { storableText, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'

export type BatchCommand =
  | { readonly kind: 'addFile'; readonly file: FileRecord }
  | { readonly kind: 'deleteFile'; readonly id: string; readonly atUs: number }
  | { readonly kind: 'addBatch'; readonly batch: Parameters<LedgerBatches['add']>[0] }
  | { readonly kind: 'cancelBatch'; readonly id: string; readonly atUs: number }
  | { readonly kind: 'claimBatches'; readonly nodeId: string; readonly limit: number }
  | { readonly kind: 'addBatchLines'; readonly batchId: string; readonly lines: readonly NewBatchLine[]; readonly atUs: number }
  | { readonly kind: 'startBatch'; readonly id: string; readonly atUs: number }
  | { readonly kind: 'finishBatchLine'; readonly line: FinishedLine }
  | {
      readonly kind: 'postponeBatchLine'
      readonly batchId: string
      readonly line: number
      readonly runAtUs: number
      readonly tried: boolean
    }
  | { readonly kind: 'closeBatchLines'; readonly batchId: string; readonly state: string; readonly atUs: number }
  | { readonly kind: 'endBatch'; readonly end: Parameters<LedgerBatches['end']>[0] }

export function runBatchCommand(tx: Tx, command: BatchCommand): Promise<unknown> {
  switch (command.kind) {
    case 'addFile':
      return addFile(tx, command.file)
    case 'deleteFile':
      return deleteFile(tx, command)
    case 'addBatch':
      return addBatch(tx, command.batch)
    case 'cancelBatch':
      return cancelBatch(tx, command)
    case 'claimBatches':
      return claimBatches(tx, command)
    case 'addBatchLines':
      return addLines(tx, command)
    case 'startBatch':
      return tx.run("UPDATE batches SET state = 'in_progress', started_us = ? WHERE id = ? AND state = 'validating'", [
        command.atUs,
        command.id,
      ])
    case 'finishBatchLine':
      return finishLine(tx, command.line)
    case 'postponeBatchLine':
      return tx.run(
        "UPDATE batch_lines SET run_at_us = ?, tries = tries + ? WHERE batch_id = ? AND line = ? AND state = 'waiting'",
        [command.runAtUs, command.tried ? 1 : 0, command.batchId, command.line],
      )
    case 'closeBatchLines':
      return tx.run("UPDATE batch_lines SET state = ?, finished_us = ? WHERE batch_id = ? AND state = 'waiting'", [
        command.state,
        command.atUs,
        command.batchId,
      ])
    case 'endBatch':
      return endBatch(tx, command.end)
  }
}

async function addFile(tx: Tx, file: FileRecord): Promise<void> {
  await tx.insertMany('files', [
    toTuple('files', {
      id: file.id,
      key_id: file.keyId,
      project_id: file.projectId,
      purpose: file.purpose,
      filename: storableText(file.filename),
      bytes: file.bytes,
      sha256: file.sha256,
      created_us: file.createdUs,
      expires_us: file.expiresUs,
      deleted_us: null,
    }),
  ])
  await tx.addMany('blobs', [[file.sha256, file.bytes, 1, file.createdUs]], ['refs'])
}

async function deleteFile(tx: Tx, { id, atUs }: { id: string; atUs: number }): Promise<boolean> {
  const [file] = await tx.all('SELECT id, sha256 FROM files WHERE id = ? AND deleted_us IS NULL FOR UPDATE', [id])
  const [reader] = await tx.all('SELECT id FROM batches WHERE file_id = ? AND finished_us IS NULL LIMIT 1', [id])
  if (!file || reader) return false
  await releaseFiles(tx, [file], atUs)
  return true
}

/** Rows stay, so that a batch can still say what it was made of; the bytes go with the sweep. */
async function releaseFiles(tx: Tx, files: readonly Row[], nowUs: number): Promise<void> {
  for (const file of files) {
    await tx.run('UPDATE files SET deleted_us = ? WHERE id = ?', [nowUs, String(file['id'])])
    await tx.addMany('blobs', [[String(file['sha256']), 0, -1, nowUs]], ['refs'])
  }
}

/** What nobody reads any more and whose time is over. */
export async function expireFiles(tx: Tx, { nowUs, limit }: { nowUs: number; limit: number }): Promise<number> {
  const expired = await tx.all(
    `SELECT id, sha256 FROM files f WHERE f.deleted_us IS NULL AND f.expires_us <= ?
       AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.file_id = f.id AND b.finished_us IS NULL)
     ORDER BY f.expires_us LIMIT ? FOR UPDATE`,
    [nowUs, limit],
  )
  await releaseFiles(tx, expired, nowUs)
  return expired.length
}

async function addBatch(tx: Tx, batch: BatchRecord & { readonly idempotencyKey?: string }): Promise<string | null> {
  const { idempotencyKey } = batch
  if (idempotencyKey !== undefined) {
    const [earlier] = await tx.all('SELECT id FROM batches WHERE key_id = ? AND idempotency_key = ?', [
      batch.keyId,
      idempotencyKey,
    ])
    if (earlier) return String(earlier['id'])
  }
  const [file] = await tx.all('SELECT id FROM files WHERE id = ? AND deleted_us IS NULL FOR UPDATE', [batch.fileId])
  if (!file) throw new HalftoneError('not_found', `There is no file "${batch.fileId}" any more.`, { param: 'input_file_id' })
  await tx.insertMany('batches', [
    toTuple('batches', {
      id: batch.id,
      key_id: batch.keyId,
      project_id: batch.projectId,
      endpoint: batch.endpoint,
      file_id: batch.fileId,
      metadata: batch.metadata && JSON.stringify(batch.metadata),
      idempotency_key: storableText(idempotencyKey),
      state: batch.state,
      created_us: batch.createdUs,
      started_us: null,
      cancelling_us: null,
      finished_us: null,
      expires_us: batch.expiresUs,
      problems: null,
      node_id: null,
    }),
  ])
  return null
}

async function cancelBatch(tx: Tx, { id, atUs }: { id: string; atUs: number }): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE batches SET state = 'cancelling', cancelling_us = ? WHERE id = ? AND state IN ('validating', 'in_progress')",
    [atUs, id],
  )
  return changed > 0
}

/** Recovery closes a node before it takes over; a node that was closed gets nothing any more. */
async function claimBatches(
  tx: Tx,
  { nodeId, limit }: { readonly nodeId: string; readonly limit: number },
): Promise<readonly BatchRecord[]> {
  const alive = 'SELECT 1 FROM nodes n WHERE n.closed_us IS NULL AND n.node_id'
  const open = await tx.all(
    `SELECT * FROM batches b WHERE b.finished_us IS NULL AND EXISTS (${alive} = ?)
       AND (b.node_id IS NULL OR b.node_id = ? OR NOT EXISTS (${alive} = b.node_id))
     ORDER BY b.created_us, b.id LIMIT ? FOR UPDATE`,
    [nodeId, nodeId, limit],
  )
  const taken = open.filter((row) => row['node_id'] !== nodeId).map((row) => String(row['id']))
  if (taken.length > 0) await tx.run('UPDATE batches SET node_id = ? WHERE id IN (?...)', [nodeId, taken])
  return open.map(toBatch)
}

async function addLines(
  tx: Tx,
  { batchId, lines, atUs }: { batchId: string; lines: readonly NewBatchLine[]; atUs: number },
): Promise<void> {
  const rows = lines.map((each) =>
    toTuple('batch_lines', {
      batch_id: batchId,
      line: each.line,
      custom_id: storableText(each.customId),
      byte_from: each.byteFrom,
      bytes: each.bytes,
      state: 'waiting',
      run_at_us: atUs,
      tries: 0,
      request_id: null,
      http_status: null,
      links: 0,
      error: null,
      finished_us: null,
    }),
  )
  await tx.insertMany('batch_lines', rows, 'ignore')
}

/** The first end stands: a line that was taken over by another node may be told of twice. */
async function finishLine(tx: Tx, finished: FinishedLine): Promise<void> {
  const { batchId, line, state, atUs, requestId, httpStatus, links, error } = finished
  await tx.run(
    `UPDATE batch_lines SET state = ?, finished_us = ?, request_id = ?, http_status = ?, links = ?, error = ?
     WHERE batch_id = ? AND line = ? AND state = 'waiting'`,
    [state, atUs, requestId ?? null, httpStatus ?? null, links ? 1 : 0, error ? JSON.stringify(error) : null, batchId, line],
  )
}

async function endBatch(tx: Tx, { id, state, atUs, problems, dropInput }: Parameters<LedgerBatches['end']>[0]): Promise<void> {
  const text = problems && problems.length > 0 ? JSON.stringify(problems satisfies readonly BatchProblem[]) : null
  await tx.run('UPDATE batches SET state = ?, finished_us = ?, problems = ? WHERE id = ? AND finished_us IS NULL', [
    state,
    atUs,
    text,
    id,
  ])
  if (!dropInput) return
  const files = await tx.all(
    'SELECT f.id, f.sha256 FROM files f JOIN batches b ON b.file_id = f.id WHERE b.id = ? AND f.deleted_us IS NULL',
    [id],
  )
  const [reader] = await tx.all(
    'SELECT other.id FROM batches one JOIN batches other ON other.file_id = one.file_id WHERE one.id = ? AND other.finished_us IS NULL LIMIT 1',
    [id],
  )
  if (!reader) await releaseFiles(tx, files, atUs)
}
