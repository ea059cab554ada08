/** Spelling help: which known name was probably meant. */

/** Edits (insert, delete, replace, swap of neighbours) between two texts. */
function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      )
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1)
      current.push(best)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length] ?? 0
}

/** Only the letters and digits, so that `max_n`, `max-n` and `maxN` are the same word. */
const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')

/** The candidates close enough to be a misspelling of `name`, nearest first, at most `limit`. */
export function nearMatches(name: string, candidates: readonly string[], limit = 3): readonly string[] {
  const wanted = plain(name).slice(0, 100)
  if (wanted === '') return []
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, plain(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3)))
    .sort((left, right) => left.distance - right.distance || (left.candidate < right.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate)
}
