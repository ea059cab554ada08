/** Closing months: from then on money that would belong to them is booked when it becomes known, and names them. */
import { periodStartUs } from '../../core/budget/period.ts'
import { HalftoneError } from '../../core/error.ts'
import type { CloseMonth, SealMonth } from '../../ports/ledger-months.ts'
import { toTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'
import { type AuditContext, writeAudit } from './audit.ts'
import type { World } from './world.ts'

/** How many open charges a refusal names. */
const NAMED = 20

/**
 * The end of the last closed month; 0 = none. Shared lock: closing waits for late charges under way, and they for it.
 */
export async function closedUntil(tx: Tx): Promise<number> {
  await tx.all("SELECT month FROM month_closes WHERE month = '' FOR SHARE", [])
  const [row] = await tx.all('SELECT max(until_us) AS until FROM month_closes', [])
  return Number(row?.['until'] ?? 0)
}

export interface Booking {
  readonly incurredUs: number
  readonly correctsMonthUs: number | null
}

/** Where money of an instant is booked: there, or now when its month is closed. A clock that stands in a closed month opens none. */
export const bookingOf = ({ closedUntilUs, context }: Pick<World, 'closedUntilUs' | 'context'>, incurredUs: number): Booking =>
  incurredUs >= closedUntilUs
    ? { incurredUs, correctsMonthUs: null }
    : { incurredUs: Math.max(context.nowUs, closedUntilUs), correctsMonthUs: periodStartUs('month', incurredUs) }

/** Refuses a month that is not over, is closed, or has charges that nobody has evidence for, unless forced. */
export async function closeMonth(tx: Tx, context: AuditContext, command: CloseMonth): Promise<void> {
  const { month, fromUs, untilUs, atUs, forced } = command
  await tx.all("SELECT month FROM month_closes WHERE month = '' FOR UPDATE", [])
  const [row] = await tx.all('SELECT max(until_us) AS until FROM month_closes', [])
  const closed = Number(row?.['until'] ?? 0)
  if (untilUs <= closed) throw new HalftoneError('conflict', `${month} is closed already; a closed month stays closed.`)
  if (closed > 0 && fromUs > closed) {
    const open = new Date(closed / 1_000).toISOString().slice(0, 7)
    throw new HalftoneError('conflict', `${open} is still open: months are closed in their order.`)
  }
  const open = await tx.all("SELECT id FROM attempts WHERE state = 'unknown' AND settled_us < ? ORDER BY id LIMIT ?", [
    untilUs,
    NAMED + 1,
  ])
  const ids = open.slice(0, NAMED).map((each) => String(each['id']))
  if (ids.length > 0 && !forced) {
    const more = open.length > NAMED ? ' and more' : ''
    throw new HalftoneError(
      'conflict',
      `Calls of unknown outcome still stand at what was held for them: ${ids.join(', ')}${more}. Give evidence about them, or force the close.`,
    )
  }
  const by = context.by?.name ?? 'api'
  const values = { month, step: 'closed', until_us: untilUs, at_us: atUs, made_by: by, forced: forced ? 1 : 0 }
  await tx.insertMany('month_closes', [toTuple('month_closes', { ...values, document: JSON.stringify({ unknown: ids }) })])
  await writeAudit(tx, context, {
    actor: 'api',
    action: 'month.close',
    objectId: month,
    data: { forced, unknown: ids },
    after: { month, until: new Date(untilUs / 1_000).toISOString() },
  })
}

/** Write down what a closed month holds, once. */
export async function sealMonth(tx: Tx, { nowUs, by }: AuditContext, { month, untilUs, document }: SealMonth): Promise<void> {
  const values = { month, step: 'sealed', until_us: untilUs, at_us: nowUs, made_by: by?.name ?? 'api', forced: 0 }
  await tx.insertMany('month_closes', [toTuple('month_closes', { ...values, document: JSON.stringify(document) })], 'ignore')
}
