/** What one call of the past would have cost bought differently, by the prices of its own moment and the code that quotes. */
import type { NanoUsd } from '../money.ts'
import type { CandidateSettings, Offer } from '../offer.ts'
import { type CompiledPrices, type PricedRequest, quoteTotals } from '../pricing/index.ts'
import { formatSize, type ImageInput, type ImageRequest, type Size } from '../request.ts'
import { resolveCandidate } from '../routing/candidate.ts'
import type { Policy } from '../routing/index.ts'
import { sizeProblem } from '../routing/size.ts'
import type { PastCall } from './past-call.ts'

export const parameterNames = ['quality', 'size', 'n', 'steps', 'partial_images'] as const
export type ParameterName = (typeof parameterNames)[number]

/** Calls that one decision would have changed alike. */
export interface Effect {
  readonly kind: ParameterName | 'offer' | 'batch'
  /** Of parameters the route; of offers the model. */
  readonly where: string
  readonly from: string
  readonly to: string
  /** Of parameters: who chose the value. */
  readonly chosenBy?: 'client' | 'default'
}

export interface Alternative extends Effect {
  readonly nowNanoUsd: NanoUsd
  readonly thenNanoUsd: NanoUsd
}

export interface WhatIfBasis {
  readonly offers: OfferList
  readonly prices: CompiledPrices
  readonly routes: ReadonlyMap<string, Policy>
}

/** Offers by what calls are looked up by: thousands of them, among hundreds of offers. */
export interface OfferList {
  readonly byId: ReadonlyMap<string, Offer>
  readonly byModel: ReadonlyMap<string, readonly Offer[]>
}

export function listOffers(offers: readonly Offer[]): OfferList {
  const byModel = new Map<string, Offer[]>()
  for (const offer of offers) {
    const others = byModel.get(offer.model)
    if (others) others.push(offer)
    else byModel.set(offer.model, [offer])
  }
  return { byId: new Map(offers.map((offer) => [offer.id, offer])), byModel }
}

/** How a call can be priced again; undefined: its offer is gone, or has no price for it. */
export interface Repriced {
  readonly offer: Offer
  readonly nowNanoUsd: NanoUsd
  quote(offer: Offer, settings: CandidateSettings, request?: Partial<PricedRequest>): NanoUsd | undefined
}

export function repriced(call: PastCall, { offers, prices }: WhatIfBasis): Repriced | undefined {
  const offer = offers.byId.get(call.offer)
  if (!offer) return undefined
  const asked = pricedRequest(call)
  const promptComplexity = Number(call.request.features['complexity'] ?? 0.5)
  const quote: Repriced['quote'] = (other, settings, changed) => {
    const request = changed ? { ...asked, ...changed } : asked
    const totals = quoteTotals(prices, { candidate: { offer: other, settings }, request, promptComplexity, atUs: call.atUs })
    return totals.kind === 'priced' ? totals.expectedNanoUsd : undefined
  }
  const nowNanoUsd = quote(offer, call.settings)
  return nowNanoUsd === undefined ? undefined : { offer, nowNanoUsd, quote }
}

/** Every other way of buying it that is known; a parameter takes its next cheaper value alone, everything else as it was. */
export function alternativesOf(call: PastCall, again: Repriced, basis: WhatIfBasis): readonly Alternative[] {
  return [...parameterAlternatives(call, again), ...offerAlternatives(call, again, basis)]
}

function pricedRequest({ request }: PastCall): PricedRequest {
  // Stored from this type: the request without prompt, inputs and attribution.
  const { negativePrompt, style, stream = false, partialImages = 0 } = request.parameters as unknown as Partial<ImageRequest>
  return {
    operation: request.operation,
    // A prompt that was not kept still has its length.
    prompt: request.prompt ?? 'a'.repeat(Number(request.features['chars'] ?? 0)),
    stream,
    partialImages,
    inputs: request.inputs,
    ...(negativePrompt !== undefined && { negativePrompt }),
    ...(style !== undefined && { style }),
  }
}

function parameterAlternatives(call: PastCall, again: Repriced): readonly Alternative[] {
  const { offer } = again
  const { settings, request } = call
  const route = request.route
  const asked = request.parameters
  const found: Alternative[] = []
  const add = <Value>(
    kind: ParameterName,
    value: Value,
    others: readonly Value[],
    { price, text = String, isAsked }: Priced<Value>,
  ): void => {
    const next = nextCheaper(others, price, again.nowNanoUsd)
    if (!next) return
    const chosenBy = isAsked ? 'client' : 'default'
    const effect = { kind, where: route, from: text(value), to: text(next.value), chosenBy } as const
    found.push({ ...effect, nowNanoUsd: again.nowNanoUsd, thenNanoUsd: next.nanoUsd })
  }
  const { quality, size, n, steps } = settings
  if (quality) {
    const others = offer.capabilities.qualities.filter((each) => each !== quality)
    const price = (each: typeof quality) => again.quote(offer, { ...settings, quality: each })
    add('quality', quality, others, { price, isAsked: asked['quality'] !== undefined })
  }
  if (!offer.capabilities.sizeFromInput) {
    const price = (each: Size) => again.quote(offer, { ...settings, size: each })
    add('size', size, smallerSizes(offer, size), { price, text: formatSize, isAsked: asked['size'] !== undefined })
  }
  if (n > 1) add('n', n, [n - 1], { price: (each) => again.quote(offer, { ...settings, n: each }), isAsked: true })
  const range = offer.capabilities.steps
  if (steps !== undefined && range) {
    const others = [range.default, Math.ceil(steps / 2)].filter((each) => each < steps && each >= range.min)
    const price = (each: number) => again.quote(offer, { ...settings, steps: each })
    add('steps', steps, others, { price, isAsked: asked['steps'] !== undefined })
  }
  const partials = Number(asked['partialImages'] ?? 0)
  if (partials > 0) {
    const price = (each: number) => again.quote(offer, settings, { partialImages: each })
    add('partial_images', partials, [partials - 1], { price, isAsked: true })
  }
  return found
}

