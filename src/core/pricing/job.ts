/** What a job of many images will cost: lanes, month tiers crossed on the way, and what failed tries add. Pure. */
import { divideHalfEven, type NanoUsd, parseDecimal } from '../money.ts'
import type { Offer } from '../offer.ts'
import { addUsage, formatQuantity, type Meter, type Quantity, type Usage } from '../usage.ts'
import type { CompiledPrices } from './compiled.ts'
import { fromDecimal } from './fraction.ts'
import type { BilledPolicy } from './price-book.ts'
import { quoteCandidate } from './quote.ts'
import { findSku } from './rules.ts'
import type { PricedQuote, PricingInput, Unpriced } from './types.ts'

/** How attempts at an offer ended lately, as the ledger counts them. */
export interface Tries {
  /** Attempts that delivered, and the rest that was not the client's own doing. */
  readonly succeeded: number
  readonly failed: number
  /** What each of the two was really charged. */
  readonly succeededNanoUsd: NanoUsd
  readonly failedNanoUsd: NanoUsd
  /** Summed over all attempts. */
  readonly durationMs: number
}

export interface JobInput extends PricingInput {
  readonly offer: Offer
  /** Images in all. */
  readonly count: number
  /** Images of one request; the candidate's own `n` is what one call of it makes. */
  readonly perRequest: number
  readonly deadlineMs?: number
  /** Undefined: nothing is known about this offer. */
  readonly tries?: Tries
  /** Calls that may run side by side. */
  readonly concurrency: number
}

export interface JobQuote {
  readonly kind: 'priced'
  readonly calls: number
  /** Every try succeeds. */
  readonly minNanoUsd: NanoUsd
  /** With the allowance. */
  readonly expectedNanoUsd: NanoUsd
  /** With the allowance at the dearest price; null: no bound is known. */
  readonly maxNanoUsd: NanoUsd | null
  readonly allowance: Allowance
  readonly lane: string
  readonly inTime: 'yes' | 'no' | 'unknown'
  /** Undefined where nothing is known about its speed. */
  readonly durationMs: number | undefined
  /** In words: the lane and its time, the allowance, tiers that the volume crosses, why minimum and maximum differ. */
  readonly reasons: readonly string[]
}

export interface Allowance {
  /** Part of `expectedNanoUsd`. */
  readonly expectedNanoUsd: NanoUsd
  readonly source: 'ledger' | 'assumed'
  /** Attempts it was learned from; 0 when assumed. */
  readonly attempts: number
}

/** Fewer attempts than this say nothing about a rate of a few per cent. */
const MIN_TRIES = 20
/** What is assumed of an offer nobody has tried, per thousand calls. */
const assumedFailures = { refused: 20, error: 10, timeout: 5 } as const
/** Batch tiers promise an answer within a day and nothing earlier. */
const BATCH_WINDOW_MS = 24 * 3_600_000

/** Quote a job on one candidate. Exact for the expected quantities; failed tries are an allowance, and said to be one. */
export function quoteJob(prices: CompiledPrices, input: JobInput): JobQuote | Unpriced {
  const walked = walk(prices, input)
  if (walked.kind === 'unpriced') return walked
  const { ratio, words, ...allowance } = allowanceOf(prices, input)
  const extra = (amount: NanoUsd): NanoUsd => divideHalfEven(amount * ratio.numerator, ratio.denominator)
  const time = timing(input, walked.calls)
  const expectedExtra = extra(walked.expectedNanoUsd)
  return {
    kind: 'priced',
    calls: walked.calls,
    minNanoUsd: walked.minNanoUsd,
    expectedNanoUsd: walked.expectedNanoUsd + expectedExtra,
    maxNanoUsd: walked.maxNanoUsd === null ? null : walked.maxNanoUsd + extra(walked.maxNanoUsd),
    allowance: { ...allowance, expectedNanoUsd: expectedExtra },
    lane: input.offer.tier ?? 'standard',
    inTime: time.inTime,
    durationMs: time.durationMs,
    reasons: [...time.reasons, words, ...walked.reasons],
  }
}

// --- volume --------------------------------------------------------------------------------------------------------

interface Walked {
  readonly kind: 'walked'
  readonly calls: number
  readonly minNanoUsd: NanoUsd
  readonly expectedNanoUsd: NanoUsd
  readonly maxNanoUsd: NanoUsd | null
  readonly reasons: readonly string[]
}

