/** `POST /v1/images/{generations,edits,variations,upscale,remove-background}`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HalftoneError } from '../../core/error.ts'
import { formatSize, type Operation } from '../../core/request.ts'
import type { ExecuteResult } from '../../gateway/execution.ts'
import { callerOf, lookAgain } from '../authenticate.ts'
import type { ServerContext } from '../context.ts'
import { toHttpError, toKnownError } from '../errors.ts'
import { createImageEventStream, inLine } from '../event-stream.ts'
import type { Identity } from '../key-ring.ts'
import { publicOrigin } from '../origin.ts'
import { readBody } from '../read-body.ts'
import { sendImages } from '../send-images.ts'
import { cutWhenStalled } from '../stalled.ts'
import { takeRequest } from '../take-request.ts'
import { traceError } from '../trace-request.ts'

/** Serve one image request on the raw response; the caller has authenticated it. */
export async function handleImages(
  context: ServerContext,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
  identity: Identity,
): Promise<void> {
  const { services, gateway, settings } = context
  const clientGone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) clientGone.abort(new HalftoneError('cancelled', 'The client closed the connection.'))
  })
  const body = await readBody(request.raw, operation !== 'generate', { spool: services.spool, settings })
  const { inputs, ...normalized } = await takeRequest(context, {
    operation,
    body,
    isForm: /^multipart\//i.test(request.headers['content-type'] ?? ''),
    headers: request.headers,
    identity,
    signal: clientGone.signal,
  })
  const { options } = normalized
  const stream = normalized.request.stream
    ? createImageEventStream(reply.raw, {
        operation,
        settings: () => ({
          size: normalized.request.size ? formatSize(normalized.request.size) : 'auto',
          quality: normalized.request.quality ?? 'auto',
          background: normalized.request.background ?? 'opaque',
          format: normalized.request.outputFormat ?? 'png',
        }),
      })
    : undefined
  const origin = publicOrigin(request, settings)
  let running: string | undefined
  let isAnswered = false
  reply.hijack()
  // A comment goes out every few seconds, so that there is always something to send.
  if (stream) cutWhenStalled(reply.raw)
  let result: ExecuteResult | undefined
  try {
    result = await gateway.execute({
      request: normalized.request,
      options,
      caller: callerOf(identity),
      inputs,
      sdkRetry: normalized.sdkRetry,
      clientGone: clientGone.signal,
      mayGoOn: async () => void (await lookAgain(request, 'inference', context)),
      ...(normalized.idempotencyKey !== undefined && { idempotencyKey: normalized.idempotencyKey }),
      ...(stream && { stream: inLine(stream) }),
      onProgress(told) {
        // A call that lost against its hedge ends after the answer, and nobody would take its place off the board.
        if (isAnswered) return
        running = told.requestId
        const share = context.progress.told(told, normalized.request.n)
        // Nothing done is nothing to tell, and a failure before the first event stays an ordinary HTTP error.
        if (normalized.progress && share > 0) stream?.progress(told.requestId, share)
      },
    })
    const { summary } = result
    if (summary.offer && summary.cache === 'miss') context.metrics.cost(summary.offer, summary.costNanoUsd, result.images.length)
    if (stream) await stream.finish(result, { bodyMetadata: options.bodyMetadata })
    else {
      cutWhenStalled(reply.raw)
      await sendImages(reply.raw, {
        result,
        responseFormat: normalized.request.responseFormat,
        bodyMetadata: options.bodyMetadata,
        urlOf: (assetId) => origin + context.signer.sign(assetId).image,
      })
    }
  } catch (error) {
    if (reply.raw.headersSent && !stream) {
      // The length was promised; cutting the connection is the only honest signal left.
      services.log.error({ err: error }, 'an answer broke off while it was sent')
      reply.raw.destroy()
    } else {
      const known = toKnownError(error, services.newId)
      traceError(request, known.code)
      const failure = stream ? stream.fail(known) : toHttpError(known)
      if (failure) sendFailure(reply, failure)
      if (known.code === 'internal_error')
        services.log.error({ err: error, requestId: known.requestId }, 'a request failed inside Halftone')
    }
  } finally {
    isAnswered = true
    if (running !== undefined) context.progress.ended(running)
    await result?.dispose()
  }
}

function sendFailure(reply: FastifyReply, failure: ReturnType<typeof toHttpError>): void {
  if (reply.raw.destroyed) return
  const text = JSON.stringify(failure.body)
  reply.raw.writeHead(failure.status, {
    ...failure.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  })
  reply.raw.end(text)
}
