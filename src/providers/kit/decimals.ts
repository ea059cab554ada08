/** Exact arithmetic on amounts that providers report as decimal text. */
import { parseDecimal } from '../../core/money.ts'

/** The sum, as plain decimal text. */
export function decimalSum(...texts: readonly string[]): string {
  const parts = texts.map(parseDecimal)
  const scale = Math.max(0, ...parts.map((part) => part.scale))
  const total = parts.reduce((sum, part) => sum + part.units * 10n ** BigInt(scale - part.scale), 0n)
  const digits = total.toString().padStart(scale + 1, '0')
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
  const whole = digits.slice(0, digits.length - scale)
  return scale === 0 || fraction === '' ? whole : `${whole}.${fraction}`
}
