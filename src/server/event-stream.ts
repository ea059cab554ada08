/** Server-sent events: partial images as they come, the final image with its cost, heartbeats in between. */
import type { ServerResponse } from 'node:http'
import type { Operation } from '../core/request.ts'
import type { ExecuteResult, StreamSink } from '../gateway/execution.ts'
import type { ReceivedImage } from '../ports/provider.ts'
import { type HttpError, toHttpError } from './errors.ts'
import { halftoneObject, usageJson, writeEncoded } from './send-images.ts'

const HEARTBEAT_MS = 15_000

export interface ImageEventStream extends StreamSink {
  /** How much of the request is done, 0 to 1. Sent only to clients that asked for it, and never counts as part of the answer. */
  progress(requestId: string, share: number): void
  /** The final events, then the end. */
  finish(result: ExecuteResult, options: { readonly bodyMetadata: boolean }): Promise<void>
  /**
   * An `error` event, or a plain error answer when nothing was sent yet (then it is returned to be sent). In the middle of an event
   * the connection is cut.
   */
  fail(error: unknown): HttpError | undefined
}

export interface EventStreamOptions {
  readonly operation: Operation
  /** Between comments while nothing else is sent; 15 seconds by default, below every proxy's idle limit. */
  readonly heartbeatMs?: number
  readonly settings: () => {
    readonly size: string
    readonly quality: string
    readonly background: string
    readonly format: string
  }
}

/**
 * Headers go out with the first event, or with the first heartbeat of a slow provider: a failure before that is an ordinary
 * HTTP error. Fallback stays possible until the first event.
 */
export function createImageEventStream(raw: ServerResponse, options: EventStreamOptions): ImageEventStream {
  const family = options.operation === 'generate' ? 'image_generation' : 'image_edit'
  let opened = false
  let started = false
  let writing = false
  // One event at a time: partials of a fast provider may overlap.
  let queue: Promise<void> = Promise.resolve()
  let waiting = 0

  const open = (): void => {
    if (opened) return
    opened = true
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
  }
  const heartbeat = setInterval(() => {
    // Never into the middle of an event, whose data is written in pieces.
    if (writing || raw.destroyed || raw.writableEnded) return
    open()
    raw.write(': keep-alive\n\n')
  }, options.heartbeatMs ?? HEARTBEAT_MS)
  heartbeat.unref()
  raw.once('close', () => clearInterval(heartbeat))

  const event = async (
    name: string,
    fields: object,
    image: { open(): AsyncIterable<Uint8Array> },
    rest: string,
  ): Promise<void> => {
    if (raw.destroyed || raw.writableEnded) return
    open()
    writing = true
    raw.write(`event: ${name}\ndata: ${JSON.stringify({ type: name, ...fields }).slice(0, -1)},"b64_json":"`)
    await writeEncoded(raw, image)
    raw.write(`"${rest}}\n\n`)
    writing = false
  }
  const enqueue = (work: () => Promise<void>): Promise<void> => {
    // At once: what stands in line will be sent, and nothing else can take its place.
    started = true
    waiting += 1
    queue = queue.then(work).finally(() => {
      waiting -= 1
    })
    return queue
  }
  const end = (): void => {
    clearInterval(heartbeat)
    raw.end()
  }

  return {
    get started() {
      return started
    },
    async partial(image: ReceivedImage & { readonly partialIndex: number }) {
      const { size, quality, background, format } = options.settings()
      const fields = {
        created_at: nowSeconds(),
        size,
        quality,
        background,
        output_format: format,
        partial_image_index: image.partialIndex,
      }
      await enqueue(() => event(`${family}.partial_image`, fields, { open: () => image.body.open() }, '')).finally(() =>
        image.body.dispose(),
      )
    },
    progress(requestId, share) {
      // A client that reads slowly has no use for what is old by the time it comes.
      if (raw.destroyed || raw.writableEnded || raw.writableNeedDrain || writing) return
      open()
      const data = JSON.stringify({ type: 'halftone.progress', request_id: requestId, progress: share })
      raw.write(`event: halftone.progress\ndata: ${data}\n\n`)
    },
    async finish(result, { bodyMetadata }) {
      const { summary } = result
      const fields = {
        created_at: nowSeconds(),
        size: summary.size,
        quality: summary.quality ?? 'auto',
        background: summary.background ?? 'opaque',
        output_format: summary.format,
      }
      const halftone = bodyMetadata ? `,"halftone":${JSON.stringify(halftoneObject(result.requestId, summary))}` : ''
      for (const [index, image] of result.images.entries()) {
        const last = index === result.images.length - 1
        await enqueue(() => event(`${family}.completed`, fields, image, last ? `,"usage":${usageJson(summary)}${halftone}` : ''))
      }
      end()
    },
    fail(error) {
      const failure = toHttpError(error)
      if (!opened && waiting === 0) {
        clearInterval(heartbeat)
        return failure
      }
      const last = (): void => {
        if (!raw.destroyed) raw.write(`event: error\ndata: ${JSON.stringify({ type: 'error', ...failure.body })}\n\n`)
        end()
      }
      // Half an event may have gone out: what follows would be part of it, unless the rest comes first.
      if (writing || waiting > 0) queue.then(last, () => raw.destroy())
      else last()
      return undefined
    },
  }
}

/**
 * The stream for whoever makes the pictures: a partial image is in line once it was handed over, and its end says what became of it. Waiting for
 * the client would hold up an upstream whose picture is paid for, until it gives up.
 */
export const inLine = (stream: ImageEventStream): StreamSink => ({
  get started() {
    return stream.started
  },
  async partial(image) {
    stream.partial(image).catch(() => undefined)
  },
})

const nowSeconds = (): number => Math.floor(Date.now() / 1_000)
