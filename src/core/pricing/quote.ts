/** What a candidate will cost: itemised for people, or the expected total alone for ranking. */
import type { NanoUsd } from '../money.ts'
import type { ChargeLine } from '../outcome.ts'
import { type Meter, MICRO, type Quantity } from '../usage.ts'
import { adjustTotal, type Charged } from './adjust.ts'
import { fastAmount, usageLine } from './charge.ts'
import type { CandidateRules, CompiledPrices, Part } from './compiled.ts'
import { countedQuantity, type Demand, estimatedQuantity } from './estimate.ts'
import { marginalOf } from './lots.ts'
import { demandOf, type PricedPart, pricePart, requestFacts, rulesFor } from './rules.ts'
import type { PricedQuote, PricingInput, Quote, Unpriced } from './types.ts'
import { countedBefore, isAtVolume, pinnedVolume, type VolumesToDate, volumesAt } from './volumes.ts'

/**
 * Minimum, expected and maximum cost of a candidate, line by line. `maxNanoUsd` is null when a metered quantity has no
 * sourced maximum. Never throws for a missing price: it answers `unpriced` and names what is missing.
 */
export function quoteCandidate(prices: CompiledPrices, input: PricingInput): Quote {
  const rules = rulesFor(prices, input)
  if ('kind' in rules) return rules
  if (rules.problem) return rules.problem
  const quote = rules.fixedQuote ?? buildQuote(prices, rules, input, true)
  if (quote.kind === 'unpriced') return quote
  if (rules.fixed) rules.fixedQuote = quote
  if (!rules.sku.byVolume && !input.lots?.length) return quote
  const list = rules.sku.byVolume ? buildQuote(prices, rules, withoutVolumes(input), false) : quote
  return {
    ...quote,
    ...marginalPrice(quote, input),
    ...(list.kind === 'priced' && list.expectedNanoUsd !== quote.expectedNanoUsd && { listNanoUsd: list.expectedNanoUsd }),
  }
}

const withoutVolumes = ({ monthToDate: _month, contractToDate: _contract, ...input }: PricingInput): PricingInput => input

function marginalPrice({ expectedNanoUsd, expectedUsage }: PricedQuote, { lots, atUs }: PricingInput) {
  if (!lots?.length) return undefined
  const marginalNanoUsd = marginalOf(lots, { totalNanoUsd: expectedNanoUsd, usage: expectedUsage, atUs })
  return marginalNanoUsd === expectedNanoUsd ? undefined : { marginalNanoUsd }
}

/** `itemised`: with lines and what the spread comes from; totals are the same without. */
function buildQuote(prices: CompiledPrices, rules: CandidateRules, input: PricingInput, itemised: boolean): Quote {
  const { settings } = input.candidate
  const demand = demandOf(input, requestFacts(prices, input.request), settings.n)
  const lines: ChargeLine[] | undefined = itemised ? [] : undefined
  const charged: PricedPart[] = []
  const spread: string[] = []
  const expectedUsage: Partial<Record<Meter, Quantity>> = { 'images.out': BigInt(settings.n) * MICRO }
  let expected = 0n
  let min = 0n
  let max: NanoUsd | null = 0n
  for (const part of rules.parts) {
    const before = countedBefore(part.rate, input)
    const priced: PricedPart | undefined = part.fixed ?? pricePart(part, demand, before)
    if (!priced) return notEstimated(part)
    charged.push(priced)
    expected += priced.expectedNano
    min += priced.minNano
    max = max === null || priced.maxNano === null ? null : max + priced.maxNano
    expectedUsage[part.meter] = priced.expected
    if (part.spread && priced.low !== priced.high) spread.push(part.spread)
    if (!lines || (priced.expected === 0n && rules.parts.length > 1)) continue
    const line = part.fixed?.line ?? partLine(part, rules.adjustments, { priced, before }, input)
    if (line) lines.push(line)
  }
  const totals = adjustBounds(prices, rules, input, { min, expected, max, charged, lines })
  if (!totals) return noConversion(rules)
  return {
    kind: 'priced',
    ...totals,
    lines: lines ?? [],
    expectedUsage,
    spread: totals.minNanoUsd === totals.maxNanoUsd ? [] : [...spread, ...volumeSpread(rules)],
    checkedAt: rules.checkedAt,
  } satisfies PricedQuote
}

const volumeSpread = ({ sku }: CandidateRules): string[] =>
  sku.byVolume ? ['The price depends on what was bought before; calls that end before this one may change it.'] : []

