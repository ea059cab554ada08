/** What a settle takes: counted towards volumes, and paid from lots, inside its own commit. */
import { type Draw, drawLots } from '../../core/pricing/lots.ts'
import type { Consumption } from '../../ports/ledger.ts'
import { newId } from '../new-id.ts'
import { type Changes, insertRow } from './changes.ts'
import { drawRow } from './stored-lots.ts'
import type { Attempt, World } from './world.ts'

const US_PER_DAY = 86_400_000_000

/** Count what a charged call took, and let lots pay for it. */
export function consume(
  world: World,
  changes: Changes,
  attempt: Attempt,
  use: { readonly consumption: Consumption | undefined; readonly totalNanoUsd: bigint; readonly atUs: number },
): void {
  const { consumption, totalNanoUsd, atUs } = use
  if (!consumption) return
  const day = Math.floor(atUs / US_PER_DAY) * US_PER_DAY
  const node = world.context.node?.nodeId ?? ''
  for (const [meter, quantity] of Object.entries(consumption.usage)) {
    const key = `${day}\n${attempt.provider}\n${consumption.scope}\n${meter}`
    const row = changes.volumes.get(key)
    if (row) row.quantity += quantity
    else
      changes.volumes.set(key, {
        day_us: day,
        provider: attempt.provider,
        scope: consumption.scope,
        meter,
        node_id: node,
        quantity,
      })
  }
  const named = new Set(consumption.commitments)
  if (named.size === 0) return
  const lots = [...world.lots.values()].filter((lot) => named.has(lot.commitment))
  for (const draw of drawLots(lots, { totalNanoUsd, usage: consumption.usage, atUs }).draws)
    postDraw(world, changes, draw, { attemptId: attempt.id, atUs, source: 'settle' })
}

/** Give back what an attempt drew, because its charges are reversed. A lot that was closed meanwhile stays closed. */
export function returnDraws(world: World, changes: Changes, attemptId: string, atUs: number): void {
  for (const { id, ...draw } of world.draws.get(attemptId) ?? []) {
    const back = {
      lotId: draw.lotId,
      drawn: -draw.drawn,
      coveredNanoUsd: -draw.coveredNanoUsd,
      effectiveNanoUsd: -draw.effectiveNanoUsd,
    }
    if (world.lots.has(draw.lotId)) postDraw(world, changes, back, { attemptId, atUs, source: 'reversal', reverses: id })
  }
  world.draws.delete(attemptId)
}

function postDraw(
  world: World,
  changes: Changes,
  draw: Draw,
  by: { readonly attemptId: string; readonly atUs: number; readonly source: string; readonly reverses?: string },
): void {
  const lot = world.lots.get(draw.lotId)
  if (!lot) return
  const next = { ...lot, remaining: lot.remaining - draw.drawn }
  world.lots.set(lot.id, next)
  changes.lots.set(lot.id, next)
  insertRow(changes, 'credit_draws', drawRow(newId(), lot, draw, by))
}
