/** Delete what has expired. Money is never touched; asset rows stay, as lineage, with their private text removed. */
import type { Ledger } from '../../ports/ledger.ts'
import type { Row, Tx } from '../tx.ts'
import { releaseAssets } from './assets.ts'
import { expireFiles } from './batches.ts'
import { deleteDueRecords } from './records.ts'

export async function sweep(
  tx: Tx,
  { nowUs, limit, maxBytes, goneBlobs = [], afterBlob = '' }: Parameters<Ledger['sweep']>[0],
): ReturnType<Ledger['sweep']> {
  // An answer that can still be replayed pins its images.
  const expired = await tx.all(
    `SELECT id, sha256 FROM assets a WHERE a.deleted_us IS NULL AND a.expires_us <= ?
       AND NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.request_id = a.request_id AND i.expires_us > ?)
     ORDER BY a.expires_us LIMIT ? FOR UPDATE`,
    [nowUs, nowUs, limit],
  )
  await releaseAssets(tx, expired, nowUs)
  const evicted = maxBytes === undefined ? 0 : await evict(tx, { nowUs, limit, maxBytes })
  const files = await expireFiles(tx, { nowUs, limit })
  const scopes = await expireAnswers(tx, { nowUs, limit })
  const contents = await expireContents(tx, { nowUs, limit })
  const records = await deleteDueRecords(tx, { nowUs, limit })
  // Rows go after their bytes; those that were stored again meanwhile are referenced again.
  if (goneBlobs.length > 0) await tx.run('DELETE FROM blobs WHERE refs <= 0 AND sha256 IN (?...)', [goneBlobs])
  const unreferenced = await tx.all('SELECT sha256 FROM blobs WHERE refs <= 0 AND sha256 > ? ORDER BY sha256 LIMIT ?', [
    afterBlob,
    limit,
  ])
  const deletedBlobs = unreferenced.map((row) => String(row['sha256']))
  return { deletedBlobs, more: Math.max(expired.length, evicted, files, scopes, contents, records) >= limit }
}

/**
 * Above the cap the images nearest to their end go before their time; returns how many went. Bytes that others share free
 * nothing yet: the next round goes on from what is left.
 */
async function evict(tx: Tx, { nowUs, limit, maxBytes }: { nowUs: number; limit: number; maxBytes: number }): Promise<number> {
  const [row] = await tx.all('SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS kept FROM blobs WHERE refs > 0', [])
  let excess = Number(row?.['kept'] ?? 0) - maxBytes
  if (excess <= 0) return 0
  const next = await tx.all(
    `SELECT id, sha256, bytes FROM assets a WHERE a.deleted_us IS NULL
       AND NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.request_id = a.request_id AND i.expires_us > ?)
     ORDER BY a.expires_us, a.id LIMIT ? FOR UPDATE`,
    [nowUs, limit],
  )
  const going: Row[] = []
  for (const asset of next) {
    if (excess <= 0) break
    going.push(asset)
    excess -= Number(asset['bytes'])
  }
  await releaseAssets(tx, going, nowUs)
  return going.length
}

const expireAnswers = (tx: Tx, { nowUs, limit }: { nowUs: number; limit: number }): Promise<number> =>
  tx.run(
    'DELETE FROM idempotency WHERE scope IN (SELECT scope FROM idempotency WHERE expires_us <= ? ORDER BY expires_us LIMIT ?)',
    [nowUs, limit],
  )

/** What was counted in a prompt goes with it. */
async function expireContents(tx: Tx, { nowUs, limit }: { nowUs: number; limit: number }): Promise<number> {
  const rows = await tx.all(
    'SELECT request_id FROM request_content WHERE expires_us <= ? ORDER BY expires_us LIMIT ? FOR UPDATE',
    [nowUs, limit],
  )
  if (rows.length === 0) return 0
  const ids = rows.map((row) => String(row['request_id']))
  await tx.run('UPDATE requests SET prompt_gate = NULL WHERE id IN (?...) AND prompt_gate IS NOT NULL', [ids])
  await tx.run('DELETE FROM request_content WHERE request_id IN (?...)', [ids])
  return rows.length
}
