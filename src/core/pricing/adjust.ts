/** Markups, discounts, fees and free units: applied in the book's order, each to the running total, each its own line. */
import { divideHalfEven, formatUsd, NANO_PER_USD, type NanoUsd } from '../money.ts'
import type { ChargeLine, Provenance } from '../outcome.ts'
import { formatQuantity, type Meter, type Quantity } from '../usage.ts'
import { amountNano, countText } from './charge.ts'
import type { CompiledAdjustment, CompiledAmount, CompiledRate, FxTable } from './compiled.ts'
import { decimalText, type Fraction, multiply } from './fraction.ts'
import { unitRateAt } from './fx.ts'
import { countedBefore, type VolumesToDate, volumeBefore } from './volumes.ts'

/** What was charged before the adjustments. */
export interface Charged {
  readonly rate: CompiledRate
  readonly quantity: Quantity
}

export interface AdjustContext {
  readonly fx: FxTable
  readonly atUs: number
  readonly images: number
  readonly charged: readonly Charged[]
  readonly volumes: VolumesToDate
  readonly provenance: Provenance
}

interface Change {
  readonly amount: NanoUsd
  readonly quantity?: string
  readonly meter?: Meter
  readonly volumeBefore?: string
  readonly note: string
  /** Present for fixed amounts: written in the book's own unit. */
  readonly native?: { readonly text: string; readonly unit: string; readonly fxRate: string; readonly fxSource: string }
}

/**
 * The total after the adjustments; their lines are appended to `lines` where given. Undefined when a fixed amount is in a
 * unit without a conversion at that instant: the whole is then unpriced.
 */
export function adjustTotal(
  adjustments: readonly CompiledAdjustment[],
  start: NanoUsd,
  context: AdjustContext,
  lines?: ChargeLine[],
): NanoUsd | undefined {
  let total = start
  for (const adjustment of adjustments) {
    const change = changeOf(adjustment, total, context)
    if (change === undefined) return undefined
    total += change.amount
    if (lines && change.amount !== 0n) lines.push(adjustmentLine(adjustment, change, context.provenance))
  }
  return total
}

function changeOf(adjustment: CompiledAdjustment, total: NanoUsd, context: AdjustContext): Change | undefined {
  switch (adjustment.kind) {
    case 'multiplier':
    case 'percent': {
      const { n, d } = adjustment.share
      return { amount: divideHalfEven(total * n, d), note: `${percentText(adjustment.share)} of ${formatUsd(total)} USD` }
    }
    case 'add': {
      const times = adjustment.per === 'image' ? BigInt(context.images) : 1n
      return fixedChange(adjustment.amount, context, times, (amount) => amount)
    }
    case 'min':
      return fixedChange(adjustment.amount, context, 1n, (amount) => (total < amount ? amount - total : 0n))
    case 'max':
      return fixedChange(adjustment.amount, context, 1n, (amount) => (total > amount ? amount - total : 0n))
    case 'freeUnits':
      return freeUnits(adjustment, context)
  }
}

const percentText = ({ n, d }: Fraction): string => `${n > 0n ? '+' : ''}${decimalText({ n: n * 100n, d })} %`

function fixedChange(
  { native, unit }: CompiledAmount,
  { fx, atUs }: AdjustContext,
  times: bigint,
  change: (amount: NanoUsd) => NanoUsd,
): Change | undefined {
  const rate = unitRateAt(fx, unit, atUs)
  if (!rate) return undefined
  const whole = multiply(native, { n: times, d: 1n })
  const limit = multiply(whole, rate.usd)
  const amount = divideHalfEven(limit.n * NANO_PER_USD, limit.d)
  const applied = change(amount)
  const text = decimalText(whole)
  return {
    amount: applied,
    note: `${text} ${unit.unit}`,
    // A minimum or maximum adds the difference, which exists in USD only; a fee is itself.
    ...(applied === amount && { native: { text, unit: unit.unit, fxRate: rate.text, fxSource: rate.source } }),
  }
}

/** Takes back the price of the units that are free: those a rate's tiers would have counted last. */
function freeUnits(adjustment: Extract<CompiledAdjustment, { kind: 'freeUnits' }>, context: AdjustContext): Change {
  const { meter, scope } = adjustment
  const used = volumeBefore(scope, meter, context.volumes)
  let left = adjustment.quantity > used ? adjustment.quantity - used : 0n
  let amount = 0n
  let free = 0n
  for (const { rate, quantity } of context.charged) {
    if (rate.meter !== meter || !rate.conversion) continue
    const units = left < quantity ? left : quantity
    left -= units
    free += units
    const before = countedBefore(rate, context.volumes)
    const change =
      amountNano(rate, rate.conversion, quantity - units, before) - amountNano(rate, rate.conversion, quantity, before)
    // Without the free units a volume tier may not be reached, and all the others would cost more: nothing free does that.
    if (change < 0n) amount += change
  }
  const volume = scope === 'request' ? {} : { volumeBefore: formatQuantity(used) }
  return { amount, meter, quantity: formatQuantity(free), ...volume, note: `${countText(meter, free)} free` }
}

function adjustmentLine(adjustment: CompiledAdjustment, change: Change, provenance: Provenance): ChargeLine {
  const native = change.native ?? { text: formatUsd(change.amount, 0), unit: 'USD', fxRate: '1', fxSource: 'identity' }
  return {
    kind: 'adjustment',
    ...(change.meter !== undefined && { meter: change.meter }),
    ...(change.quantity !== undefined && { quantity: change.quantity }),
    ...(change.volumeBefore !== undefined && { volumeBefore: change.volumeBefore }),
    amountNanoUsd: change.amount,
    nativeAmount: native.text,
    nativeUnit: native.unit,
    fxRate: native.fxRate,
    fxSource: native.fxSource,
    rateId: adjustment.id,
    priceBook: adjustment.book,
    provenance,
    description: `${adjustment.description} (${change.note})`,
  }
}
