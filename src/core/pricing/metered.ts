/**
 * Prices that follow the words of a request, as plain numbers that lie side by side: whoever weighs hundreds of candidates for every request would otherwise
 * fetch the rules of each from all over the memory. The totals are those of `totalsOf`, or none where plain numbers would not be exact.
 */
import { wholeAmount } from './charge.ts'
import type { CandidateRules, RequestFacts } from './compiled.ts'
import { perUnit } from './estimate.ts'

/** What a call costs whatever the words are, nano-USD, and what its words cost; NaN: no bound is known. */
export type Metered = readonly [
  expected: number,
  least: number,
  most: number,
  /** Of the conversion. */
  fastN: number,
  fastD: number,
  /** Pictures that the words are charged for. */
  times: number,
  /** 1: bytes are counted, 0: characters. */
  inBytes: number,
  /** So many of them, in millionths, make a unit. */
  expectedLength: number,
  leastLength: number,
  mostLength: number,
]

/** Nano-USD, as safe integers; `max` is NaN where no bound is known. */
export interface MeteredTotals {
  expected: number
  min: number
  max: number
}

/** Of a call for so many images; undefined where more than the words decides, or more than one meter counts them. */
export function meteredOf(rules: CandidateRules, images: number): Metered | undefined {
  const { problem, sku, adjustments, fixedNano, fixedMinNano, fixedMaxNano, dynamicParts } = rules
  const [part, ...others] = dynamicParts
  if (problem || sku.byVolume || adjustments.length > 0 || !part || others.length > 0) return undefined
  const { conversion, roundUpTo, min, maxPerImage, maxPerRequest } = part.rate
  const isPlain = roundUpTo === undefined && min === undefined && maxPerImage === undefined && maxPerRequest === undefined
  const [words, ...more] = part.estimates
  if (!conversion?.fastD || !isPlain || !words || more.length > 0) return undefined
  const { form, perImage, expected, min: least = 0, max: most = Number.NaN } = words
  if (form !== 'promptChars' && form !== 'promptBytes') return undefined
  const fixed = [Number(fixedNano), Number(fixedMinNano), fixedMaxNano === null ? Number.NaN : Number(fixedMaxNano)] as const
  return [
    ...fixed,
    conversion.fastN,
    conversion.fastD,
    perImage ? images : 1,
    form === 'promptBytes' ? 1 : 0,
    expected,
    least,
    most,
  ]
}

/** Adds so many of these calls to `totals`; false: not all of it is exact. */
export function addMetered(
  [expected, least, most, fastN, fastD, times, inBytes, expectedLength, leastLength, mostLength]: Metered,
  { promptBytes, promptChars }: RequestFacts,
  calls: number,
  totals: MeteredTotals,
): boolean {
  const length = inBytes === 1 ? promptBytes : promptChars
  const amountOf = (unit: number): number => wholeAmount(fastN, fastD, perUnit(length, unit) * times)
  const dearest = Number.isNaN(mostLength) ? mostLength : amountOf(mostLength)
  if (Number.isNaN(dearest) && !Number.isNaN(mostLength)) return false
  totals.expected += (expected + amountOf(expectedLength)) * calls
  totals.min += (least + amountOf(leastLength)) * calls
  totals.max += (most + dearest) * calls
  const { MAX_SAFE_INTEGER } = Number
  return totals.expected <= MAX_SAFE_INTEGER && totals.min <= MAX_SAFE_INTEGER && !(totals.max > MAX_SAFE_INTEGER)
}
