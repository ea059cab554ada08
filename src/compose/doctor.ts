/** What one provider lacks, found without a running gateway and without spending. */
import type { Config, Environment, ProviderConfig } from '../config/index.ts'
import { HalftoneError } from '../core/error.ts'
import type { Offer } from '../core/offer.ts'
import { type Fact, type FactName, factNames } from '../core/offer-facts.ts'
import { rateSummary } from '../core/pricing/index.ts'
import type { ProviderExam, ProviderNeeds } from '../core/provider-exam.ts'
import { isRetired } from '../core/routing/index.ts'
import type { GatewayState } from '../gateway/state.ts'
import { ownBaseUrl, type ProviderDefinition } from '../providers/define-provider.ts'
import { isProviderType, providers, providerTypes } from '../providers/index.ts'
import { requiredOptions } from '../providers/usual-keys.ts'
import { systemClock } from '../system-clock.ts'
import { definitionOf } from './modules.ts'
import { buildState } from './state.ts'

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
  if (account.disabled) return examineState(account, env)
  const state = await buildState({ ...config, providers: { [name]: account } }, systemClock)
  try {
    const probe = await state.providers.get(name)?.probe?.(signal).catch(asProbeFailure)
    return await examineState(account, env, { state, probe })
  } finally {
    await Promise.all([...state.providers.values()].map((provider) => provider.close()))
  }
}

interface Examined {
  readonly state: Pick<GatewayState, 'offers' | 'prices' | 'discovered'>
  readonly probe: Configured['probe']
}

type Configured = Extract<ProviderExam, { readonly kind: 'configured' }>

/** What can be said of an account from the state it is used in, without asking it anything; of a disabled one nothing is built. */
export async function examineState(account: ProviderConfig, env: Environment, examined?: Examined): Promise<Configured> {
  const { name } = account
  const nowUs = systemClock.nowUs()
  const today = new Date(nowUs / 1_000).toISOString().slice(0, 10)
  const own = examined?.state.offers.filter((offer) => offer.provider === name) ?? []
  const live = own.filter((offer) => !isRetired(offer, today))
  const ids = (offers: readonly Offer[]): readonly string[] => offers.map(({ id }) => id)
  const isUnpriced = (offer: Offer): boolean =>
    examined !== undefined && rateSummary(examined.state.prices, offer, nowUs) === undefined
  return {
    kind: 'configured',
    needs: needsOf(await definitionOf(account), env),
    managedBy: account.managedBy,
    disabled: account.disabled,
    keys: (account.apiKey ? 1 : 0) + (account.moreApiKeys?.length ?? 0),
    offers: ids(live),
    unpriced: ids(live.filter(isUnpriced)),
    assumed: ids(live.filter(({ assumed }) => assumed)),
    retired: ids(own.filter((offer) => isRetired(offer, today))),
    unknownFacts: unknownFactsOf(live),
    probe: examined?.probe,
    discoveryProblem: examined?.state.discovered.get(name)?.problem,
  }
}

/** Types nothing is configured of, by name. */
export const availableTypes = (configured: ReadonlySet<string>, env: Environment): readonly ProviderNeeds[] =>
  providerTypes
    .filter((type) => !configured.has(type))
    .sort()
    .flatMap((type) => (isProviderType(type) ? [needsOf(providers[type], env)] : []))

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
