/** Foreign amounts as exact text. */
import { divideHalfEven, formatUsd } from '../core/money.ts'

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i

/**
 * USD of a JSON number or a text such as `"$1,234.5"` as plain decimal text. What is finer than a nano-dollar (a sum of
 * binary fractions such as `0.060000000000000005`) is rounded once, half to even. Undefined: no amount.
 */
export function decimalText(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? plainOf(value) : ''
  const match = NUMBER.exec(text)
  if (!match) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const units = BigInt(`${whole}${fraction}`)
  const scale = fraction.length - Number(exponent)
  const nano = scale <= 9 ? units * 10n ** BigInt(9 - scale) : divideHalfEven(units, 10n ** BigInt(scale - 9))
  return formatUsd(sign ? -nano : nano)
}

const plainOf = (text: string): string =>
  text
    .trim()
    .replace(/^\$/, '')
    .replace(/,(?=\d{3}(\D|$))/g, '')
