/** Things to do at an instant, earliest first; at one instant in the order they were asked for. A binary heap. */

export interface EventQueue {
  at(atUs: number, run: (atUs: number) => void): void
  /** Run everything due before or at an instant, including what is added meanwhile. */
  runUntil(atUs: number): void
}

interface Entry {
  readonly atUs: number
  readonly order: number
  readonly run: (atUs: number) => void
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order)

export function createEventQueue(): EventQueue {
  const heap: Entry[] = []
  let order = 0
  return {
    at(atUs, run) {
      push(heap, { atUs, order, run })
      order += 1
    },
    runUntil(untilUs) {
      for (let first = heap[0]; first && first.atUs <= untilUs; first = heap[0]) {
        pop(heap)
        first.run(first.atUs)
      }
    },
  }
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length
  heap.push(entry)
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent] as Entry
    if (!isBefore(entry, above)) break
    heap[index] = above
    index = parent
  }
  heap[index] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    const right = heap[child + 1]
    if (right && isBefore(right, heap[child] as Entry)) child += 1
    const below = heap[child] as Entry
    if (!isBefore(below, last)) break
    heap[index] = below
    index = child
  }
  heap[index] = last
}
