/** Quantiles of the distributions that are kept by day: log buckets with the sum of what is in each. */

/**
 * A bucket's edges are a factor of 1.04 squared apart. Its mean stands for everything in it; where all values of a bucket are one price, as
 * they often are, the quantile is exact. `relativeError` is the width of a bucket, the most that a value and the mean can lie apart.
 */
export const RELATIVE_ERROR = 0.0816

export interface BucketCount {
  readonly bucket: number
  readonly entries: number
  readonly amount: bigint
}

export interface Distribution {
  readonly entries: number
  /** `share` from 0 to 1, in the unit of the amounts; 1 = the largest. Undefined without entries. */
  at(share: number): bigint | undefined
}

/** Buckets may come in any order and several times; what is corrected away counts no more. */
export function distributionOf(counts: readonly BucketCount[]): Distribution {
  const sums = new Map<number, { entries: number; amount: bigint }>()
  for (const { bucket, entries, amount } of counts) {
    const sum = sums.get(bucket) ?? { entries: 0, amount: 0n }
    sums.set(bucket, { entries: sum.entries + entries, amount: sum.amount + amount })
  }
  const buckets = [...sums].filter(([, { entries }]) => entries > 0).sort(([left], [right]) => left - right)
  const total = buckets.reduce((sum, [, { entries }]) => sum + entries, 0)
  return {
    entries: total,
    at(share) {
      let rank = Math.max(1, Math.ceil(share * total))
      for (const [, { entries, amount }] of buckets) {
        if (rank <= entries) return amount / BigInt(entries)
        rank -= entries
      }
      return undefined
    },
  }
}
