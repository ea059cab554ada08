/** Closing a month: nothing is booked to it any more, then what it holds is added up and kept with a hash. */
import { createHash } from 'node:crypto'
import { periodEndUs } from '../core/budget/period.ts'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import type { ClosedMonth } from '../ports/ledger.ts'
import type { GatewayServices } from './state.ts'

type Services = Pick<GatewayServices, 'ledger' | 'clock'>

/** What a month holds. The hash is over id and amount of every charge, in their order. */
export interface MonthSeal {
  readonly charges: number
  readonly totalUsd: string
  readonly sandboxUsd: string
  readonly sha256: string
}

/** Calls that were under way at midnight have ended by then. */
const GRACE_US = 3_600_000_000

export interface MonthSpan {
  readonly month: string
  readonly fromUs: number
  readonly untilUs: number
}

/** Throws `invalid_value` for text that is no month such as `2026-10`. */
export function spanOfMonth(month: string): MonthSpan {
  const fromUs = /^\d{4}-(0[1-9]|1[0-2])$/.test(month) ? Date.parse(`${month}-01T00:00:00Z`) * 1_000 : Number.NaN
  const untilUs = Number.isNaN(fromUs) ? null : periodEndUs('month', fromUs)
  if (untilUs === null) throw new HalftoneError('invalid_value', 'Write the month as 2026-10.', { param: 'month' })
  return { month, fromUs, untilUs }
}

/** Close a month for good. Called again after it was cut off, it only adds up. */
export async function closeMonth({ ledger, clock }: Services, month: string, forced: boolean): Promise<ClosedMonth> {
  const span = spanOfMonth(month)
  const atUs = clock.nowUs()
  if (atUs < span.untilUs + GRACE_US) {
    throw new HalftoneError('conflict', `${month} can be closed from an hour after its end on.`, { param: 'month' })
  }
  const known = (await ledger.months.closed()).find((each) => each.month === month)
  if (!known || known.seal) await ledger.months.close({ ...span, atUs, forced })
  const document: JsonObject = { ...(await addUp({ ledger }, span)) }
  await ledger.months.seal({ month, untilUs: span.untilUs, document })
  const closed = (await ledger.months.closed()).find((each) => each.month === month)
  if (!closed) throw new Error(`${month} was closed and is not listed`)
  return closed
}

/** What is booked to a month now. */
export async function addUp({ ledger }: Pick<Services, 'ledger'>, { fromUs, untilUs }: MonthSpan): Promise<MonthSeal> {
  const hash = createHash('sha256')
  let charges = 0
  let real = 0n
  let sandboxed = 0n
  for await (const page of ledger.months.holds({ fromUs, untilUs })) {
    for (const { id, amountNanoUsd, sandbox } of page) {
      hash.update(`${id} ${amountNanoUsd}\n`)
      charges += 1
      if (sandbox) sandboxed += amountNanoUsd
      else real += amountNanoUsd
    }
  }
  return { charges, totalUsd: formatUsd(real), sandboxUsd: formatUsd(sandboxed), sha256: hash.digest('hex') }
}

/** Undefined: the close was cut off before it was added up. */
export const sealOf = ({ seal }: ClosedMonth): MonthSeal | undefined =>
  // Written by `closeMonth` from this type.
  seal as unknown as MonthSeal | undefined
