/** Who works with what: it is let go when the last one is done, and not before. */

export interface Holds {
  /** Somebody works with it until the returned function is called; calling that twice changes nothing. */
  take(thing: object): () => void
  /** Resolves when nobody works with it any more. */
  free(thing: object): Promise<void>
}

export function createHolds(): Holds {
  const counts = new Map<object, number>()
  const waiting = new Map<object, (() => void)[]>()
  const giveBack = (thing: object): void => {
    const left = (counts.get(thing) ?? 1) - 1
    if (left > 0) {
      counts.set(thing, left)
      return
    }
    counts.delete(thing)
    for (const resolve of waiting.get(thing) ?? []) resolve()
    waiting.delete(thing)
  }
  return {
    take(thing) {
      counts.set(thing, (counts.get(thing) ?? 0) + 1)
      let isHeld = true
      return () => {
        if (isHeld) giveBack(thing)
        isHeld = false
      }
    },
    free(thing) {
      if (!counts.has(thing)) return Promise.resolve()
      return new Promise((resolve) => waiting.set(thing, [...(waiting.get(thing) ?? []), resolve]))
    },
  }
}