/** Sum over every call, in strides of calls that no tier boundary falls into, each priced from the volume before it. */
function walk(prices: CompiledPrices, input: JobInput): Walked | Unpriced {
  const thresholds = volumeThresholds(prices, input)
  let bought: Usage = {}
  let calls = 0
  let min = 0n
  let expected = 0n
  let max: NanoUsd | null = 0n
  const crossed = new Set<string>()
  const spread = new Set<string>()
  for (const { size, times } of callGroups(input)) {
    let left = times
    while (left > 0) {
      const quote = quoteCall(prices, input, size, bought)
      if (quote.kind === 'unpriced') return quote
      const stride = strideOf(thresholds, bought, quote.expectedUsage, left)
      const factor = BigInt(stride)
      min += quote.minNanoUsd * factor
      expected += quote.expectedNanoUsd * factor
      max = max === null || quote.maxNanoUsd === null ? null : max + quote.maxNanoUsd * factor
      for (const reason of quote.spread) spread.add(reason)
      const after = addUsage(bought, timesUsage(quote.expectedUsage, factor))
      for (const { meter, room, from } of thresholds) {
        if ((bought[meter] ?? 0n) < room && (after[meter] ?? 0n) >= room) crossed.add(`${meter} ${formatQuantity(from)}`)
      }
      bought = after
      left -= stride
      calls += stride
    }
  }
  const reasons = [...crossed].map((at) => `the volume crosses a price tier at ${at}`)
  return { kind: 'walked', calls, minNanoUsd: min, expectedNanoUsd: expected, maxNanoUsd: max, reasons: [...reasons, ...spread] }
}

function quoteCall(prices: CompiledPrices, input: JobInput, n: number, bought: Usage): PricedQuote | Unpriced {
  const { candidate, request, promptComplexity, atUs, monthToDate = {}, contractToDate = {} } = input
  return quoteCandidate(prices, {
    candidate: { ...candidate, settings: { ...candidate.settings, n } },
    request,
    promptComplexity,
    atUs,
    monthToDate: addUsage(monthToDate, bought),
    contractToDate: addUsage(contractToDate, bought),
  })
}

/** How many calls of which size: full requests split as each one is, then the request that is left over. */
function callGroups({ count, perRequest, candidate }: JobInput): { readonly size: number; readonly times: number }[] {
  const perCall = candidate.settings.n
  const sizes = new Map<number, number>()
  const add = (images: number, requests: number): void => {
    const full = Math.floor(images / perCall)
    const rest = images % perCall
    if (full > 0 && requests > 0) sizes.set(perCall, (sizes.get(perCall) ?? 0) + full * requests)
    if (rest > 0 && requests > 0) sizes.set(rest, (sizes.get(rest) ?? 0) + requests)
  }
  add(perRequest, Math.floor(count / perRequest))
  add(count % perRequest, 1)
  return [...sizes].map(([size, times]) => ({ size, times }))
}

interface Threshold {
  readonly meter: Meter
  /** As the price book states it. */
  readonly from: Quantity
  /** What the job can buy before it is reached. */
  readonly room: Quantity
}

/** Quantities of a month or contract that lie ahead and at which a price of the offer changes. */
function volumeThresholds(prices: CompiledPrices, { offer, monthToDate = {}, contractToDate = {} }: JobInput): Threshold[] {
  const { sku } = findSku(prices, offer)
  if (!sku) return []
  const ahead = (meter: Meter, scope: 'request' | 'month' | 'contract', from: Quantity): Threshold[] => {
    const room = from - ((scope === 'month' ? monthToDate : contractToDate)[meter] ?? 0n)
    return scope === 'request' || room <= 0n ? [] : [{ meter, from, room }]
  }
  const tiers = [...sku.rates.values()]
    .flat()
    .flatMap(({ meter, tiers: tier }) => (tier ? tier.steps.flatMap(({ from }) => ahead(meter, tier.scope, from)) : []))
  const free = sku.adjustments.flatMap((adjustment) =>
    adjustment.kind === 'freeUnits' ? ahead(adjustment.meter, adjustment.scope, adjustment.quantity) : [],
  )
  return [...tiers, ...free]
}

