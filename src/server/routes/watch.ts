/** Requests as they come and end, as server-sent events. */
import { endpoints } from '../../contract/endpoints.ts'
import { errorCatalogue, HalftoneError } from '../../core/error.ts'
import { lookAgain } from '../authenticate.ts'
import type { Handler } from '../handler.ts'
import type { Identity } from '../key-ring.ts'
import { isWithinReach, showTo } from '../view.ts'
import { requestSummaryWire } from '../wire.ts'
import { assetUrls } from './records.ts'

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
