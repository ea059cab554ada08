/**
 * Deletes the records of requests whose time is over. What stays is what money, sums and exports are made of: who asked when for
 * how much of what, how it ended, and every charge.
 */
import { periodStartUs } from '../../core/budget/period.ts'
import { deletableEvent } from '../migrations/013-records.ts'
import type { Row, Tx } from '../tx.ts'
import { releaseAssets } from './assets.ts'
import { closedUntil } from './months.ts'

/** What cannot go yet is looked at again after so long, so that it holds up nothing that can. */
const LOOK_AGAIN_US = 86_400_000_000

/** At most `limit` requests that are due; returns how many were looked at. */
export async function deleteDueRecords(tx: Tx, { nowUs, limit }: { nowUs: number; limit: number }): Promise<number> {
  const due = idsOf(
    await tx.all('SELECT id FROM requests WHERE record_expires_us <= ? ORDER BY record_expires_us, id LIMIT ?', [nowUs, limit]),
  )
  if (due.length === 0) return 0
  const { ripe, waiting } = await sift(tx, due, nowUs)
  if (waiting.length > 0)
    await tx.run('UPDATE requests SET record_expires_us = ? WHERE id IN (?...)', [nowUs + LOOK_AGAIN_US, waiting])
  await deleteRecords(tx, ripe, nowUs)
  return due.length
}

/** Locked in the order of every other writer: attempts, then requests, each by ascending id. */
async function sift(
  tx: Tx,
  ids: readonly string[],
  nowUs: number,
): Promise<{ readonly ripe: readonly string[]; readonly waiting: readonly string[] }> {
  const bookedUntilUs = await bookedUntil(tx, nowUs)
  const attempts = await tx.all(
    'SELECT request_id, state, settled_us FROM attempts WHERE request_id IN (?...) ORDER BY id FOR UPDATE',
    [ids],
  )
  const unsettled = new Set(
    attempts.filter((row) => !isSettledBefore(row, bookedUntilUs)).map((row) => String(row['request_id'])),
  )
  const replayable = new Set(
    (await tx.all('SELECT request_id FROM idempotency WHERE request_id IN (?...) AND expires_us > ?', [ids, nowUs])).map((row) =>
      String(row['request_id']),
    ),
  )
  // Another node may have been first: what it deleted is due no more.
  const requests = await tx.all(
    'SELECT id, created_us, finished_us FROM requests WHERE id IN (?...) AND record_expires_us <= ? ORDER BY id FOR UPDATE',
    [ids, nowUs],
  )
  const isRipe = (row: Row): boolean =>
    row['finished_us'] !== null &&
    Number(row['created_us']) < bookedUntilUs &&
    !unsettled.has(String(row['id'])) &&
    !replayable.has(String(row['id']))
  return { ripe: idsOf(requests.filter(isRipe)), waiting: idsOf(requests.filter((row) => !isRipe(row))) }
}

/**
 * Months before this instant are done: closed, where months are closed; over, where nobody ever closed one. Evidence and corrected
 * prices need the record, so that it stays as long as its month is open for them.
 */
async function bookedUntil(tx: Tx, nowUs: number): Promise<number> {
  const closedUs = await closedUntil(tx)
  return closedUs > 0 ? closedUs : periodStartUs('month', nowUs)
}

const done: ReadonlySet<unknown> = new Set(['settled', 'voided', 'reconciled'])
const isSettledBefore = (row: Row, untilUs: number): boolean =>
  done.has(row['state']) && row['settled_us'] !== null && Number(row['settled_us']) < untilUs

/** Requests that are finished, with attempts whose outcome is known; locked by the caller. */
async function deleteRecords(tx: Tx, ids: readonly string[], atUs: number): Promise<void> {
  if (ids.length === 0) return
  const kept = await tx.all(
    'SELECT id, sha256 FROM assets WHERE request_id IN (?...) AND deleted_us IS NULL ORDER BY id FOR UPDATE',
    [ids],
  )
  await releaseAssets(tx, kept, atUs)
  await tx.run('UPDATE assets SET revised_prompt = NULL, seed = NULL WHERE request_id IN (?...)', [ids])
  await tx.run('DELETE FROM request_content WHERE request_id IN (?...)', [ids])
  await tx.run('DELETE FROM idempotency WHERE request_id IN (?...)', [ids])
  await tx.run('UPDATE feedback SET reason = NULL WHERE request_id IN (?...)', [ids])
  // The fingerprint is a hash of the prompt, among others; the id equals no other request.
  await tx.run(
    `UPDATE requests SET record_deleted_us = ?, record_expires_us = NULL, decision = '{}', warnings = '[]', error_message = NULL,
       fingerprint = id, idempotency_scope = NULL, prompt_gate = NULL WHERE id IN (?...)`,
    [atUs, ids],
  )
  await tx.run(
    `UPDATE attempts SET settings = '{}', error_message = NULL, job_id = NULL, provider_request_id = NULL, resume = NULL
     WHERE request_id IN (?...)`,
    [ids],
  )
  await tx.run(
    `DELETE FROM attempt_events WHERE ${deletableEvent()} AND attempt_id IN (SELECT id FROM attempts WHERE request_id IN (?...))`,
    [ids],
  )
}

const idsOf = (rows: readonly Row[]): readonly string[] => rows.map((row) => String(row['id']))
