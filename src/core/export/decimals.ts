/** Exact decimal text for export columns. */
import { type Decimal, divideHalfEven, parseDecimal } from '../money.ts'

/** Decimals that a derived price or quantity is written with where it has no shorter exact form. */
const DERIVED_SCALE = 18

export const decimal = (units: bigint, scale: number): Decimal => ({ units, scale })
export const nano = (amount: bigint): Decimal => decimal(amount, 9)

/** Plain decimal text: no exponent, no trailing zeros, `-` the only sign. */
export function textOf({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
  const text = fraction ? `${whole}.${fraction}` : whole
  return units < 0n ? `-${text}` : text
}

/** `value` in units of `10 ** -scale`, rounded half to even. */
export function unitsAt(value: Decimal, scale: number): bigint {
  if (value.scale <= scale) return value.units * 10n ** BigInt(scale - value.scale)
  return divideHalfEven(value.units, 10n ** BigInt(value.scale - scale))
}

/** `a / b` with at most 18 decimals; `b` must not be zero. */
export function quotient(a: Decimal, b: Decimal): Decimal {
  const sign = b.units < 0n ? -1n : 1n
  const numerator = sign * a.units * 10n ** BigInt(DERIVED_SCALE + b.scale)
  return decimal(divideHalfEven(numerator, sign * b.units * 10n ** BigInt(a.scale)), DERIVED_SCALE)
}

/** `value * part / whole` with at most 18 decimals; the value itself where the part is the whole. */
export function shareOf(value: Decimal, part: bigint, whole: bigint): Decimal {
  if (part === whole) return value
  const sign = whole < 0n ? -1n : 1n
  return decimal(divideHalfEven(sign * unitsAt(value, DERIVED_SCALE) * part, sign * whole), DERIVED_SCALE)
}

export const product = (a: Decimal, b: Decimal): Decimal => decimal(a.units * b.units, a.scale + b.scale)
export const negative = ({ units, scale }: Decimal): Decimal => decimal(-units, scale)
export const absolute = (value: Decimal): Decimal => (value.units < 0n ? negative(value) : value)
export const sum = (a: Decimal, b: Decimal): Decimal => {
  const scale = Math.max(a.scale, b.scale)
  return decimal(unitsAt(a, scale) + unitsAt(b, scale), scale)
}

const NUMBER = /^(-?\d+(?:\.\d+)?)(?:E(-?\d{1,3}))?$/

/** A number as FOCUS writes them, `E` notation included; undefined for anything else. */
export function readDecimal(text: string): Decimal | undefined {
  const match = NUMBER.exec(text)
  if (!match?.[1]) return undefined
  const { units, scale } = parseDecimal(match[1])
  const exponent = Number(match[2] ?? 0)
  return exponent > scale ? decimal(units * 10n ** BigInt(exponent - scale), 0) : decimal(units, scale - exponent)
}
