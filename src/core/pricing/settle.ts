/** What an attempt did cost: the provider's own figure, else what it metered, else the estimate; never a silent zero. */
import { divideHalfEven, formatUsd, NANO_PER_USD, type NanoUsd, parseDecimal } from '../money.ts'
import type { ChargeLine, Provenance, ReportedCost } from '../outcome.ts'
import type { Meter, Quantity, Usage } from '../usage.ts'
import { adjustTotal, type Charged } from './adjust.ts'
import { billedShare } from './billed.ts'
import { amountNano, transformQuantity, usageLine } from './charge.ts'
import type { CandidateRules, CompiledBook, CompiledPrices, Part } from './compiled.ts'
import { countedQuantity, type Demand, estimatedQuantity, isCounted } from './estimate.ts'
import { decimalText, type Fraction, fromDecimal, subtract } from './fraction.ts'
import { type UnitRate, unitRateAt } from './fx.ts'
import { demandOf, findSku, requestFacts, rulesFor } from './rules.ts'
import type { SettleInput, Settlement, Unpriced } from './types.ts'
import { countedBefore, pinnedVolume } from './volumes.ts'

/** A reported cost further from ours than this is a finding: one part in fifty, 2 %. */
const TOLERANCE = 50n

/**
 * The charge of a finished attempt. Pure: the same input always gives the same lines, so settling can be replayed.
 * `free` and `unknown` carry no lines; `unpriced` names the meters that were consumed and have no price.
 */
export function settleCharges(prices: CompiledPrices, input: SettleInput): Settlement {
  const rules = rulesFor(prices, input)
  const reported = input.reportedCost && convertReported(prices, input, input.reportedCost)
  if (reported?.lines && (input.billed !== 'no' || totalOf(reported.lines) !== 0n)) {
    return settleReported(prices, rules, input, reported.lines)
  }
  const findings = reported?.finding ? [reported.finding] : []
  if (input.billed === 'no') return { kind: 'free', reason: 'The provider does not bill this attempt.' }
  if ('kind' in rules) return rules
  const share = billedShare(rules.sku.billedPolicy, input)
  if (share.kind === 'unknown') return { kind: 'unknown', reason: share.reason }
  if (share.numerator === 0n) return { kind: 'free', reason: share.reason }
  const settlement = settleMetered(prices, rules, input, findings)
  return settlement.kind === 'charged' && share.numerator !== share.denominator
    ? applyShare(settlement, rules, { n: share.numerator, d: share.denominator }, share.reason)
    : settlement
}

// --- reported by the provider --------------------------------------------------------------------------------------

interface Reported {
  readonly lines?: readonly ChargeLine[]
  readonly finding?: string
}

const totalOf = (lines: readonly ChargeLine[]): NanoUsd => lines.reduce((total, line) => total + line.amountNanoUsd, 0n)

function convertReported(prices: CompiledPrices, { candidate, atUs }: SettleInput, cost: ReportedCost): Reported {
  const { amount, surcharge, unit, source } = cost
  const { book } = findSku(prices, candidate.offer)
  const rate = reportedRate(prices, book, unit, atUs)
  if (!rate) return { finding: `The provider reported ${amount} ${unit}, a unit without a conversion at this date.` }
  const nano = ({ n, d }: Fraction): NanoUsd => divideHalfEven(n * rate.usd.n * NANO_PER_USD, d * rate.usd.d)
  const whole = fromDecimal(parseDecimal(amount))
  const fee = fromDecimal(parseDecimal(surcharge ?? '0'))
  const line = (native: Fraction, amountNanoUsd: NanoUsd, description: string): ChargeLine => ({
    kind: 'usage',
    amountNanoUsd,
    nativeAmount: decimalText(native),
    nativeUnit: unit,
    fxRate: rate.text,
    fxSource: rate.source,
    rateId: `reported:${source}`,
    priceBook: book?.hash ?? '',
    provenance: 'reported',
    description,
  })
  const says = `reported by the provider in ${source}`
  if (fee.n === 0n) return { lines: [line(whole, nano(whole), `${amount} ${unit} ${says}`)] }
  const rest = subtract(whole, fee)
  const feeLine = line(fee, nano(fee), `${decimalText(fee)} ${unit} of it for the intermediary, ${says}`)
  // What is left bears the rounding, so that the lines sum to the one figure that was reported.
  const restLine = line(rest, nano(whole) - feeLine.amountNanoUsd, `${decimalText(rest)} ${unit} ${says}, without its surcharge`)
  return { lines: [restLine, { ...feeLine, kind: 'adjustment', rateId: `reported:${source}/surcharge` }] }
}

