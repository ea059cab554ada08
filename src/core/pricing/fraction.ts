/** Exact fractions over bigint, for prices before the one rounding of a charge line. */
import { type Decimal, divideHalfEven } from '../money.ts'

/** `n / d`, with `d` positive. */
export interface Fraction {
  readonly n: bigint
  readonly d: bigint
}

export const ONE: Fraction = { n: 1n, d: 1n }

export const fromDecimal = ({ units, scale }: Decimal): Fraction => ({ n: units, d: 10n ** BigInt(scale) })

export const subtract = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.d - b.n * a.d, d: a.d * b.d })

export const multiply = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.n, d: a.d * b.d })

/** `a / b`; `b` must be positive. */
export const divide = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.d, d: a.d * b.n })

/** The same value with the smallest denominator. */
export function reduce({ n, d }: Fraction): Fraction {
  let a = n < 0n ? -n : n
  let b = d
  while (b > 0n) [a, b] = [b, a % b]
  return a > 1n ? { n: n / a, d: d / a } : { n, d }
}

/** Smallest multiple of both; both positive. */
export const leastCommonMultiple = (a: bigint, b: bigint): bigint => a * reduce({ n: b, d: a }).n

const MAX_SCALE = 18

/** Number of decimals that write any `n / d` exactly, or undefined when it never ends (or is longer than 18 decimals). */
export function exactScale(d: bigint): number | undefined {
  let power = 1n
  for (let scale = 0; scale <= MAX_SCALE; scale += 1) {
    if (power % d === 0n) return scale
    power *= 10n
  }
  return undefined
}

/** Decimal text of `units / 10 ** scale`, without trailing zeros. */
export function scaledText(units: bigint, scale: number): string {
  if (units < 0n) return `-${scaledText(-units, scale)}`
  if (scale === 0) return units.toString()
  const digits = units.toString().padStart(scale + 1, '0')
  let end = digits.length
  const point = end - scale
  while (end > point && digits.charCodeAt(end - 1) === 48) end -= 1
  return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`
}

/** Decimal text of a fraction: exact where it ends, else rounded half to even at 18 decimals. */
export function decimalText({ n, d }: Fraction): string {
  const scale = exactScale(d)
  if (scale !== undefined) return scaledText((n * 10n ** BigInt(scale)) / d, scale)
  return scaledText(divideHalfEven(n * 10n ** BigInt(MAX_SCALE), d), MAX_SCALE)
}

/** Smallest integer not below `n / d`; `d` positive. */
export function ceilDivide(n: bigint, d: bigint): bigint {
  const quotient = n / d
  return n % d > 0n ? quotient + 1n : quotient
}
