/** Which share of the price a provider bills for an attempt that ended in a given way. */
import { parseDecimal } from '../money.ts'
import { fromDecimal } from './fraction.ts'
import type { BilledPolicy } from './price-book.ts'
import type { SettleInput } from './types.ts'

export type BilledShareAnswer =
  | { readonly kind: 'share'; readonly numerator: bigint; readonly denominator: bigint; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

const policyWords: Readonly<Record<keyof BilledPolicy, string>> = {
  success: 'a success',
  refusedBefore: 'a refusal before the image was made',
  refusedAfter: 'a refusal after the image was made',
  providerError: "an error of the provider's",
  timeout: 'a timeout',
  cancelled: 'a cancelled call',
}

/**
 * `billed: no` is handled before; `yes` bills the policy's share, or all where the policy says nothing or nothing at all.
 * `unknown` leaves it to the policy, except where an error came without an answer: the provider may have made the image
 * before the connection broke, and what it does with its own errors says nothing about that.
 */
export function billedShare(policy: BilledPolicy, input: SettleInput): BilledShareAnswer {
  const key = policyKey(policy, input)
  const share = key === undefined ? 'unknown' : policy[key]
  const words = key === undefined ? 'an attempt with this outcome' : policyWords[key]
  if (input.billed === 'yes') {
    const known = share !== 'unknown' && !isZero(share)
    return parseShare(known ? share : '1', 'The provider says that it bills this attempt')
  }
  if (share === 'unknown') return { kind: 'unknown', reason: `It is not known whether the provider bills ${words}.` }
  return parseShare(share, `The provider's policy for ${words}`)
}

function policyKey(policy: BilledPolicy, { outcome, stage, answered }: SettleInput): keyof BilledPolicy | undefined {
  switch (outcome) {
    case 'succeeded':
    case 'partial':
      return 'success'
    case 'refused':
      if (stage === 'before') return 'refusedBefore'
      if (stage === 'after') return 'refusedAfter'
      return policy.refusedBefore === policy.refusedAfter ? 'refusedBefore' : undefined
    case 'rejected':
    case 'rate_limited':
      // Turned away at the door, as a refusal before generation is.
      return 'refusedBefore'
    case 'timeout':
      return 'timeout'
    case 'cancelled':
      return 'cancelled'
    case 'error':
      return answered ? 'providerError' : undefined
    case 'unknown':
      return undefined
  }
}

const isZero = (share: string): boolean => parseDecimal(share).units === 0n

function parseShare(text: string, reason: string): BilledShareAnswer {
  const { n, d } = fromDecimal(parseDecimal(text))
  return { kind: 'share', numerator: n, denominator: d, reason }
}
