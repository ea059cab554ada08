/** Which routes there are: those of the file, those made by API, and `auto`, which always is. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { Offer } from '../core/offer.ts'
import type { Policy } from '../core/routing/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger, RouteVersion } from '../ports/ledger.ts'
import { keepLooking } from './looking.ts'
import type { GatewayLog, GatewayState } from './state.ts'

/** A route by name, whoever defines it. */
export interface RouteEntry {
  readonly name: string
  /** `built_in`: `auto`, as long as nobody defines it. */
  readonly managedBy: 'file' | 'api' | 'built_in'
  /** As people wrote it, defaults filled in where it is valid. */
  readonly document: JsonObject
  /** Absent: it cannot be used, and `problem` says why. */
  readonly policy?: Policy
  readonly problem?: string
  /** Of routes made by API. */
  readonly stored?: Pick<RouteVersion, 'version' | 'createdUs' | 'createdBy'>
}

export interface RouteFinding {
  /** `problem`: it cannot be saved; `warning`: it can, and it may not do what is meant. */
  readonly level: 'problem' | 'warning'
  /** Of the field, such as `models[0]`; empty: the whole document. */
  readonly path: string
  readonly message: string
  readonly remedy: string
}

export type ReadRoute =
  | { readonly kind: 'valid'; readonly policy: Policy; readonly document: JsonObject }
  | { readonly kind: 'invalid'; readonly problems: readonly RouteFinding[] }
/** Holds a document to the schema of routes; the composition root knows it. */
export type RouteReader = (name: string, document: JsonObject) => ReadRoute

/** What the snapshot of the gateway says about routes. */
export interface RouteState {
  /** By the file, or built in. */
  readonly configuredRoutes: ReadonlyMap<string, RouteEntry>
  /** The newest version of every name that was ever made by API. */
  readonly storedRoutes: readonly RouteVersion[]
  readonly routeEntries: ReadonlyMap<string, RouteEntry>
  /** Those that can be used. */
  readonly routes: ReadonlyMap<string, Policy>
  /** Why the others cannot, by name. */
  readonly brokenRoutes: ReadonlyMap<string, string>
}

type Ground = Pick<GatewayState, 'configuredRoutes' | 'offers' | 'quality'>

/** The file goes before the API: a stored route whose name the file took later waits, and is reported. */
export function routeStateOf(ground: Ground, storedRoutes: readonly RouteVersion[], read: RouteReader): RouteState {
  const entries = new Map(ground.configuredRoutes)
  for (const version of storedRoutes) {
    if (version.retired || entries.get(version.name)?.managedBy === 'file') continue
    entries.set(version.name, entryOf(version, read))
  }
  const routes = new Map<string, Policy>()
  const brokenRoutes = new Map<string, string>()
  for (const [name, { policy, problem }] of entries) {
    if (policy) routes.set(name, name === 'auto' ? withFloor(policy, ground.offers, ground.quality) : policy)
    else brokenRoutes.set(name, problem ?? '')
  }
  return { configuredRoutes: ground.configuredRoutes, storedRoutes, routeEntries: entries, routes, brokenRoutes }
}

function entryOf({ name, document, version, createdUs, createdBy }: RouteVersion, read: RouteReader): RouteEntry {
  const stored = { version, createdUs, createdBy }
  const common = { name, managedBy: 'api' as const, stored }
  if (!document) return { ...common, document: {}, problem: 'what is stored is no JSON object' }
  const made = read(name, document)
  if (made.kind === 'valid') return { ...common, document: made.document, policy: made.policy }
  const problem = made.problems.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ')
  return { ...common, document, problem }
}

/**
 * `auto` without a stated floor means a usable picture, not the cheapest noise. Where no configured model has ever been rated,
 * such as a house with nothing but its own servers, there is nothing to compare and the floor is left out.
 */
function withFloor(policy: Policy, offers: readonly Offer[], quality: ReadonlyMap<string, number>): Policy {
  const rated = offers.some((offer) => !offer.sandbox && [...quality.keys()].some((key) => key.split('@')[0] === offer.model))
  return policy.floor === undefined && rated ? { ...policy, floor: 'standard' } : policy
}

/** What a person should look at: stored routes that cannot be used, and those that something else hides. */
export function routeProblems({ routeEntries, storedRoutes, brokenRoutes, aliases }: GatewayState): string[] {
  const broken = [...brokenRoutes].map(([name, problem]) => {
    const version = routeEntries.get(name)?.stored?.version
    return `route "${name}", version ${version}, cannot be used: ${problem}; store a valid document, or roll it back`
  })
  const hidden = storedRoutes.flatMap(({ name, retired }) => {
    if (retired) return []
    if (routeEntries.get(name)?.managedBy === 'file')
      return [`route "${name}" of the API is hidden by the one in halftone.yaml; delete one of them`]
    return aliases.has(name) ? [`route "${name}" of the API is hidden by the alias in halftone.yaml; rename one of them`] : []
  })
  return [...broken, ...hidden]
}

/** Throws `managed_by_file`, `conflict` or `invalid_value` where no route of the API may have the name. */
export function checkRouteName(name: string, state: GatewayState): void {
  const refuse = (code: 'managed_by_file' | 'conflict' | 'invalid_value', message: string): never => {
    throw new HalftoneError(code, message, { param: 'name' })
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    refuse('invalid_value', 'The name of a route is 1 to 64 letters, digits, ".", "_" or "-", without "/" and ":".')
  if (name === 'direct') refuse('invalid_value', '"direct" is a reserved name; choose another.')
  if (state.configuredRoutes.get(name)?.managedBy === 'file')
    refuse('managed_by_file', `Route "${name}" is managed by halftone.yaml; change it there.`)
  if (state.aliases.has(name)) refuse('conflict', `"${name}" is an alias in halftone.yaml; choose another name.`)
  const model = state.offers.find((offer) => offer.model.slice(offer.model.indexOf('/') + 1) === name)?.model
  if (model !== undefined) refuse('conflict', `"${name}" already means the model ${model}; choose another name.`)
}

export interface RouteFeed {
  /** The newest version of every name. */
  current(): readonly RouteVersion[]
  /** Read them now, after a change on this node. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface RouteFeedOptions {
  readonly ledger: Pick<Ledger, 'routes'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: GatewayLog
  readonly everyMs?: number
  /** Told of every change, those of other nodes included. */
  onChange(stored: readonly RouteVersion[]): void
}

/** Other nodes see a change within this time. */
const LOOK_EVERY_MS = 2_000

/** Reads the stored routes, and again whenever there are more versions than before. Rejects when they cannot be read at all. */
export async function startRouteFeed({
  ledger,
  clock,
  log,
  everyMs = LOOK_EVERY_MS,
  onChange,
}: RouteFeedOptions): Promise<RouteFeed> {
  let revision = await ledger.routes.revision()
  let stored = await ledger.routes.newest()

  const look = async (): Promise<void> => {
    const seen = await ledger.routes.revision()
    if (seen === revision) return
    stored = await ledger.routes.newest()
    revision = seen
    onChange(stored)
  }
  const failing = 'the stored routes cannot be read; those from before stay in force'
  const { refresh, close } = keepLooking({ clock, log, everyMs, failing, look })
  return {
    current: () => stored,
    refresh,
    close,
  }
}
