/** From a quantity to money: transforms, tiers, one rounding, and the line that explains it. */
import { divideHalfEven, type NanoUsd } from '../money.ts'
import type { CandidateSettings } from '../offer.ts'
import type { ChargeLine, Provenance } from '../outcome.ts'
import { formatSize } from '../request.ts'
import { formatQuantity, type Meter, MICRO, type Quantity } from '../usage.ts'
import type { CompiledRate, Conversion } from './compiled.ts'
import { ceilDivide, decimalText, scaledText } from './fraction.ts'

/** Round up to the rate's multiple and minimum; for `.out` meters image by image, on the average image. */
export function transformQuantity(rate: CompiledRate, quantity: Quantity, images: number): Quantity {
  if (rate.roundUpTo === undefined && rate.min === undefined) return quantity
  const pieces = rate.perImage ? BigInt(images) : 1n
  if (pieces === 0n || quantity === 0n) return quantity
  if (rate.roundUpTo === undefined) {
    const least = (rate.min ?? 0n) * pieces
    return quantity > least ? quantity : least
  }
  const piece = ceilDivide(quantity, rate.roundUpTo * pieces) * rate.roundUpTo
  return (rate.min !== undefined && piece < rate.min ? rate.min : piece) * pieces
}

/** The most the rate can be billed for in one call, or undefined when nothing bounds it. */
export function mostQuantity(rate: CompiledRate, images: number): Quantity | undefined {
  const perImage = rate.maxPerImage === undefined ? undefined : rate.maxPerImage * BigInt(images)
  if (perImage === undefined || rate.maxPerRequest === undefined) return perImage ?? rate.maxPerRequest
  return perImage < rate.maxPerRequest ? perImage : rate.maxPerRequest
}

/** Numerator of the native amount over the rate's denominator; `before` is what tiers have already counted. */
export function nativeNumerator(rate: CompiledRate, quantity: Quantity, before: Quantity): bigint {
  const { tiers } = rate
  if (!tiers) return quantity * rate.native.n
  const start = tiers.scope === 'request' ? 0n : before
  const end = start + quantity
  if (tiers.mode === 'volume') {
    let unit = 0n
    for (const step of tiers.steps) if (step.from <= end) unit = step.n
    return quantity * unit
  }
  let numerator = 0n
  tiers.steps.forEach((step, index) => {
    const next = tiers.steps[index + 1]?.from ?? end
    const from = step.from > start ? step.from : start
    const to = next < end ? next : end
    if (to > from) numerator += (to - from) * step.n
  })
  return numerator
}

/** Nano-USD of a quantity: exact until the one rounding, half to even. */
export const amountNano = (rate: CompiledRate, conversion: Conversion, quantity: Quantity, before: Quantity): NanoUsd =>
  divideHalfEven(nativeNumerator(rate, quantity, before) * conversion.nano.n, conversion.nano.d)

/**
 * The same for a safe-integer quantity of a rate without tiers, without bigints; undefined when that would not be exact.
 */
export function fastAmount({ fastN, fastD }: Conversion, quantity: number): number | undefined {
  const amount = wholeAmount(fastN, fastD, quantity)
  return Number.isNaN(amount) ? undefined : amount
}

/** `quantity x fastN / fastD`, half to even; NaN when that would not be exact. */
export function wholeAmount(fastN: number, fastD: number, quantity: number): number {
  const product = quantity * fastN
  // Also refuses NaN.
  if (fastD === 0 || !(product <= Number.MAX_SAFE_INTEGER)) return Number.NaN
  const remainder = product % fastD
  const quotient = (product - remainder) / fastD
  const twice = remainder * 2
  return twice > fastD || (twice === fastD && quotient % 2 === 1) ? quotient + 1 : quotient
}

export const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/**
 * The most a quantity can cost when others that count in the same tiers are bought first: where a later step is dearer, it may
 * have been reached by then.
 */
export function dearestAmount(rate: CompiledRate, conversion: Conversion, quantity: Quantity, before: Quantity): NanoUsd {
  const now = amountNano(rate, conversion, quantity, before)
  if (!rate.tiers || rate.tiers.scope === 'request') return now
  const later = rate.tiers.steps.filter(({ from }) => from > before).map(({ n }) => n)
  const dearest = later.reduce(greater, 0n)
  return greater(now, divideHalfEven(quantity * dearest * conversion.nano.n, conversion.nano.d))
}

