/** Adjusting charges for a settled attempt: budgets and rollups move with them, what was posted stays as it is. */
import { correctSpent } from '../../core/budget/counter.ts'
import { HalftoneError } from '../../core/error.ts'
import type { CorrectResult } from '../../ports/ledger.ts'
import type { EncodedCorrect } from '../commands.ts'
import { type Changes, recordEvent } from './changes.ts'
import { countImageCost } from './insight.ts'
import { bookingOf } from './months.ts'
import { attemptOf, countersOf, postCharge } from './posting.ts'
import { count } from './rollup.ts'
import type { World } from './world.ts'

export function applyCorrect(world: World, changes: Changes, command: EncodedCorrect): CorrectResult {
  const { attempt, request } = attemptOf(world, command.attemptId)
  if (attempt.state !== 'settled' || attempt.settled_us === null)
    throw new HalftoneError('conflict', `Attempt ${attempt.id} is ${attempt.state}; only settled ones are priced again.`)
  if ((world.draws.get(attempt.id) ?? []).length > 0) return { kind: 'drawn' }
  const standing = (world.standing.get(attempt.id) ?? []).map(({ id }) => id).sort()
  if (standing.join() !== [...command.standing].sort().join()) return { kind: 'changed' }
  const { atUs } = command
  const booking = bookingOf(world, Number(attempt.settled_us))
  let difference = 0n
  for (const { line, corrects } of command.corrections) {
    postCharge(changes, attempt, request, { line, booking, postedUs: atUs, corrects })
    difference += line.amountNanoUsd
  }
  for (const { counter } of countersOf(world, attempt.id)) counter.now = correctSpent(counter.now, difference)
  const place = { request, atUs: booking.incurredUs, offer: attempt.offer, kind: attempt.kind }
  const at = { ...place, attempt, outcome: attempt.outcome ?? '' }
  const images = Number(attempt.images_made)
  const was = (world.standing.get(attempt.id) ?? []).reduce((sum, charge) => sum + BigInt(charge.amount_nano_usd), 0n)
  // What pictures of a closed month cost each stays as it was then.
  if (booking.correctsMonthUs === null) {
    countImageCost(changes.rollups.insight, at, { images, nanoUsd: was }, -1n)
    countImageCost(changes.rollups.insight, at, { images, nanoUsd: was + difference }, 1n)
  }
  count(world, changes.rollups, at, { cost_nano_usd: difference })
  recordEvent(changes, { attemptId: attempt.id, atUs, kind: 'corrected', data: command.evidence })
  return { kind: 'corrected' }
}
