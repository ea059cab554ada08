/** What a candidate will cost: itemised for people, or the expected total alone for ranking. */
import type { NanoUsd } from '../money.ts'
import type { ChargeLine } from '../outcome.ts'
import { type Meter, MICRO, type Quantity } from '../usage.ts'
import { type AdjustContext, adjustTotal, type Charged } from './adjust.ts'
import { fastAmount, usageLine } from './charge.ts'
import type { CandidateRules, CompiledPrices, Part, RequestFacts } from './compiled.ts'
import { countedQuantity, type Demand, estimatedQuantity } from './estimate.ts'
import { demandOf, type PricedPart, pricePart, requestFacts, rulesFor } from './rules.ts'
import type { PricedQuote, PricingInput, Quote, Unpriced } from './types.ts'

/**
 * Minimum, expected and maximum cost of a candidate, line by line. `maxNanoUsd` is null when a metered quantity has no
 * sourced maximum. Never throws for a missing price: it answers `unpriced` and names what is missing.
 */
export function quoteCandidate(prices: CompiledPrices, input: PricingInput): Quote {
  const rules = rulesFor(prices, input)
  if ('kind' in rules) return rules
  if (rules.problem) return rules.problem
  if (rules.fixedQuote) return rules.fixedQuote
  const quote = buildQuote(prices, rules, input)
  if (rules.fixed && quote.kind === 'priced') rules.fixedQuote = quote
  return quote
}

function buildQuote(prices: CompiledPrices, rules: CandidateRules, input: PricingInput): Quote {
  const { settings } = input.candidate
  const demand = demandOf(input, requestFacts(prices, input.request), settings.n)
  const lines: ChargeLine[] = []
  const charged: Charged[] = []
  const chargedLow: Charged[] = []
  const chargedHigh: Charged[] = []
  const spread: string[] = []
  const expectedUsage: Partial<Record<Meter, Quantity>> = { 'images.out': BigInt(settings.n) * MICRO }
  let expected = 0n
  let min = 0n
  let max: NanoUsd | null = 0n
  for (const part of rules.parts) {
    const before = input.monthToDate?.[part.meter] ?? 0n
    const priced: PricedPart | undefined = part.fixed ?? pricePart(part, demand, before)
    if (!priced) return notEstimated(part)
    expected += priced.expectedNano
    min += priced.minNano
    max = max === null || priced.maxNano === null ? null : max + priced.maxNano
    expectedUsage[part.meter] = priced.expected
    if (part.spread && priced.low !== priced.high) spread.push(part.spread)
    charged.push({ rate: part.rate, quantity: priced.expected })
    chargedLow.push({ rate: part.rate, quantity: priced.low })
    // Free units of a volume tier may be worth less at a higher quantity, so the maximum does without them.
    if (priced.high !== null && part.rate.tiers?.mode !== 'volume') {
      chargedHigh.push({ rate: part.rate, quantity: priced.high })
    }
    const line = part.fixed?.line ?? partLine(part, priced, before, input)
    if (line && (priced.expected !== 0n || rules.parts.length === 1)) lines.push(line)
  }
  const context: AdjustContext = {
    fx: prices.fx,
    atUs: input.atUs,
    images: settings.n,
    charged,
    monthToDate: input.monthToDate,
    provenance: 'estimated',
  }
  const expectedNanoUsd = adjustTotal(rules.adjustments, expected, context, lines)
  const minNanoUsd = adjustTotal(rules.adjustments, min, { ...context, charged: chargedLow })
  const maxNanoUsd = max === null ? null : adjustTotal(rules.adjustments, max, { ...context, charged: chargedHigh })
  if (expectedNanoUsd === undefined || minNanoUsd === undefined || maxNanoUsd === undefined) return noConversion(rules)
  return {
    kind: 'priced',
    minNanoUsd,
    expectedNanoUsd,
    maxNanoUsd,
    lines,
    expectedUsage,
    spread: minNanoUsd === maxNanoUsd ? [] : spread,
    checkedAt: rules.checkedAt,
  } satisfies PricedQuote
}

function partLine({ rate }: Part, priced: PricedPart, before: Quantity, input: PricingInput): ChargeLine | undefined {
  if (!rate.conversion) return undefined
  const charged = { quantity: priced.expected, before, amount: priced.expectedNano }
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

/**
 * The expected cost alone, in nano-USD; undefined when the candidate is unpriced. Equal to
 * `quoteCandidate(...).expectedNanoUsd`, without lines: for ranking hundreds of candidates per request.
 */
export function expectedTotal(prices: CompiledPrices, input: PricingInput): NanoUsd | undefined {
  const rules = rulesFor(prices, input)
  if ('kind' in rules || rules.problem) return undefined
  if (rules.fixedQuote) return rules.fixedQuote.expectedNanoUsd
  if (rules.adjustments.length > 0 || input.monthToDate) {
    const quote = quoteCandidate(prices, input)
    return quote.kind === 'priced' ? quote.expectedNanoUsd : undefined
  }
  return rules.dynamicParts.length === 0 ? rules.fixedNano : dynamicTotal(rules, input, requestFacts(prices, input.request))
}

function dynamicTotal(rules: CandidateRules, input: PricingInput, facts: RequestFacts): NanoUsd | undefined {
  const demand = demandOf(input, facts, input.candidate.settings.n)
  let sum = 0
  let exact = rules.fixedNano
  for (const part of rules.dynamicParts) {
    const fast = fastPart(part, demand)
    if (fast !== undefined) {
      sum += fast
      continue
    }
    const priced = pricePart(part, demand, 0n)
    if (!priced) return undefined
    exact += priced.expectedNano
  }
  return exact + BigInt(sum)
}

/** The expected amount without bigints, for the plain metered rates that depend on the prompt. */
function fastPart({ meter, rate, estimates }: Part, demand: Demand): number | undefined {
  if (rate.roundUpTo !== undefined || rate.min !== undefined || !rate.conversion) return undefined
  const quantity = estimates.length > 0 ? estimatedQuantity(estimates, demand, 'expected') : countedQuantity(meter, demand)
  return quantity === undefined ? undefined : fastAmount(rate.conversion, quantity)
}
