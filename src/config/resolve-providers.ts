/** `providers` resolved: credentials, URLs, models and the operator's prices. */
import { z } from 'zod'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { nearMatches } from '../core/near-match.ts'
import type { OfferFacts } from '../core/offer-facts.ts'
import { compilePriceBooks } from '../core/pricing/compile.ts'
import type { PriceBook, Rate, Sku } from '../core/pricing/price-book.ts'
import type { Meter } from '../core/usage.ts'
import type { ProviderVariable } from './environment.ts'
import { findings } from './issues.ts'
import { type Findings, named, type ResolveContext } from './resolve-context.ts'
import type { FileSettings } from './schema.ts'
import type { JsonSchema } from './schema-keys.ts'
import { type PriceOverlay, simpleMeters } from './schema-prices.ts'
import { printable } from './schema-providers.ts'
import { Secret } from './secret.ts'
import type { ModelConfig, ProviderConfig } from './types.ts'
import { checkHttpUrl, isPrivateHost } from './url.ts'

type FileProvider = FileSettings['providers'][string]

interface Entry {
  readonly name: string
  readonly type: string
  readonly provider: FileProvider
  readonly context: ResolveContext
  readonly found: Findings
}

export function resolveProviders(
  settings: FileSettings,
  context: ResolveContext,
  found: Findings,
): Readonly<Record<string, ProviderConfig>> {
  const fromFile = Object.entries(settings.providers).map(([name, provider]) => {
    const type = context.modules.get(name)?.type ?? provider.type ?? name
    const entry: Entry = { name, type, provider, context, found }
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

/** Of the first variable of the type that is set. */
function usualKey(type: string, { env, providerVariables }: ResolveContext, found: Findings): Secret | undefined {
  const variable = providerVariables.find((it) => it.type === type && env[it.variable])?.variable
  const value = variable && env[variable]
  if (!value) return undefined
  if (!printable.test(value))
    found.variableProblem(variable, 'must be printable ASCII without blanks', 'Check for a stray blank or line break.')
  return new Secret(value)
}

function resolveProvider(entry: Entry, privateHosts: readonly string[]): ProviderConfig {
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
    ...(provider.prices ? { prices: checkedBook(entry, overlayBook(entry, provider.prices)) } : {}),
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

function checkType({ name, type, provider, context: { providerTypes }, found }: Entry): void {
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

function resolveBaseUrl({ name, provider, found }: Entry, privateHosts: readonly string[]): string | undefined {
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

/** The keys as configured, else the type's usual variable; that one only goes to the type's own host. */
function resolveApiKeys(entry: Entry): readonly Secret[] {
  const { name, provider, found } = entry
  if (provider.apiKeys && provider.apiKey !== undefined)
    found.problem(['providers', name, 'apiKeys'], 'cannot be given with apiKey', 'Put all keys into the list.', 'key')
  if (provider.apiKeys)
    return provider.apiKeys.flatMap((key, index) => credentialOf(key, ['providers', name, 'apiKeys', index], entry) ?? [])
  if (provider.apiKey !== undefined) return [credentialOf(provider.apiKey, ['providers', name, 'apiKey'], entry) ?? []].flat()
  const usual = usualApiKey(entry)
  return usual ? [usual] : []
}

function usualApiKey({ name, type, provider, context, found }: Entry): Secret | undefined {
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
  { context, found }: Entry,
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

/** Held to the type's own schema; undefined when there is nothing to say. */
function resolveOptions({ name, type, provider, context, found }: Entry): JsonObject | undefined {
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

const ALWAYS = '1970-01-01'

/** What is billed when nothing says otherwise: success, and whatever cannot be known to be free. */
const defaultBilledPolicy = {
  success: '1',
  refusedBefore: '0',
  refusedAfter: 'unknown',
  providerError: '0',
  timeout: 'unknown',
  cancelled: 'unknown',
} as const satisfies Sku['billedPolicy']

/** What only the price compiler knows: overlapping rates, gaps in dates, ids used twice. */
function checkedBook({ name, found }: Entry, book: PriceBook): PriceBook {
  const path = ['providers', name, 'prices']
  const faults = book.skus.filter((sku) => compileFault(found, [...path, sku.model], { ...book, skus: [sku] }))
  if (faults.length === 0) compileFault(found, path, book)
  return book
}

function compileFault(found: Findings, path: readonly string[], book: PriceBook): boolean {
  try {
    compilePriceBooks({ books: [], fx: [], overlays: [{ provider: book.provider, book, hash: '' }] })
    return false
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    found.problem(path, `cannot be used: ${error.message.replace(/\.$/, '')}`, 'Correct the rates.')
    return true
  }
}

/** What the operator says, with the file as its source. */
function ownFacts({ name, context }: Entry, facts: NonNullable<FileProvider['facts']>): OfferFacts {
  const { checkedAt = context.pricesCheckedAt, note, ...values } = facts
  const source = { kind: 'operator', url: `providers.${name}.facts`, checkedAt, ...(note === undefined ? {} : { note }) } as const
  // The schema checked each value against its name.
  return Object.fromEntries(Object.entries(values).map(([fact, value]) => [fact, { value, source }])) as OfferFacts
}

function overlayBook({ name, type, context }: Entry, prices: Readonly<Record<string, PriceOverlay>>): PriceBook {
  return {
    provider: type,
    unit: 'USD',
    source: {
      url: `providers.${name}.prices`,
      kind: 'assumption',
      checkedAt: context.pricesCheckedAt,
      note: "The operator's own price.",
    },
    skus: Object.entries(prices).map(([model, price]) => overlaySku(name, model, price)),
  }
}

function overlaySku(provider: string, model: string, price: PriceOverlay): Sku {
  const id = price.id ?? `config:${provider}:${model}`
  const { effectiveFrom = ALWAYS, rates, billedPolicy = defaultBilledPolicy, ...rest } = price
  const amounts = Object.entries(simpleMeters) as [keyof typeof simpleMeters, Meter][]
  const short = amounts.flatMap(([key, meter]): Rate[] => {
    const amount = price[key]
    // The amount is part of the id: charges name the rate, so another amount must be another rate.
    return amount === undefined ? [] : [{ id: `${id}:${meter}=${amount}@${effectiveFrom}`, meter, price: amount, effectiveFrom }]
  })
  const others = Object.fromEntries(Object.entries(rest).filter(([key]) => !(key in simpleMeters))) as Partial<Sku>
  return { ...others, id, model, rates: rates ?? short, billedPolicy }
}
