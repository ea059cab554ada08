/** Which pieces of a time are looked at where all of it would take too long. */

export interface Slice {
  /** Microseconds since 1970; `toUs` is exclusive. */
  readonly fromUs: number
  readonly toUs: number
}

/** Enough for every hour of the day and day of the week; few enough that each holds calls which lie together on the disk. */
const SLICES = 256
/** Multiples of the golden ratio lie evenly between 0 and 1, in no rhythm that traffic might have as well. */
const SPREAD = 0.618_033_988_749_894_9

/**
 * `share` of a time, 0 to 1: the same piece of each of many equal parts, each at a place of its own, the same every time. They depend on
 * nothing that happened in them. All of it where `share` is 1 or more.
 */
export function slicesOf({ fromUs, toUs }: Slice, share: number): readonly Slice[] {
  if (share >= 1) return [{ fromUs, toUs }]
  const part = (toUs - fromUs) / SLICES
  return Array.from({ length: SLICES }, (_, index) => {
    const startUs = fromUs + part * (index + ((index * SPREAD) % 1) * (1 - share))
    return { fromUs: Math.floor(startUs), toUs: Math.floor(startUs + part * share) }
  })
}
