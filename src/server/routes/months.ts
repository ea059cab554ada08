/** Closing months, and looking whether they still hold what they held. */
import type { z } from 'zod'
import type { ClosedMonthWire, checkedMonth, closeMonthRequest } from '../../contract/months.ts'
import { HalftoneError } from '../../core/error.ts'
import { addUp, closeMonth as close, type MonthSeal, sealOf, spanOfMonth } from '../../gateway/months.ts'
import type { ClosedMonth } from '../../ports/ledger.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

const sealWire = ({ charges, totalUsd, sandboxUsd, sha256 }: MonthSeal): NonNullable<ClosedMonthWire['seal']> => ({
  charges,
  total_usd: totalUsd,
  sandbox_usd: sandboxUsd,
  sha256,
})

function monthWire(closed: ClosedMonth): ClosedMonthWire {
  const seal = sealOf(closed)
  return {
    object: 'closed_month',
    month: closed.month,
    closed_at: isoTime(closed.closedUs),
    closed_by: closed.closedBy,
    forced: closed.forced,
    unknown_attempts: [...closed.unknown],
    seal: seal ? sealWire(seal) : null,
  }
}

export const listMonths: Handler = async ({ context }) => ({
  object: 'list',
  data: (await context.services.ledger.months.closed()).map(monthWire),
})

export const checkMonth: Handler = async ({ context, params }): Promise<z.infer<typeof checkedMonth>> => {
  const { ledger } = context.services
  const span = spanOfMonth(params['month'] ?? '')
  const closed = (await ledger.months.closed()).find(({ month }) => month === span.month)
  if (!closed) throw new HalftoneError('not_found', `${span.month} is not closed.`, { param: 'month' })
  const now = await addUp({ ledger }, span)
  const seal = sealOf(closed)
  const unchanged = seal?.sha256 === now.sha256 && seal.totalUsd === now.totalUsd && seal.sandboxUsd === now.sandboxUsd
  return { ...monthWire(closed), now: sealWire(now), unchanged }
}

export const closeMonth: Handler = async ({ context, params, body }) => {
  const { force } = body as z.infer<typeof closeMonthRequest>
  return monthWire(await close(context.services, params['month'] ?? '', force))
}
