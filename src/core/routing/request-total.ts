/** What a whole request costs on a candidate: all the calls it takes, cutting out included, and what it is compared by. Pure. */
import type { Candidate } from '../offer.ts'
import type { CandidateRules, CompiledPrices } from '../pricing/compiled.ts'
import { keptTotals, type QuoteTotals, quoteTotals, totalsOf } from '../pricing/quote.ts'
import { rulesFor } from '../pricing/rules.ts'
import type { PricingInput, Unpriced } from '../pricing/types.ts'
import { type VolumesToDate, volumeKeyOf, volumesOf } from '../pricing/volumes.ts'
import { cutOutRequest } from './cut-out.ts'
import type { PlanInput } from './plan.ts'
import type { RequestTotal } from './types.ts'

export type TotalInput = Pick<PlanInput, 'request' | 'prices' | 'promptComplexity' | 'nowUs' | 'snapshot'>

/** One call to a candidate, with the rules that priced it last. */
export interface Call {
  readonly candidate: Candidate
  /** Where its volumes are counted; undefined: its price depends on none. */
  readonly volumeKey: string | undefined
  rules: CandidateRules | undefined
}

export const callOf = (candidate: Candidate, n: number, prices: CompiledPrices): Call => ({
  candidate: n === candidate.settings.n ? candidate : { ...candidate, settings: { ...candidate.settings, n } },
  volumeKey: volumeKeyOf(prices, candidate.offer),
  rules: undefined,
})

const noVolumes: VolumesToDate = {}

/** `atList`: as the first purchase of the month, with nothing paid for in advance. */
export function priceCall(call: Call, input: TotalInput, atList: boolean): QuoteTotals | Unpriced {
  const { candidate, volumeKey, rules } = call
  const { nowUs, snapshot } = input
  const lots = atList || !snapshot.lots?.size ? undefined : snapshot.lots.get(candidate.offer.id)
  const volumes = atList || volumeKey === undefined ? noVolumes : (snapshot.volumes?.get(volumeKey) ?? noVolumes)
  const applies = rules !== undefined && nowUs >= rules.fromUs && nowUs < rules.toUs
  if (applies && !lots) {
    const kept = keptTotals(rules, volumes)
    if (kept) return kept
  }
  const { request, promptComplexity } = input
  const asked: PricingInput = { candidate, request, promptComplexity, atUs: nowUs }
  return workedOut(call, input, applies, lots || volumes !== noVolumes ? { ...asked, ...volumes, ...(lots && { lots }) } : asked)
}

function workedOut(call: Call, { prices }: TotalInput, applies: boolean, asked: PricingInput): QuoteTotals | Unpriced {
  if (!applies || !call.rules) {
    const found = rulesFor(prices, asked)
    if ('kind' in found) return found
    call.rules = found
  }
  return totalsOf(prices, call.rules, asked)
}

/** Of several calls: so many full ones, and perhaps a smaller one for the rest. */
export function sumOf(
  whole: QuoteTotals | Unpriced,
  fullCalls: number,
  last: QuoteTotals | Unpriced | undefined,
): RequestTotal | Unpriced {
  if (whole.kind === 'unpriced') return whole
  if (last?.kind === 'unpriced') return last
  if (fullCalls === 1 && !last && whole.marginalNanoUsd === undefined) {
    const { minNanoUsd, expectedNanoUsd, maxNanoUsd } = whole
    return { calls: 1, minNanoUsd, expectedNanoUsd, maxNanoUsd }
  }
  const times = BigInt(fullCalls)
  const sum = (one: bigint, other: bigint | undefined): bigint => one * times + (other ?? 0n)
  const unbounded = whole.maxNanoUsd === null || last?.maxNanoUsd === null
  const paidAhead = whole.marginalNanoUsd !== undefined || last?.marginalNanoUsd !== undefined
  return {
    calls: fullCalls + (last ? 1 : 0),
    minNanoUsd: sum(whole.minNanoUsd, last?.minNanoUsd),
    expectedNanoUsd: sum(whole.expectedNanoUsd, last?.expectedNanoUsd),
    maxNanoUsd: unbounded ? null : sum(whole.maxNanoUsd ?? 0n, last?.maxNanoUsd ?? 0n),
    ...(paidAhead && { marginalNanoUsd: sum(marginalOf(whole), last && marginalOf(last)) }),
  }
}

const marginalOf = ({ expectedNanoUsd, marginalNanoUsd = expectedNanoUsd }: QuoteTotals): bigint => marginalNanoUsd

/** With cutting every picture out: by the first choice, and at most by the dearest of those that may have to. */
export function withCutOut(
  total: RequestTotal,
  { cutOut, settings: { size } }: Candidate,
  input: TotalInput,
  atList: boolean,
): RequestTotal | Unpriced {
  if (!cutOut) return total
  const image = { role: 'image', sha256: '', bytes: 0, mediaType: 'image/png', ...size } as const
  const request = cutOutRequest(input.request, image)
  const images = BigInt(input.request.n)
  let most: bigint | null = 0n
  let first: QuoteTotals | undefined
  for (const cutter of cutOut) {
    const quote = quoteOne(cutter, { ...input, request }, atList)
    if (quote.kind === 'unpriced') return quote
    first ??= quote
    most = most === null || quote.maxNanoUsd === null ? null : quote.maxNanoUsd > most ? quote.maxNanoUsd : most
  }
  if (!first) return total
  const { marginalNanoUsd, maxNanoUsd } = total
  const isPaidAhead = marginalNanoUsd !== undefined || first.marginalNanoUsd !== undefined
  return {
    ...total,
    minNanoUsd: total.minNanoUsd + first.minNanoUsd * images,
    expectedNanoUsd: total.expectedNanoUsd + first.expectedNanoUsd * images,
    maxNanoUsd: maxNanoUsd === null || most === null ? null : maxNanoUsd + most * images,
    ...(isPaidAhead && { marginalNanoUsd: (marginalNanoUsd ?? total.expectedNanoUsd) + marginalOf(first) * images }),
  }
}

function quoteOne(
  candidate: Candidate,
  { request, prices, promptComplexity, nowUs, snapshot }: TotalInput,
  atList: boolean,
): QuoteTotals | Unpriced {
  const call = candidate.settings.n === 1 ? candidate : { ...candidate, settings: { ...candidate.settings, n: 1 } }
  const lots = atList ? undefined : snapshot.lots?.get(candidate.offer.id)
  const volumes = atList ? undefined : snapshot.volumes && volumesOf(prices, candidate.offer, snapshot.volumes)
  return quoteTotals(prices, { candidate: call, request, promptComplexity, atUs: nowUs, ...volumes, ...(lots && { lots }) })
}
