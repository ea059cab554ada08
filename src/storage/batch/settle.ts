/** Settle one attempt: charges, holds to spent, rollups, assets, and the end of its request, all in the same commit. */
import type { AttemptState } from '../../core/outcome.ts'
import type { SettleResult } from '../../ports/ledger.ts'
import type { EncodedSettle } from '../commands.ts'
import { type Changes, keepAssets, recordEvent } from './changes.ts'
import { finishRequest } from './finish.ts'
import { consume } from './lots.ts'
import { attemptOf, closeAttempt, provisionalLine } from './posting.ts'
import { applyEvidence } from './reconcile.ts'
import { countLatency } from './rollup.ts'
import type { Attempt, Request, World } from './world.ts'

export function applySettle(world: World, changes: Changes, command: EncodedSettle): SettleResult {
  const { attempt, request } = attemptOf(world, command.attemptId)
  const open = attempt.state === 'intent' || attempt.state === 'dispatched'
  const owned = attempt.node_id === command.nodeId && Number(attempt.epoch) === command.epoch
  if (!open || !owned) return applyLate(world, changes, command, { attempt, request })
  const lines = command.state === 'unknown' ? [provisionalLine(attempt)] : command.charges
  describe(attempt, command)
  closeAttempt(world, changes, {
    attempt,
    request,
    lines,
    state: command.state,
    outcome: command.outcome,
    atUs: command.settledUs,
  })
  if (command.state === 'settled') consume(world, changes, attempt, useOf(command))
  const { outcome, durationUs } = command
  if (durationUs !== null) countLatency(world, changes.rollups, { request, attempt, outcome, durationUs })
  recordEvent(changes, { attemptId: attempt.id, atUs: command.settledUs, kind: command.state, data: command.evidence })
  keepSettledAssets(changes, command, request)
  if (command.finish) finishRequest(world, changes, request, { finish: command.finish, offer: attempt.offer })
  return { kind: 'settled' }
}

/**
 * A settle that comes twice, or after recovery took the attempt over. It is always recorded; where recovery had to guess
 * and this settle knows, it is the evidence that corrects the guess.
 */
function applyLate(
  world: World,
  changes: Changes,
  command: EncodedSettle,
  { attempt, request }: { attempt: Attempt; request: Request },
): SettleResult {
  recordEvent(changes, { attemptId: attempt.id, atUs: command.settledUs, kind: 'late_settle', data: command.evidence })
  const guessedFree = attempt.state === 'voided' && world.recovered.has(attempt.id) && command.charges.length > 0
  const guessedUnknown = attempt.state === 'unknown' && command.state !== 'unknown'
  if (guessedFree || guessedUnknown) {
    const { outcome, charges, imagesMade, settledUs: atUs, durationUs } = command
    const evidence = {
      evidenceId: `settle:${attempt.id}`,
      source: 'late settle',
      atUs,
      outcome,
      charges,
      imagesMade,
      ...(durationUs !== null && { durationUs }),
    }
    if (applyEvidence(world, changes, { attempt, request }, evidence)) {
      const settledUs = attempt.settled_us
      consume(world, changes, attempt, useOf(command))
      describe(attempt, command)
      attempt.settled_us = settledUs
      keepSettledAssets(changes, command, request)
    }
  }
  const isOpen = attempt.state === 'intent' || attempt.state === 'dispatched'
  // What the client was told replaces the ending that recovery made up, whether or not this settle knows what was billed.
  if (command.finish && !isOpen) finishRequest(world, changes, request, { finish: command.finish, offer: attempt.offer })
  return { kind: 'late', state: attempt.state as AttemptState }
}

const useOf = ({ consumption, charges, settledUs }: EncodedSettle) => ({
  consumption,
  totalNanoUsd: charges.reduce((sum, line) => sum + line.amountNanoUsd, 0n),
  atUs: settledUs,
})

const isUnpriced = ({ state, billed, charges }: EncodedSettle): boolean =>
  state === 'settled' && billed !== 'no' && charges.length === 0

function describe(attempt: Attempt, command: EncodedSettle): void {
  attempt.stage = command.stage
  attempt.billed = command.billed
  attempt.error_code = command.errorCode
  attempt.error_message = command.errorMessage
  attempt.usage = command.usage
  attempt.reported_cost = command.reportedCost
  attempt.images_made = command.imagesMade
  attempt.duration_us = command.durationUs
  attempt.first_byte_us = command.firstByteUs
  attempt.http_status = command.httpStatus
  attempt.provider_request_id = command.providerRequestId
  attempt.unpriced = isUnpriced(command) ? 1 : null
}

function keepSettledAssets(changes: Changes, command: EncodedSettle, request: Request): void {
  const owner = {
    requestId: request.id,
    projectId: request.project_id,
    attemptId: command.attemptId,
    atUs: command.settledUs,
  }
  keepAssets(changes, owner, command.assets)
}
