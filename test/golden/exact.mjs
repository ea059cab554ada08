// Rational arithmetic over BigInt for the golden cases. Written for them alone: nothing here, and nothing that uses it, comes
// from src/, so that a mistake there is not repeated here.

/** A fraction `[numerator, denominator]` from `"0.04"`, `"-5"` or an integer. */
export function rational(value) {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value))
  if (!match) throw new Error(`not a decimal: ${value}`)
  const [, sign, whole, decimals = ''] = match
  return [BigInt(sign + whole + decimals), 10n ** BigInt(decimals.length)]
}

export const plus = ([a, b], [c, d]) => [a * d + c * b, b * d]
export const minus = ([a, b], [c, d]) => [a * d - c * b, b * d]
export const times = ([a, b], [c, d]) => [a * c, b * d]
export const over = ([a, b], [c, d]) => (c < 0n ? [-a * d, b * -c] : [a * d, b * c])
export const compare = ([a, b], [c, d]) => (a * d < c * b ? -1 : a * d > c * b ? 1 : 0)
export const least = (a, b) => (compare(a, b) <= 0 ? a : b)
export const most = (a, b) => (compare(a, b) >= 0 ? a : b)

/** The integer at or above. */
export function ceiling([a, b]) {
  const quotient = a / b
  return quotient * b < a ? quotient + 1n : quotient
}

/** The nearest integer; a half goes to the even one. */
export function nearest([a, b]) {
  const floor = a >= 0n || a % b === 0n ? a / b : a / b - 1n
  const twiceRest = 2n * (a - floor * b)
  if (twiceRest < b) return floor
  if (twiceRest > b) return floor + 1n
  return floor % 2n === 0n ? floor : floor + 1n
}

/** The next multiple of `step` at or above a value. */
export const upTo = (value, step) => times([ceiling(over(value, step)), 1n], step)

export const NANO = rational('1000000000')

/** Whole nano-dollars of an amount in dollars. */
export const nano = (dollars) => nearest(times(dollars, NANO))
