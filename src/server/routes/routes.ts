/** Routes by API: documents in, versions out. */
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type * as schemas from '../../contract/routes.ts'
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject } from '../../core/json.ts'
import { formatUsd } from '../../core/money.ts'
import type { ReplaySum } from '../../core/simulation/replay.ts'
import { checkRoute } from '../../gateway/route-check.ts'
import { type RouteTrial, tryRoute as tryOnPast } from '../../gateway/route-trial.ts'
import { checkRouteName, type ReadRoute, type RouteEntry, type RouteFinding } from '../../gateway/routes.ts'
import type { RouteVersion } from '../../ports/ledger.ts'
import type { Call, Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

export const nameOf = ({ params }: Call): string => params['route'] ?? ''

const unknownRoute = (name: string): HalftoneError =>
  new HalftoneError('not_found', `There is no route "${name.slice(0, 64)}".`, { param: 'route' })

function entryOf({ context }: Call, name: string): RouteEntry {
  const entry = context.current().routeEntries.get(name)
  if (!entry) throw unknownRoute(name)
  return entry
}

const routeWire = ({ name, managedBy, document, problem, stored }: RouteEntry): schemas.RouteWire => ({
  object: 'route',
  name,
  managed_by: managedBy,
  version: stored?.version ?? 0,
  document: document as schemas.RouteWire['document'],
  problem: problem ?? null,
  created_at: stored ? isoTime(stored.createdUs) : null,
  created_by: stored?.createdBy ?? null,
})

export const listRoutes: Handler = async ({ context }) => {
  const entries = [...context.current().routeEntries.values()]
  return { object: 'list', data: entries.sort((a, b) => (a.name < b.name ? -1 : 1)).map(routeWire) }
}

export const getRoute: Handler = async (call) => routeWire(entryOf(call, nameOf(call)))

/** The version a change is meant to replace: of the body, or of `If-Match`, quoted or not. */
function expectedVersion(request: FastifyRequest, stated: number | undefined): number | undefined {
  const header = request.headers['if-match']
  if (stated !== undefined || header === undefined) return stated
  const match = /^"?(\d{1,9})"?$/.exec(header.trim())
  if (!match) throw new HalftoneError('invalid_header', 'If-Match must be the version of the route, such as "3".')
  return Number(match[1])
}

/** The newest version that was ever made, retired or not, and whether it stands. */
async function standing(call: Call, name: string): Promise<{ readonly newest: number; readonly live: boolean }> {
  const [newest] = await call.context.services.ledger.routes.versions(name)
  return { newest: newest?.version ?? 0, live: newest !== undefined && !newest.retired }
}

/** A change must know what it replaces: without a version it may only make what is not there. */
async function replaced(call: Call, name: string, stated: number | undefined): Promise<number> {
  const expected = expectedVersion(call.request, stated)
  const { newest, live } = await standing(call, name)
  const wanted = expected ?? 0
  if (wanted === newest || (wanted === 0 && !live)) return newest
  throw new HalftoneError(
    'conflict',
    live
      ? `Route "${name}" stands at version ${newest}: send version ${newest} (or If-Match) if that is the one you mean to replace.`
      : `Route "${name}" does not stand any more; send version 0 to make it again.`,
    { param: 'version' },
  )
}

export function validDocument(call: Call, name: string, document: JsonObject): Extract<ReadRoute, { kind: 'valid' }> {
  const { context } = call
  const made = context.readRoute(name, document)
  const findings = made.kind === 'invalid' ? made.problems : checkRoute(checkInput(call, made.policy))
  const [first, ...more] = findings.filter(({ level }) => level === 'problem')
  if (made.kind === 'valid' && !first) return made
  const text = first
    ? `document${first.path && `.${first.path}`} ${first.message}. ${first.remedy}`
    : 'The document is not valid.'
  const rest = more.length > 0 ? ` POST .../validate lists ${more.length} more.` : ''
  throw new HalftoneError('invalid_value', text + rest, { param: `document${first?.path ? `.${first.path}` : ''}` })
}

const checkInput = ({ context }: Call, policy: Extract<ReadRoute, { kind: 'valid' }>['policy']) => ({
  policy,
  state: context.current(),
  nowUs: context.services.clock.nowUs(),
})

async function store(
  call: Call,
  change: { readonly name: string; readonly after: number; readonly document: JsonObject; readonly restores?: number },
): Promise<schemas.RouteWire> {
  const { context } = call
  const { ledger, clock } = context.services
  await ledger.routes.put({ ...change, retired: false, atUs: clock.nowUs() })
  await context.refreshRoutes()
  return routeWire(entryOf(call, change.name))
}

export const putRoute: Handler = async (call) => {
  const { document, version } = call.body as z.infer<typeof schemas.putRouteRequest>
  const name = nameOf(call)
  checkRouteName(name, call.context.current())
  validDocument(call, name, document as JsonObject)
  return store(call, { name, document: document as JsonObject, after: await replaced(call, name, version) })
}

export const deleteRoute: Handler = async (call) => {
  const { version } = call.query as z.infer<typeof schemas.deleteRouteQuery>
  const name = nameOf(call)
  const { ledger, clock } = call.context.services
  const [newest] = await ledger.routes.versions(name)
  if (!newest || newest.retired) {
    checkRouteName(name, call.context.current())
    throw unknownRoute(name)
  }
  const expected = expectedVersion(call.request, version) ?? newest.version
  await ledger.routes.put({ name, after: expected, document: newest.document ?? {}, retired: true, atUs: clock.nowUs() })
  await call.context.refreshRoutes()
  return { id: name, deleted: true }
}

const versionWire = ({ version, document, retired, restores, createdUs, createdBy }: RouteVersion): schemas.RouteVersionWire => ({
  version,
  document: (document ?? null) as schemas.RouteVersionWire['document'],
  retired,
  restores,
  created_at: isoTime(createdUs),
  created_by: createdBy,
})

export const listRouteVersions: Handler = async (call) => {
  const name = nameOf(call)
  const versions = await call.context.services.ledger.routes.versions(name)
  if (versions.length === 0) entryOf(call, name)
  return { object: 'list', data: versions.map(versionWire) }
}

export const rollbackRoute: Handler = async (call) => {
  const { to, version } = call.body as z.infer<typeof schemas.rollbackRouteRequest>
  const name = nameOf(call)
  checkRouteName(name, call.context.current())
  const versions = await call.context.services.ledger.routes.versions(name)
  const wanted = versions.find((each) => each.version === to)
  if (!wanted?.document || wanted.retired)
    throw new HalftoneError('not_found', `Route "${name}" has no version ${to} to go back to.`, { param: 'to' })
  validDocument(call, name, wanted.document)
  const [newest] = versions
  const after = expectedVersion(call.request, version) ?? newest?.version ?? 0
  return store(call, { name, document: wanted.document, after, restores: to })
}

/** The document of the request, or the one that stands. */
export function meantDocument(call: Call, document: unknown): JsonObject {
  return (document as JsonObject | undefined) ?? entryOf(call, nameOf(call)).document
}

export const validateRoute: Handler = async (call): Promise<schemas.RouteValidation> => {
  const { document } = call.body as z.infer<typeof schemas.validateRouteRequest>
  const name = nameOf(call)
  const made = call.context.readRoute(name, meantDocument(call, document))
  const findings: readonly RouteFinding[] = made.kind === 'invalid' ? made.problems : checkRoute(checkInput(call, made.policy))
  return {
    object: 'route_validation',
    name,
    valid: findings.every(({ level }) => level !== 'problem'),
    findings: findings.map(({ level, path, message, remedy }) => ({ level, path, message, remedy })),
  }
}

const DAY_US = 86_400_000_000
const USUAL_DAYS = 7
const USUAL_LIMIT = 2_000
const TRIAL_MS = 10_000

export const tryRoute: Handler = async (call): Promise<schemas.RouteTrialWire> => {
  const { document, days = USUAL_DAYS, limit = USUAL_LIMIT, ...body } = call.body as z.infer<typeof schemas.tryRouteRequest>
  const { context, reply } = call
  const name = nameOf(call)
  const { policy } = validDocument(call, name, meantDocument(call, document))
  const of = body.of ?? (context.current().routeEntries.has(name) ? 'route' : 'all')
  const sinceUs = context.services.clock.nowUs() - days * DAY_US
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const trial = await tryOnPast({
    policy,
    state: context.current(),
    services: context.services,
    quality: context.quality,
    sinceUs,
    of,
    limit,
    timeMs: TRIAL_MS,
    signal: gone.signal,
  })
  return trialWire(trial, { name, of, sinceUs })
}

const usd = (nano: number): string => formatUsd(BigInt(Math.round(nano)))
const sumWire = ({ requests, pictures, costNanoUsd }: ReplaySum) => ({ requests, images: pictures, cost_usd: usd(costNanoUsd) })

function trialWire(
  { replay, complete, oldestUs, byOfferThen, changed, examples, before, after }: RouteTrial,
  { name, of, sinceUs }: { readonly name: string; readonly of: 'route' | 'all'; readonly sinceUs: number },
): schemas.RouteTrialWire {
  const { recorded, recordedOfServed, simulated, simulatedByOffer, unserved } = replay
  const share = (requests: number): number => (recorded.requests === 0 ? 0 : Number((requests / recorded.requests).toFixed(4)))
  const byCount = <Each extends { readonly requests: number }>(all: readonly Each[]): Each[] =>
    [...all].sort((a, b) => b.requests - a.requests)
  return {
    object: 'route_trial',
    name,
    sample: {
      of,
      since: isoTime(sinceUs),
      requests: recorded.requests,
      oldest_at: oldestUs === undefined ? null : isoTime(oldestUs),
      complete,
    },
    recorded: sumWire(recorded),
    recorded_of_served: sumWire(recordedOfServed),
    simulated: sumWire(simulated),
    change:
      recordedOfServed.costNanoUsd === 0 ? null : Number((simulated.costNanoUsd / recordedOfServed.costNanoUsd - 1).toFixed(4)),
    before: byCount(
      [...byOfferThen].map(([offer, { requests, images, costNanoUsd }]) => ({
        offer,
        share: share(requests),
        requests,
        images,
        cost_usd: usd(costNanoUsd),
      })),
    ),
    after: byCount([...simulatedByOffer].map(([offer, each]) => ({ offer, share: share(each.requests), ...sumWire(each) }))),
    promises: {
      before: { below_floor: before.belowFloor, late: before.late },
      after: { below_floor: after.belowFloor, late: Number(after.late.toFixed(2)) },
    },
    unserved: Object.fromEntries(unserved),
    easy: replay.easy,
    changed,
    examples: examples.map((example) => ({
      request_id: example.id,
      at: isoTime(example.atUs),
      model: example.model,
      before_offer: example.thenOffer,
      before_usd: formatUsd(example.thenNanoUsd),
      after_offer: example.nowOffer,
      after_quality: example.nowQuality ?? null,
      after_usd: usd(example.nowNanoUsd),
    })),
  }
}