/**
 * Amounts that nothing between two quantities falls below or goes above; a minimum may be without an upper end. Volume tiers
 * drop the price of every unit at a threshold, so there the ends alone do not bound it.
 */
export function boundAmount(
  rate: CompiledRate,
  conversion: Conversion,
  range: { readonly low: Quantity; readonly high: Quantity | undefined; readonly before: Quantity },
  pick: 'min' | 'max',
): NanoUsd {
  const { low, high, before } = range
  const at = (quantity: Quantity): NanoUsd => amountNano(rate, conversion, quantity, before)
  const end = pick === 'min' ? low : (high ?? low)
  if (rate.tiers?.mode !== 'volume') return at(end)
  const start = rate.tiers.scope === 'request' ? 0n : before
  let bound = at(end)
  for (const { from } of rate.tiers.steps) {
    const quantity = from - start - (pick === 'max' ? 1n : 0n)
    if (quantity <= low || (high !== undefined && quantity > high)) continue
    const amount = at(quantity)
    if (pick === 'min' ? amount < bound : amount > bound) bound = amount
  }
  return bound
}

const meterWords: Readonly<Record<Meter, readonly [one: string, many: string]>> = {
  requests: ['request', 'requests'],
  'images.out': ['image out', 'images out'],
  'images.in': ['image in', 'images in'],
  'images.partial': ['partial image', 'partial images'],
  'megapixels.out': ['megapixel out', 'megapixels out'],
  'megapixels.in': ['megapixel in', 'megapixels in'],
  'tokens.text.in': ['text token in', 'text tokens in'],
  'tokens.text.in.cached': ['cached text token in', 'cached text tokens in'],
  'tokens.image.in': ['image token in', 'image tokens in'],
  'tokens.image.in.cached': ['cached image token in', 'cached image tokens in'],
  'tokens.text.out': ['text token out', 'text tokens out'],
  'tokens.image.out': ['image token out', 'image tokens out'],
  'tokens.svg.in': ['SVG token in', 'SVG tokens in'],
  'tokens.svg.out': ['SVG token out', 'SVG tokens out'],
  'tokens.visual': ['visual token', 'visual tokens'],
  steps: ['step', 'steps'],
  'gpu.seconds': ['GPU second', 'GPU seconds'],
  'compute.seconds': ['compute second', 'compute seconds'],
  'storage.gb_days': ['GB-day', 'GB-days'],
  'egress.gb': ['GB out', 'GB out'],
  credits: ['credit', 'credits'],
}

/** `2 images out`, `1 megapixel out`. */
export function countText(meter: Meter, quantity: Quantity): string {
  const [one, many] = meterWords[meter]
  return quantity === MICRO ? `1 ${one}` : `${formatQuantity(quantity)} ${many}`
}

/** The line of one metered quantity. `amount` is what `amountNano` answered for it. */
export function usageLine(
  rate: CompiledRate,
  conversion: Conversion,
  charged: {
    readonly quantity: Quantity
    /** What the rate's tiers counted before. */
    readonly before: Quantity
    /** The volume to name on the line; undefined where the price depends on none. */
    readonly pinned?: Quantity | undefined
    readonly amount: NanoUsd
  },
  context: { readonly settings: CandidateSettings; readonly provenance: Provenance },
): ChargeLine {
  const { settings, provenance } = context
  const numerator = nativeNumerator(rate, charged.quantity, charged.before)
  const quality = settings.quality ? `${settings.quality}, ` : ''
  const detail = /^(images|megapixels|tokens\.image)\.out$/.test(rate.meter) ? `, ${quality}${formatSize(settings.size)}` : ''
  return {
    kind: 'usage',
    meter: rate.meter,
    quantity: formatQuantity(charged.quantity),
    ...(charged.pinned !== undefined && { volumeBefore: formatQuantity(charged.pinned) }),
    amountNanoUsd: charged.amount,
    nativeAmount:
      rate.nativeScale === undefined ? decimalText({ n: numerator, d: rate.native.d }) : scaledText(numerator, rate.nativeScale),
    nativeUnit: rate.nativeUnit,
    fxRate: conversion.rateText,
    fxSource: conversion.source,
    rateId: rate.id,
    priceBook: rate.book,
    provenance,
    description: `${countText(rate.meter, charged.quantity)}${detail} at ${rate.priceText}`,
  }
}
