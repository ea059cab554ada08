/** What a whole request costs on a candidate: all the calls it takes, and all that is done to the pictures, and what it is compared by. Pure. */
import { type BoughtStep, boughtStepOf, type Candidate } from '../offer.ts'
import { OWN_PROVIDER, ownWork } from '../own-steps.ts'
import type { CandidateRules, CompiledPrices } from '../pricing/compiled.ts'
import { keptTotals, type QuoteTotals, quoteTotals, totalsOf } from '../pricing/quote.ts'
import { rulesFor } from '../pricing/rules.ts'
import type { PricingInput, Unpriced } from '../pricing/types.ts'
import { type VolumesToDate, volumeKeyOf, volumesOf } from '../pricing/volumes.ts'
import { cutOutRequest } from './cut-out.ts'
import { upscaleRequest } from './enlarge.ts'
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

/** Nothing was bought. */
export const noVolumes: VolumesToDate = {}

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

/** With what another offer does to every picture: the first choice, and at most the dearest of those that may have to. */
export function withBoughtStep(
  total: RequestTotal,
  made: Candidate,
  input: TotalInput,
  atList: boolean,
): RequestTotal | Unpriced {
  const step = boughtStepOf(made)
  if (!step) return total
  const images = BigInt(input.request.n)
  let most: bigint | null = 0n
  let first: QuoteTotals | undefined
  for (const candidate of step.by) {
    const request = requestOfStep(input.request, made, step, candidate)
    const quote = quoteOne(candidate, { ...input, request }, atList)
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

function requestOfStep(
  request: TotalInput['request'],
  { settings: { size } }: Candidate,
  { kind }: BoughtStep,
  { offer, settings }: Candidate,
): TotalInput['request'] {
  const image = { role: 'image', sha256: '', bytes: 0, mediaType: 'image/png', ...size } as const
  return kind === 'cut_out'
    ? cutOutRequest(request, image)
    : upscaleRequest(request, offer, image, settings.size.width / size.width)
}

/** With the work of this machine on every picture, where it has a price; a picture that turns out to need none costs nothing. */
export function withOwnWork(total: RequestTotal | Unpriced, made: Candidate, input: TotalInput): RequestTotal | Unpriced {
  if ('missing' in total || !made.finishing || !input.prices.overlays.has(OWN_PROVIDER)) return total
  const candidate = ownWork(made, input.request.n)
  const { request, prices, promptComplexity, nowUs: atUs } = input
  const own = candidate && quoteTotals(prices, { candidate, request, promptComplexity, atUs })
  if (!own || own.kind === 'unpriced') return own ?? total
  const { maxNanoUsd, marginalNanoUsd } = total
  return {
    ...total,
    expectedNanoUsd: total.expectedNanoUsd + own.expectedNanoUsd,
    maxNanoUsd: maxNanoUsd === null || own.maxNanoUsd === null ? null : maxNanoUsd + own.maxNanoUsd,
    ...(marginalNanoUsd !== undefined && { marginalNanoUsd: marginalNanoUsd + own.expectedNanoUsd }),
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
