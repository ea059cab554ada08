/** How many of the people who wait a pool can serve: a queue with few places, since who would wait too long goes elsewhere. */

/** Pictures take equally long: a queue with random times needs twice the places to lose as few. */
const EVENNESS = 2

/**
 * Share of the arrivals that find a place. `load`: arriving work in busy GPUs (arrivals per hour over what one GPU makes in an hour); `places`
 * per GPU: pictures that may wait for it, parts of one included. By the formula for random times of making (M/M/c/K), with places for pictures
 * that take equally long.
 */
export function servedShare(gpus: number, load: number, places: number): number {
  if (gpus <= 0) return 0
  if (load <= 0) return 1
  const waiting = gpus * Math.max(0, places) * EVENNESS
  const most = gpus + Math.floor(waiting)
  // Chances of 0, 1, 2, ... pictures in the pool, up to a factor; scaled down on the way, as they may grow without bound.
  let weight = 1
  let sum = 1
  const add = (count: number): void => {
    weight *= load / Math.min(count, gpus)
    sum += weight
    if (sum > 1e100) {
      weight /= sum
      sum = 1
    }
  }
  for (let count = 1; count <= most; count += 1) add(count)
  const fewer = 1 - weight / sum
  add(most + 1)
  const part = waiting - Math.floor(waiting)
  return (1 - part) * fewer + part * (1 - weight / sum)
}