interface Unadjusted {
  readonly min: NanoUsd
  readonly expected: NanoUsd
  readonly max: NanoUsd | null
  /** Aligned with the rules' parts. */
  readonly charged: readonly PricedPart[]
  /** Lines of the expected amount; those of the adjustments are appended. */
  readonly lines: ChargeLine[] | undefined
}

function adjustBounds(
  prices: CompiledPrices,
  { adjustments, parts }: CandidateRules,
  input: PricingInput,
  { min, expected, max, charged, lines }: Unadjusted,
): Pick<PricedQuote, 'minNanoUsd' | 'expectedNanoUsd' | 'maxNanoUsd'> | undefined {
  if (adjustments.length === 0) return { minNanoUsd: min, expectedNanoUsd: expected, maxNanoUsd: max }
  const adjust = (
    total: NanoUsd,
    quantityOf: (priced: PricedPart, part: Part) => Quantity | null,
    into?: ChargeLine[],
    applied = adjustments,
  ) => {
    const quantities = parts.flatMap((part, index): Charged[] => {
      const priced = charged[index]
      const quantity = priced ? quantityOf(priced, part) : null
      return quantity === null ? [] : [{ rate: part.rate, quantity }]
    })
    const { atUs } = input
    const context = { fx: prices.fx, atUs, images: input.candidate.settings.n, charged: quantities, volumes: input }
    return adjustTotal(applied, total, { ...context, provenance: 'estimated' }, into)
  }
  const expectedNanoUsd = adjust(expected, (priced) => priced.expected, lines)
  const minNanoUsd = adjust(min, (priced) => priced.low)
  // Free units of a volume tier may be worth less at a higher quantity, so the maximum does without them.
  // Those of a month or contract may be used up by calls that settle before this one.
  const lasting = adjustments.filter((adjustment) => adjustment.kind !== 'freeUnits' || adjustment.scope === 'request')
  const withoutVolumeTiers = (priced: PricedPart, { rate }: Part) => (rate.tiers?.mode === 'volume' ? null : priced.high)
  const maxNanoUsd = max === null ? null : adjust(max, withoutVolumeTiers, undefined, lasting)
  if (expectedNanoUsd === undefined || minNanoUsd === undefined || maxNanoUsd === undefined) return undefined
  return { minNanoUsd, expectedNanoUsd, maxNanoUsd }
}

function partLine(
  { rate }: Part,
  adjustments: CandidateRules['adjustments'],
  { priced, before }: { readonly priced: PricedPart; readonly before: Quantity },
  input: PricingInput,
): ChargeLine | undefined {
  if (!rate.conversion) return undefined
  const pinned = pinnedVolume(rate, adjustments, input)
  const charged = { quantity: priced.expected, before, pinned, amount: priced.expectedNano }
  return usageLine(rate, rate.conversion, charged, { settings: input.candidate.settings, provenance: 'estimated' })
}

const notEstimated = ({ meter }: Part): Unpriced => ({
  kind: 'unpriced',
  missing: [meter],
  reason: `The quantity of ${meter} cannot be estimated for these settings.`,
})

const noConversion = ({ book }: CandidateRules): Unpriced => ({
  kind: 'unpriced',
  missing: [],
  reason: `No conversion from ${book.unit} to USD is dated for this instant; add it to prices/fx.json.`,
})

/** The totals of a quote. */
export type QuoteTotals = Pick<PricedQuote, 'kind' | 'minNanoUsd' | 'expectedNanoUsd' | 'maxNanoUsd' | 'marginalNanoUsd'>

/**
 * Minimum, expected and maximum cost without lines, equal to those of `quoteCandidate`: for weighing hundreds of candidates
 * of which only a few are then itemised.
 */
export function quoteTotals(prices: CompiledPrices, input: PricingInput): QuoteTotals | Unpriced {
  const rules = rulesFor(prices, input)
  return 'kind' in rules ? rules : totalsOf(prices, rules, input)
}

/**
 * What `totalsOf` answered before and would answer again, where nothing but the volumes decides; undefined: it has to be worked out. For
 * callers without lots, who look at hundreds of rules per request.
 */
export function keptTotals(rules: CandidateRules, volumes: VolumesToDate): QuoteTotals | undefined {
  if (rules.problem || rules.byRequest) return undefined
  if (!rules.sku.byVolume) return rules.fixedQuote
  const isFirst = volumes.monthToDate === undefined && volumes.contractToDate === undefined
  const kept = isFirst ? rules.atNone : rules.atVolume
  return kept && isAtVolume(rules.counts, kept.volumes, volumes) ? kept.totals : undefined
}

