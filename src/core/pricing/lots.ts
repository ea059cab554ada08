/**
 * What was paid for in advance, as lots: prepaid credits, a period's minimum spend, an hour of reserved capacity, a batch. A
 * lot holds money or a quantity of one meter; charges draw on it, and what is left at its end is breakage.
 */
import { divideHalfEven, type NanoUsd } from '../money.ts'
import type { Meter, Quantity, Usage } from '../usage.ts'
import { ceilDivide } from './fraction.ts'

export const lotKinds = ['prepaidCredits', 'minimumSpend', 'reservedCapacity', 'batchPrepay'] as const
export type LotKind = (typeof lotKinds)[number]

export interface Lot {
  readonly id: string
  readonly kind: LotKind
  /** First instant it can be drawn on, and the first at which it cannot; null = it does not expire. */
  readonly startsUs: number
  readonly expiresUs: number | null
  /** Null: the lot holds money, at the prices of the book. Else it holds this meter, and covers what is charged for it. */
  readonly meter: Meter | null
  /** Nano-USD, or micro-units of the meter. */
  readonly capacity: bigint
  readonly remaining: bigint
  /** What the whole lot costs. */
  readonly paidNanoUsd: NanoUsd
}

/** One charge's use of one lot. */
export interface Draw {
  readonly lotId: string
  /** In the lot's own unit: nano-USD or micro-units. */
  readonly drawn: bigint
  /** What this part would have cost without the lot. */
  readonly coveredNanoUsd: NanoUsd
  /** Its share of what was paid for the lot. */
  readonly effectiveNanoUsd: NanoUsd
}

export interface LotDemand {
  readonly totalNanoUsd: NanoUsd
  /** What is charged for, meter by meter: what lots of a quantity are drawn by. */
  readonly usage: Usage
  readonly atUs: number
}

export const isOpen = ({ startsUs, expiresUs }: Lot, atUs: number): boolean =>
  startsUs <= atUs && (expiresUs === null || atUs < expiresUs)

/** Quantities before money, because they perish by the hour; then first to expire; then the older. */
export const drawOrder = (a: Lot, b: Lot): number =>
  Number(a.meter === null) - Number(b.meter === null) ||
  (a.expiresUs ?? Number.POSITIVE_INFINITY) - (b.expiresUs ?? Number.POSITIVE_INFINITY) ||
  a.startsUs - b.startsUs ||
  (a.id < b.id ? -1 : 1)

/**
 * How a charge is paid from lots. Amounts are exact: the covered parts and `uncoveredNanoUsd` add up to the total, and the
 * effective parts of all draws on a lot add up to what was paid for it once it is empty.
 */
export function drawLots(
  lots: readonly Lot[],
  { totalNanoUsd, usage, atUs }: LotDemand,
): { readonly draws: readonly Draw[]; readonly uncoveredNanoUsd: NanoUsd } {
  const draws: Draw[] = []
  let uncovered = totalNanoUsd
  // The share of the call that no lot of a quantity has covered, `part / whole`.
  let left = { part: 1n, whole: 1n }
  for (const lot of lots.filter((candidate) => candidate.remaining > 0n && isOpen(candidate, atUs)).sort(drawOrder)) {
    if (left.part === 0n) break
    const draw =
      lot.meter === null ? drawMoney(lot, uncovered) : drawQuantity(lot, usage[lot.meter] ?? 0n, left, totalNanoUsd, uncovered)
    if (!draw) continue
    left = draw.left ?? left
    uncovered -= draw.coveredNanoUsd
    draws.push({
      lotId: lot.id,
      drawn: draw.drawn,
      coveredNanoUsd: draw.coveredNanoUsd,
      effectiveNanoUsd: effectiveOf(lot, draw.drawn),
    })
  }
  return { draws, uncoveredNanoUsd: uncovered }
}

interface Share {
  readonly part: bigint
  readonly whole: bigint
}

interface Taken {
  readonly drawn: bigint
  readonly coveredNanoUsd: NanoUsd
  readonly left?: Share
}

function drawMoney({ remaining }: Lot, uncovered: NanoUsd): Taken | undefined {
  const drawn = remaining < uncovered ? remaining : uncovered
  return drawn > 0n ? { drawn, coveredNanoUsd: drawn } : undefined
}

function drawQuantity(
  { remaining }: Lot,
  quantity: Quantity,
  left: Share,
  total: NanoUsd,
  uncovered: NanoUsd,
): Taken | undefined {
  if (quantity <= 0n) return undefined
  const wanted = ceilDivide(quantity * left.part, left.whole)
  const drawn = remaining < wanted ? remaining : wanted
  if (drawn === wanted) return { drawn, coveredNanoUsd: uncovered, left: { part: 0n, whole: 1n } }
  const next = { part: left.part * quantity - drawn * left.whole, whole: left.whole * quantity }
  const after = divideHalfEven(total * next.part, next.whole)
  return { drawn, coveredNanoUsd: uncovered - after, left: next }
}

/** Cumulative shares are rounded, not single ones, so that their sum is what was paid. */
function effectiveOf({ capacity, remaining, paidNanoUsd }: Lot, drawn: bigint): NanoUsd {
  const upTo = (used: bigint): NanoUsd => divideHalfEven(paidNanoUsd * used, capacity)
  return upTo(capacity - remaining + drawn) - upTo(capacity - remaining)
}

/** A draw made outside Halftone: never more than is left. */
export function drawOutside(lot: Lot, wanted: bigint): Draw {
  const drawn = wanted < lot.remaining ? wanted : lot.remaining
  return { lotId: lot.id, drawn, coveredNanoUsd: lot.meter === null ? drawn : 0n, effectiveNanoUsd: effectiveOf(lot, drawn) }
}

/** Billed cost leaves out what lots covered; effective cost puts the lots' own price in its place. */
export function paidFor(
  totalNanoUsd: NanoUsd,
  draws: readonly Pick<Draw, 'coveredNanoUsd' | 'effectiveNanoUsd'>[],
): { readonly billedNanoUsd: NanoUsd; readonly effectiveNanoUsd: NanoUsd } {
  const billedNanoUsd = draws.reduce((left, draw) => left - draw.coveredNanoUsd, totalNanoUsd)
  return { billedNanoUsd, effectiveNanoUsd: draws.reduce((sum, draw) => sum + draw.effectiveNanoUsd, billedNanoUsd) }
}

/**
 * What the next call costs in money not yet spent: nothing for what is covered by a lot that perishes (it is paid either way),
 * the share of its price for a lot without an end (it would have to be bought again), the price itself for the rest.
 */
export function marginalOf(lots: readonly Lot[], demand: LotDemand): NanoUsd {
  const { draws, uncoveredNanoUsd } = drawLots(lots, demand)
  const lasting = new Set(lots.filter((lot) => lot.expiresUs === null).map((lot) => lot.id))
  return draws.reduce((sum, draw) => sum + (lasting.has(draw.lotId) ? draw.effectiveNanoUsd : 0n), uncoveredNanoUsd)
}
