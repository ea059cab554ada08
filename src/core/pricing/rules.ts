/** Everything that prices a candidate, resolved once per offer and settings and kept. */
import type { CandidateSettings } from '../offer.ts'
import type { Meter } from '../usage.ts'
import { amountNano, boundAmount, dearestAmount, greater, mostQuantity, transformQuantity, usageLine } from './charge.ts'
import type {
  CandidateRules,
  CompiledAdjustment,
  CompiledBook,
  CompiledEstimate,
  CompiledPrices,
  CompiledRate,
  CompiledSku,
  FixedPart,
  OfferMemo,
  Part,
  RequestFacts,
  VolumeCount,
} from './compiled.ts'
import { earlierDate, FOREVER_US } from './dates.ts'
import { countedQuantity, type Demand, estimatedQuantity, isCounted, requestFactsOf } from './estimate.ts'
import { factsOf, matches, modelMatches, mostSpecific } from './match.ts'
import type { PricedCandidate, PricedOffer, PricedRequest, PricingInput, Unpriced } from './types.ts'

/** Settings kept per offer before the oldest are dropped: sizes are the client's choice, memory is not. */
const MAX_KEPT = 2048

export function requestFacts(prices: CompiledPrices, request: PricedRequest): RequestFacts {
  const known = prices.memo.requests.get(request)
  if (known) return known
  const facts = requestFactsOf(request)
  prices.memo.requests.set(request, facts)
  return facts
}

/** The sku that sells an offer: the operator's overlay for that provider first, then the book of its type. */
export function findSku(
  prices: CompiledPrices,
  offer: PricedOffer,
): { book: CompiledBook | undefined; sku: CompiledSku | undefined } {
  const overlay = prices.overlays.get(offer.provider)
  const own = overlay?.skus.find((sku) => sellsOffer(sku, offer))
  if (own) return { book: overlay, sku: own }
  const book = prices.books.get(offer.providerType)
  return { book: book ?? overlay, sku: book?.skus.find((sku) => sellsOffer(sku, offer)) }
}

/** Whether a sku is for the model, the region and the tier of an offer. */
export const sellsOffer = (sku: CompiledSku, offer: PricedOffer): boolean =>
  modelMatches(sku.model, offer.model) &&
  (sku.region === undefined || sku.region === '*' || sku.region === offer.region) &&
  (sku.tier === '*' || sku.tier === offer.tier)

/** The rules for a candidate, or why there are none. Repeated calls with equal settings return the same object. */
export function rulesFor(prices: CompiledPrices, input: PricingInput): CandidateRules | Unpriced {
  const { candidate, request, atUs } = input
  const memo = offerMemo(prices, candidate.offer)
  if (!memo.sku || !memo.book) return noSku(candidate.offer, memo.book)
  const facts = requestFacts(prices, request)
  const key = bucketOf(candidate, facts)
  const bucket = memo.rules.get(key)
  if (bucket) for (const rules of bucket) if (applies(rules, input, facts)) return rules
  const rules = resolve(memo.book, memo.sku, input, facts)
  if (memo.rules.size >= MAX_KEPT) memo.rules.clear()
  // A bucket holds candidates of one size and count; dated rates add to it only when a price changes.
  const others = memo.rules.get(key)?.filter((kept) => kept.toUs > atUs - 1) ?? []
  memo.rules.set(key, [...others.slice(-63), rules])
  return rules
}

/** Whether pictures of this offer may cost less in calls of their own than together. */
export const mayCostLessApart = (prices: CompiledPrices, offer: PricedOffer): boolean =>
  offerMemo(prices, offer).sku?.byCall ?? false

function offerMemo(prices: CompiledPrices, offer: PricedOffer): OfferMemo {
  const known = prices.memo.offers.get(offer)
  if (known) return known
  const memo = { ...findSku(prices, offer), rules: new Map() }
  prices.memo.offers.set(offer, memo)
  return memo
}

function noSku(offer: PricedOffer, book: CompiledBook | undefined): Unpriced {
  const known = book?.unpriced.find((entry) => modelMatches(entry.model, offer.model))
  const tier = offer.tier ? ` on tier ${offer.tier}` : ''
  return {
    kind: 'unpriced',
    missing: [],
    reason: known?.reason ?? `No price is known for ${offer.model}${tier} at ${offer.providerType}.`,
  }
}

const bucketOf = ({ settings: { size, n } }: PricedCandidate, facts: RequestFacts): number =>
  (size.width * 31 + size.height * 17 + n * 7 + facts.inputs) | 0

