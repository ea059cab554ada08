/** Own GPUs as rates, estimates and a commitment: how much time an image takes follows from what the pool can do. */
import { parseDecimal } from '../money.ts'
import { MICRO } from '../usage.ts'
import { ceilDivide, decimalText, divide, type Fraction, fromDecimal, multiply, ONE, scaledText } from './fraction.ts'
import type { Commitment, Estimate, GpuPool, Rate, Sku } from './price-book.ts'

const HOUR_SECONDS: Fraction = { n: 3_600n, d: 1n }

const fraction = (text: string): Fraction => fromDecimal(parseDecimal(text))

/** Seconds as decimal text, rounded up to the microsecond, the grain of quantities. */
const secondsText = ({ n, d }: Fraction): string => scaledText(ceilDivide(n * MICRO, d), 6)

/** A sku with a pool, written as one with rates, estimates and commitments; any other as it is. */
export function expandPool(sku: Sku): Sku {
  const { gpuPool: pool } = sku
  if (!pool) return sku
  const commitment = wallClockOf(sku, pool)
  return {
    ...sku,
    rates: [...sku.rates, rateOf(sku, pool)],
    estimates: [...(sku.estimates ?? []), ...estimatesOf(pool)],
    ...(commitment && { commitments: [...(sku.commitments ?? []), commitment] }),
  }
}

const utilisationOf = ({ utilisation }: GpuPool): Fraction => (utilisation === undefined ? ONE : fraction(utilisation))

/** Usable seconds of one GPU in an hour that is paid by the wall clock; all of them where only work is paid. */
const usableSeconds = (pool: GpuPool): Fraction =>
  pool.billing === 'wallClock' ? multiply(HOUR_SECONDS, utilisationOf(pool)) : HOUR_SECONDS

function hourPrice({ pricePerGpuHour, pricePerGpuSecond }: GpuPool): string {
  if (pricePerGpuHour !== undefined) return pricePerGpuHour
  return decimalText(multiply(fraction(pricePerGpuSecond ?? '0'), HOUR_SECONDS))
}

function rateOf(sku: Sku, pool: GpuPool): Rate {
  const { maxSecondsPerCall: perRequest } = pool
  return {
    // The price is part of the id: charges name the rate, so another price must be another rate.
    id: `${sku.id}:gpu.seconds=${hourPrice(pool)}/h`,
    meter: 'gpu.seconds',
    price: hourPrice(pool),
    per: decimalText(usableSeconds(pool)),
    ...(perRequest !== undefined && { maxQuantity: { perRequest, source: 'maxSecondsPerCall of the GPU pool' } }),
    effectiveFrom: '1970-01-01',
  }
}

/** Seconds beside the work itself are billed too where only work is: they make the estimate longer. */
function estimatesOf(pool: GpuPool): Estimate[] {
  const stretch = (seconds: Fraction): Fraction => (pool.billing === 'busy' ? divide(seconds, utilisationOf(pool)) : seconds)
  // Nothing measures the call, so that what is estimated is what will be charged.
  const bounds = (text: string) => ((pool.measure ?? 'throughput') === 'throughput' ? { min: text, max: text } : {})
  const images = pool.throughput.map(({ when, imagesPerSecond, megapixelsPerSecond }): Estimate => {
    const text = secondsText(stretch(divide(ONE, fraction(imagesPerSecond ?? megapixelsPerSecond ?? '1'))))
    return {
      meter: 'gpu.seconds',
      ...(when && { when }),
      scope: 'image',
      form: imagesPerSecond === undefined ? 'perMegapixel' : 'constant',
      expected: text,
      ...bounds(text),
      source: 'throughput of the GPU pool',
    }
  })
  const overhead = secondsText(stretch(overheadOf(pool)))
  if (overhead === '0') return images
  const once = { meter: 'gpu.seconds', scope: 'request', form: 'perCall', source: 'overhead of the GPU pool' } as const
  return [...images, { ...once, expected: overhead, ...bounds(overhead) }]
}

function overheadOf({ overheadSeconds = '0', startUp }: GpuPool): Fraction {
  const each = fraction(overheadSeconds)
  if (!startUp) return each
  const share = divide(fraction(startUp.seconds), fraction(startUp.calls))
  return { n: each.n * share.d + share.n * each.d, d: each.d * share.d }
}

/** GPUs that are paid by the clock are capacity that is reserved by the hour: idle time is its breakage. */
function wallClockOf(sku: Sku, pool: GpuPool): Commitment | undefined {
  if (pool.billing !== 'wallClock') return undefined
  return {
    kind: 'reservedCapacity',
    id: pool.id ?? `${sku.id}/gpuPool`,
    pricePerHour: hourPrice(pool),
    units: pool.gpus ?? '1',
    meter: 'gpu.seconds',
    perHour: decimalText(usableSeconds(pool)),
    from: pool.from ?? '1970-01-01',
    ...(pool.to !== undefined && { to: pool.to }),
  }
}
