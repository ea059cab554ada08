/**
 * Money as integers. An amount is a bigint count of nano-USD (1 USD = 1,000,000,000); a price is an exact decimal per a
 * quantity, so no fraction of a nano is ever stored. Rounding happens once per charge line, half to even.
 */
import { HalftoneError } from './error.ts'

/** An amount in nano-USD. `int64` in SQL, decimal string in JSON. */
export type NanoUsd = bigint

export const NANO_PER_USD = 1_000_000_000n

/** An exact decimal: `units / 10 ** scale`. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/** Parse a plain decimal such as `"0.0336"`. Exponents, signs other than a leading minus and blanks are refused. */
export function parseDecimal(text: string): Decimal {
  const match = DECIMAL.exec(text)
  if (!match) throw new HalftoneError('invalid_decimal', `"${text}" is not a plain decimal number such as 0.04.`)
  const fraction = match[3] ?? ''
  const units = BigInt(`${match[2]}${fraction}`)
  return { units: match[1] ? -units : units, scale: fraction.length }
}

/** Divide integers, rounding half to even; `denominator` must be positive. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const remainder = numerator % denominator
  const twice = (remainder < 0n ? -remainder : remainder) * 2n
  const away = twice > denominator || (twice === denominator && quotient % 2n !== 0n)
  if (!away) return quotient
  return quotient + (numerator < 0n ? -1n : 1n)
}

/** Parse a USD amount such as `"25"` or `"0.042"`; more than nine decimals is refused rather than rounded. */
export function parseUsd(text: string): NanoUsd {
  const { units, scale } = parseDecimal(text)
  if (scale > 9) throw new HalftoneError('invalid_decimal', `"${text}" is finer than a nano-dollar; use at most 9 decimals.`)
  return units * 10n ** BigInt(9 - scale)
}

/** Exact USD text of an amount: no exponent, no trailing zeros, at least `minDecimals` decimals. */
export function formatUsd(amount: NanoUsd, minDecimals = 2): string {
  const sign = amount < 0n ? '-' : ''
  const absolute = amount < 0n ? -amount : amount
  const whole = absolute / NANO_PER_USD
  const fraction = (absolute % NANO_PER_USD).toString().padStart(9, '0').replace(/0+$/, '')
  const decimals = fraction.padEnd(minDecimals, '0')
  return decimals ? `${sign}${whole}.${decimals}` : `${sign}${whole}`
}