function applies({ facts, partials, fromUs, toUs }: CandidateRules, input: PricingInput, request: RequestFacts): boolean {
  const { settings } = input.candidate
  const kept = facts.settings
  return (
    (kept === settings ||
      (kept.quality === settings.quality &&
        kept.size.width === settings.size.width &&
        kept.size.height === settings.size.height &&
        kept.n === settings.n &&
        kept.format === settings.format &&
        kept.background === settings.background &&
        kept.steps === settings.steps)) &&
    fromUs <= input.atUs &&
    input.atUs < toUs &&
    facts.operation === input.request.operation &&
    facts.style === input.request.style &&
    facts.stream === input.request.stream &&
    facts.inputs === request.inputs &&
    facts.mask === request.mask &&
    facts.negativePrompt === request.negativePrompt &&
    partials === request.partials
  )
}

function resolve(book: CompiledBook, sku: CompiledSku, input: PricingInput, request: RequestFacts): CandidateRules {
  const { candidate, atUs } = input
  const facts = factsOf(candidate, input.request)
  const demand = demandOf(input, request, candidate.settings.n)
  const parts: Part[] = []
  const missing: Meter[] = []
  const reasons: string[] = []
  const active = (rate: CompiledRate): boolean => rate.fromUs <= atUs && atUs < rate.toUs
  for (const meter of new Set([...sku.rates.keys(), ...sku.estimates.keys()])) {
    const rate = mostSpecific(sku.rates.get(meter) ?? [], facts, active)
    const known = sku.estimates.get(meter) ?? []
    const estimates = selectEstimates(known, facts)
    const reason = rate
      ? quoteProblem(rate, estimates, known, demand)
      : isConsumed(meter, estimates, demand) && noRate(meter, facts.settings)
    if (reason) {
      missing.push(meter)
      reasons.push(reason)
    }
    if (!rate) continue
    const fixed = fixedPart(rate, estimates, demand, candidate.settings)
    parts.push({ meter, rate, estimates, spread: spreadOf(rate, estimates), fixed })
  }
  if (parts.length === 0 && missing.length === 0) reasons.push(`No rate of ${sku.id} applies at this date or to these settings.`)
  const adjustments = sku.adjustments.filter((adjustment) => matches(adjustment.when.when, facts))
  const dynamicParts = parts.filter((part) => part.fixed === undefined)
  const monthly = adjustments.some((adjustment) => adjustment.kind === 'freeUnits' && adjustment.scope !== 'request')
  const boundaries = sku.boundariesUs
  return {
    facts,
    partials: request.partials,
    fromUs: boundaries.findLast((boundary) => boundary <= atUs) ?? 0,
    toUs: boundaries.find((boundary) => boundary > atUs) ?? FOREVER_US,
    book,
    sku,
    parts,
    adjustments,
    problem: reasons.length === 0 ? undefined : { kind: 'unpriced', missing, reason: reasons.join(' ') },
    checkedAt: parts.map((part) => part.rate.checkedAt).reduce(earlierDate, sku.checkedAt),
    fixedNano: parts.reduce((sum, part) => sum + (part.fixed?.expectedNano ?? 0n), 0n),
    fixedMinNano: parts.reduce((sum, part) => sum + (part.fixed?.minNano ?? 0n), 0n),
    fixedMaxNano: parts.some((part) => part.fixed?.maxNano === null)
      ? null
      : parts.reduce((sum, part) => sum + (part.fixed?.maxNano ?? 0n), 0n),
    dynamicParts,
    byRequest: dynamicParts.some(({ rate, estimates: own }) => isByRequest(rate, own)),
    fixed: dynamicParts.length === 0 && !monthly,
    fixedQuote: undefined,
    counts: [...parts.flatMap(({ rate }) => countOf(rate.tiers, rate.meter)), ...adjustments.flatMap(freeCountOf)],
    atVolume: undefined,
    atNone: undefined,
  }
}

const countOf = (counted: { readonly scope: 'request' | VolumeCount['scope'] } | undefined, meter: Meter): VolumeCount[] =>
  counted && counted.scope !== 'request' ? [{ scope: counted.scope, meter }] : []

const freeCountOf = (adjustment: CompiledAdjustment): VolumeCount[] =>
  adjustment.kind === 'freeUnits' ? countOf(adjustment, adjustment.meter) : []

export function demandOf({ candidate, promptComplexity }: PricingInput, request: RequestFacts, n: number): Demand {
  const { size, steps } = candidate.settings
  return { n, width: size.width, height: size.height, steps, request, promptComplexity }
}

/** The most specific estimate of each driver; different drivers of one meter add up. */
function selectEstimates(estimates: readonly CompiledEstimate[], facts: CandidateRules['facts']): CompiledEstimate[] {
  const drivers = new Set(estimates.map((estimate) => estimate.driver))
  return [...drivers].flatMap(
    (driver) =>
      mostSpecific(
        estimates.filter((estimate) => estimate.driver === driver),
        facts,
      ) ?? [],
  )
}

