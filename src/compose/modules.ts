/** What the configuration is told of provider types, and the import of operators' own. */
import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { LoadModule, LoadOptions } from '../config/index.ts'
import { HalftoneError } from '../core/error.ts'
import type { ProviderDefinition } from '../providers/define-provider.ts'
import { isProviderType, providers, providerTypes } from '../providers/index.ts'
import { checkDefinition, type DefinitionCheck } from '../providers/operator-module.ts'
import { optionsOf, usualVariables } from '../providers/usual-keys.ts'

const loadModule: LoadModule = async (path) => {
  const imported = await importDefinition(path)
  if (imported.kind === 'problem')
    return { kind: 'failed', message: imported.message, remedy: 'See docs/guide/add-a-provider.md for what a module exports.' }
  const { id, options } = imported.definition
  return { kind: 'loaded', type: id, ...(options && { options }) }
}

/** For `loadConfig`, wherever provider types matter. */
export const providerKnowledge = {
  providerTypes,
  providerVariables: usualVariables,
  optionsOf,
  loadModule,
} as const satisfies Partial<LoadOptions>

/** The definition an account is run by. Throws `config_invalid` for a module that stopped loading since it was checked. */
export async function definitionOf(account: {
  readonly name: string
  readonly type: string
  readonly module?: string
}): Promise<ProviderDefinition> {
  if (account.module === undefined) {
    if (isProviderType(account.type)) return providers[account.type]
    throw new HalftoneError('config_invalid', `providers.${account.name}: there is no provider type "${account.type}".`)
  }
  const imported = await importDefinition(account.module)
  if (imported.kind === 'definition') return imported.definition
  throw new HalftoneError('config_invalid', `providers.${account.name}.module: ${account.module} ${imported.message}.`)
}

async function importDefinition(path: string): Promise<DefinitionCheck> {
  const changedMs = await stat(path).then(
    (found) => (found.isFile() ? found.mtimeMs : undefined),
    () => undefined,
  )
  if (changedMs === undefined) return { kind: 'problem', message: 'is no file' }
  try {
    // A module is kept for the life of the process by its address, so a changed file needs another one.
    const { default: exported } = (await import(`${pathToFileURL(path).href}?changed=${changedMs}`)) as { default?: unknown }
    return checkDefinition(exported)
  } catch (error) {
    return { kind: 'problem', message: `cannot be loaded: ${error instanceof Error ? error.message : String(error)}` }
  }
}
