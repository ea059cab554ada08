/** Usage that a provider reports and no meter stands for: kept with the attempt and told, never guessed at. */
import type { JsonObject } from '../../core/json.ts'
import type { Warning } from '../../core/offer.ts'
import { asObject } from './read.ts'

export interface UnknownUsage {
  readonly path: string
  readonly amount: number
}

/** What was not recognised, with its amount: the warning is kept with the attempt. */
export const unrecognized = (unknown: readonly UnknownUsage[]): readonly Warning[] =>
  unknown.map(({ path, amount }) => ({
    code: 'usage_unrecognized',
    message: `The provider reported "${path}": ${amount}, for which there is no meter.`,
  }))

/** Warnings for the numbers of a usage block that are not among `known`, given as dotted paths. */
export const unknownNumbers = (usage: JsonObject | undefined, known: ReadonlySet<string>): readonly Warning[] =>
  unrecognized(numbersIn(usage).filter(({ path }) => !known.has(path)))

/** A `warnings` member, only where there is something to tell. */
export const toldBy = (warnings: readonly Warning[]): { readonly warnings?: readonly Warning[] } =>
  warnings.length === 0 ? {} : { warnings }

/** All numbers other than zero, two levels deep and a third for details of details. */
export function numbersIn(value: JsonObject | undefined, prefix = '', depth = 0): UnknownUsage[] {
  if (!value || depth > 3) return []
  return Object.entries(value).flatMap(([name, member]) => {
    if (typeof member === 'number') return member === 0 ? [] : [{ path: `${prefix}${name}`, amount: member }]
    return numbersIn(asObject(member), `${prefix}${name}.`, depth + 1)
  })
}
