/** Kinds of providers to choose from, and whether those that are configured answer. */
import type { Config } from '../../config/index.ts'
import type { ProviderDefinition } from '../../providers/define-provider.ts'
import { providers } from '../../providers/index.ts'
import { type RequiredOption, requiredOptions } from '../../providers/usual-keys.ts'
import { systemClock } from '../../system-clock.ts'
import { buildState } from '../state.ts'

/** A kind of provider that can be configured. */
export interface ProviderChoice {
  readonly type: string
  /** It has no address of its own. */
  readonly needsBaseUrl: boolean
  readonly requiresKey: boolean
  /** The variable that its own tools read. */
  readonly variable: string | undefined
  /** Options it cannot do without. */
  readonly options: readonly RequiredOption[]
  /** Its server says itself which models it has. */
  readonly findsModels: boolean
}

export const providerChoices = (): readonly ProviderChoice[] =>
  Object.entries<ProviderDefinition>(providers).map(([type, definition]) => ({
    type,
    needsBaseUrl: definition.baseUrl === undefined,
    requiresKey: definition.requiresKey,
    variable: definition.keyVariables?.[0],
    options: requiredOptions(definition),
    findsModels: definition.discover !== undefined,
  }))

export interface ProviderTest {
  readonly name: string
  readonly ok: boolean
  /** One line: what was tried, what came back. */
  readonly message: string
}

/** Test each configured provider with a call that costs nothing; the sandbox is left out. Never rejects for what one answers. */
export async function probeProviders(config: Config, signal: AbortSignal): Promise<readonly ProviderTest[]> {
  const state = await buildState(config, systemClock)
  const all = [...state.providers.values()]
  try {
    return await Promise.all(
      all
        .filter(({ name }) => Object.hasOwn(config.providers, name))
        .map(async ({ name, probe }) => ({
          name,
          ...((await probe?.(signal)) ?? { ok: true, message: 'there is no call that costs nothing, so it was not tested' }),
        })),
    )
  } finally {
    await Promise.all(all.map((provider) => provider.close()))
  }
}
