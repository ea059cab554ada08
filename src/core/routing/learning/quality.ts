/**
 * Public ratings corrected by what people accept: a model whose pictures are rejected under a floor is not worth that floor, whatever the
 * rating says. A reducer: ratings in, ratings out.
 */

/** Discounted ratings of one model under one floor. */
export interface FloorRatings {
  readonly accepted: number
  readonly rejected: number
}

export const noRatings: FloorRatings = { accepted: 0, rejected: 0 }

/** Half-life of about 35 ratings: a model that was changed overnight is noticed by the first dozen. */
const FORGETTING = 0.98
/** Rejections, discounted, before anything is believed. */
const LEAST_EVIDENCE = 3

export const reduceRatings = (past: FloorRatings, accepted: boolean): FloorRatings => ({
  accepted: past.accepted * FORGETTING + (accepted ? 1 : 0),
  rejected: past.rejected * FORGETTING + (accepted ? 0 : 1),
})

/** More than a third of what people looked at was rejected, and it was not chance. */
export const failsFloor = ({ accepted, rejected }: FloorRatings): boolean =>
  rejected >= LEAST_EVIDENCE && rejected > 0.35 * (accepted + rejected)

/** The rating a model is taken to have: below the lowest floor it fails. */
export function correctedQuality(rating: number, byFloor: ReadonlyMap<number, FloorRatings>): number {
  let corrected = rating
  for (const [floor, ratings] of byFloor) if (failsFloor(ratings)) corrected = Math.min(corrected, floor - 1)
  return corrected
}
