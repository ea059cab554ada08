/** Prices in words, as somebody would read a price page aloud. */
import type { PriceRateWire } from '../../../src/contract/prices.ts'

const things: Readonly<Record<string, readonly [one: string, many: string]>> = {
  requests: ['call', 'calls'],
  'images.out': ['image', 'images'],
  'images.in': ['image sent', 'images sent'],
  'images.partial': ['partial image', 'partial images'],
  'megapixels.out': ['megapixel', 'megapixels'],
  'megapixels.in': ['megapixel sent', 'megapixels sent'],
  'tokens.text.in': ['text token sent', 'text tokens sent'],
  'tokens.text.in.cached': ['cached text token sent', 'cached text tokens sent'],
  'tokens.image.in': ['image token sent', 'image tokens sent'],
  'tokens.image.in.cached': ['cached image token sent', 'cached image tokens sent'],
  'tokens.text.out': ['text token made', 'text tokens made'],
  'tokens.image.out': ['image token made', 'image tokens made'],
  'tokens.svg.in': ['token sent for SVG', 'tokens sent for SVG'],
  'tokens.svg.out': ['token of SVG', 'tokens of SVG'],
  'tokens.visual': ['visual token', 'visual tokens'],
  steps: ['step', 'steps'],
  'gpu.seconds': ['GPU second', 'GPU seconds'],
  'compute.seconds': ['second', 'seconds'],
  credits: ['credit', 'credits'],
}

type Priced = Pick<PriceRateWire, 'price' | 'unit' | 'per' | 'meter'>

/** `$0.04`, or `4 credits` in another unit. */
export const amountText = ({ price, unit }: Pick<Priced, 'price' | 'unit'>): string =>
  unit === 'USD' ? `$${price}` : `${price} ${unit}`

/** `per image`, `per million text tokens sent`. */
export function perText({ per, meter }: Pick<Priced, 'per' | 'meter'>): string {
  const [one, many] = things[meter] ?? [meter, meter]
  if (per === '1') return `per ${one}`
  return `per ${per === '1000000' ? 'million' : grouped(per)} ${many}`
}

/** `$30 per million image tokens made`. */
export const rateText = (rate: Priced): string => `${amountText(rate)} ${perText(rate)}`

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')

type Dated = Pick<PriceRateWire, 'effective_from' | 'effective_to' | 'retired_at'>

/** Whether it counts on that day (ISO date, UTC). */
export const isInForce = ({ effective_from: from, effective_to: to, retired_at: retired }: Dated, day: string): boolean =>
  from <= day && (to === null || day < to) && (retired === null || day < retired)

/** Rates that price the same thing through time stand together: one line of a price history. */
export const placeOf = (rate: Pick<PriceRateWire, 'provider' | 'sku' | 'meter' | 'when' | 'per' | 'unit'>): string =>
  [rate.provider, rate.sku, rate.meter, rate.when, rate.per, rate.unit].join('\n')

/** Price lines, each with its rates, in the order they come. */
export function linesOf(rates: readonly PriceRateWire[]): ReadonlyMap<string, readonly PriceRateWire[]> {
  const lines = new Map<string, PriceRateWire[]>()
  for (const rate of rates) {
    const line = lines.get(placeOf(rate))
    if (line) line.push(rate)
    else lines.set(placeOf(rate), [rate])
  }
  return lines
}

export interface PriceStep {
  /** ISO date. */
  readonly from: string
  /** Exclusive; null: open. */
  readonly to: string | null
  readonly text: string
  /** For the geometry only. */
  readonly price: number
}

/** The steps of one price line, oldest first. */
export const stepsOf = (rates: readonly PriceRateWire[]): readonly PriceStep[] =>
  [...rates]
    .sort((left, right) => (left.effective_from < right.effective_from ? -1 : 1))
    .map((rate) => ({
      from: rate.effective_from,
      to: rate.effective_to,
      text: amountText(rate),
      price: Number(rate.price),
    }))

/** A source is a link only where it is one: addresses are written by people and price sets. */
export const safeUrl = (url: string): string | undefined => (/^https?:\/\//i.test(url) ? url : undefined)

export const hostOf = (url: string): string => {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}
