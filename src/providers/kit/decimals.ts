/** Exact arithmetic on amounts that providers report as decimal text. */
import { parseDecimal } from '../../core/money.ts'

/** The sum, as plain decimal text. */
export function decimalSum(...texts: readonly string[]): string {
  const parts = texts.map(parseDecimal)
  const scale = Math.max(0, ...parts.map((part) => part.scale))
  return plainText(
    parts.reduce((sum, part) => sum + part.units * 10n ** BigInt(scale - part.scale), 0n),
    scale,
  )
}

/** What the first is above the second, as plain decimal text; undefined when it is not above it. */
export function decimalDifference(more: string, less: string): string | undefined {
  const [a, b] = [parseDecimal(more), parseDecimal(less)]
  const scale = Math.max(a.scale, b.scale)
  const difference = a.units * 10n ** BigInt(scale - a.scale) - b.units * 10n ** BigInt(scale - b.scale)
  return difference > 0n ? plainText(difference, scale) : undefined
}

function plainText(units: bigint, scale: number): string {
  const digits = units.toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '')
  return scale === 0 || fraction === '' ? whole : `${whole}.${fraction}`
}
