/** API keys: as configured, or the usual variable of a type. */
import { nearMatches } from '../core/near-match.ts'
import type { FileProvider, ProviderEntry } from './provider-entry.ts'
import type { Findings, ResolveContext } from './resolve-context.ts'
import { printable } from './schema-providers.ts'
import { Secret } from './secret.ts'

/** Of the first variable of the type that is set. */
export function usualKey(type: string, { env, providerVariables }: ResolveContext, found: Findings): Secret | undefined {
  const variable = providerVariables.find((it) => it.type === type && env[it.variable])?.variable
  const value = variable && env[variable]
  if (!value) return undefined
  if (!printable.test(value))
    found.variableProblem(variable, 'must be printable ASCII without blanks', 'Check for a stray blank or line break.')
  return new Secret(value)
}

/** The keys as configured, else the type's usual variable; that one only goes to the type's own host. */
export function resolveApiKeys(entry: ProviderEntry): readonly Secret[] {
  const { name, provider, found } = entry
  if (provider.apiKeys && provider.apiKey !== undefined)
    found.problem(['providers', name, 'apiKeys'], 'cannot be given with apiKey', 'Put all keys into the list.', 'key')
  if (provider.apiKeys)
    return provider.apiKeys.flatMap((key, index) => credentialOf(key, ['providers', name, 'apiKeys', index], entry) ?? [])
  if (provider.apiKey !== undefined) return [credentialOf(provider.apiKey, ['providers', name, 'apiKey'], entry) ?? []].flat()
  const usual = usualApiKey(entry)
  return usual ? [usual] : []
}

function usualApiKey({ name, type, provider, context, found }: ProviderEntry): Secret | undefined {
  if (provider.baseUrl !== undefined || provider.module !== undefined || provider.disabled) return undefined
  const variables = context.providerVariables.filter((it) => it.type === type).map(({ variable }) => variable)
  const key = usualKey(type, context, found)
  if (variables.length > 0 && !key)
    found.warning(['providers', name], 'has no API key', `Set ${variables.join(' or ')}, or add apiKey.`)
  return key
}

function credentialOf(
  key: NonNullable<FileProvider['apiKey']>,
  at: readonly PropertyKey[],
  { context, found }: ProviderEntry,
): Secret | undefined {
  if (key instanceof Secret) return key
  const { env: variable } = key
  const value = context.env[variable]
  const path = [...at, 'env']
  if (!value) {
    const near = nearMatches(variable, Object.keys(context.env), 1)[0]
    const hint = near === undefined || near === variable ? '' : `, or write ${near}`
    found.problem(path, `the environment variable ${variable} is ${value === '' ? 'empty' : 'not set'}`, `Set it${hint}.`)
    return undefined
  }
  if (!printable.test(value)) {
    found.problem(
      path,
      `the value of ${variable} must be printable ASCII without blanks`,
      'Check for a stray blank or line break.',
    )
  }
  return new Secret(value)
}
