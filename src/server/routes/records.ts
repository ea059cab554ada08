/** Requests, receipts, decisions: what happened and what it cost. */
import { endpoints } from '../../contract/endpoints.ts'
import type { FloorFeedback } from '../../contract/floor.ts'
import type { Explanation, Receipt } from '../../contract/records.ts'
import type { RequestListQuery } from '../../contract/requests.ts'
import { errorCatalogue, HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import { paidFor } from '../../core/pricing/lots.ts'
import type { RequestRecord } from '../../ports/ledger.ts'
import { lookAgain } from '../authenticate.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import type { Identity } from '../key-ring.ts'
import { publicOrigin } from '../origin.ts'
import { requestFilterOf } from '../request-filter.ts'
import { can, isWithinReach, reachFilter, type Shown, showTo } from '../view.ts'
import { type AssetUrls, attemptWire, isoOrNull, isoTime, requestRecordWire, requestSummaryWire, warningWire } from '../wire.ts'
import { spendsNothing } from './admin.ts'
import { acceptanceWire } from './feedback.ts'

/** Absolute signed URLs under the origin this client uses. */
export function assetUrls({ context, request }: Pick<Call, 'context' | 'request'>): AssetUrls {
  const origin = publicOrigin(request, context.settings)
  return (assetId) => {
    const { image, thumbnail } = context.signer.sign(assetId)
    return { image: origin + image, thumbnail: origin + thumbnail }
  }
}

export const listRequests: Handler = async (call) => {
  const identity = callerIdentity(call)
  // The endpoint's schema made it.
  const query = call.query as RequestListQuery
  const { limit, cursor } = query
  const page = await call.context.services.ledger.read.requests({
    ...requestFilterOf(query, { inPrompts: can(identity, 'content.read') }),
    limit,
    ...reachFilter(identity),
    ...(cursor !== undefined && { cursor }),
  })
  const urls = assetUrls(call)
  return {
    object: 'list',
    data: page.rows.map((row) => requestSummaryWire(showTo(identity, row), urls)),
    next_cursor: page.nextCursor,
    ...(cursor === undefined && {
      acceptance: await acceptanceWire(call.context, { sandbox: spendsNothing(call.context), ...reachFilter(identity) }),
    }),
  }
}

export const getRequest: Handler = async (call) => {
  const record = await getRequestOf(call)
  const progress = call.context.progress.of(record.id)
  return { ...requestRecordWire(record, assetUrls(call)), ...(progress !== undefined && { progress }) }
}

export const getReceipt: Handler = async (call) => {
  const record = await getRequestOf(call)
  const draws = record.attemptRows.flatMap((attempt) => attempt.draws)
  const { billedNanoUsd, effectiveNanoUsd } = paidFor(record.costNanoUsd, draws)
  const receipt: Receipt = {
    object: 'receipt',
    request_id: record.id,
    created_at: isoTime(record.createdUs),
    record_deleted_at: isoOrNull(record.recordDeletedUs),
    total_usd: formatUsd(record.costNanoUsd),
    billed_usd: formatUsd(billedNanoUsd),
    effective_usd: formatUsd(effectiveNanoUsd),
    cost_status: record.costStatus,
    sandbox: record.sandbox,
    images_returned: record.imagesReturned,
    cost_per_image_usd: record.imagesReturned > 0 ? formatUsd(record.costNanoUsd / BigInt(record.imagesReturned)) : null,
    attempts: record.attemptRows.map(attemptWire),
    warnings: record.warnings.map(warningWire),
    quote: quoteOf(record),
    baseline: baselineOf(record),
    floor: floorOf(record),
    consistency: consistencyOf(record),
    alternatives: candidatesOf(record)
      .filter((candidate) => candidate.offer !== record.offer)
      .map(({ offer, quality, expectedUsd }) => ({ offer, quality, expected_usd: expectedUsd })),
  }
  return receipt
}

export const explainRequest: Handler = async (call) => {
  const record = await getRequestOf(call)
  const { decision } = record
  const explanation: Explanation = {
    object: 'explanation',
    request_id: record.id,
    record_deleted_at: isoOrNull(record.recordDeletedUs),
    route: record.route,
    objective: String(decision['objective'] ?? 'cost'),
    price_book: String(decision['priceBook'] ?? ''),
    snapshot: snapshotOf(record),
    observation: observationOf(record),
    ...(typeof decision['monthPlan'] === 'string' && { month_plan: decision['monthPlan'] }),
    floor: floorOf(record),
    candidates: candidatesOf(record).map(
      ({ offer, size, quality, finishing = [], expectedUsd, maxUsd, score, success, observations, ...parts }) => ({
        offer,
        size,
        quality,
        finishing: [...finishing],
        expected_usd: expectedUsd,
        max_usd: maxUsd,
        score,
        success: success ?? null,
        observations: observations ?? null,
        ...(parts.plannedUsd !== undefined && { planned_usd: parts.plannedUsd }),
        ...(parts.shadowUsd !== undefined && { shadow_usd: parts.shadowUsd }),
        in_vain_usd: parts.inVainUsd ?? null,
        lateness_usd: parts.latenessUsd ?? null,
        ...(parts.feedback && { feedback: feedbackWire(parts.feedback) }),
      }),
    ),
    eliminated_counts: (decision['eliminatedCounts'] ?? {}) as Record<string, number>,
    eliminated: (decision['eliminated'] ?? []) as Explanation['eliminated'],
    explored: exploredOf(record),
  }
  return explanation
}

/** As `gateway/decision.ts` stored it. */
function snapshotOf({ decision }: RequestRecord): Explanation['snapshot'] {
  const stored = decision['snapshot'] as
    | {
        readonly config: string
        readonly managedBy?: 'file' | 'api' | 'built_in'
        readonly routeVersion?: number
        readonly experience: string
      }
    | undefined
  if (!stored) return null
  const { config, managedBy = null, routeVersion = null, experience } = stored
  return { config, route_managed_by: managedBy, route_version: routeVersion, experience }
}

interface StoredChoice {
  readonly offer: string
  readonly quality: string | null
  readonly expectedUsd: string
}

/** As `gateway/observe.ts` stored it. */
function observationOf({ decision }: RequestRecord): Explanation['observation'] {
  const stored = decision['observation'] as
    | {
        readonly arm: 'observed' | 'routed'
        readonly observes: string
        readonly named: StoredChoice | null
        readonly routed: StoredChoice | null
      }
    | undefined
  if (!stored) return null
  const { arm, observes, named, routed } = stored
  const saved = named && routed && parseUsd(named.expectedUsd) - parseUsd(routed.expectedUsd)
  return {
    arm,
    observes,
    named: named && choiceWire(named),
    routed: routed && choiceWire(routed),
    saved_usd: saved === null ? null : formatUsd(saved),
  }
}

const choiceWire = ({ offer, quality, expectedUsd }: StoredChoice) => ({ offer, quality, expected_usd: expectedUsd })

/** As `gateway/explorer.ts` stored it. */
function exploredOf({ decision }: RequestRecord): Explanation['explored'] {
  const stored = decision['explored'] as
    | { readonly offer: string; readonly insteadOf: string; readonly extraUsd: string; readonly observations: number }
    | undefined
  if (!stored) return null
  const { offer, insteadOf, extraUsd, observations } = stored
  return { offer, instead_of: insteadOf, extra_usd: extraUsd, observations }
}

/** The quote as `gateway/request-row.ts` stored it. */
function quoteOf({ decision }: RequestRecord): Receipt['quote'] {
  const stored = decision['quote'] as { readonly id: string; readonly maxUsd: string; readonly expiresAt: string } | undefined
  return stored ? { id: stored.id, max_usd: stored.maxUsd, expires_at: stored.expiresAt } : null
}

interface StoredCandidate {
  readonly offer: string
  readonly size: string
  readonly quality: string | null
  readonly finishing?: readonly string[]
  readonly expectedUsd: string
  readonly maxUsd: string | null
  /** Infinity is null in JSON. */
  readonly score: number | null
  readonly success?: number
  readonly observations?: number
  readonly plannedUsd?: number
  readonly shadowUsd?: number
  readonly inVainUsd?: number
  readonly latenessUsd?: number
  readonly feedback?: StoredFeedback
}

/** As `gateway/floor.ts` stored it. */
interface StoredFeedback extends Omit<FloorFeedback, 'fails_at'> {
  readonly failsAt: number
}

const feedbackWire = ({ failsAt, ...words }: StoredFeedback): FloorFeedback => ({ fails_at: failsAt, ...words })

/** As `gateway/floor.ts` stored it. */
const floorOf = ({ decision }: RequestRecord): Receipt['floor'] => (decision['floor'] ?? null) as Receipt['floor']

/** The baseline as `gateway/decision.ts` stored it, against what the whole request cost. */
function baselineOf({ decision, costNanoUsd }: RequestRecord): Receipt['baseline'] {
  const stored = decision['baseline'] as
    | { readonly name: string; readonly offer: string; readonly quality: string | null; readonly expectedUsd: string }
    | undefined
  if (!stored) return null
  const { name, offer, quality, expectedUsd } = stored
  return { name, offer, quality, expected_usd: expectedUsd, saved_usd: formatUsd(parseUsd(expectedUsd) - costNanoUsd) }
}

/** As `gateway/groups.ts` stored it. */
function consistencyOf({ decision }: RequestRecord): Receipt['consistency'] {
  const stored = decision['consistency'] as
    | (Pick<NonNullable<Receipt['consistency']>, 'because' | 'role' | 'group' | 'offer'> & {
        readonly cheapest: string | null
        readonly costUsd: string
      })
    | undefined
  if (!stored) return null
  const { because, role, group, offer, cheapest, costUsd } = stored
  return { because, role, group, offer, cheapest_offer: cheapest, cost_usd: costUsd }
}

/** The decision as `gateway/decision.ts` stored it. */
const candidatesOf = ({ decision }: RequestRecord): readonly StoredCandidate[] =>
  (decision['candidates'] ?? []) as unknown as readonly StoredCandidate[]

/** What is out of reach is as unknown as what never was. */
export async function getRequestOf(call: Call): Promise<Shown<RequestRecord>> {
  const identity = callerIdentity(call)
  const id = call.params['id'] ?? ''
  const record = await call.context.services.ledger.read.request(id)
  if (!record || !isWithinReach(identity, record)) {
    throw new HalftoneError('not_found', `There is no request "${id.slice(0, 64)}" of this key.`, { param: 'id' })
  }
  return showTo(identity, record)
}

const HEARTBEAT_MS = 15_000

/** `request` events with a summary whenever a request starts or ends on this node, to those who may still see it. */
export const watchRequests: Handler = async (call) => {
  const { context, request, reply } = call
  const urls = assetUrls(call)
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  raw.write('retry: 2000\n\n')
  /** Whoever may read it no more is cut off, and hears why when asking again. */
  const watcher = async (): Promise<Identity | undefined> => {
    try {
      return await lookAgain(request, endpoints.watchRequests.access, context)
    } catch (error) {
      if (!(error instanceof HalftoneError) || errorCatalogue[error.code].status >= 500) throw error
      raw.end()
      return undefined
    }
  }
  const send = async (id: string): Promise<void> => {
    const identity = await watcher()
    const record = identity && (await context.services.ledger.read.request(id))
    if (!record || raw.writableEnded || raw.destroyed || !isWithinReach(identity, record)) return
    raw.write(`event: request\nid: ${id}\ndata: ${JSON.stringify(requestSummaryWire(showTo(identity, record), urls))}\n\n`)
  }
  const stopListening = context.gateway.onRequest((id) => {
    // A slow reader misses events rather than filling memory; the list is one GET away.
    if (raw.writableNeedDrain) return
    send(id).catch((err: unknown) => context.services.log.error({ err, requestId: id }, 'a live event could not be read'))
  })
  const beat = async (): Promise<void> => {
    if ((await watcher()) && !raw.writableEnded && !raw.destroyed) raw.write(': keep-alive\n\n')
  }
  const heartbeat = setInterval(
    () => beat().catch((err: unknown) => context.services.log.error({ err }, 'it could not be looked up who follows requests')),
    HEARTBEAT_MS,
  )
  heartbeat.unref()
  context.liveStreams.add(raw)
  raw.once('close', () => {
    context.liveStreams.delete(raw)
    stopListening()
    clearInterval(heartbeat)
  })
  return undefined
}
