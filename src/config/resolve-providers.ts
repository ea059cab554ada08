/** `providers` resolved: credentials, URLs, models and the operator's prices. */
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { nearMatches } from '../core/near-match.ts'
import type { OfferFacts } from '../core/offer-facts.ts'
import type { ProviderVariable } from './environment.ts'
import { findings } from './issues.ts'
import type { FileProvider, ProviderEntry } from './provider-entry.ts'
import { type Findings, named, type ResolveContext } from './resolve-context.ts'
import { resolveApiKeys, usualKey } from './resolve-credentials.ts'
import { ownPrices } from './resolve-own-prices.ts'
import type { FileSettings } from './schema.ts'
import type { JsonSchema } from './schema-keys.ts'
import type { Secret } from './secret.ts'
import type { ModelConfig, ProviderConfig } from './types.ts'
import { checkHttpUrl, isPrivateHost } from './url.ts'

export function resolveProviders(
  settings: FileSettings,
  context: ResolveContext,
  found: Findings,
): Readonly<Record<string, ProviderConfig>> {
  const fromFile = Object.entries(settings.providers).map(([name, provider]) => {
    const type = context.modules.get(name)?.type ?? provider.type ?? name
    const entry: ProviderEntry = { name, type, provider, context, found }
    return [name, resolveProvider(entry, settings.network.allowPrivateHosts)] as const
  })
  const fileTypes = new Set(fromFile.flatMap(([name, { type }]) => [name, type]))
  const fromEnvironment = usualTypes(context).flatMap(({ name, type }) => {
    if (fileTypes.has(name) || fileTypes.has(type) || context.declaredProviders.includes(name)) return []
    const apiKey = usualKey(type, context, found)
    return apiKey ? [[name, environmentProvider({ name, type, apiKey, context })] as const] : []
  })
  return named([...fromFile, ...fromEnvironment])
}

/** Types that a key alone enables, each once. */
const usualTypes = ({ providerVariables }: ResolveContext): readonly ProviderVariable[] =>
  providerVariables.filter(
    (variable, index) => variable.enables && providerVariables.findIndex((it) => it.type === variable.type) === index,
  )

interface EnvironmentEntry {
  readonly name: string
  readonly type: string
  readonly apiKey: Secret
  readonly context: ResolveContext
}

const environmentProvider = ({ name, type, apiKey, context }: EnvironmentEntry): ProviderConfig => ({
  name,
  type,
  managedBy: 'environment',
  apiKey,
  ...defaultOptions(context.optionsOf?.(type)),
  headers: named([]),
  timeoutMs: 300_000,
  batchTimeoutMs: 93_600_000,
  disabled: false,
})