/** Calls that end below the next threshold of every meter; at least one, which may cross it. */
function strideOf(thresholds: readonly Threshold[], bought: Usage, each: Usage, left: number): number {
  let stride = BigInt(left)
  for (const { meter, room } of thresholds) {
    const quantity = each[meter] ?? 0n
    const still = room - (bought[meter] ?? 0n)
    if (quantity <= 0n || still <= 0n) continue
    const below = (still - 1n) / quantity
    if (below < stride) stride = below
  }
  return stride < 1n ? 1 : Number(stride)
}

const timesUsage = (usage: Usage, factor: bigint): Usage =>
  Object.fromEntries(Object.entries(usage).map(([meter, quantity]) => [meter, quantity * factor]))

// --- failed tries --------------------------------------------------------------------------------------------------

interface Ratio {
  readonly numerator: bigint
  readonly denominator: bigint
}
type Learned = Omit<Allowance, 'expectedNanoUsd'> & { readonly ratio: Ratio; readonly words: string }

/** What failed tries add to the price of the good ones, as a ratio: as charged lately, else as assumed and billed by policy. */
function allowanceOf(prices: CompiledPrices, { offer, tries }: JobInput): Learned {
  const attempts = tries ? tries.succeeded + tries.failed : 0
  if (tries && attempts >= MIN_TRIES && tries.succeededNanoUsd > 0n) {
    return {
      source: 'ledger',
      attempts,
      ratio: { numerator: tries.failedNanoUsd, denominator: tries.succeededNanoUsd },
      words: `failed tries as in the ledger: ${tries.failed} of ${attempts} calls in 30 days, charged ${percent(tries.failedNanoUsd, tries.succeededNanoUsd)} of what the good ones cost`,
    }
  }
  const policy = findSku(prices, offer).sku?.billedPolicy
  const ratio = policy ? assumedRatio(policy) : { numerator: 0n, denominator: 1n }
  const { refused, error, timeout } = assumedFailures
  const known = attempts === 0 ? 'no calls yet' : `only ${attempts} calls so far`
  return {
    source: 'assumed',
    attempts: 0,
    ratio,
    words: `failed tries assumed (${known}): of 100 calls ${refused / 10} refused, ${error / 10} in error, ${timeout / 10} timed out, charged by its billing policy: ${percent(ratio.numerator, ratio.denominator)}`,
  }
}

/** Where a provider does not say whether it bills a failure, it is counted whole, as the ledger would hold it. */
function assumedRatio(policy: BilledPolicy): Ratio {
  const shares: readonly (readonly [number, string])[] = [
    [assumedFailures.refused, policy.refusedAfter],
    [assumedFailures.error, policy.providerError],
    [assumedFailures.timeout, policy.timeout],
  ]
  let numerator = 0n
  let denominator = 1n
  for (const [perThousand, share] of shares) {
    const { n, d } = fromDecimal(parseDecimal(share === 'unknown' ? '1' : share))
    numerator = numerator * d + BigInt(perThousand) * n * denominator
    denominator *= d
  }
  return { numerator, denominator: denominator * 1000n }
}

const percent = (part: bigint, whole: bigint): string => `${Number((part * 10_000n) / whole) / 100} %`

// --- time ----------------------------------------------------------------------------------------------------------

type Timing = Pick<JobQuote, 'inTime' | 'durationMs' | 'reasons'>

function timing({ offer, deadlineMs, tries, concurrency }: JobInput, calls: number): Timing {
  const within = (ms: number): JobQuote['inTime'] => (deadlineMs === undefined || ms <= deadlineMs ? 'yes' : 'no')
  if (offer.tier === 'batch') {
    const inTime = within(BATCH_WINDOW_MS)
    return {
      inTime,
      durationMs: BATCH_WINDOW_MS,
      reasons: ['batch lane: an answer within 24 hours, nothing earlier is promised'],
    }
  }
  const attempts = tries ? tries.succeeded + tries.failed : 0
  if (!tries || attempts === 0) {
    const reason = offer.tier === undefined ? 'its speed is not known yet: no calls' : `lane ${offer.tier}: no time is promised`
    return { inTime: deadlineMs === undefined ? 'yes' : 'unknown', durationMs: undefined, reasons: [reason] }
  }
  const rounds = Math.ceil(calls / concurrency)
  const durationMs = Math.ceil((tries.durationMs / attempts) * rounds)
  const side = `${Math.min(calls, concurrency)} at a time`
  return { inTime: within(durationMs), durationMs, reasons: [`at the mean of its last ${attempts} calls, ${side}`] }
}
