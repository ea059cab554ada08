/** Names of keys and projects, where the API has their ids. One naming on every page. */
import type { BudgetWire } from '../../../../src/contract/admin.ts'

/** By id. What stands twice has its id beside it, so that a name means one thing. */
export interface Names {
  readonly keys: ReadonlyMap<string, string>
  readonly projects: ReadonlyMap<string, string>
}

interface Named {
  readonly id: string
  readonly name: string
}

export const noNames: Names = { keys: new Map(), projects: new Map() }

export const namesOf = (keys: readonly Named[], projects: readonly Named[]): Names => ({
  keys: apart(keys),
  projects: apart(projects),
})

function apart(all: readonly Named[]): ReadonlyMap<string, string> {
  const taken = new Map<string, number>()
  for (const { id, name } of all) for (const word of new Set([id, name])) taken.set(word, (taken.get(word) ?? 0) + 1)
  return new Map(all.map(({ id, name }) => [id, name !== id && (taken.get(name) ?? 0) > 1 ? `${name} (${id})` : name]))
}

/** A value of a dimension of insight as people call it; undefined: it has no other name. */
export function nameOf(names: Names, dimension: string, value: string): string | undefined {
  if (dimension === 'project') return names.projects.get(value)
  return dimension === 'key' ? names.keys.get(value) : undefined
}

/** What a budget limits: `Project Shop`, `The whole gateway`. */
export function scopeText({ scope, scope_value: value }: Pick<BudgetWire, 'scope' | 'scope_value'>, names: Names): string {
  switch (scope) {
    case 'global':
      return 'The whole gateway'
    case 'key':
    case 'project':
      return `${scope === 'key' ? 'Key' : 'Project'} ${nameOf(names, scope, value) ?? value}`
    case 'customer':
      return `Customer ${value}`
    default:
      return `Tag ${value}`
  }
}

/** The id behind a name, where the two differ: for a title. */
export const idBehind = (
  { scope, scope_value: value }: Pick<BudgetWire, 'scope' | 'scope_value'>,
  names: Names,
): string | undefined => {
  const name = nameOf(names, scope, value)
  return name === undefined || name === value ? undefined : value
}
