/** Node leases and the recovery of what dead nodes left behind. */
import type { NodeOpening, RecoveryReport, ResumableAttempt } from '../../ports/ledger.ts'
import type { BatchContext, EncodedFinish } from '../commands.ts'
import { refuseNewer } from '../migrations/migrate.ts'
import type { Row, Tx } from '../tx.ts'
import { type Changes, createChanges, flush, recordEvent } from './changes.ts'
import { finishRequest } from './finish.ts'
import { closeAttempt, provisionalLine } from './posting.ts'
import { type Attempt, emptyWorld, loadAttempts, loadCounters, loadRequests, type World } from './world.ts'

const STOPPED = 'The gateway stopped before it could answer.'
const STOPPED_AT_RISK = `${STOPPED} The call may have been billed; send it under a new Idempotency-Key to accept that and try again.`

/** Recovery is rare and must be one at a time, so that a job is handed to exactly one node. */
const RECOVERY_LOCK = 'recovery'
/** Migrations take it as well: nobody registers while one is under way. */
export const MIGRATION_LOCK = 'migrate'

export async function openNode(
  tx: Tx,
  context: BatchContext,
  { nodeId, leaseMs }: { nodeId: string; leaseMs: number },
): Promise<NodeOpening> {
  await tx.exclusively(MIGRATION_LOCK)
  await refuseOlder(tx)
  await tx.exclusively(RECOVERY_LOCK)
  const clockUs = await tx.clockUs()
  if (context.exclusive) await tx.run('UPDATE nodes SET closed_us = ? WHERE closed_us IS NULL', [clockUs])
  const [last] = await tx.all('SELECT max(epoch) AS epoch FROM nodes')
  const epoch = Number(last?.['epoch'] ?? 0n) + 1
  const lease = [epoch, clockUs + leaseMs * 1000, clockUs, clockUs] as const
  const known = await tx.run(
    'UPDATE nodes SET epoch = ?, lease_until_us = ?, opened_us = ?, renewed_us = ?, closed_us = NULL WHERE node_id = ?',
    [...lease, nodeId],
  )
  if (known === 0) {
    await tx.run(
      'INSERT INTO nodes (epoch, lease_until_us, opened_us, renewed_us, node_id, closed_us) VALUES (?, ?, ?, ?, ?, NULL)',
      [...lease, nodeId],
    )
  }
  return { epoch, recovery: await recover(tx, { ...context, node: { nodeId, epoch } }) }
}

/** Throws `schema_newer` when somebody migrated what this release does not know, and has to know to write. */
async function refuseOlder(tx: Tx): Promise<void> {
  const [row] = await tx.all('SELECT max(version) AS version FROM schema_floors')
  refuseNewer(Number(row?.['version'] ?? 0))
}

/**
 * The lease counts from the database's clock. One that ran out is renewed as long as nobody noticed: recovery closes a node
 * before it takes over, and from then on it cannot be.
 */
export async function renewNode(
  tx: Tx,
  { nodeId, epoch, leaseMs }: { nodeId: string; epoch: number; leaseMs: number },
): Promise<boolean> {
  const clockUs = await tx.clockUs()
  const renewed = await tx.run(
    'UPDATE nodes SET lease_until_us = ?, renewed_us = ? WHERE node_id = ? AND epoch = ? AND closed_us IS NULL',
    [clockUs + leaseMs * 1000, clockUs, nodeId, epoch],
  )
  return renewed === 1
}

export async function closeNode(tx: Tx, { nodeId, epoch }: { nodeId: string; epoch: number }): Promise<void> {
  const clockUs = await tx.clockUs()
  await tx.run('UPDATE nodes SET closed_us = ? WHERE node_id = ? AND epoch = ? AND closed_us IS NULL', [clockUs, nodeId, epoch])
}

/** Parameters: `liveAt`. */
const LIVE_OWNER = `SELECT 1 FROM nodes n WHERE n.node_id = x.node_id AND n.epoch = x.epoch AND n.closed_us IS NULL
  AND (n.lease_until_us >= ? OR (n.node_id = ? AND n.epoch = ?))`

/** Who asks is alive, also where its own lease ran out meanwhile: a machine that slept may look before it renews. */
const liveAt = (clockUs: number, { node }: Pick<BatchContext, 'node'>): [number, string, number] => [
  clockUs,
  node?.nodeId ?? '',
  node?.epoch ?? -1,
]

/**
 * Take over from nodes whose lease has run out, was released or superseded. `intent` never reached the wire and is voided;
 * `dispatched` may have been billed: with a job id this node resumes it, without one its hold becomes a provisional charge.
 */
