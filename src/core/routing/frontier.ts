/** Which candidates are worth looking at: the cost-quality frontier. */

/** What the frontier weighs; anything else on the object is left alone. */
export interface FrontierEntry {
  readonly expectedNanoUsd: bigint
  /** On the scale of the quality priors; undefined = nobody has measured this quality tier. */
  readonly qualityScore: number | undefined
}

export interface Frontier<T> {
  /** Cheapest first; each next one costs more and is rated higher. */
  readonly frontier: readonly T[]
  /** Rated, but another is as good or better for no more money. */
  readonly dominated: readonly T[]
  /** Cheapest first. Not known to be bad, so not ranked as zero: only not comparable. */
  readonly unrated: readonly T[]
}

/** Pure; every entry is in exactly one of the three lists. Of entries with equal price and score the first given stays. */
export function costQualityFrontier<T extends FrontierEntry>(entries: readonly T[]): Frontier<T> {
  const frontier: T[] = []
  const dominated: T[] = []
  const unrated: T[] = []
  let best = Number.NEGATIVE_INFINITY
  for (const entry of entries.toSorted(cheaperThenBetter)) {
    if (entry.qualityScore === undefined) unrated.push(entry)
    else if (entry.qualityScore > best) {
      best = entry.qualityScore
      frontier.push(entry)
    } else dominated.push(entry)
  }
  return { frontier, dominated, unrated }
}

function cheaperThenBetter(a: FrontierEntry, b: FrontierEntry): number {
  if (a.expectedNanoUsd !== b.expectedNanoUsd) return a.expectedNanoUsd < b.expectedNanoUsd ? -1 : 1
  return (b.qualityScore ?? 0) - (a.qualityScore ?? 0)
}
