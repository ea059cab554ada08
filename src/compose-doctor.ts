/** What one provider lacks, found without a running gateway and without spending. */
import { definitionOf } from './compose-modules.ts'
import { buildState } from './compose-state.ts'
import type { Config, Environment } from './config/index.ts'
import { HalftoneError } from './core/error.ts'
import type { Offer } from './core/offer.ts'
import { type Fact, type FactName, factNames } from './core/offer-facts.ts'
import { rateSummary } from './core/pricing/index.ts'
import { isRetired } from './core/routing/index.ts'
import { ownBaseUrl, type ProviderDefinition } from './providers/define-provider.ts'
import { isProviderType, providers, providerTypes } from './providers/index.ts'
import { requiredOptions } from './providers/usual-keys.ts'
import { systemClock } from './system-clock.ts'

/** What a type needs from its operator. */
export interface ProviderNeeds {
  readonly type: string
  readonly requiresKey: boolean
  /** Usual variables of the key, and whether each is set. */
  readonly variables: readonly { readonly variable: string; readonly isSet: boolean }[]
  readonly needsBaseUrl: boolean
  /** Options without which it does not work. */
  readonly options: readonly string[]
  readonly documentation: string | undefined
}

export type ProviderExam =
  | { readonly kind: 'unknown'; readonly configured: readonly string[]; readonly types: readonly string[] }
  /** A type that could be configured. */
  | { readonly kind: 'available'; readonly needs: ProviderNeeds }
  | {
      readonly kind: 'configured'
      readonly needs: ProviderNeeds
      readonly managedBy: string
      readonly disabled: boolean
      readonly keys: number
      readonly offers: readonly string[]
      /** Listed, never chosen. */
      readonly unpriced: readonly string[]
      /** Of an unconfirmed wire format: chosen only when they are named. */
      readonly assumed: readonly string[]
      readonly retired: readonly string[]
      /** Offers of which a fact is unknown, by fact. */
      readonly unknownFacts: Readonly<Record<FactName, number>>
      /** Undefined: no call of it is free. */
      readonly probe: { readonly ok: boolean; readonly message: string } | undefined
      /** Why the server did not say what it serves; undefined when it did, or is not asked. */
      readonly discoveryProblem: string | undefined
    }

/** Look at the provider or type `name`. Reaches its host with calls that are free. */
export async function examineProvider(
  config: Config,
  env: Environment,
  name: string,
  signal: AbortSignal,
): Promise<ProviderExam> {
  const account = Object.hasOwn(config.providers, name) ? config.providers[name] : undefined
  if (!account) {
    if (isProviderType(name)) return { kind: 'available', needs: needsOf(providers[name], env) }
    return { kind: 'unknown', configured: Object.keys(config.providers), types: providerTypes }
  }
  const definition = await definitionOf(account)
  const common = {
    kind: 'configured',
    needs: needsOf(definition, env),
    managedBy: account.managedBy,
    disabled: account.disabled,
    keys: (account.apiKey ? 1 : 0) + (account.moreApiKeys?.length ?? 0),
  } as const
  if (account.disabled)
    return {
      ...common,
      offers: [],
      unpriced: [],
      assumed: [],
      retired: [],
      unknownFacts: unknownFactsOf([]),
      probe: undefined,
      discoveryProblem: undefined,
    }
  const state = await buildState({ ...config, providers: { [name]: account } }, systemClock)
  try {
    const provider = state.providers.get(name)
    const nowUs = systemClock.nowUs()
    const today = new Date(nowUs / 1_000).toISOString().slice(0, 10)
    const own = state.offers.filter((offer) => offer.provider === name)
    const live = own.filter((offer) => !isRetired(offer, today))
    const ids = (offers: readonly Offer[]): readonly string[] => offers.map(({ id }) => id)
    return {
      ...common,
      offers: ids(live),
      unpriced: ids(live.filter((offer) => rateSummary(state.prices, offer, nowUs) === undefined)),
      assumed: ids(live.filter(({ assumed }) => assumed)),
      retired: ids(own.filter((offer) => isRetired(offer, today))),
      unknownFacts: unknownFactsOf(live),
      probe: await provider?.probe?.(signal).catch(asProbeFailure),
      discoveryProblem: state.discovered.get(name)?.problem,
    }
  } finally {
    await Promise.all([...state.providers.values()].map((provider) => provider.close()))
  }
}

/** What is only assumed counts as unknown, as it does for routes. */
function unknownFactsOf(offers: readonly Offer[]): Readonly<Record<FactName, number>> {
  const isUnknown = (fact: Fact<unknown> | undefined): boolean => fact === undefined || fact.source.kind === 'assumed'
  const counted = factNames.map((name) => [name, offers.filter(({ facts }) => isUnknown(facts?.[name])).length] as const)
  // One entry per name.
  return Object.fromEntries(counted) as Record<FactName, number>
}

/** Credentials that cannot be used at all, such as a key file that is none. */
function asProbeFailure(error: unknown): { readonly ok: false; readonly message: string } {
  if (error instanceof HalftoneError) return { ok: false, message: error.message }
  throw error
}

function needsOf(definition: ProviderDefinition, env: Environment): ProviderNeeds {
  const { id, requiresKey, keyVariables = [], options, facts } = definition
  const parsed = options?.safeParse({})
  return {
    type: id,
    requiresKey,
    variables: keyVariables.map((variable) => ({ variable, isSet: Boolean(env[variable]) })),
    needsBaseUrl: definition.baseUrl === undefined || (parsed?.success !== false && ownBaseUrl(definition, {}) === undefined),
    options: requiredOptions(definition).map(({ name }) => name),
    documentation: facts?.documentation,
  }
}
