/** Evidence about an attempt whose bill was a guess: reverse what stands, post what is true, correct budgets and rollups. */
import { correctSpent } from '../../core/budget/counter.ts'
import { HalftoneError } from '../../core/error.ts'
import type { ChargeLine } from '../../core/outcome.ts'
import type { EncodedReconcile } from '../commands.ts'
import { type Changes, keepAssets, recordEvent } from './changes.ts'
import { countImageCost, countTime } from './insight.ts'
import { returnDraws } from './lots.ts'
import { type Booking, bookingOf } from './months.ts'
import { attemptOf, countersOf, postCharge } from './posting.ts'
import { count } from './rollup.ts'
import { type Attempt, addEvidence, type Request, type StandingCharge, type World } from './world.ts'

export interface Evidence {
  readonly evidenceId: string
  readonly source: string
  readonly atUs: number
  readonly outcome: string
  readonly charges: readonly ChargeLine[]
  readonly imagesMade: number
  /** Absent: nobody measured it, or it is known already. */
  readonly durationUs?: number
}

export function applyReconcile(world: World, changes: Changes, command: EncodedReconcile): undefined {
  const { attempt, request } = attemptOf(world, command.attemptId)
  if (attempt.state === 'intent' || attempt.state === 'dispatched') {
    throw new HalftoneError('conflict', `Attempt ${attempt.id} is still running; settle it instead of reconciling it.`)
  }
  const imagesMade = command.imagesMade ?? command.assets.filter((asset) => asset.role === 'output').length
  if (!applyEvidence(world, changes, { attempt, request }, { ...command, imagesMade })) return
  attempt.billed = command.charges.length > 0 ? 'yes' : 'no'
  const owner = { requestId: request.id, projectId: request.project_id, attemptId: attempt.id, atUs: command.atUs }
  keepAssets(changes, owner, command.assets)
}

/** False when this evidence was used before: then nothing changes. */
export function applyEvidence(
  world: World,
  changes: Changes,
  { attempt, request }: { attempt: Attempt; request: Request },
  evidence: Evidence,
): boolean {
  const { evidenceId, atUs, charges, outcome } = evidence
  if (world.evidence.get(attempt.id)?.has(evidenceId)) return false
  addEvidence(world, attempt.id, evidenceId)
  const booking = bookingOf(world, Number(attempt.settled_us ?? atUs))
  const standing = world.standing.get(attempt.id) ?? []
  for (const charge of standing) {
    const reversal = { line: reversalOf(charge), booking: bookingOfReversal(world, charge), postedUs: atUs, reverses: charge.id }
    postCharge(changes, attempt, request, { ...reversal, evidenceId })
  }
  returnDraws(world, changes, attempt.id, atUs)
  for (const line of charges) postCharge(changes, attempt, request, { line, booking, postedUs: atUs, evidenceId })
  const was = sum(standing.map((charge) => BigInt(charge.amount_nano_usd)))
  const is = sum(charges.map((line) => line.amountNanoUsd))
  for (const { counter } of countersOf(world, attempt.id)) counter.now = correctSpent(counter.now, is - was)
  recount(world, changes, { attempt, request }, { standing, was, is, evidence })
  attempt.state = 'reconciled'
  attempt.outcome = outcome
  attempt.images_made = evidence.imagesMade
  changes.attempts.add(attempt)
  recordEvent(changes, {
    attemptId: attempt.id,
    atUs,
    kind: 'reconciled',
    evidenceId,
    data: JSON.stringify({ source: evidence.source, outcome, wasNanoUsd: String(was), isNanoUsd: String(is) }),
  })
  return true
}

/** A charge that named a closed month is taken back under its name. */
function bookingOfReversal(world: World, charge: StandingCharge): Booking {
  const booking = bookingOf(world, Number(charge.incurred_us))
  const named = charge.corrects_month_us
  return named === null || booking.correctsMonthUs !== null ? booking : { ...booking, correctsMonthUs: Number(named) }
}

/**
 * Take the attempt out of the rollup row it was counted in and count it where it belongs, in the same hour; of a closed month, now. Money
 * goes out of the hour that each charge was booked to.
 */
function recount(
  world: World,
  changes: Changes,
  { attempt, request }: { attempt: Attempt; request: Request },
  change: { standing: readonly StandingCharge[]; was: bigint; is: bigint; evidence: Evidence },
): void {
  const was = { images: Number(attempt.images_made), durationUs: attempt.duration_us }
  const is = { images: change.evidence.imagesMade, durationUs: change.evidence.durationUs ?? attempt.duration_us }
  const booking = bookingOf(world, Number(attempt.settled_us ?? change.evidence.atUs))
  const at = { request, attempt, atUs: booking.incurredUs, offer: attempt.offer, kind: attempt.kind }
  const before = { ...at, outcome: attempt.outcome ?? '' }
  const after = { ...at, outcome: change.evidence.outcome }
  const { insight } = changes.rollups
  // What pictures of a closed month cost each, and how long they took, stays as it was then.
  if (booking.correctsMonthUs === null) {
    countImageCost(insight, before, { images: was.images, nanoUsd: change.was }, -1n)
    countImageCost(insight, after, { images: is.images, nanoUsd: change.is }, 1n)
    if (was.images > 0 && was.durationUs !== null) countTime(insight, before, 'duration', Number(was.durationUs), -1n)
    if (is.images > 0 && is.durationUs !== null) countTime(insight, after, 'duration', Number(is.durationUs), 1n)
  }
  for (const charge of change.standing) {
    const amount = BigInt(charge.amount_nano_usd)
    const place = { ...before, atUs: bookingOfReversal(world, charge).incurredUs }
    count(world, changes.rollups, place, {
      cost_nano_usd: -amount,
      ...(charge.kind === 'provisional' && { provisional_nano_usd: -amount }),
    })
  }
  count(world, changes.rollups, before, {
    attempts: -1n,
    images: -BigInt(was.images),
    duration_us: -BigInt(was.durationUs ?? 0),
  })
  count(world, changes.rollups, after, {
    attempts: 1n,
    images: BigInt(is.images),
    cost_nano_usd: change.is,
    duration_us: BigInt(is.durationUs ?? 0),
  })
}

function reversalOf(charge: StandingCharge): ChargeLine {
  return {
    kind: 'reversal',
    ...(charge.meter !== null && { meter: charge.meter }),
    ...(charge.quantity !== null && { quantity: negated(charge.quantity) }),
    amountNanoUsd: -BigInt(charge.amount_nano_usd),
    nativeAmount: negated(charge.native_amount),
    nativeUnit: charge.native_unit,
    fxRate: charge.fx_rate,
    fxSource: charge.fx_source,
    rateId: charge.rate_id,
    priceBook: charge.price_book,
    provenance: charge.provenance as ChargeLine['provenance'],
    description: `Reversal of: ${charge.description}`,
  }
}

const negated = (decimal: string): string => (decimal.startsWith('-') ? decimal.slice(1) : `-${decimal}`)
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
