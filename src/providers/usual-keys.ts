/** What the configuration needs to know of provider types without knowing any of them. */
import { z } from 'zod'
import { ownBaseUrl, type ProviderDefinition } from './define-provider.ts'
import { isProviderType, providers } from './index.ts'

export interface UsualVariable {
  readonly variable: string
  /** The configured name it gets: that of the type. */
  readonly name: string
  readonly type: string
  /** A key is all it takes; else the file has to name an address or options. */
  readonly enables: boolean
}

/** Usual environment variables of keys, by type, the name to tell people first. */
export const usualVariables: readonly UsualVariable[] = Object.entries<ProviderDefinition>(providers).flatMap(
  ([type, definition]) =>
    (definition.keyVariables ?? []).map((variable) => ({ variable, name: type, type, enables: needsOnlyKey(definition) })),
)

function needsOnlyKey(definition: ProviderDefinition): boolean {
  const options = definition.options?.safeParse({})
  if (options?.success === false) return false
  return ownBaseUrl(definition, options ? { options: options.data as Readonly<Record<string, never>> } : {}) !== undefined
}

/** The schema of a built-in type's `options`; undefined when it takes none. */
export const optionsOf = (type: string): z.ZodType | undefined => {
  const definition: ProviderDefinition | undefined = isProviderType(type) ? providers[type] : undefined
  return definition?.options
}

export interface RequiredOption {
  readonly name: string
  readonly description: string
}

/** Options without which a type does not work, as its schema describes them. */
export function requiredOptions({ options }: ProviderDefinition): readonly RequiredOption[] {
  if (!options) return []
  const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }) as {
    readonly properties?: Readonly<Record<string, { readonly description?: string }>>
    readonly required?: readonly string[]
  }
  return (schema.required ?? []).map((name) => ({ name, description: schema.properties?.[name]?.description ?? '' }))
}
