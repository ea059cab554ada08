/** Randomness by seed: streams for what is drawn in order, hashes for what must not depend on the order it is asked in. */

/** A stream of numbers in [0, 1) (mulberry32): the same seed gives the same numbers. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    return mix(state)
  }
}

function mix(state: number): number {
  let value = Math.imul(state ^ (state >>> 15), 1 | state)
  value ^= value + Math.imul(value ^ (value >>> 7), 61 | value)
  return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
}

/** A number in [0, 1) that belongs to these four integers: two policies that make the same call meet the same luck. */
export function luckOf(seed: number, request: number, deployment: number, draw: number): number {
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(request | 0, 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ Math.imul((deployment + 1) | 0, 0xc2b2ae35)
  state = Math.imul(state ^ (state >>> 13), 0x297a2d39) ^ Math.imul((draw + 1) | 0, 0x27d4eb2f)
  return mix((state ^ (state >>> 16)) >>> 0)
}

/** A standard normal number from two in [0, 1). */
export const normalOf = (one: number, other: number): number => Math.sqrt(-2 * Math.log(1 - one)) * Math.cos(2 * Math.PI * other)

/** How often something of mean `mean` happens; exact for small means, by the normal approximation for large ones. */
export function poisson(mean: number, random: () => number): number {
  if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normalOf(random(), random())))
  const limit = Math.exp(-mean)
  let count = 0
  for (let product = random(); product > limit; product *= random()) count += 1
  return count
}

export const between = (random: () => number, low: number, high: number): number => low + (high - low) * random()
