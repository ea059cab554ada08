/**
 * Public ratings corrected by what people accept. Per floor a sequential test between "it keeps the floor" (3 % of pictures are rejected) and
 * "it does not" (90 %), so that a model that was changed overnight is noticed by three rejections in a row. A reducer: evidence in, evidence
 * out.
 */

/** Evidence by floor that a model fails it; absent floors have none. */
export type FloorEvidence = ReadonlyMap<number, number>

/** ln(0.90 / 0.03) and ln(0.10 / 0.97). */
export const REJECTED = 3.4
const ACCEPTED = -2.27
/** Three rejections in a row: one in a hundred thousand by chance. */
export const FAILS_AT = 8
/** What was accepted long ago does not make up for what is rejected now. */
const LEAST = 0

/**
 * What is rejected speaks against the floor it was made under, what is accepted for that floor and every lower one. Rejections under a lower
 * floor are no evidence here: among many pictures that keep it a few are always rejected, and a model that is only used under the lower
 * floor would never be accepted under the higher. `floors`: all that the router compares with; `weight`: how much of a word it is, 1 when
 * absent.
 */
export function reduceFloorEvidence(
  past: FloorEvidence,
  floors: readonly number[],
  floor: number,
  accepted: boolean,
  weight = 1,
): FloorEvidence {
  const next = new Map(past)
  for (const each of floors) {
    if (accepted ? each > floor : each !== floor) continue
    next.set(each, Math.max(LEAST, (past.get(each) ?? 0) + weight * (accepted ? ACCEPTED : REJECTED)))
  }
  return next
}

/**
 * The rating a model is taken to have: below the lowest floor it fails. What stands against it under a lower floor adds to what stands against it
 * under a higher, as both would be failed by the same change.
 */
export function correctedQuality(rating: number, evidence: FloorEvidence): number {
  let below = 0
  for (const [floor, against] of [...evidence].sort((a, b) => a[0] - b[0])) {
    if (against + below >= FAILS_AT) return Math.min(rating, floor - 1)
    below = Math.max(below, against)
  }
  return rating
}
