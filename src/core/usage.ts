/** Meters: the fixed registry of what can be consumed, and quantities as integers. */
import { HalftoneError } from './error.ts'
import { parseDecimal } from './money.ts'

/**
 * A quantity in micro-units: 1 image = 1_000_000n, 1 pixel = 1n megapixel micro, 1 GPU second = 1_000_000n. Integers keep
 * every price exact and a split of n sums to n.
 */
export type Quantity = bigint

export const MICRO = 1_000_000n

export const meters = {
  requests: 'calls made, whatever they returned',
  'images.out': 'images returned',
  'images.in': 'reference or edited images sent',
  'images.partial': 'partial images streamed',
  'megapixels.out': 'pixels returned / 1,000,000',
  'megapixels.in': 'pixels sent / 1,000,000',
  'tokens.text.in': 'text tokens sent',
  'tokens.text.in.cached': 'text tokens sent and served from the provider cache',
  'tokens.image.in': 'image tokens sent',
  'tokens.image.in.cached': 'image tokens sent and served from the provider cache',
  'tokens.text.out': 'text or reasoning tokens returned',
  'tokens.image.out': 'image tokens returned',
  'tokens.svg.in': 'tokens sent to the model that writes SVG',
  'tokens.svg.out': 'tokens returned by the model that writes SVG',
  'tokens.visual': 'visual tokens: a size- and complexity-weighted count defined by the price book',
  steps: 'inference steps, summed over images',
  'gpu.seconds': 'seconds of GPU time',
  'compute.seconds': 'seconds of billed wall time',
  'storage.gb_days': 'stored gigabytes times days',
  'egress.gb': 'gigabytes sent out',
  credits: 'provider credits where the provider reports only these',
} as const satisfies Record<string, string>

export type Meter = keyof typeof meters

/** What one attempt consumed or is expected to consume. A missing meter was not consumed; 0n is a value. */
export type Usage = Readonly<Partial<Record<Meter, Quantity>>>

export const wholeUnits = (count: number): Quantity => BigInt(count) * MICRO

/** Exact decimal text of a quantity, as stored in JSON. */
export function formatQuantity(quantity: Quantity): string {
  const sign = quantity < 0n ? '-' : ''
  const absolute = quantity < 0n ? -quantity : quantity
  const fraction = (absolute % MICRO).toString().padStart(6, '0').replace(/0+$/, '')
  return `${sign}${absolute / MICRO}${fraction ? `.${fraction}` : ''}`
}

/** The inverse of `formatQuantity`; decimals beyond the sixth are refused. */
export function parseQuantity(text: string): Quantity {
  const { units, scale } = parseDecimal(text)
  if (scale > 6) throw new HalftoneError('invalid_decimal', `"${text}" is finer than a millionth; use at most 6 decimals.`)
  return units * 10n ** BigInt(6 - scale)
}

/** Sum of usages, meter by meter. */
export function addUsage(...usages: readonly Usage[]): Usage {
  const total: Partial<Record<Meter, Quantity>> = {}
  for (const usage of usages) {
    for (const [meter, quantity] of Object.entries(usage) as [Meter, Quantity][]) total[meter] = (total[meter] ?? 0n) + quantity
  }
  return total
}
