/** One batch in one transaction: the whole behaviour of the ledger's writes, the same on every database. */
import { HalftoneError } from '../../core/error.ts'
import {
  type AskedCommand,
  type BatchContext,
  type BulkCommand,
  type Command,
  type CommandResult,
  type EncodedRecordJob,
  isSingle,
  type SingleCommand,
} from '../commands.ts'
import type { Tx } from '../tx.ts'
import { createKey, deleteBudget, putKey, putManaged, revokeKey } from './admin.ts'
import { runBatchCommand } from './batches.ts'
import { type Changes, createChanges, flush, recordEvent } from './changes.ts'
import { applyCorrect } from './correct.ts'
import { erase } from './erase.ts'
import { deleteImage, rate } from './feedback.ts'
import { countRepeat, finishRequest } from './finish.ts'
import { deleteInsightObject, putInsightObject } from './insight-objects.ts'
import { addJobs, claimJobs, finishJob, retryJob } from './jobs.ts'
import { closeLots, drawFromOutside, putLots } from './lot-commands.ts'
import { closeMonth, sealMonth } from './months.ts'
import { closeNode, openNode, recover, renewNode } from './nodes.ts'
import { attemptOf } from './posting.ts'
import { keepPrices } from './prices.ts'
import { resetQuality } from './quality.ts'
import { applyReconcile } from './reconcile.ts'
import { applyReserve } from './reserve.ts'
import type { Rollups } from './rollup.ts'
import { putRoute } from './routes.ts'
import { endSession, recordAudit, startSession, touchSession } from './sessions.ts'
import { applySettle } from './settle.ts'
import { sweep } from './sweep.ts'
import { loadWorld, type World } from './world.ts'

/**
 * Results in the order of the commands. A `HalftoneError` refuses one command; any other error is thrown and the caller
 * rolls everything back. `rollups`: where the sums of bulk commands are added up for a caller who writes them later, in the same
 * transaction.
 */
export async function runBatch(
  tx: Tx,
  commands: readonly Command[],
  context: BatchContext,
  rollups?: Rollups,
): Promise<readonly CommandResult[]> {
  const results: CommandResult[] = []
  for (const segment of segmentsOf(commands)) {
    if (segment.kind === 'bulk') results.push(...(await runBulk(tx, segment.commands, context, rollups)))
    else results.push(await attempt(() => runSingle(tx, segment.command, { ...context, by: segment.command.by })))
  }
  return results
}

type Segment = { kind: 'bulk'; commands: readonly BulkCommand[] } | { kind: 'single'; command: AskedCommand }

/** Commands about the same attempt or request must see each other's rows, so a later one opens a new segment. */
function* segmentsOf(commands: readonly Command[]): Iterable<Segment> {
  let bulk: BulkCommand[] = []
  let touched = new Set<string>()
  for (const command of commands) {
    const single = isSingle(command)
    const again = !single && subjectsOf(command).some((id) => touched.has(id))
    if ((single || again) && bulk.length > 0) {
      yield { kind: 'bulk', commands: bulk }
      bulk = []
      touched = new Set()
    }
    if (isSingle(command)) {
      yield { kind: 'single', command }
      continue
    }
    bulk.push(command)
    for (const id of subjectsOf(command)) touched.add(id)
  }
  if (bulk.length > 0) yield { kind: 'bulk', commands: bulk }
}

function subjectsOf(command: BulkCommand): readonly string[] {
  switch (command.kind) {
    case 'reserve':
    case 'settle':
      return [command.attemptId, command.requestId]
    case 'finishRequest':
    case 'countRepeat':
      return [command.requestId]
    default:
      return [command.attemptId]
  }
}

async function runBulk(
  tx: Tx,
  commands: readonly BulkCommand[],
  context: BatchContext,
  rollups?: Rollups,
): Promise<readonly CommandResult[]> {
  const world = await loadWorld(tx, commands, context)
  const changes = createChanges(rollups)
  const results: CommandResult[] = []
  for (const command of commands) results.push(await attempt(() => applyBulk(world, changes, command)))
  await flush(tx, world, changes)
  return results
}