interface Priced<Value> {
  readonly price: (value: Value) => NanoUsd | undefined
  readonly text?: (value: Value) => string
  readonly isAsked: boolean
}

/** The dearest of those that are cheaper: one step down. */
function nextCheaper<Value>(
  others: readonly Value[],
  price: (value: Value) => NanoUsd | undefined,
  nowNanoUsd: NanoUsd,
): { readonly value: Value; readonly nanoUsd: NanoUsd } | undefined {
  let best: { value: Value; nanoUsd: NanoUsd } | undefined
  for (const value of others) {
    const nanoUsd = price(value)
    if (nanoUsd === undefined || nanoUsd >= nowNanoUsd) continue
    if (!best || nanoUsd > best.nanoUsd) best = { value, nanoUsd }
  }
  return best
}

/** Two shapes count as the same when they differ by less than this. */
const SAME_SHAPE = Math.log(1.04)

/** Sizes of the same shape with fewer pixels, as far as the offer makes them. */
function smallerSizes({ capabilities: { sizes } }: Offer, size: Size): readonly Size[] {
  const pixels = size.width * size.height
  if (sizes.kind === 'list') {
    const shape = ({ width, height }: Size): number => Math.log(width / height)
    return sizes.sizes.filter((each) => each.width * each.height < pixels && Math.abs(shape(each) - shape(size)) < SAME_SHAPE)
  }
  const grid = sizes.kind === 'area' ? sizes.multipleOf : 8
  const scaled = [0.75, 0.5].map((factor) => ({
    width: Math.round((size.width * factor) / grid) * grid,
    height: Math.round((size.height * factor) / grid) * grid,
  }))
  return scaled.filter(({ width, height }) => width > 0 && height > 0 && !sizeProblem(sizes, { width, height }))
}

const lanes: ReadonlySet<string> = new Set(['batch', 'flex'])
const isLane = ({ tier }: Offer): boolean => tier !== undefined && lanes.has(tier)

/** The same model of the same settings elsewhere; a lane without a promise of time only for routes whose requests have a day. */
function offerAlternatives(call: PastCall, again: Repriced, { offers, routes }: WhatIfBasis): readonly Alternative[] {
  const { offer } = again
  const policy = routes.get(call.request.route)
  const asked = wholeRequest(call)
  if (!asked || policy?.filter?.offers?.length === 1) return []
  return (offers.byModel.get(offer.model) ?? []).flatMap((other): Alternative[] => {
    if (other.id === offer.id || other.sandbox !== offer.sandbox) return []
    if (isLane(other) && (isLane(offer) || policy?.everyLane !== true)) return []
    const resolved = resolveCandidate(other, asked, { allowUnsupported: false })
    if (!('candidate' in resolved) || !isSameProduct(resolved.candidate.settings, call.settings)) return []
    const thenNanoUsd = again.quote(other, resolved.candidate.settings)
    if (thenNanoUsd === undefined) return []
    const kind = isLane(other) ? 'batch' : 'offer'
    return [{ kind, where: offer.model, from: offer.id, to: other.id, nowNanoUsd: again.nowNanoUsd, thenNanoUsd }]
  })
}

const isSameProduct = (one: CandidateSettings, other: CandidateSettings): boolean =>
  one.n === other.n && one.quality === other.quality && formatSize(one.size) === formatSize(other.size)

const unseen: Omit<ImageInput, 'role' | 'width' | 'height'> = { sha256: '0'.repeat(64), bytes: 1, mediaType: 'image/png' }

/** With the settings that were bought in place of what was left open; undefined once its content was deleted. */
function wholeRequest({ request, settings }: PastCall): ImageRequest | undefined {
  if (Object.keys(request.parameters).length === 0) return undefined
  const { size, quality, n, steps, format } = settings
  return {
    // Stored from this type.
    ...(request.parameters as unknown as ImageRequest),
    ...pricedRequest({ request } as PastCall),
    inputs: request.inputs.map((input) => ({ ...unseen, ...input })),
    attribution: { tags: {} },
    size,
    n,
    outputFormat: format,
    ...(quality !== undefined && { quality }),
    ...(steps !== undefined && { steps }),
  }
}
