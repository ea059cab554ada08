/** Accept or refuse one reserve, in arrival order. Nothing of a refused one is written. */
import { admit } from '../../core/budget/counter.ts'
import { periodEndUs, periodStartUs } from '../../core/budget/period.ts'
import { HalftoneError } from '../../core/error.ts'
import type { ReserveResult } from '../../ports/ledger.ts'
import type { EncodedReserve } from '../commands.ts'
import { toTuple } from '../schema.ts'
import { type Changes, insertRow, insertTuple, keepAssets } from './changes.ts'
import { type Budget, type Counter, counterKey, type World } from './world.ts'

export function applyReserve(world: World, changes: Changes, command: EncodedReserve): ReserveResult {
  // Fencing: a node that lost its lease may already have been recovered, and what it starts now nobody would look after.
  if (world.nodes.get(command.nodeId) !== command.epoch) {
    throw new HalftoneError('draining', `Node ${command.nodeId} lost its lease (epoch ${command.epoch}) and may not dispatch.`)
  }
  const taken = takenScope(world, command)
  if (taken) return taken
  const accepted: { counter: Counter; budget: Budget; next: Counter['now'] }[] = []
  const over: string[] = []
  for (const id of command.budgetIds) {
    const budget = world.budgets.get(id)
    if (!budget) continue
    const start = periodStartUs(budget.period, command.createdUs)
    const counter = world.counters.get(counterKey(id, budget.period, start, command.sandbox))
    if (!counter) throw new Error(`budget ${id} was not loaded`)
    const admission = admit(counter.now, budget, command.holdNanoUsd)
    if (admission.kind === 'refused') {
      return {
        kind: 'budget_exceeded',
        budgetId: id,
        limitNanoUsd: budget.limitNanoUsd,
        remainingNanoUsd: admission.remainingNanoUsd,
        resetsAtUs: periodEndUs(budget.period, start),
      }
    }
    if (admission.isOver) over.push(id)
    accepted.push({ counter, budget, next: admission.counter })
  }
  for (const { counter, next } of accepted) {
    counter.now = next
    insertHold(changes, command, counter)
  }
  insertReserved(world, changes, command)
  return over.length === 0 ? { kind: 'reserved' } : { kind: 'reserved', softBudgetsOver: over }
}

function takenScope(world: World, { idempotency, createdUs }: EncodedReserve): ReserveResult | undefined {
  if (!idempotency) return undefined
  const row = world.idempotency.get(idempotency.scope)
  if (!row || row.expiresUs <= createdUs) return undefined
  return {
    kind: 'idempotent',
    requestId: row.requestId,
    sameFingerprint: row.fingerprint === idempotency.fingerprint,
    finished: row.finished,
  }
}

function insertHold(changes: Changes, command: EncodedReserve, counter: Counter): void {
  insertRow(changes, 'holds', {
    attempt_id: command.attemptId,
    budget_id: counter.budgetId,
    period: counter.period,
    period_start_us: counter.periodStartUs,
    sandbox: command.sandbox,
    amount_nano_usd: command.holdNanoUsd,
    created_us: command.createdUs,
  })
}

function insertReserved(world: World, changes: Changes, command: EncodedReserve): void {
  const { request, idempotency, requestId, createdUs } = command
  insertTuple(changes, 'attempts', command.attempt)
  if (request) {
    insertTuple(changes, 'requests', request.row)
    insertTuple(changes, 'request_content', request.content)
    keepAssets(changes, { requestId, projectId: request.projectId, attemptId: null, atUs: createdUs }, command.inputs)
  }
  if (!idempotency) return
  const { scope, fingerprint, expiresUs } = idempotency
  if (world.idempotency.has(scope) && !changes.scopes.has(scope)) changes.expiredScopes.add(scope)
  world.idempotency.set(scope, { fingerprint, requestId, finished: false, expiresUs })
  changes.scopes.set(
    scope,
    toTuple('idempotency', {
      scope,
      fingerprint,
      request_id: requestId,
      finished: 0,
      created_us: createdUs,
      expires_us: expiresUs,
    }),
  )
}
