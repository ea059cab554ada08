/** Closing an attempt: charges are posted, holds become spending, the state moves on. */
import { settleHold } from '../../core/budget/counter.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import type { ChargeLine } from '../../core/outcome.ts'
import { newId } from '../new-id.ts'
import { storableText } from '../schema.ts'
import { type Changes, insertRow } from './changes.ts'
import { countImageCost } from './insight.ts'
import { type Booking, bookingOf } from './months.ts'
import { count } from './rollup.ts'
import { type Attempt, type Counter, counterKey, type Request, type World } from './world.ts'

/** Throws `not_found` for an attempt the ledger does not hold. */
export function attemptOf(world: World, attemptId: string): { attempt: Attempt; request: Request } {
  const attempt = world.attempts.get(attemptId)
  const request = attempt && world.requests.get(attempt.request_id)
  if (!attempt || !request) throw new HalftoneError('not_found', `There is no attempt ${attemptId} in the ledger.`)
  return { attempt, request }
}

/** Post the charges, turn the attempt's holds into spending, move its state and count it. */
export function closeAttempt(
  world: World,
  changes: Changes,
  close: {
    attempt: Attempt
    request: Request
    lines: readonly ChargeLine[]
    state: 'settled' | 'voided' | 'unknown'
    outcome: string
    atUs: number
  },
): void {
  const { attempt, request, lines, state, outcome, atUs } = close
  let cost = 0n
  const booking = bookingOf(world, atUs)
  for (const line of lines) {
    postCharge(changes, attempt, request, {
      line,
      booking,
      postedUs: booking.correctsMonthUs === null ? atUs : booking.incurredUs,
    })
    cost += line.amountNanoUsd
  }
  for (const { counter, amount } of countersOf(world, attempt.id)) counter.now = settleHold(counter.now, amount, cost)
  attempt.state = state
  attempt.outcome = outcome
  attempt.settled_us = atUs
  changes.attempts.add(attempt)
  const place = { request, attempt, atUs: booking.incurredUs, offer: attempt.offer, outcome, kind: attempt.kind }
  countImageCost(changes.rollups.insight, place, { images: Number(attempt.images_made), nanoUsd: cost }, 1n)
  count(world, changes.rollups, place, {
    attempts: 1n,
    images: BigInt(attempt.images_made),
    cost_nano_usd: cost,
    provisional_nano_usd: state === 'unknown' ? cost : 0n,
    duration_us: BigInt(attempt.duration_us ?? 0),
  })
}

/** The counters of the budget periods that the attempt was reserved in, with what it holds on each. */
export function* countersOf(world: World, attemptId: string): Iterable<{ counter: Counter; amount: bigint }> {
  for (const hold of world.holds.get(attemptId) ?? []) {
    const counter = world.counters.get(counterKey(hold.budget_id, hold.period, hold.period_start_us, hold.sandbox))
    if (!counter) throw new Error(`the period of budget ${hold.budget_id} was not loaded`)
    yield { counter, amount: BigInt(hold.amount_nano_usd) }
  }
}

export function postCharge(
  changes: Changes,
  attempt: Attempt,
  request: Request,
  charge: { line: ChargeLine; booking: Booking; postedUs: number; reverses?: string; corrects?: string; evidenceId?: string },
): void {
  const { line, booking } = charge
  insertRow(changes, 'charges', {
    id: newId(),
    attempt_id: attempt.id,
    request_id: request.id,
    offer: attempt.offer,
    project_id: request.project_id,
    kind: line.kind,
    meter: line.meter ?? null,
    quantity: line.quantity ?? null,
    volume_before: line.volumeBefore ?? null,
    amount_nano_usd: line.amountNanoUsd,
    native_amount: line.nativeAmount,
    native_unit: line.nativeUnit,
    fx_rate: line.fxRate,
    fx_source: line.fxSource,
    rate_id: line.rateId,
    price_book: line.priceBook,
    provenance: line.provenance,
    incurred_us: booking.incurredUs,
    corrects_month_us: booking.correctsMonthUs,
    posted_us: charge.postedUs,
    reverses: charge.reverses ?? null,
    corrects: charge.corrects ?? null,
    evidence_id: charge.evidenceId ?? null,
    sandbox: attempt.sandbox,
    description: storableText(line.description),
  })
}

/** The charge that stands for an unknown outcome: what was held, until evidence says what was billed. */
export function provisionalLine(attempt: Attempt): ChargeLine {
  const held = BigInt(attempt.hold_nano_usd)
  return {
    kind: 'provisional',
    amountNanoUsd: held,
    nativeAmount: formatUsd(held),
    nativeUnit: 'USD',
    fxRate: '1',
    fxSource: 'USD',
    rateId: 'hold',
    priceBook: attempt.price_book,
    provenance: 'estimated',
    description: `Outcome unknown: the held amount counts until evidence arrives, $${formatUsd(held)}`,
  }
}