function reportedRate(prices: CompiledPrices, book: CompiledBook | undefined, unit: string, atUs: number): UnitRate | undefined {
  if (book && book.unit === unit) return unitRateAt(prices.fx, book.unitPrice, atUs)
  const currency = { unit, currency: unit, price: { n: 1n, d: 1n }, source: '' }
  return unitRateAt(prices.fx, currency, atUs)
}

/** The provider's figure stands; ours is computed beside it so that a departure is seen. */
function settleReported(
  prices: CompiledPrices,
  rules: CandidateRules | Unpriced,
  input: SettleInput,
  lines: readonly ChargeLine[],
): Settlement {
  const total = totalOf(lines)
  const findings: string[] = []
  if (input.billed === 'no') findings.push('The provider reported a cost for an attempt it was said not to bill.')
  const ours = 'kind' in rules ? undefined : settleMetered(prices, rules, input, [])
  if (ours?.kind === 'charged') {
    const difference = total > ours.totalNanoUsd ? total - ours.totalNanoUsd : ours.totalNanoUsd - total
    if (difference * TOLERANCE > ours.totalNanoUsd) {
      const basis = ours.provenance === 'metered' ? 'its usage at our prices is' : 'the estimate was'
      findings.push(`The provider charged ${formatUsd(total)} USD; ${basis} ${formatUsd(ours.totalNanoUsd)} USD.`)
    }
  }
  // A provider that bills by its own figure still counts the units.
  const consumed = ours?.kind === 'charged' ? ours.consumed : { scope: '', usage: {} }
  return { kind: 'charged', lines, totalNanoUsd: total, provenance: 'reported', findings, consumed }
}

// --- metered, else estimated ---------------------------------------------------------------------------------------

function settleMetered(
  prices: CompiledPrices,
  rules: CandidateRules,
  input: SettleInput,
  earlier: readonly string[],
): Settlement | Extract<Settlement, { kind: 'charged' }> {
  const { settings } = input.candidate
  const succeeded = input.outcome === 'succeeded' || input.outcome === 'partial'
  // A failed attempt that is billed is billed for what was asked for, unless its usage says otherwise.
  const images = succeeded ? (input.imagesMade ?? settings.n) : settings.n
  const demand = demandOf(input, requestFacts(prices, input.request), images)
  const usage = withWallTime(rules, input)
  const uncovered = uncoveredMeters(rules, usage)
  if (uncovered.length > 0) return unpriced(uncovered, `Consumed, but no rate of ${rules.sku.id} applies to it.`)
  const metered = hasProviderMeters(rules, usage)
  const findings = [...earlier, ...ignoredMeters(rules, usage)]
  const lines: ChargeLine[] = []
  const charged: Charged[] = []
  let estimated = !succeeded && !metered
  let total = 0n
  for (const part of rules.parts) {
    const consumed = consumedQuantity(part, usage, demand, metered)
    if (consumed === undefined)
      return unpriced([part.meter], `The provider reported no ${part.meter} and it cannot be estimated.`)
    const quantity = transformQuantity(part.rate, consumed.quantity, imagesIn(usage, images))
    if (quantity === 0n) continue
    const { conversion } = part.rate
    if (!conversion) return unpriced([part.meter], `No conversion from ${part.rate.nativeUnit} to USD is dated for this instant.`)
    estimated ||= consumed.estimated
    const before = countedBefore(part.rate, input)
    const pinned = pinnedVolume(part.rate, rules.adjustments, input)
    const amount = amountNano(part.rate, conversion, quantity, before)
    total += amount
    charged.push({ rate: part.rate, quantity })
    lines.push(usageLine(part.rate, conversion, { quantity, before, pinned, amount }, { settings, provenance: 'metered' }))
  }
  if (rules.parts.length === 0) return rules.problem ?? unpriced([], `No rate of ${rules.sku.id} applies at this date.`)
  const rated = (meter: Meter): boolean => rules.parts.some((part) => part.meter === meter)
  const missing = rules.problem?.missing.filter((meter) => !(meter in usage) && !(metered && rated(meter)))
  if (missing && missing.length > 0) return unpriced(missing, rules.problem?.reason ?? '')
  if (estimated) findings.push('The provider reported no usage; the charge is an estimate.')
  const provenance: Provenance = estimated ? 'estimated' : 'metered'
  const stamped = lines.map((line) => ({ ...line, provenance }))
  const context = { fx: prices.fx, atUs: input.atUs, images, charged, volumes: input, provenance }
  const adjusted = adjustTotal(rules.adjustments, total, context, stamped)
  if (adjusted === undefined) return unpriced([], `No conversion from ${rules.book.unit} to USD is dated for this instant.`)
  return { kind: 'charged', lines: stamped, totalNanoUsd: adjusted, provenance, findings, consumed: consumedOf(rules, charged) }
}

