/** How much of each meter a call will take, before it is made. Quantities here are micro-units as safe integers. */
import { type Meter, MICRO } from '../usage.ts'
import type { CompiledEstimate, RequestFacts } from './compiled.ts'
import type { PricedRequest } from './types.ts'

const UNIT = Number(MICRO)

/** What quantities depend on: the settings, the request, and how many images are priced. */
export interface Demand {
  /** Images: those asked for, or those made. */
  readonly n: number
  readonly width: number
  readonly height: number
  readonly steps: number | undefined
  readonly request: RequestFacts
  /** 0..1. */
  readonly promptComplexity: number
}

export type Bound = 'min' | 'expected' | 'max'

/** What a request alone says; worked out once per request object. */
export function requestFactsOf(request: PricedRequest): RequestFacts {
  let inputs = 0
  let inputPixels = 0
  for (const input of request.inputs) {
    if (input.role !== 'image' && input.role !== 'reference') continue
    inputs += 1
    inputPixels += input.width * input.height
  }
  const negative = request.negativePrompt ?? ''
  return {
    promptChars: request.prompt.length + negative.length,
    promptBytes: utf8Length(request.prompt) + utf8Length(negative),
    inputs,
    inputPixels,
    mask: request.inputs.some((input) => input.role === 'mask'),
    negativePrompt: negative !== '',
    partials: request.stream ? request.partialImages : 0,
  }
}

/** Bytes of a text in UTF-8, without encoding it. A lone surrogate counts as the three bytes of its replacement. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x80) continue
    bytes += code < 0x800 ? 1 : 2
    if (code < 0xd800 || code > 0xdbff) continue
    const next = text.charCodeAt(index + 1)
    if (next < 0xdc00 || next > 0xdfff) continue
    // A pair is four bytes: two units, and two more.
    index += 1
  }
  return bytes
}

/** Quantities that follow from the request itself; undefined for meters that only the provider can tell. */
export function countedQuantity(meter: Meter, demand: Demand): number | undefined {
  switch (meter) {
    case 'requests':
      return UNIT
    case 'images.out':
      return demand.n * UNIT
    case 'images.in':
      return demand.request.inputs * UNIT
    case 'images.partial':
      return demand.request.partials * demand.n * UNIT
    case 'megapixels.out':
      return demand.n * demand.width * demand.height
    case 'megapixels.in':
      return demand.request.inputPixels
    case 'steps':
      return demand.steps === undefined ? undefined : demand.steps * demand.n * UNIT
    default:
      return undefined
  }
}

const counted: ReadonlySet<Meter> = new Set<Meter>([
  'requests',
  'images.out',
  'images.in',
  'images.partial',
  'megapixels.out',
  'megapixels.in',
  'steps',
])

/** Meters that Halftone can count itself; they describe a call even where they are not what it is billed by. */
export const isCounted = (meter: Meter): boolean => counted.has(meter)

/** Sum of the estimates of one meter; undefined when a maximum is asked for and one of them has none. */
export function estimatedQuantity(estimates: readonly CompiledEstimate[], demand: Demand, bound: Bound): number | undefined {
  let total = 0
  for (const estimate of estimates) {
    const quantity = quantityOf(estimate, demand, bound)
    if (quantity === undefined) return undefined
    total += estimate.perImage ? quantity * demand.n : quantity
  }
  return total
}

function quantityOf(estimate: CompiledEstimate, demand: Demand, bound: Bound): number | undefined {
  const value = estimate[bound]
  if (value === undefined) return bound === 'min' ? 0 : undefined
  switch (estimate.form) {
    case 'constant':
      return value
    case 'perMegapixel':
      return perMegapixel(estimate.meter, value * ((demand.width * demand.height) / UNIT))
    case 'promptComplexity':
      return bound === 'expected' ? byComplexity(estimate, demand.promptComplexity) : value
    case 'aspectGrid':
      return gridTokens(value / UNIT, demand, estimate) * UNIT
    case 'promptChars':
      return perUnit(demand.request.promptChars, value)
    case 'promptBytes':
      return perUnit(demand.request.promptBytes, value)
    case 'perInput':
      return value * demand.request.inputs
    case 'perPartial':
      return value * demand.request.partials
    case 'perCall':
      return value
  }
}

/** Tokens come whole; seconds and the like do not. */
const perMegapixel = (meter: Meter, quantity: number): number =>
  meter.startsWith('tokens.') ? Math.ceil(quantity / UNIT) * UNIT : Math.ceil(quantity)

/** Whole units that `count` things make, `divisor` (micro) to a unit, rounded up. */
export const perUnit = (count: number, divisor: number): number =>
  divisor === 0 ? 0 : Math.ceil((count * UNIT) / divisor) * UNIT

function byComplexity({ min = 0, max = 0 }: CompiledEstimate, complexity: number): number {
  const clamped = Math.min(1, Math.max(0, complexity))
  return Math.ceil((min + (max - min) * clamped) / UNIT) * UNIT
}

/** Cells of a grid with `grid` cells on the long edge, weighted by the area. Not monotonic: a longer picture may take fewer. */
function gridTokens(grid: number, { width, height }: Demand, estimate: CompiledEstimate): number {
  const long = Math.max(width, height)
  const short = Math.min(width, height)
  const shortCells = Math.floor((2 * grid * short + long) / (2 * long))
  return Math.ceil((grid * shortCells * (estimate.areaOffset + width * height)) / estimate.areaDivisor)
}
