/**
 * Split traffic by stated shares: the first candidate is drawn in proportion to them, and so is each one after it among those
 * left. The value is the time at which an exponential clock of that rate rings, which draws exactly so.
 */
import { namesOf, rankedBy, type ScoredCandidate, type Strategy } from './strategy.ts'

export const weighted: Strategy = (candidates, { shares, random }) => {
  const nameOf = (entry: ScoredCandidate): string | undefined => namesOf(entry).find((name) => shares[name] !== undefined)
  const sizes = new Map<string, number>()
  for (const entry of candidates) {
    const name = nameOf(entry)
    if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + 1)
  }
  return rankedBy(candidates, (entry) => {
    const name = nameOf(entry)
    // Several offers or qualities under one name share its part. Without a share it is a fallback only.
    const rate = name === undefined ? 0 : (shares[name] ?? 0) / (sizes.get(name) ?? 1)
    return rate === 0 ? Number.POSITIVE_INFINITY : -Math.log(uniform(random, entry)) / rate
  })
}

/** A number in (0, 1] for each candidate from the one drawn per request: its id mixed in, so that they are independent. */
function uniform(random: number, { candidate: { offer, settings } }: ScoredCandidate): number {
  let hash = Math.floor(random * 0x1_0000_0000) >>> 0
  for (const char of `${offer.id}#${settings.quality ?? ''}`) hash = mix(hash ^ (char.codePointAt(0) ?? 0))
  return (mix(hash) + 1) / 0x1_0000_0000
}

/** The finalizer of MurmurHash3: every bit of the input moves half the bits of the output. */
function mix(value: number): number {
  let hash = value >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