export async function recover(tx: Tx, context: BatchContext): Promise<RecoveryReport> {
  await tx.exclusively(RECOVERY_LOCK)
  const clockUs = await tx.clockUs()
  // Closing first fences them: a reserve under way holds a shared lock on its node's row until it is durable.
  const live = liveAt(clockUs, context)
  await tx.run(
    'UPDATE nodes SET closed_us = ? WHERE closed_us IS NULL AND lease_until_us < ? AND NOT (node_id = ? AND epoch = ?)',
    [clockUs, ...live],
  )
  const open = await tx.all(
    `SELECT x.id FROM attempts x WHERE x.state IN ('intent', 'dispatched') AND NOT EXISTS (${LIVE_OWNER})`,
    live,
  )
  const world = emptyWorld(context)
  await loadAttempts(tx, world, ids(open))
  await loadCounters(tx, world, [])
  const changes = createChanges()
  const report = { voided: [] as string[], unknown: [] as string[], resumable: [] as ResumableAttempt[] }
  for (const attempt of [...world.attempts.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    recoverAttempt(world, changes, { attempt, atUs: clockUs }, report)
  }
  await finishAbandoned(tx, world, changes, clockUs)
  await flush(tx, world, changes)
  return report
}

function recoverAttempt(
  world: World,
  changes: Changes,
  { attempt, atUs }: { attempt: Attempt; atUs: number },
  report: { voided: string[]; unknown: string[]; resumable: ResumableAttempt[] },
): void {
  const request = world.requests.get(attempt.request_id)
  if (!request || (attempt.state !== 'intent' && attempt.state !== 'dispatched')) return
  const { node } = world.context
  const data = JSON.stringify({
    from: attempt.state,
    nodeId: attempt.node_id,
    epoch: Number(attempt.epoch),
    jobId: attempt.job_id,
  })
  if (attempt.state === 'dispatched' && attempt.job_id !== null) {
    if (!node) return
    recordEvent(changes, { attemptId: attempt.id, atUs, kind: 'claimed', data })
    attempt.node_id = request.node_id = node.nodeId
    attempt.epoch = request.epoch = node.epoch
    changes.attempts.add(attempt)
    changes.requests.add(request)
    const { id: attemptId, request_id: requestId, offer, job_id: jobId } = attempt
    report.resumable.push({ attemptId, requestId, offer, jobId, resume: JSON.parse(attempt.resume ?? 'null') })
    return
  }
  recordEvent(changes, { attemptId: attempt.id, atUs, kind: 'recovered', data })
  if (attempt.state === 'intent') {
    attempt.billed = 'no'
    closeAttempt(world, changes, { attempt, request, lines: [], state: 'voided', outcome: 'cancelled', atUs })
    report.voided.push(attempt.id)
  } else {
    attempt.billed = 'unknown'
    const lines = [provisionalLine(attempt)]
    closeAttempt(world, changes, { attempt, request, lines, state: 'unknown', outcome: 'unknown', atUs })
    report.unknown.push(attempt.id)
  }
}

/** Requests of dead nodes that no attempt can finish any more. */
async function finishAbandoned(tx: Tx, world: World, changes: Changes, clockUs: number): Promise<void> {
  const unfinished = ids(
    await tx.all(
      `SELECT x.id FROM requests x WHERE x.finished_us IS NULL AND NOT EXISTS (${LIVE_OWNER})`,
      liveAt(clockUs, world.context),
    ),
  )
  if (unfinished.length === 0) return
  await loadRequests(tx, world, unfinished)
  const attempts = await tx.all('SELECT id, request_id, state FROM attempts WHERE request_id IN (?...)', [unfinished])
  const running = new Set<string>()
  const atRisk = new Set<string>()
  for (const row of attempts) {
    const state = world.attempts.get(String(row['id']))?.state ?? row['state']
    if (state === 'intent' || state === 'dispatched') running.add(String(row['request_id']))
    else if (state !== 'voided') atRisk.add(String(row['request_id']))
  }
  for (const id of unfinished) {
    const request = world.requests.get(id)
    if (!request || running.has(id)) continue
    finishRequest(world, changes, request, {
      finish: abandoned(Number(request.created_us), clockUs, atRisk.has(id)),
      recovered: true,
    })
  }
}

/** What may have been paid for is answered again rather than paid again; what was surely free leaves nothing behind. */
const abandoned = (createdUs: number, atUs: number, atRisk: boolean): EncodedFinish => ({
  finishedUs: atUs,
  outcome: 'unknown',
  httpStatus: 500,
  imagesReturned: 0,
  latencyUs: Math.max(0, atUs - createdUs),
  errorCode: 'internal_error',
  errorMessage: STOPPED,
  response: atRisk ? JSON.stringify({ error: { code: 'internal_error', message: STOPPED_AT_RISK } }) : null,
  warnings: '[]',
})

const ids = (rows: readonly Row[]): readonly string[] => rows.map((row) => String(row['id']))