function quoteProblem(
  rate: CompiledRate,
  estimates: readonly CompiledEstimate[],
  known: readonly CompiledEstimate[],
  demand: Demand,
): string | undefined {
  if (!rate.conversion) return `No conversion from ${rate.nativeUnit} to USD is dated for this instant; add it to prices/fx.json.`
  const perImage = ({ driver }: CompiledEstimate): boolean => driver === 'image'
  // Partial images and inputs come on top of what an image takes: alone they would price the image itself at nothing.
  const incomplete = known.some(perImage) && !estimates.some(perImage)
  if (!incomplete && (estimates.length > 0 || countedQuantity(rate.meter, demand) !== undefined)) return undefined
  return isCounted(rate.meter)
    ? `${rate.id} charges by ${rate.meter}, which this candidate does not set.`
    : `${rate.id} charges by ${rate.meter}, and the book has no estimate of it for these settings.`
}

const isConsumed = (meter: Meter, estimates: readonly CompiledEstimate[], demand: Demand): boolean =>
  estimates.length > 0 ? (estimatedQuantity(estimates, demand, 'expected') ?? 1) > 0 : (countedQuantity(meter, demand) ?? 0) > 0

function noRate(meter: Meter, { quality, size }: CandidateSettings): string {
  return `No rate for ${meter} at ${quality ? `${quality}, ` : ''}${size.width}x${size.height} on this date.`
}

function spreadOf(rate: CompiledRate, estimates: readonly CompiledEstimate[]): string | undefined {
  if (estimates.length === 0) return undefined
  const bounded =
    estimates.every(({ max }) => max !== undefined) || rate.maxPerImage !== undefined || rate.maxPerRequest !== undefined
  const sources = [...new Set(estimates.map(({ source }) => source))].join('; ')
  return `${rate.meter} is counted by the provider${bounded ? '' : ' and has no known maximum'}. Estimated from: ${sources}`
}

/** Parts that follow from the settings alone are priced here, once. */
function fixedPart(
  rate: CompiledRate,
  estimates: readonly CompiledEstimate[],
  demand: Demand,
  settings: CandidateSettings,
): FixedPart | undefined {
  const { conversion } = rate
  const perVolume = rate.tiers !== undefined && rate.tiers.scope !== 'request'
  if (!conversion || perVolume || isByRequest(rate, estimates)) return undefined
  const priced = pricePart({ meter: rate.meter, rate, estimates }, demand, 0n)
  if (!priced) return undefined
  const { expected, expectedNano } = priced
  const charged = { quantity: expected, before: 0n, amount: expectedNano }
  return { ...priced, line: usageLine(rate, conversion, charged, { settings, provenance: 'estimated' }) }
}

/** By its prompt, or by the pixels of its inputs. */
const isByRequest = ({ meter }: CompiledRate, estimates: readonly CompiledEstimate[]): boolean =>
  estimates.length === 0
    ? meter === 'megapixels.in'
    : estimates.some(({ driver, form }) => driver === 'prompt' || form === 'promptComplexity')

export type PricedPart = Omit<FixedPart, 'line'>

/** Quantities and amounts of one meter before the call; undefined when it cannot be told. */
export function pricePart(
  part: Pick<Part, 'meter' | 'rate' | 'estimates'>,
  demand: Demand,
  before: bigint,
): PricedPart | undefined {
  const { rate, estimates } = part
  const { conversion } = rate
  const quantity = (bound: 'min' | 'expected' | 'max'): number | undefined =>
    estimates.length > 0 ? estimatedQuantity(estimates, demand, bound) : countedQuantity(part.meter, demand)
  const raw = quantity('expected')
  if (raw === undefined || !conversion) return undefined
  const transform = (value: number): bigint => transformQuantity(rate, BigInt(value), demand.n)
  const expected = transform(raw)
  const expectedNano = amountNano(rate, conversion, expected, before)
  if (estimates.length === 0) {
    const maxNano = dearestAmount(rate, conversion, expected, before)
    return { low: expected, expected, high: expected, expectedNano, minNano: expectedNano, maxNano }
  }
  const low = transform(quantity('min') ?? 0)
  const rawHigh = quantity('max')
  const cap = mostQuantity(rate, demand.n)
  const estimatedHigh = rawHigh === undefined ? undefined : transform(rawHigh)
  const high = cap !== undefined && (estimatedHigh === undefined || cap < estimatedHigh) ? cap : estimatedHigh
  return {
    low,
    expected,
    high: high ?? null,
    expectedNano,
    minNano: boundAmount(rate, conversion, { low, high, before }, 'min'),
    maxNano:
      high === undefined
        ? null
        : greater(boundAmount(rate, conversion, { low, high, before }, 'max'), dearestAmount(rate, conversion, high, before)),
  }
}
