/** What may wait goes where GPUs that run anyway have time left: the most valuable first, and of each kind who came first. */

export interface Deferrable {
  /** Pictures that come in each hour. */
  readonly perHour: readonly number[]
  /** Pictures that wait already, by the whole hours since they came; absent: none. */
  readonly waiting?: readonly number[]
  /** Hours after which a picture that came has to be under way, at least 1. */
  readonly patienceHours: number
}

export interface Packed {
  /** By kind as given, by hour: pictures that are made. */
  readonly made: readonly (readonly number[])[]
  /** By kind: all of them. */
  readonly totals: readonly number[]
}

/**
 * `kinds` in the order of their value, highest first; `spare` pictures that can be made in each hour besides what cannot wait. A picture that
 * comes in an hour may be made in it.
 */
export function packDeferrable(kinds: readonly Deferrable[], spare: readonly number[]): Packed {
  const left = [...spare]
  const made = kinds.map((kind) => packOne(kind, left))
  return { made, totals: made.map((hours) => hours.reduce((sum, each) => sum + each, 0)) }
}

/** Takes what it uses from `left`. */
function packOne({ perHour, waiting = [], patienceHours }: Deferrable, left: number[]): number[] {
  const hours = left.length
  // By the hour in which it came; who waits already came in hours before the first.
  const queue: { readonly dueHour: number; pictures: number }[] = []
  for (let age = waiting.length - 1; age >= 0; age -= 1) {
    const pictures = waiting[age] ?? 0
    if (pictures > 0) queue.push({ dueHour: patienceHours - 1 - age, pictures })
  }
  const made: number[] = []
  let first = 0
  for (let hour = 0; hour < hours; hour += 1) {
    const come = perHour[hour] ?? 0
    if (come > 0) queue.push({ dueHour: hour + patienceHours - 1, pictures: come })
    let room = left[hour] ?? 0
    let here = 0
    for (let next = queue[first]; next && (room > 0 || next.dueHour < hour); next = queue[first]) {
      const taken = next.dueHour < hour ? 0 : Math.min(room, next.pictures)
      here += taken
      room -= taken
      next.pictures -= taken
      if (next.pictures > 0 && next.dueHour >= hour) break
      first += 1
    }
    left[hour] = room
    made.push(here)
  }
  return made
}
