/** What is paid in advance: the open lots, and use of a shared one that Halftone did not make. */
import type { DrawRequest } from '../../contract/lots.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseDecimal } from '../../core/money.ts'
import type { Lot } from '../../core/pricing/lots.ts'
import { formatQuantity } from '../../core/usage.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

/** Decimals of the smallest unit: nano-USD, or micro-units of a meter. */
const scaleOf = ({ meter }: Pick<Lot, 'meter'>): number => (meter === null ? 9 : 6)
const unitsText = ({ meter }: Pick<Lot, 'meter'>, units: bigint): string =>
  meter === null ? formatUsd(units) : formatQuantity(units)

export const listLots: Handler = async ({ context }) => {
  const lots = await context.services.ledger.commitments.lots()
  const data = lots.map((lot) => ({
    id: lot.id,
    provider: lot.provider,
    commitment: lot.commitment,
    kind: lot.kind,
    meter: lot.meter,
    capacity: unitsText(lot, lot.capacity),
    remaining: unitsText(lot, lot.remaining),
    paid_usd: formatUsd(lot.paidNanoUsd),
    starts_at: isoTime(lot.startsUs),
    expires_at: lot.expiresUs === null ? null : isoTime(lot.expiresUs),
  }))
  return { object: 'list', data }
}

export const recordDraw: Handler = async ({ context, body }) => {
  const { ledger, clock, purchases } = context.services
  // Checked by the endpoint's schema.
  const { id, lot_id: lotId, amount, source, at } = body as DrawRequest
  const lot = (await ledger.commitments.lots()).find((open) => open.id === lotId)
  if (!lot) throw new HalftoneError('not_found', `There is no open lot "${lotId}".`, { param: 'lot_id' })
  const atUs = at === undefined ? clock.nowUs() : Date.parse(at) * 1_000
  const { drawn } = await ledger.commitments.drawOutside({ id, lotId, amount: unitsOf(lot, amount), atUs, source })
  await purchases.sync()
  return { object: 'draw', lot_id: lotId, drawn: unitsText(lot, drawn) }
}

function unitsOf(lot: Pick<Lot, 'meter'>, text: string): bigint {
  const { units, scale } = parseDecimal(text)
  const whole = scaleOf(lot)
  if (scale > whole || units === 0n) {
    throw new HalftoneError('invalid_value', `amount must be above 0, with at most ${whole} decimals.`, { param: 'amount' })
  }
  return units * 10n ** BigInt(whole - scale)
}
