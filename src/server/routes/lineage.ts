/** What a request has to do with other requests. */
import type { LineageWire } from '../../contract/requests.ts'
import { mayDo } from '../../core/access/roles.ts'
import { HalftoneError } from '../../core/error.ts'
import { callerIdentity, type Handler } from '../handler.ts'
import { assetUrls, getRequestOf } from './records.ts'

export const getLineage: Handler = async (call) => {
  const { id } = await getRequestOf(call)
  const found = await call.context.services.ledger.read.lineage(id)
  if (!found) throw new HalftoneError('not_found', 'There is no such request.', { param: 'id' })
  const urls = assetUrls(call)
  const shown = mayDo(callerIdentity(call).key.role, 'content.read')
  const wire: LineageWire = {
    object: 'lineage',
    request_id: id,
    inputs: found.inputs.map((input) => ({
      image_id: input.assetId,
      role: input.role,
      thumbnail_url: input.expired || !shown ? null : urls(input.assetId).thumbnail,
      made_by: input.madeBy && { request_id: input.madeBy.requestId, image_id: input.madeBy.assetId },
    })),
    used_by: found.usedBy.map((user) => ({ request_id: user.requestId, operation: user.operation, image_id: user.assetId })),
    replays: found.replays,
  }
  return wire
}
