/** How many of the people who wait a pool can serve: a queue with few places, since who would wait too long goes elsewhere. */

/**
 * Share of the arrivals that find a place. `load`: arriving work in busy GPUs (arrivals per hour over what one GPU makes in an hour); `places`
 * per GPU: pictures that may wait for it. As if making took random time (M/M/c/K), so a little less than pictures of equal length find.
 */
export function servedShare(gpus: number, load: number, places: number): number {
  if (gpus <= 0) return 0
  if (load <= 0) return 1
  const size = gpus + Math.floor(gpus * places)
  // Chances of 0, 1, 2, ... pictures in the pool, up to a factor; scaled down on the way, as they may grow without bound.
  let weight = 1
  let sum = 1
  for (let count = 1; count <= size; count += 1) {
    weight *= load / Math.min(count, gpus)
    sum += weight
    if (sum > 1e100) {
      weight /= sum
      sum = 1
    }
  }
  return 1 - weight / sum
}
