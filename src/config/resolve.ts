/** From validated settings to `Config`: the rules that span keys, and what the environment adds. Pure. */
import { createHash } from 'node:crypto'
import { routePolicy, routeSchema, routeToJson } from '../contract/route-document.ts'
import { nearMatches } from '../core/near-match.ts'
import { qualities } from '../core/request.ts'
import type { BudgetRecord } from '../ports/ledger.ts'
import type { Environment } from './document.ts'
import type { Finding } from './issues.ts'
import { resolveAlerts } from './resolve-alerts.ts'
import { resolveBlobs } from './resolve-blobs.ts'
import { type Findings, named, type ResolveContext } from './resolve-context.ts'
import { resolveProviders } from './resolve-providers.ts'
import type { FileSettings } from './schema.ts'
import { Secret } from './secret.ts'
import type { AliasTarget, Config, ConfiguredKey } from './types.ts'
import { checkHttpUrl } from './url.ts'

export interface Resolved {
  readonly config: Config
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** The provider of the sandbox; always there, so that routes may name it. */
const SANDBOX = 'sandbox'

export function resolveConfig(settings: FileSettings, context: ResolveContext): Resolved {
  const problems: Finding[] = []
  const warnings: Finding[] = []
  const found: Findings = {
    problem: (path, message, remedy, what = 'value') => problems.push({ path, what, message, remedy }),
    variableProblem: (variable, message, remedy) => problems.push({ variable, path: [], what: 'value', message, remedy }),
    warning: (path, message, remedy) => warnings.push({ path, what: 'value', message, remedy }),
  }
  const providers = resolveProviders(settings, context, found)
  const providerNames = [...new Set([...Object.keys(providers), ...context.declaredProviders, SANDBOX])]
  checkProviderNames(settings, providerNames, context, found)
  const adminKey = resolveAdminKey(context.env, found)
  const config: Config = {
    server: resolveServer(settings, found),
    storage: resolveStorage(settings, context, found),
    network: settings.network,
    providers,
    routes: resolveRoutes(settings, found),
    routeDocuments: named(Object.entries(settings.routes).map(([name, route]) => [name, routeToJson(route)] as const)),
    aliases: resolveAliases(settings, found),
    projects: named(
      Object.entries(settings.projects).map(([id, { name = id, assetTtlDays = settings.storage.assetTtlDays, ...project }]) => [
        id,
        { id, name, assetTtlDays, ...recordsOf(settings), ...project, managedBy: 'file' as const },
      ]),
    ),
    keys: resolveKeys(settings, context.env, adminKey, found),
    budgets: resolveBudgets(settings, context, found),
    keyLimits: named(
      Object.entries(settings.keys).map(([id, { requestsPerMinute, imagesPerMinute }]) => [
        id,
        {
          ...(requestsPerMinute !== undefined && { requestsPerMinute }),
          ...(imagesPerMinute !== undefined && { imagesPerMinute }),
        },
      ]),
    ),
    limits: settings.limits,
    alerts: resolveAlerts(settings.alerts, found),
    ...(settings.passthrough ? { passthrough: settings.passthrough } : {}),
    sandbox: settings.sandbox,
    steps: { ...settings.steps, checkedAt: context.pricesCheckedAt },
    log: settings.log,
    telemetry: resolveTelemetry(settings, found),
    declaredTags: settings.declaredTags,
    ...(adminKey ? { adminKey } : {}),
  }
  return { config: deepFreeze(config), problems, warnings }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function resolveServer({ server }: FileSettings, found: Findings): Config['server'] {
  if (server.publicUrl === undefined) return server
  const check = checkHttpUrl(server.publicUrl)
  if (check.kind === 'ok') return { ...server, publicUrl: check.url }
  found.problem(['server', 'publicUrl'], check.message, check.remedy)
  return server
}

function resolveTelemetry({ telemetry }: FileSettings, found: Findings): Config['telemetry'] {
  if (telemetry.endpoint === undefined) return telemetry
  const check = checkHttpUrl(telemetry.endpoint)
  if (check.kind === 'ok') return { ...telemetry, endpoint: check.url }
  found.problem(['telemetry', 'endpoint'], check.message, check.remedy)
  return telemetry
}

/** What a project that says nothing else does with records of its requests. */
const recordsOf = ({ storage: { recordsTtlDays } }: FileSettings) => ({ ...(recordsTtlDays !== undefined && { recordsTtlDays }) })

function resolveStorage(settings: FileSettings, { dataDir }: ResolveContext, found: Findings): Config['storage'] {
  const { storage } = settings
  if (storage.minFreeBytesDispatch > storage.minFreeBytes) {
    found.problem(
      ['storage', 'minFreeBytesDispatch'],
      'must not be more than storage.minFreeBytes',
      'Storing images stops first, dispatching after it.',
    )
  }
  if (storage.databaseUrl && !/^postgres(ql)?:$/.test(URL.parse(storage.databaseUrl.reveal())?.protocol ?? '')) {
    found.problem(
      ['storage', 'databaseUrl'],
      'must be a postgres:// URL',
      'Write postgres://user:password@host/database, with special characters in the password percent-encoded.',
    )
  }
  return { ...storage, dataDir, ...(storage.blobs && { blobs: resolveBlobs(storage.blobs, settings.network, found) }) }
}

/** Every provider that is named is configured; one that only lacks its variable says so. */
function checkProviderNames(settings: FileSettings, names: readonly string[], context: ResolveContext, found: Findings): void {
  const check = (path: readonly PropertyKey[], name: string): void => {
    if (names.includes(name)) return
    const variable = context.providerVariables.find((it) => it.name === name)?.variable
    const near = nearMatches(name, names, 1)[0]
    const hint = near ? `Did you mean ${near}?` : `Configured: ${names.join(', ')}.`
    found.problem(path, 'is not a configured provider', variable ? `Set ${variable}, or add it under providers.` : hint)
  }
  const providerOf = (offer: string): string => offer.slice(0, offer.indexOf(':'))
  for (const [name, { providers = [], offers = [] }] of Object.entries(settings.routes)) {
    for (const [index, provider] of providers.entries()) check(['routes', name, 'providers', index], provider)
    for (const [index, offer] of offers.entries()) check(['routes', name, 'offers', index], providerOf(offer))
  }
  for (const [name, target] of Object.entries(settings.aliases)) {
    if (target.includes(':')) check(['aliases', name], providerOf(target))
  }
  const passthrough = settings.passthrough?.provider
  if (passthrough === undefined) return
  check(['passthrough', 'provider'], passthrough)
  if (settings.providers[passthrough]?.disabled) {
    found.problem(['passthrough', 'provider'], 'is disabled', 'Enable it, or remove passthrough.')
  }
}

function resolveRoutes(settings: FileSettings, found: Findings): Config['routes'] {
  if ('direct' in settings.routes) found.problem(['routes', 'direct'], 'is a reserved name', 'Rename the route.', 'key')
  const routes = { auto: routeSchema.parse({}), ...settings.routes }
  return named(Object.entries(routes).map(([name, route]) => [name, routePolicy(name, route)] as const))
}

function resolveAliases({ aliases, routes }: FileSettings, found: Findings): Config['aliases'] {
  return named(
    Object.entries(aliases).map(([name, target]) => {
      const path = ['aliases', name]
      if (name === 'auto' || name in routes) found.problem(path, 'is also the name of a route', 'Rename one of them.', 'key')
      const resolved = parseAliasTarget(target)
      if (resolved === undefined) {
        found.problem(path, 'names an unknown quality after the "@"', `Use one of ${qualities.join(', ')}.`)
        return [name, { kind: 'model', model: target }] as const
      }
      if (resolved.kind === 'model' && resolved.model in aliases) {
        found.problem(path, 'points to another alias', 'Name the model itself.')
      }
      return [name, resolved] as const
    }),
  )
}

function parseAliasTarget(target: string): AliasTarget | undefined {
  if (target.includes(':')) return { kind: 'offer', offer: target }
  const [model = '', suffix] = target.split('@')
  if (suffix === undefined) return { kind: 'model', model }
  const quality = qualities.find((known) => known === suffix)
  return quality && { kind: 'model', model, quality }
}

const MIN_KEY_LENGTH = 16

/** Why a text cannot be a key clients send, if it cannot. */
function keyFault(value: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(value)) return 'must be printable ASCII without blanks'
  return value.length < MIN_KEY_LENGTH ? `must have at least ${MIN_KEY_LENGTH} characters` : undefined
}

const ADMIN_KEY_VARIABLE = 'HALFTONE_ADMIN_KEY'

function resolveAdminKey(env: Environment, found: Findings): Secret | undefined {
  const value = env[ADMIN_KEY_VARIABLE]
  if (!value) return undefined
  const fault = keyFault(value)
  if (fault) found.variableProblem(ADMIN_KEY_VARIABLE, fault, 'Use a long random text, or unset it and let Halftone make one.')
  return new Secret(value)
}

function resolveKeys(settings: FileSettings, env: Environment, adminKey: Secret | undefined, found: Findings): Config['keys'] {
  const owners = new Map<string, string>(adminKey ? [[sha256(adminKey.reveal()), ADMIN_KEY_VARIABLE]] : [])
  return named(
    Object.entries(settings.keys).map(([id, key]) => {
      const path = ['keys', id, key.env === undefined ? 'hash' : 'env']
      const value = key.env === undefined ? undefined : (env[key.env] ?? '')
      if (value !== undefined) {
        const fault = value === '' ? `the environment variable ${key.env} is not set` : keyFault(value)
        if (fault) found.problem(path, fault, 'Set the variable to a long random text.')
      }
      const hash = key.hash ?? sha256(value ?? '')
      const owner = value === '' ? undefined : owners.get(hash)
      if (owner !== undefined) found.problem(path, `is the same key as ${owner}`, 'Give each its own.')
      if (value !== '') owners.set(hash, `keys.${id}`)
      const resolved: ConfiguredKey = {
        id,
        name: key.name ?? id,
        hash,
        prefix: (value ?? '').slice(0, 6),
        role: key.role,
        projectId: key.project,
        tags: key.tags,
        ...(key.allowedModels ? { allowedModels: key.allowedModels } : {}),
        managedBy: 'file',
      }
      return [id, resolved] as const
    }),
  )
}

function resolveBudgets(settings: FileSettings, { capManagedBy }: ResolveContext, found: Findings): readonly BudgetRecord[] {
  const perDay = { period: 'day', hard: true } as const
  const derived: BudgetRecord[] = []
  if (settings.maxUsdPerDay !== undefined) {
    derived.push({
      ...perDay,
      id: 'max-usd-per-day',
      scope: 'global',
      scopeValue: '',
      limitNanoUsd: settings.maxUsdPerDay,
      managedBy: capManagedBy,
    })
  }
  for (const [id, { maxUsdPerDay }] of Object.entries(settings.keys)) {
    if (maxUsdPerDay === undefined) continue
    derived.push({
      ...perDay,
      id: `key-${id}-per-day`,
      scope: 'key',
      scopeValue: id,
      limitNanoUsd: maxUsdPerDay,
      managedBy: 'file',
    })
  }
  const taken = new Set(['max-usd-per-day', ...derived.map(({ id }) => id)])
  const listed = settings.budgets.map(({ limitUsd, scopeValue = '', ...budget }, index): BudgetRecord => {
    if (taken.has(budget.id)) found.problem(['budgets', index, 'id'], 'is used twice', 'Give each budget its own id.')
    taken.add(budget.id)
    return { ...budget, scopeValue, limitNanoUsd: limitUsd, managedBy: 'file' }
  })
  return [...derived, ...listed]
}
