/** A provider type out of an operator's own module: is what it exports a definition at all? */
import type { ProviderDefinition } from './define-provider.ts'

export type DefinitionCheck =
  | { readonly kind: 'definition'; readonly definition: ProviderDefinition }
  /** What is wrong with it, such as `encode must be a function`. */
  | { readonly kind: 'problem'; readonly message: string }

const functions = ['offers', 'encode', 'decode'] as const
const optionalFunctions = ['auth', 'createAuthorizer', 'decodeEvent', 'probe'] as const

/** The shape only; whether it speaks its provider's language is for its fixtures to say. */
export function checkDefinition(value: unknown): DefinitionCheck {
  if (typeof value !== 'object' || value === null) return problem('its default export must be a provider definition, an object')
  const members = value as Readonly<Record<string, unknown>>
  const message = shapeProblem(members)
  if (message !== undefined) return problem(`its default export is no provider definition: ${message}`)
  // Checked member by member above; what the functions do cannot be.
  return { kind: 'definition', definition: value as ProviderDefinition }
}

const problem = (message: string): DefinitionCheck => ({ kind: 'problem', message })

function shapeProblem(members: Readonly<Record<string, unknown>>): string | undefined {
  const { id, requiresKey, bodyKeys, baseUrl, options } = members
  if (typeof id !== 'string' || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(id)) return 'id must be a lower-case name such as my-provider'
  const noFunction =
    functions.find((name) => typeof members[name] !== 'function') ??
    optionalFunctions.find((name) => members[name] !== undefined && typeof members[name] !== 'function')
  if (noFunction) return `${noFunction} must be a function`
  if (members['auth'] === undefined && members['createAuthorizer'] === undefined) return 'auth must be a function'
  if (typeof requiresKey !== 'boolean') return 'requiresKey must be true or false'
  if (!Array.isArray(bodyKeys) || bodyKeys.some((key) => typeof key !== 'string')) return 'bodyKeys must be a list of texts'
  if (baseUrl !== undefined && typeof baseUrl !== 'string' && typeof baseUrl !== 'function') return 'baseUrl must be text'
  if (options !== undefined && typeof (options as { safeParse?: unknown } | null)?.safeParse !== 'function')
    return 'options must be a zod schema'
  return undefined
}
