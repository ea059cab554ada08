/** Requests and receipts: what happened and what it cost. */
import type { Receipt } from '../../contract/records.ts'
import type { RequestListQuery } from '../../contract/requests.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import { paidFor } from '../../core/pricing/lots.ts'
import type { RequestRecord } from '../../ports/ledger.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import { publicOrigin } from '../origin.ts'
import { requestFilterOf } from '../request-filter.ts'
import { can, isWithinReach, reachFilter, type Shown, showTo } from '../view.ts'
import { type AssetUrls, attemptWire, isoOrNull, isoTime, requestRecordWire, requestSummaryWire, warningWire } from '../wire.ts'
import { spendsNothing } from './budgets.ts'
import { acceptanceWire } from './feedback.ts'
import { baselineOf, candidatesOf, consistencyOf, floorOf, quoteOf } from './stored-decision.ts'

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