function resolveProvider(entry: ProviderEntry, privateHosts: readonly string[]): ProviderConfig {
  const { name, type, provider, context, found } = entry
  checkType(entry)
  const module = context.modules.get(name)
  const baseUrl = resolveBaseUrl(entry, privateHosts)
  const [apiKey, ...moreApiKeys] = resolveApiKeys(entry)
  const options = resolveOptions(entry)
  const models = provider.models?.map((model) => resolveModel(name, model))
  const seen = new Set<string>()
  models?.forEach(({ model, region = '', tier = '' }, index) => {
    const id = `${model}@${region}+${tier}`
    if (seen.has(id)) found.problem(['providers', name, 'models', index], 'stands twice', 'Remove one of the two.')
    seen.add(id)
  })
  return {
    name,
    type,
    managedBy: 'file',
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(module === undefined ? {} : { module: module.path }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(moreApiKeys.length === 0 ? {} : { moreApiKeys }),
    ...(options === undefined ? {} : { options }),
    headers: named(Object.entries(provider.headers ?? {})),
    ...(models ? { models } : {}),
    ...(provider.prices ? { prices: ownPrices(entry, provider.prices) } : {}),
    timeoutMs: provider.timeoutMs,
    batchTimeoutMs: provider.batchTimeoutMs,
    ...(provider.retries === undefined ? {} : { retries: provider.retries }),
    ...(provider.concurrency === undefined ? {} : { concurrency: provider.concurrency }),
    ...(provider.requestsPerMinute === undefined ? {} : { requestsPerMinute: provider.requestsPerMinute }),
    ...(provider.imagesPerMinute === undefined ? {} : { imagesPerMinute: provider.imagesPerMinute }),
    ...(provider.region === undefined ? {} : { region: provider.region }),
    ...(provider.facts === undefined ? {} : { facts: ownFacts(entry, provider.facts) }),
    disabled: provider.disabled,
  }
}

/** Not the name of a package: which one that is would depend on where Halftone is installed. */
export const isModulePath = (text: string): boolean => /^(\.{1,2})?\/./.test(text)

function checkType({ name, type, provider, context: { providerTypes }, found }: ProviderEntry): void {
  if (name === 'sandbox' && type !== 'sandbox') {
    found.problem(['providers', name], 'is the name of the built-in sandbox', 'Rename the provider.', 'key')
  }
  if (provider.module !== undefined) {
    if (!isModulePath(provider.module))
      found.problem(['providers', name, 'module'], 'must be a path', 'Write it relative to this file, such as ./my-provider.mjs.')
    if (provider.type !== undefined)
      found.problem(['providers', name, 'type'], 'cannot be given with module', 'Remove it: the module says its own type.', 'key')
    return
  }
  if (providerTypes === undefined || providerTypes.includes(type)) return
  const near = nearMatches(type, providerTypes, 1)[0]
  const remedy = near ? `Did you mean ${near}?` : `Known types: ${providerTypes.join(', ')}.`
  if (provider.type === undefined) found.problem(['providers', name], 'needs a type, as its name is none', remedy, 'key')
  else found.problem(['providers', name, 'type'], 'is not a known provider type', remedy)
}

function resolveBaseUrl({ name, provider, found }: ProviderEntry, privateHosts: readonly string[]): string | undefined {
  if (provider.baseUrl === undefined) return undefined
  const path = ['providers', name, 'baseUrl']
  const check = checkHttpUrl(provider.baseUrl)
  if (check.kind === 'bad') {
    found.problem(path, check.message, check.remedy)
    return undefined
  }
  if (!check.plainHttp) return check.url
  const { hostname } = new URL(check.url)
  if (!isPrivateHost(hostname) && !privateHosts.includes(hostname)) {
    found.problem(path, 'is plain http to a public host', 'Use https, or list the host under network.allowPrivateHosts.')
  } else if ((provider.apiKey ?? provider.apiKeys) && !/^(localhost|127\..*|\[::1\])$/.test(hostname)) {
    found.warning(path, 'sends the API key over plain http', 'Use https unless the network between is yours.')
  }
  return check.url
}

/** Held to the type's own schema; undefined when there is nothing to say. */
function resolveOptions({ name, type, provider, context, found }: ProviderEntry): JsonObject | undefined {
  const { options } = provider
  const module = context.modules.get(name)
  const isKnown = context.optionsOf !== undefined && (provider.module === undefined || module !== undefined)
  if (!isKnown) return options
  const schema = module ? module.options : context.optionsOf?.(type)
  const path = ['providers', name, 'options']
  if (!schema) {
    if (options) found.problem(path, `has no meaning: the type ${type} takes none`, 'Remove it.', 'key')
    return undefined
  }
  const parsed = schema.safeParse(options ?? {})
  if (parsed.success) return options || Object.keys(parsed.data as object).length > 0 ? (parsed.data as JsonObject) : undefined
  // Keys and meanings in the remedies are those of the options, not of the whole file.
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  for (const finding of findings(parsed.error.issues, options ?? {}, described))
    found.problem([...path, ...finding.path], finding.message, finding.remedy, finding.what)
  return undefined
}

/** Of a type that nobody configured: what its schema fills in. */
function defaultOptions(schema: z.ZodType | undefined): Pick<ProviderConfig, 'options'> {
  const parsed = schema?.safeParse({})
  return parsed?.success && Object.keys(parsed.data as object).length > 0 ? { options: parsed.data as JsonObject } : {}
}

function resolveModel(provider: string, model: NonNullable<FileProvider['models']>[number]): ModelConfig {
  if (typeof model !== 'string') return model
  return { id: model, model: model.includes('/') ? model : `${provider}/${model}`, capabilities: {} }
}

/** What the operator says, with the file as its source. */
function ownFacts({ name, context }: ProviderEntry, facts: NonNullable<FileProvider['facts']>): OfferFacts {
  const { checkedAt = context.pricesCheckedAt, note, ...values } = facts
  const source = { kind: 'operator', url: `providers.${name}.facts`, checkedAt, ...(note === undefined ? {} : { note }) } as const
  // The schema checked each value against its name.
  return Object.fromEntries(Object.entries(values).map(([fact, value]) => [fact, { value, source }])) as OfferFacts
}
