/** Reading JSON of servers that may send anything: a value of the wrong type counts as absent. */
import type { JsonObject, JsonValue } from '../../core/json.ts'

export const asObject = (value: JsonValue | undefined): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

export const asList = (value: JsonValue | undefined): readonly JsonValue[] | undefined =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : undefined

/** The objects of a list; anything else in it is left out. */
export const objectsOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  (asList(value) ?? []).map(asObject).filter((item) => item !== undefined)

/** A text that is not empty. */
export const asText = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** A finite number, also one written as text. */
export function asNumber(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** A whole number of something, 0 or more. */
export function asCount(value: JsonValue | undefined): number | undefined {
  const number = asNumber(value)
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

const DECIMAL = /^\d+(\.\d+)?$/

/** An amount as exact decimal text; numbers that JavaScript would print with an exponent are written out. */
export function decimalText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return DECIMAL.test(value.trim()) ? value.trim() : expanded(Number(value.trim() || Number.NaN))
  return typeof value === 'number' ? expanded(value) : undefined
}

function expanded(value: number): string | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined
  const plain = String(value)
  if (DECIMAL.test(plain)) return plain
  const [digits = '', exponent = '0'] = plain.split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  const shift = Number(exponent)
  if (shift > 0) return undefined
  return `0.${'0'.repeat(-shift - 1)}${whole}${fraction}`
}
