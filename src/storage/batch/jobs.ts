/** Background work as rows; see the port. */
import type { JsonObject } from '../../core/json.ts'
import type { Job, LedgerJobs, NewJob } from '../../ports/ledger.ts'
import { storableText, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'

type Claim = Parameters<LedgerJobs['claim']>[0]

export async function addJobs(tx: Tx, jobs: readonly NewJob[]): Promise<void> {
  if (jobs.length === 0) return
  // One order for every node, so that two of them cannot lock each other's rows crosswise.
  const rows = [...jobs]
    .sort((left, right) => (left.id < right.id ? -1 : 1))
    .map((job) =>
      toTuple('jobs', {
        id: job.id,
        kind: job.kind,
        state: 'waiting',
        run_at_us: job.createdUs,
        lease_node: null,
        lease_epoch: null,
        lease_until_us: null,
        tries: 0,
        created_us: job.createdUs,
        finished_us: null,
        last_error: null,
        payload: JSON.stringify(job.payload),
      }),
    )
  await tx.insertMany('jobs', rows, 'ignore')
}

export async function claimJobs(tx: Tx, { kind, nodeId, nowUs, leaseUntilUs, limit }: Claim): Promise<readonly Job[]> {
  const due = await tx.all(
    `SELECT id, tries, created_us, payload FROM jobs WHERE kind = ?
       AND ((state = 'waiting' AND run_at_us <= ?) OR (state = 'leased' AND lease_until_us < ?))
     ORDER BY run_at_us, id LIMIT ? FOR UPDATE`,
    [kind, nowUs, nowUs, limit],
  )
  if (due.length === 0) return []
  await tx.run("UPDATE jobs SET state = 'leased', lease_node = ?, lease_until_us = ?, tries = tries + 1 WHERE id IN (?...)", [
    nodeId,
    leaseUntilUs,
    due.map((row) => String(row['id'])),
  ])
  return due.map(toJob)
}

export async function finishJob(tx: Tx, { id, atUs, error }: { id: string; atUs: number; error?: string }): Promise<void> {
  const state = error === undefined ? 'done' : 'failed'
  await tx.run('UPDATE jobs SET state = ?, finished_us = ?, last_error = ? WHERE id = ?', [state, atUs, storableText(error), id])
}

export async function retryJob(tx: Tx, { id, runAtUs, error }: { id: string; runAtUs: number; error: string }): Promise<void> {
  await tx.run("UPDATE jobs SET state = 'waiting', run_at_us = ?, last_error = ? WHERE id = ? AND finished_us IS NULL", [
    runAtUs,
    storableText(error),
    id,
  ])
}

const toJob = (row: Row): Job => ({
  id: String(row['id']),
  tries: Number(row['tries']) + 1,
  createdUs: Number(row['created_us']),
  // Written by `addJobs`.
  payload: JSON.parse(String(row['payload'])) as JsonObject,
})
