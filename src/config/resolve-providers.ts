/** `providers` resolved: credentials, URLs, models and the operator's prices. */

import { HalftoneError } from '../core/error.ts'
import { nearMatches } from '../core/near-match.ts'
import { compilePriceBooks } from '../core/pricing/compile.ts'
import type { PriceBook, Rate, Sku } from '../core/pricing/price-book.ts'
import type { Meter } from '../core/usage.ts'
import { type Findings, named, type ResolveContext } from './resolve-context.ts'
import type { FileSettings } from './schema.ts'
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
    const entry: Entry = { name, type: provider.type ?? name, provider, context, found }
    return [name, resolveProvider(entry, settings.network.allowPrivateHosts)] as const
  })
  const fileTypes = new Set(fromFile.flatMap(([name, { type }]) => [name, type]))
  const fromEnvironment = context.providerVariables.flatMap(({ variable, name, type }) => {
    if (fileTypes.has(name) || fileTypes.has(type) || context.declaredProviders.includes(name)) return []
    const apiKey = usualKey(variable, context, found)
    return apiKey ? [[name, environmentProvider(name, type, apiKey)] as const] : []
  })
  return named([...fromFile, ...fromEnvironment])
}

const environmentProvider = (name: string, type: string, apiKey: Secret): ProviderConfig => ({
  name,
  type,
  managedBy: 'environment',
  apiKey,
  headers: named([]),
  timeoutMs: 300_000,
  disabled: false,
})

function usualKey(variable: string, { env }: ResolveContext, found: Findings): Secret | undefined {
  const value = env[variable]
  if (!value) return undefined
  if (!printable.test(value))
    found.variableProblem(variable, 'must be printable ASCII without blanks', 'Check for a stray blank or line break.')
  return new Secret(value)
}

function resolveProvider(entry: Entry, privateHosts: readonly string[]): ProviderConfig {
  const { name, type, provider, found } = entry
  checkType(entry)
  const baseUrl = resolveBaseUrl(entry, privateHosts)
  const apiKey = resolveApiKey(entry)
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
    ...(apiKey === undefined ? {} : { apiKey }),
    headers: named(Object.entries(provider.headers ?? {})),
    ...(models ? { models } : {}),
    ...(provider.prices ? { prices: checkedBook(entry, overlayBook(entry, provider.prices)) } : {}),
    timeoutMs: provider.timeoutMs,
    ...(provider.retries === undefined ? {} : { retries: provider.retries }),
    ...(provider.region === undefined ? {} : { region: provider.region }),
    disabled: provider.disabled,
  }
}

function checkType({ name, type, provider, context: { providerTypes }, found }: Entry): void {
  if (name === 'sandbox' && type !== 'sandbox') {
    found.problem(['providers', name], 'is the name of the built-in sandbox', 'Rename the provider.', 'key')
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
  } else if (provider.apiKey && !/^(localhost|127\..*|\[::1\])$/.test(hostname)) {
    found.warning(path, 'sends the API key over plain http', 'Use https unless the network between is yours.')
  }
  return check.url
}

/** The key as configured, else the type's usual variable; that one only goes to the type's own host. */
function resolveApiKey({ name, type, provider, context, found }: Entry): Secret | undefined {
  if (provider.apiKey instanceof Secret) return provider.apiKey
  if (provider.apiKey === undefined) {
    if (provider.baseUrl !== undefined || provider.disabled) return undefined
    const usual = context.providerVariables.find((it) => it.type === type)
    const key = usual && usualKey(usual.variable, context, found)
    if (usual && !key) found.warning(['providers', name], 'has no API key', `Set ${usual.variable} or add apiKey.`)
    return key
  }
  const { env: variable } = provider.apiKey
  const value = context.env[variable]
  const path = ['providers', name, 'apiKey', 'env']
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