/** The same by rules that were found before, for a caller that knows that they still apply. Equal questions may get the same object. */
export function totalsOf(prices: CompiledPrices, rules: CandidateRules, input: PricingInput): QuoteTotals | Unpriced {
  if (rules.problem) return rules.problem
  const paidAhead = input.lots !== undefined && input.lots.length > 0
  if (rules.fixed && !paidAhead && !rules.sku.byVolume) {
    if (!rules.fixedQuote) quoteCandidate(prices, input)
    if (rules.fixedQuote) return rules.fixedQuote
  }
  if (paidAhead) return paidAheadTotals(prices, rules, input)
  if (rules.sku.byVolume || rules.adjustments.length > 0) return volumeTotals(prices, rules, input)
  return meteredTotals(prices, rules, input)
}

function paidAheadTotals(prices: CompiledPrices, rules: CandidateRules, input: PricingInput): QuoteTotals | Unpriced {
  const quote = buildQuote(prices, rules, input, false)
  return quote.kind === 'unpriced' ? quote : { ...bare(quote), ...marginalPrice(quote, input) }
}

const bare = ({ kind, minNanoUsd, expectedNanoUsd, maxNanoUsd }: PricedQuote): QuoteTotals => ({
  kind,
  minNanoUsd,
  expectedNanoUsd,
  maxNanoUsd,
})

/** What depends on the volume alone is asked for again and again at the same volume: the last answers at one and at none are kept. */
function volumeTotals(prices: CompiledPrices, rules: CandidateRules, input: PricingInput): QuoteTotals | Unpriced {
  const kept = keptTotals(rules, input)
  if (kept) return kept
  const quote = buildQuote(prices, rules, input, false)
  if (quote.kind === 'unpriced') return quote
  const totals = bare(quote)
  if (rules.byRequest) return totals
  const answer = { volumes: volumesAt(rules.counts, input), totals }
  if (input.monthToDate === undefined && input.contractToDate === undefined) rules.atNone = answer
  else rules.atVolume = answer
  return totals
}

function meteredTotals(prices: CompiledPrices, rules: CandidateRules, input: PricingInput): QuoteTotals | Unpriced {
  const demand = demandOf(input, requestFacts(prices, input.request), input.candidate.settings.n)
  let { fixedNano: expectedNanoUsd, fixedMinNano: minNanoUsd, fixedMaxNano: maxNanoUsd } = rules
  for (const part of rules.dynamicParts) {
    const priced = fastBounds(part, demand) ?? exactBounds(part, demand)
    if (!priced) return notEstimated(part)
    expectedNanoUsd += BigInt(priced.expected)
    minNanoUsd += BigInt(priced.min)
    maxNanoUsd = maxNanoUsd === null || priced.max === null ? null : maxNanoUsd + BigInt(priced.max)
  }
  return { kind: 'priced', minNanoUsd, expectedNanoUsd, maxNanoUsd }
}

/**
 * The expected cost alone, in nano-USD; undefined when the candidate is unpriced. Equal to
 * `quoteCandidate(...).expectedNanoUsd`.
 */
export function expectedTotal(prices: CompiledPrices, input: PricingInput): NanoUsd | undefined {
  const totals = quoteTotals(prices, input)
  return totals.kind === 'priced' ? totals.expectedNanoUsd : undefined
}

interface Bounds {
  readonly min: number | bigint
  readonly expected: number | bigint
  readonly max: number | bigint | null
}

/** Without bigints, for plain metered rates; undefined where that would not be exact. */
function fastBounds({ meter, rate, estimates }: Part, demand: Demand): Bounds | undefined {
  const { conversion } = rate
  if (!conversion || rate.roundUpTo !== undefined || rate.min !== undefined) return undefined
  if (rate.maxPerImage !== undefined || rate.maxPerRequest !== undefined) return undefined
  if (estimates.length === 0) {
    const quantity = countedQuantity(meter, demand)
    const amount = quantity === undefined ? undefined : fastAmount(conversion, quantity)
    return amount === undefined ? undefined : { min: amount, expected: amount, max: amount }
  }
  const expected = fastAmount(conversion, estimatedQuantity(estimates, demand, 'expected') ?? Number.NaN)
  const min = fastAmount(conversion, estimatedQuantity(estimates, demand, 'min') ?? 0)
  const high = estimatedQuantity(estimates, demand, 'max')
  const max = high === undefined ? null : fastAmount(conversion, high)
  return expected === undefined || min === undefined || max === undefined ? undefined : { min, expected, max }
}

function exactBounds(part: Part, demand: Demand): Bounds | undefined {
  const priced = pricePart(part, demand, 0n)
  return priced && { min: priced.minNano, expected: priced.expectedNano, max: priced.maxNano }
}
