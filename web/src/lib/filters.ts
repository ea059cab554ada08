/** Filters in the URL: several values of one filter stand in one parameter, `outcome=refused,error`. */

const MAX_VALUES = 20
const MAX_LENGTH = 256

/** The values of a parameter, without doubles; what is no text is none. */
export function valuesOf(value: unknown): readonly string[] {
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'string') return []
  const values = value.split(',').filter((each) => each !== '' && each.length <= MAX_LENGTH)
  return [...new Set(values)].slice(0, MAX_VALUES)
}

/** The parameter of several values; undefined when there is none, which leaves it out of the URL. */
export const joinValues = (values: readonly string[]): string | undefined => (values.length > 0 ? values.join(',') : undefined)

/** `value` put in or taken out. */
export const toggleValue = (values: readonly string[], value: string): readonly string[] =>
  values.includes(value) ? values.filter((each) => each !== value) : [...values, value]

/** One short text, trimmed; anything else is undefined. The router reads digits as a number. */
export function textOf(value: unknown, maxLength = MAX_LENGTH): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text.trim() !== '' && text.length <= maxLength ? text.trim() : undefined
}

/** An object without its undefined entries: search parameters for the router. */
export function definedOnly<Values extends object>(values: Values): { [Key in keyof Values]: Exclude<Values[Key], undefined> } {
  // Entries are only left out, so each that stays has the type it had.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Values]: Exclude<Values[Key], undefined>
  }
}
