/** Words about pictures, and what an accepted one costs. */
import type { AcceptanceWire, FeedbackRequest, FeedbackResponse } from '../../contract/feedback.ts'
import { periodStartUs } from '../../core/budget/period.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import type { AcceptanceQuery, AssetRecord, FeedbackCommand } from '../../ports/ledger.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import { isWithinReach } from '../view.ts'
import { isoTime } from '../wire.ts'

export const giveFeedback: Handler = async (call): Promise<FeedbackResponse> => {
  const { key } = callerIdentity(call)
  // Checked by the endpoint's schema.
  const { image_id: imageId, request_id: requestId = '', verdict, score, reason } = call.body as FeedbackRequest
  const asset = imageId === undefined ? undefined : await ownImage(call, imageId, 'image_id')
  await checkOwner(call, asset?.requestId ?? requestId, imageId === undefined ? 'request_id' : 'image_id')
  const word: Pick<FeedbackCommand, 'verdict' | 'score'> =
    score === undefined ? { verdict: verdict ?? 'accept' } : { verdict: 'score', score: Math.round(score * 1_000) }
  const rated = await call.context.feedback.rate({
    subject: asset ? { assetId: asset.id } : { requestId },
    keyId: key.id,
    signal: 'explicit',
    ...word,
    ...(reason !== undefined && { reason }),
  })
  return {
    object: 'feedback',
    request_id: asset?.requestId ?? requestId,
    images: rated.map(({ assetId, offer, before, after }) => ({
      id: assetId,
      offer,
      accepted: after.accepted / 1_000,
      rejected: after.rejected / 1_000,
      changed: before.accepted !== after.accepted || before.rejected !== after.rejected,
    })),
  }
}

export const deleteImage: Handler = async (call) => {
  const asset = await ownImage(call, call.params['id'] ?? '', 'id')
  await checkOwner(call, asset.requestId, 'id')
  if (!(await call.context.feedback.deleteImage(asset.id, callerIdentity(call).key.id)))
    throw new HalftoneError('asset_expired', 'The bytes of this image are no longer stored.', { param: 'id' })
  return { id: asset.id, deleted: true }
}

/** An output; input images are nobody's to judge. */
async function ownImage({ context }: Call, id: string, param: string): Promise<AssetRecord> {
  const asset = await context.services.ledger.read.asset(id)
  if (asset?.role !== 'output')
    throw new HalftoneError('not_found', `There is no image "${id.slice(0, 64)}" of this key.`, { param })
  return asset
}

/** Another key's request is as unknown as one that never was. */
async function checkOwner(call: Call, requestId: string, param: string): Promise<void> {
  const identity = callerIdentity(call)
  const record = await call.context.services.ledger.read.request(requestId)
  if (!record || !isWithinReach(identity, record))
    throw new HalftoneError('not_found', `There is no such request of this key: "${requestId.slice(0, 64)}".`, { param })
}

/** Of this month. What nobody rated is taken to be as good as what was rated; the coverage says how much that leans on. */
export async function acceptanceWire(
  { services }: Call['context'],
  query: Omit<AcceptanceQuery, 'sinceUs'>,
): Promise<AcceptanceWire> {
  const sinceUs = periodStartUs('month', services.clock.nowUs())
  const { images, costNanoUsd, accepted, rejected } = await services.ledger.feedback.acceptance({ ...query, sinceUs })
  const rated = accepted + rejected
  const perAccepted = accepted > 0 && images > 0 ? (costNanoUsd * BigInt(rated)) / (BigInt(images) * BigInt(accepted)) : undefined
  return {
    since: isoTime(sinceUs),
    images,
    accepted: accepted / 1_000,
    rejected: rejected / 1_000,
    coverage: images > 0 ? Number((rated / 1_000 / images).toFixed(4)) : 0,
    cost_usd: formatUsd(costNanoUsd),
    cost_per_accepted_usd: perAccepted === undefined ? null : formatUsd(perAccepted),
  }
}
