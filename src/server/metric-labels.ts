/** Labels are bounded, whatever is configured, discovered or sent: what comes after the most of a kind is `other`. */

export const OTHER = 'other'

export interface LabelSet {
  /** The value itself while there is room for it. */
  of(value: string): string
}

const LONGEST = 200

export function createLabelSet(most: number): LabelSet {
  const seen = new Set<string>()
  return {
    of(value) {
      if (seen.has(value)) return value
      if (seen.size >= most || value.length > LONGEST) return OTHER
      seen.add(value)
      return value
    },
  }
}