/** What was charged for, by meter: the quantities that volumes count. */
const consumedOf = ({ sku }: CandidateRules, charged: readonly Charged[]) => ({
  scope: sku.volumeScope,
  usage: Object.fromEntries(charged.map(({ rate, quantity }) => [rate.meter, quantity])) as Usage,
})

const unpriced = (missing: readonly Meter[], reason: string): Unpriced => ({ kind: 'unpriced', missing, reason })

/** The call's own time stands for GPU time where the operator says so and the provider said nothing. */
function withWallTime({ sku }: CandidateRules, { usage = {}, wallMs }: SettleInput): Usage {
  if (!sku.wallTime || wallMs === undefined || usage['gpu.seconds'] !== undefined) return usage
  return { ...usage, 'gpu.seconds': BigInt(Math.ceil(wallMs * 1_000)) }
}

const imagesIn = (usage: Usage, images: number): number =>
  usage['images.out'] === undefined ? images : Number(usage['images.out'] / 1_000_000n)

/** True when the provider metered something that only it can meter and that has a rate: what it left out was not consumed. */
const hasProviderMeters = ({ parts }: CandidateRules, usage: Usage): boolean =>
  parts.some(({ meter }) => !isCounted(meter) && usage[meter] !== undefined)

function consumedQuantity(
  { meter, estimates }: Part,
  usage: Usage,
  demand: Demand,
  metered: boolean,
): { readonly quantity: Quantity; readonly estimated: boolean } | undefined {
  const reported = usage[meter]
  if (reported !== undefined) return { quantity: reported, estimated: false }
  const counted = countedQuantity(meter, demand)
  if (counted !== undefined) return { quantity: BigInt(counted), estimated: false }
  if (metered) return { quantity: 0n, estimated: false }
  const estimate = estimates.length > 0 ? estimatedQuantity(estimates, demand, 'expected') : undefined
  return estimate === undefined ? undefined : { quantity: BigInt(estimate), estimated: true }
}

const family = (meter: string): string => meter.slice(0, meter.indexOf('.') === -1 ? undefined : meter.indexOf('.'))

const consumed = (usage: Usage): [Meter, Quantity][] =>
  (Object.entries(usage) as [Meter, Quantity][]).filter(([, quantity]) => quantity !== 0n)

/**
 * Consumed meters that nothing pays for. What Halftone can count itself (images, pixels, calls) describes the call, and the
 * rates there are cover it. A meter only the provider can tell is covered when the book charges by something of another
 * kind (a flat price per image covers its tokens), but not when it charges by this kind and has no rate for this one.
 */
function uncoveredMeters({ parts, sku }: CandidateRules, usage: Usage): Meter[] {
  const rated = new Set(parts.map((part) => part.meter))
  const families = new Set([...sku.rates.keys()].map(family))
  const open = consumed(usage).filter(([meter]) => !rated.has(meter))
  if (parts.length === 0) return open.map(([meter]) => meter)
  return open.filter(([meter]) => !isCounted(meter) && families.has(family(meter))).map(([meter]) => meter)
}

const ignoredMeters = ({ parts }: CandidateRules, usage: Usage): string[] =>
  consumed(usage)
    .filter(([meter]) => !isCounted(meter) && !parts.some((part) => part.meter === meter))
    .map(([meter]) => `The provider metered ${meter}, for which there is no rate; the other rates are taken to cover it.`)

/** A billed share below one is its own line, so that the usage lines keep the list price. */
function applyShare(
  settlement: Extract<Settlement, { kind: 'charged' }>,
  { sku }: CandidateRules,
  share: Fraction,
  reason: string,
): Settlement {
  const amount: NanoUsd = divideHalfEven(settlement.totalNanoUsd * (share.n - share.d), share.d)
  const line: ChargeLine = {
    kind: 'adjustment',
    amountNanoUsd: amount,
    nativeAmount: formatUsd(amount, 0),
    nativeUnit: 'USD',
    fxRate: '1',
    fxSource: 'identity',
    rateId: `${sku.id}/billedPolicy`,
    priceBook: sku.book,
    provenance: settlement.provenance,
    description: `${reason} (${decimalText({ n: share.n * 100n, d: share.d })} % is billed)`,
  }
  return { ...settlement, lines: [...settlement.lines, line], totalNanoUsd: settlement.totalNanoUsd + amount }
}