function applyBulk(world: World, changes: Changes, command: BulkCommand): unknown {
  switch (command.kind) {
    case 'reserve':
      return applyReserve(world, changes, command)
    case 'settle':
      return applySettle(world, changes, command)
    case 'reconcile':
      return applyReconcile(world, changes, command)
    case 'correct':
      return applyCorrect(world, changes, command)
    case 'recordJob':
      return applyRecordJob(world, changes, command)
    case 'finishRequest': {
      // A request whose first reserve was refused has no row, and nothing to finish.
      const request = world.requests.get(command.requestId)
      if (request) finishRequest(world, changes, request, { finish: command.finish })
      return undefined
    }
    case 'countRepeat': {
      const request = world.requests.get(command.requestId)
      if (request) countRepeat(world, changes, request, command.savedNanoUsd)
      return undefined
    }
  }
}

/** Recorded whatever the state: even after recovery, the job id is what evidence is found by. */
function applyRecordJob(world: World, changes: Changes, command: EncodedRecordJob): undefined {
  const { attempt: row } = attemptOf(world, command.attemptId)
  row.job_id = command.jobId
  row.resume = command.resume
  changes.attempts.add(row)
  recordEvent(changes, { attemptId: row.id, atUs: command.atUs, kind: 'job', data: JSON.stringify({ jobId: command.jobId }) })
}

function runSingle(tx: Tx, command: SingleCommand, context: BatchContext): Promise<unknown> {
  switch (command.kind) {
    case 'openNode':
      return openNode(tx, context, command)
    case 'renewNode':
      return renewNode(tx, command)
    case 'recoverExpired':
      return recover(tx, context)
    case 'closeNode':
      return closeNode(tx, command)
    case 'sweep':
      return sweep(tx, command)
    case 'createKey':
      return createKey(tx, context, command.row)
    case 'putKey':
      return putKey(tx, context, command.row)
    case 'revokeKey':
      return revokeKey(tx, context, command)
    case 'putProject':
      return putManaged(tx, context, 'projects', command.row)
    case 'putBudget':
      return putManaged(tx, context, 'budgets', command.row)
    case 'keepPrices':
      return keepPrices(tx, command.rows)
    case 'putPrice':
      return putManaged(tx, context, 'prices', command.row)
    case 'deleteBudget':
      return deleteBudget(tx, context, command.id)
    case 'putRoute':
      return putRoute(tx, context, command.route)
    case 'putLots':
      return putLots(tx, context, command.lots)
    case 'drawOutside':
      return drawFromOutside(tx, context, command.draw)
    case 'closeLots':
      return closeLots(tx, context, command.atUs)
    case 'erase':
      return erase(tx, context, command.command)
    case 'closeMonth':
      return closeMonth(tx, context, command.close)
    case 'sealMonth':
      return sealMonth(tx, context, command.seal)
    case 'rate':
      return rate(tx, context, command.feedback)
    case 'resetQuality':
      return resetQuality(tx, context, command)
    case 'putInsightObject':
      return putInsightObject(tx, context, command.object)
    case 'deleteInsightObject':
      return deleteInsightObject(tx, context, command.object)
    case 'addJobs':
      return addJobs(tx, command.jobs)
    case 'claimJobs':
      return claimJobs(tx, command.claim)
    case 'finishJob':
      return finishJob(tx, command)
    case 'retryJob':
      return retryJob(tx, command)
    case 'deleteImage':
      return deleteImage(tx, context, command)
    case 'startSession':
      return startSession(tx, context, command.row)
    case 'touchSession':
      return touchSession(tx, command)
    case 'endSession':
      return endSession(tx, context, command)
    case 'recordAudit':
      return recordAudit(tx, context, command.entry)
    default:
      return runBatchCommand(tx, command)
  }
}

async function attempt(run: () => unknown): Promise<CommandResult> {
  try {
    return { ok: true, value: await run() }
  } catch (error) {
    if (error instanceof HalftoneError) return { ok: false, code: error.code, message: error.message }
    throw error
  }
}
