/** `POST /v1/halftone/webhooks/{attempt}/{token}`: a provider says that a job may have ended. */
import type { Handler } from '../handler.ts'

/** Enough for any provider's own account of a job; it is read only so that the provider gets its answer. */
const MAX_BODY_BYTES = 1024 * 1024

/** Always the same answer, so that it tells nobody which attempts there are. */
export const receiveWebhook: Handler = async ({ context, request, reply, params }) => {
  let bytes = 0
  for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > MAX_BODY_BYTES) {
      reply.header('connection', 'close')
      break
    }
  }
  context.services.webhooks.wake(params['attempt'] ?? '', params['token'] ?? '')
  return { received: true }
}
