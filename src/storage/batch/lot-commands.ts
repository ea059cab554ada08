/** Lots made, drawn on from outside, and closed at their end. */
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import { drawOutside, type Lot, type LotKind } from '../../core/pricing/lots.ts'
import { formatQuantity } from '../../core/usage.ts'
import type { NewLot, OutsideDraw } from '../../ports/ledger.ts'
import type { BatchContext } from '../commands.ts'
import { newId } from '../new-id.ts'
import { type NewRow, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'
import { type AuditContext, writeAudit } from './audit.ts'
import { addLooseCharge } from './insight.ts'
import { type Booking, bookingOf, closedUntil } from './months.ts'
import { drawRow, type StoredLot, saveRemaining, toLot } from './stored-lots.ts'

export async function putLots(tx: Tx, context: AuditContext, lots: readonly NewLot[]): Promise<void> {
  if (lots.length === 0) return
  const ids = lots.map(({ id }) => id)
  const rows = await tx.all('SELECT * FROM credit_lots WHERE id IN (?...) ORDER BY id FOR UPDATE', [ids])
  const known = new Map(rows.map((row) => [String(row['id']), row]))
  const fresh = lots.filter(({ id }) => !known.has(id))
  // Another node may make the same lot in this moment; both mean the same.
  if (fresh.length > 0)
    await tx.insertMany(
      'credit_lots',
      fresh.map((lot) => toTuple('credit_lots', lotRow(lot, lot.capacity))),
      'ignore',
    )
  for (const lot of lots) {
    const row = known.get(lot.id)
    if (!row || row['closed_us'] !== null || isSame(toLot(row), lot)) continue
    const stored = toLot(row)
    if (stored.meter !== lot.meter) {
      throw new HalftoneError(
        'conflict',
        `Lot ${lot.id} holds ${stored.meter ?? 'money'}; give the changed commitment another id.`,
      )
    }
    const remaining = lot.capacity - (stored.capacity - stored.remaining)
    await tx.run('DELETE FROM credit_lots WHERE id = ?', [lot.id])
    await tx.insertMany('credit_lots', [toTuple('credit_lots', lotRow(lot, remaining > 0n ? remaining : 0n))])
    const data = { capacity: String(lot.capacity), was: String(stored.capacity), expiresUs: lot.expiresUs }
    const before = { capacity: String(stored.capacity), expiresUs: stored.expiresUs }
    const after = { capacity: String(lot.capacity), expiresUs: lot.expiresUs }
    await writeAudit(tx, context, { actor: lot.managedBy, action: 'lot.update', objectId: lot.id, data, before, after })
  }
}

const isSame = (a: Lot, b: NewLot): boolean =>
  a.capacity === b.capacity && a.paidNanoUsd === b.paidNanoUsd && a.expiresUs === b.expiresUs && a.meter === b.meter

const lotRow = (lot: NewLot, remaining: bigint): NewRow<'credit_lots'> => ({
  id: lot.id,
  provider: lot.provider,
  amount_nano_usd: lot.meter === null ? lot.capacity : 0n,
  remaining_nano_usd: lot.meter === null ? remaining : 0n,
  native_amount: lot.nativeAmount,
  native_unit: lot.nativeUnit,
  acquired_us: lot.startsUs,
  expires_us: lot.expiresUs,
  source: lot.source,
  managed_by: lot.managedBy,
  commitment: lot.commitment,
  kind: lot.kind,
  paid_nano_usd: lot.paidNanoUsd,
  meter: lot.meter,
  quantity: lot.meter === null ? null : lot.capacity,
  remaining_quantity: lot.meter === null ? null : remaining,
  closed_us: null,
})

export async function drawFromOutside(
  tx: Tx,
  context: AuditContext,
  { id, lotId, amount, atUs, source }: OutsideDraw,
): Promise<{ drawn: bigint }> {
  const drawId = `outside:${id}`
  const [row] = await tx.all('SELECT * FROM credit_lots WHERE id = ? AND closed_us IS NULL FOR UPDATE', [lotId])
  const [before] = await tx.all('SELECT quantity, covered_nano_usd FROM credit_draws WHERE id = ?', [drawId])
  if (before) return { drawn: (before['quantity'] ?? before['covered_nano_usd']) as bigint }
  if (!row) throw new HalftoneError('not_found', `There is no open lot ${lotId} in the ledger.`)
  const lot = toLot(row)
  const draw = drawOutside(lot, amount)
  await tx.insertMany('credit_draws', [toTuple('credit_draws', drawRow(drawId, lot, draw, { attemptId: '', atUs, source }))])
  const left = { ...lot, remaining: lot.remaining - draw.drawn }
  await saveRemaining(tx, left)
  await writeAudit(tx, context, {
    actor: 'api',
    action: 'lot.draw',
    objectId: lotId,
    data: { id, drawn: String(draw.drawn), source },
    before: { remaining: String(lot.remaining) },
    after: { remaining: String(left.remaining) },
  })
  return { drawn: draw.drawn }
}

/** What was paid for and never used is a charge of its own, of no attempt; with it a lot's money is accounted for in full. */
export async function closeLots(
  tx: Tx,
  context: BatchContext,
  atUs: number,
): Promise<readonly { lotId: string; breakageNanoUsd: bigint }[]> {
  const rows = await tx.all(
    `SELECT * FROM credit_lots WHERE closed_us IS NULL AND commitment IS NOT NULL AND expires_us <= ? ORDER BY id LIMIT 1000 FOR UPDATE`,
    [atUs],
  )
  const { nowUs } = context
  const closedUntilUs = rows.length > 0 ? await closedUntil(tx) : 0
  const closed: { lotId: string; breakageNanoUsd: bigint }[] = []
  for (const row of rows) {
    const lot = toLot(row)
    const [sum] = await tx.all('SELECT coalesce(sum(effective_nano_usd), 0) AS used FROM credit_draws WHERE lot_id = ?', [lot.id])
    const breakageNanoUsd = lot.remaining > 0n ? lot.paidNanoUsd - BigInt(sum?.['used'] ?? 0) : 0n
    if (breakageNanoUsd > 0n) {
      const endUs = lot.expiresUs ?? nowUs
      const booking = bookingOf({ context, closedUntilUs }, endUs)
      await tx.insertMany('charges', [toTuple('charges', breakageRow(row, lot, { breakageNanoUsd, nowUs, booking }))])
      await addLooseCharge(tx, context, {
        kind: 'breakage',
        sandbox: 0,
        incurredUs: booking.incurredUs,
        nanoUsd: breakageNanoUsd,
      })
    }
    await tx.run('UPDATE credit_lots SET closed_us = ? WHERE id = ?', [nowUs, lot.id])
    closed.push({ lotId: lot.id, breakageNanoUsd })
  }
  return closed
}

const unusedWords: Readonly<Record<LotKind, string>> = {
  prepaidCredits: 'Expired credits',
  minimumSpend: 'Minimum spend not reached',
  reservedCapacity: 'Reserved capacity that stood idle',
  batchPrepay: 'Prepaid batch not used up',
}

function breakageRow(
  row: Row,
  lot: StoredLot,
  { breakageNanoUsd, nowUs, booking }: { breakageNanoUsd: bigint; nowUs: number; booking: Booking },
): NewRow<'charges'> {
  const left = lot.meter === null ? `$${formatUsd(lot.remaining)}` : `${formatQuantity(lot.remaining)} ${lot.meter}`
  const whole = lot.meter === null ? `$${formatUsd(lot.capacity)}` : formatQuantity(lot.capacity)
  return {
    id: newId(),
    attempt_id: '',
    request_id: null,
    offer: null,
    project_id: null,
    kind: 'breakage',
    meter: lot.meter,
    quantity: lot.meter === null ? null : formatQuantity(lot.remaining),
    amount_nano_usd: breakageNanoUsd,
    native_amount: formatUsd(breakageNanoUsd, 0),
    native_unit: 'USD',
    fx_rate: '1',
    fx_source: 'identity',
    rate_id: lot.id,
    price_book: '',
    provenance: 'metered',
    incurred_us: booking.incurredUs,
    corrects_month_us: booking.correctsMonthUs,
    posted_us: nowUs,
    reverses: null,
    evidence_id: null,
    sandbox: 0,
    description: `${unusedWords[lot.kind]} at ${String(row['provider'])}: ${left} of ${whole}`,
    volume_before: null,
    corrects: null,
  }
}
