/** Lots as rows: read under lock, and written back with what is left. */
import type { Draw, Lot, LotKind } from '../../core/pricing/lots.ts'
import type { Meter } from '../../core/usage.ts'
import { type NewRow, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'
import type { Changes } from './changes.ts'
import type { World } from './world.ts'

export interface StoredLot extends Lot {
  readonly commitment: string
}
export interface StoredDraw extends Draw {
  readonly id: string
  readonly quantity: bigint | null
}

/** Lock and read the open lots of the commitments that settles name, in ascending id. */
export async function loadLots(tx: Tx, world: World, commitments: readonly string[]): Promise<void> {
  if (commitments.length === 0) return
  const rows = await tx.all('SELECT * FROM credit_lots WHERE commitment IN (?...) AND closed_us IS NULL ORDER BY id FOR UPDATE', [
    [...new Set(commitments)],
  ])
  for (const row of rows) world.lots.set(String(row['id']), toLot(row))
}

/** Draws of attempts that evidence may correct, and the lots they were made on. */
export async function loadDraws(tx: Tx, world: World, attemptIds: readonly string[]): Promise<void> {
  if (attemptIds.length === 0) return
  const rows = await tx.all('SELECT * FROM credit_draws WHERE attempt_id IN (?...) ORDER BY id', [[...new Set(attemptIds)]])
  const reversed = new Set(rows.map((row) => row['reverses']))
  for (const row of rows) {
    if (row['reverses'] !== null || reversed.has(row['id'] ?? null)) continue
    const attemptId = String(row['attempt_id'])
    const quantity = row['quantity'] as bigint | null
    const coveredNanoUsd = row['covered_nano_usd'] as bigint
    const draw: StoredDraw = {
      id: String(row['id']),
      lotId: String(row['lot_id']),
      quantity,
      drawn: quantity ?? coveredNanoUsd,
      coveredNanoUsd,
      effectiveNanoUsd: row['effective_nano_usd'] as bigint,
    }
    world.draws.set(attemptId, [...(world.draws.get(attemptId) ?? []), draw])
  }
  const missing = [...world.draws.values()].flat().map(({ lotId }) => lotId)
  if (missing.length === 0) return
  const lots = await tx.all('SELECT * FROM credit_lots WHERE id IN (?...) AND closed_us IS NULL ORDER BY id FOR UPDATE', [
    missing,
  ])
  for (const row of lots) world.lots.set(String(row['id']), toLot(row))
}

export function toLot(row: Row): StoredLot {
  const meter = row['meter'] as Meter | null
  return {
    id: String(row['id']),
    kind: row['kind'] as LotKind,
    commitment: String(row['commitment']),
    startsUs: Number(row['acquired_us']),
    expiresUs: row['expires_us'] === null ? null : Number(row['expires_us']),
    meter,
    capacity: (meter === null ? row['amount_nano_usd'] : row['quantity']) as bigint,
    remaining: (meter === null ? row['remaining_nano_usd'] : row['remaining_quantity']) as bigint,
    paidNanoUsd: row['paid_nano_usd'] as bigint,
  }
}

export async function flushConsumption(tx: Tx, changes: Changes): Promise<void> {
  const volumes = [...changes.volumes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => toTuple('volumes', row))
  if (volumes.length > 0) await tx.addMany('volumes', volumes, ['quantity'])
  for (const lot of [...changes.lots.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) await saveRemaining(tx, lot)
}

export const saveRemaining = (tx: Tx, { id, meter, remaining }: Lot): Promise<number> =>
  tx.run(`UPDATE credit_lots SET ${meter === null ? 'remaining_nano_usd' : 'remaining_quantity'} = ? WHERE id = ?`, [
    remaining,
    id,
  ])

export const drawRow = (
  id: string,
  lot: Lot,
  draw: Draw,
  by: { readonly attemptId: string; readonly atUs: number; readonly source: string; readonly reverses?: string },
): NewRow<'credit_draws'> => ({
  id,
  lot_id: lot.id,
  attempt_id: by.attemptId,
  quantity: lot.meter === null ? null : draw.drawn,
  covered_nano_usd: draw.coveredNanoUsd,
  effective_nano_usd: draw.effectiveNanoUsd,
  drawn_us: by.atUs,
  reverses: by.reverses ?? null,
  source: by.source,
})
