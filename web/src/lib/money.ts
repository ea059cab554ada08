/** How money is shown. Amounts arrive as exact decimal text and stay integers; nothing here is a float. */
import { divideHalfEven, formatUsd, NANO_PER_USD, parseUsd } from '../../../src/core/money.ts'

const NANO_PER_HUNDREDTH_CENT = 100_000n
const NANO_PER_CENT = 10_000_000n

const withSign = (text: string): string => (text.startsWith('-') ? `\u2212$${text.slice(1)}` : `$${text}`)

/** Every digit: `$0.0336`, `−$1.20`, at least two decimals. */
export const exactUsd = (text: string): string => withSign(formatUsd(parseUsd(text)))

export const exactNano = (amount: bigint): string => withSign(formatUsd(amount))

/** For figures read at a glance: cents from a dollar up, else hundredths of a cent; never `$0.00` for money that is there. */
export function shortUsd(text: string): string {
  const amount = parseUsd(text)
  const absolute = amount < 0n ? -amount : amount
  if (absolute === 0n) return '$0.00'
  if (absolute < NANO_PER_HUNDREDTH_CENT) return amount < 0n ? '\u2212<$0.0001' : '<$0.0001'
  const step = absolute >= NANO_PER_USD ? NANO_PER_CENT : NANO_PER_HUNDREDTH_CENT
  return withSign(grouped(formatUsd(divideHalfEven(amount, step) * step)))
}

/** `12345.60` as `12,345.60`. */
function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`
}

/** A signed difference, `+$0.01` or `−$0.01`; `same` when there is none. */
export function deltaUsd(from: string, to: string): string {
  const difference = parseUsd(to) - parseUsd(from)
  if (difference === 0n) return 'same'
  return difference > 0n ? `+${exactNano(difference)}` : exactNano(difference)
}

export const isZeroUsd = (text: string): boolean => parseUsd(text) === 0n

/** Whole per mille of `part` in `whole`, 0 to 1000, for drawing a meter; 0 when there is no whole. */
export function perMille(part: bigint, whole: bigint): number {
  if (whole <= 0n || part <= 0n) return 0
  const share = (part * 1000n) / whole
  return Number(share > 1000n ? 1000n : share)
}

/** A rounded amount for the axis of a drawing, where a float is good enough: `$1.2K`, `$0.04`. */
export function axisUsd(dollars: number): string {
  const absolute = Math.abs(dollars)
  const sign = dollars < 0 ? '\u2212' : ''
  if (absolute === 0) return '$0'
  if (absolute >= 1_000) return `${sign}$${compactUsd.format(absolute)}`
  if (absolute >= 1) return `${sign}$${Number(absolute.toFixed(2))}`
  const text = String(Number(absolute.toPrecision(2)))
  // A tenth of a dollar is ten cents.
  return `${sign}$${/^0\.\d$/.test(text) ? `${text}0` : text}`
}

const compactUsd = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** Dollars as a float, for the geometry of a chart only; figures beside it come from the exact text. */
export const plotUsd = (text: string): number => Number(parseUsd(text)) / Number(NANO_PER_USD)

/** A difference as a share of what was before, 0.1 = a tenth more; null where there was nothing before. */
export function changeShare(before: string, after: string): number | null {
  const from = parseUsd(before)
  if (from <= 0n) return null
  return Number(((parseUsd(after) - from) * 1_000_000n) / from) / 1_000_000
}
