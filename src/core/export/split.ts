/** Which part of which charge each draw paid for: draws are of a whole attempt, exports are of charges. */
import { divideHalfEven, type NanoUsd } from '../money.ts'
import type { ExportCharge, ExportDraw, ExportLot } from './entries.ts'

/** A part of a charge; the parts of a charge add up to it. */
export interface Piece {
  readonly charge: ExportCharge
  readonly amountNanoUsd: NanoUsd
  /** Absent: nothing paid for it in advance. */
  readonly paid?: {
    readonly lot: ExportLot
    /** Its part of the draw: the parts of a draw add up to it. */
    readonly drawn: bigint
    readonly effectiveNanoUsd: NanoUsd
  }
}

/**
 * Draws pay for the charges of their posting, in order. Charges that lower the bill are never drawn on; where they leave less to
 * pay than the others add up to, the rest of those stays uncovered, so that all sums hold.
 */
export function splitByDraws(charges: readonly ExportCharge[], draws: readonly ExportDraw[]): readonly Piece[] {
  if (draws.length === 0) return charges.map((charge) => ({ charge, amountNanoUsd: charge.amountNanoUsd }))
  const left = new Map(charges.map((charge) => [charge.id, charge.amountNanoUsd]))
  const paid: Piece[] = []
  for (const draw of [...draws].sort(byOrigin)) {
    const sign = isReturn(draw) ? -1n : 1n
    const candidates = candidatesOf(charges, draw, sign)
    const parts: { charge: ExportCharge; amount: bigint }[] = []
    let open = sign * draw.coveredNanoUsd
    for (const charge of candidates) {
      const rest = sign * (left.get(charge.id) ?? 0n)
      const amount = rest < open ? rest : open
      if (amount <= 0n) continue
      open -= amount
      left.set(charge.id, sign * (rest - amount))
      parts.push({ charge, amount: sign * amount })
    }
    const [fallback] = [...candidates, ...charges]
    if (fallback && (open > 0n || parts.length === 0)) {
      parts.push({ charge: fallback, amount: sign * open })
      left.set(fallback.id, (left.get(fallback.id) ?? 0n) - sign * open)
    }
    paid.push(...shares(draw, parts))
  }
  const drawnOn = new Set(paid.map(({ charge }) => charge.id))
  const uncovered = charges.flatMap((charge): Piece[] => {
    const amountNanoUsd = left.get(charge.id) ?? 0n
    return amountNanoUsd === 0n && drawnOn.has(charge.id) ? [] : [{ charge, amountNanoUsd }]
  })
  return [...paid, ...uncovered].sort((a, b) => compare(a.charge.id, b.charge.id))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const isReturn = (draw: ExportDraw): boolean => draw.reverses !== null || draw.coveredNanoUsd < 0n
/** What is given back is given back in the order it was taken. */
const byOrigin = (a: ExportDraw, b: ExportDraw): number =>
  a.drawnUs - b.drawnUs || compare(a.reverses ?? a.id, b.reverses ?? b.id) || compare(a.id, b.id)

/** Charges of the draw's sign, those posted with it first. */
function candidatesOf(charges: readonly ExportCharge[], draw: ExportDraw, sign: bigint): readonly ExportCharge[] {
  const same = charges.filter(({ amountNanoUsd }) => sign * amountNanoUsd > 0n)
  const posted = same.filter(({ postedUs }) => postedUs === draw.drawnUs)
  const others = same.filter(({ postedUs }) => postedUs !== draw.drawnUs)
  const order = (a: ExportCharge, b: ExportCharge): number => compare(a.reverses ?? a.id, b.reverses ?? b.id)
  return [...posted.sort(order), ...others.sort(order)]
}

/** Cumulative shares are rounded, not single ones, so that their sum is the draw. */
function shares(draw: ExportDraw, parts: readonly { readonly charge: ExportCharge; readonly amount: bigint }[]): Piece[] {
  const whole = parts.reduce((total, { amount }) => total + amount, 0n)
  let before = 0n
  const upTo = (value: bigint, amount: bigint): bigint => {
    if (amount === whole) return value
    return whole < 0n ? divideHalfEven(-value * amount, -whole) : divideHalfEven(value * amount, whole)
  }
  return parts.map(({ charge, amount }) => {
    const after = before + amount
    const part = (value: bigint): bigint => upTo(value, after) - (before === 0n ? 0n : upTo(value, before))
    const piece = {
      charge,
      amountNanoUsd: amount,
      paid: { lot: draw.lot, drawn: part(draw.drawn), effectiveNanoUsd: part(draw.effectiveNanoUsd) },
    }
    before = after
    return piece
  })
}
