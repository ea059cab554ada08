/** `POST /v1/images/{generations,edits,variations,upscale,remove-background}`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HalftoneError } from '../../core/error.ts'
import { formatSize, type InputRole, type Operation } from '../../core/request.ts'
import type { ExecuteResult } from '../../gateway/execution.ts'
import { callerOf } from '../authenticate.ts'
import type { ServerContext } from '../context.ts'
import { toHttpError, toKnownError } from '../errors.ts'
import { createImageEventStream } from '../event-stream.ts'
import { checkWire, fromFormFields, type NormalizedRequest, normalizeRequest, type WireRequest } from '../image-request.ts'
import { fetchIncomingImage, type IncomingImage, toIncomingImage } from '../incoming-image.ts'
import type { Identity } from '../key-ring.ts'
import { publicOrigin } from '../origin.ts'
import { disposeImages, type RawImage, type ReadBody, readBody } from '../read-body.ts'
import { sendImages } from '../send-images.ts'
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
  // Everything that can be refused without looking at images is refused before any of them is fetched.
  const wire = await orDispose(body.images, () => wireOf(operation, body, request))
  const inputs = await takeInputs(context, body, clientGone.signal)
  const normalized = await normalizeOrDispose(operation, wire, inputs, request)
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
  reply.hijack()
  let result: ExecuteResult | undefined
  try {
    result = await gateway.execute({
      request: normalized.request,
      options,
      caller: callerOf(identity),
      inputs,
      sdkRetry: normalized.sdkRetry,
      clientGone: clientGone.signal,
      ...(normalized.idempotencyKey !== undefined && { idempotencyKey: normalized.idempotencyKey }),
      ...(stream && { stream }),
      onProgress(told) {
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

function wireOf(operation: Operation, { parameters: given, images }: ReadBody, request: FastifyRequest): WireRequest {
  const isForm = /^multipart\//i.test(request.headers['content-type'] ?? '')
  const wire = checkWire(operation, isForm ? fromFormFields(given) : given)
  checkImages(operation, images)
  checkControl(
    wire,
    images.some(({ role }) => role === 'control'),
  )
  return wire
}

/** What each operation does with images. */
const taken: Readonly<Record<Operation, readonly InputRole[]>> = {
  generate: ['control'],
  edit: ['image', 'mask', 'markup', 'control'],
  variation: ['image'],
  upscale: ['image'],
  remove_background: ['image'],
}

function checkImages(operation: Operation, images: readonly RawImage[]): void {
  const foreign = images.find(({ role }) => !taken[operation].includes(role))
  if (foreign) {
    const message =
      operation === 'generate'
        ? 'Generations take no images; use /v1/images/edits.'
        : `Only an image is taken, no ${foreign.role}.`
    throw new HalftoneError('unknown_parameter', message, { param: foreign.param })
  }
  const count = (role: InputRole): number => images.filter((image) => image.role === role).length
  if (operation !== 'generate' && count('image') === 0)
    throw new HalftoneError('missing_required_parameter', 'Missing required parameter: "image".', { param: 'image' })
  const single: readonly InputRole[] = operation === 'edit' ? ['mask', 'markup', 'control'] : ['image', 'control']
  const repeated = single.find((role) => count(role) > 1)
  if (repeated) throw new HalftoneError('invalid_value', `Only one ${repeated} is taken.`, { param: repeated })
}

/** The picture and how it is read come together or not at all. */
function checkControl({ control_image, control_type, control_strength }: WireRequest, hasPicture: boolean): void {
  const isDescribed = (control_image ?? control_type ?? control_strength ?? undefined) !== undefined
  if (hasPicture && !control_image && !control_type)
    throw new HalftoneError('missing_required_parameter', 'Missing required parameter: "control_type".', {
      param: 'control_type',
    })
  if (!hasPicture && isDescribed) {
    const param = control_image ? 'control_image.image_url' : 'control'
    throw new HalftoneError('missing_required_parameter', `Missing required parameter: "${param}".`, { param })
  }
}

async function orDispose<T>(images: readonly RawImage[], work: () => T): Promise<T> {
  try {
    return work()
  } catch (error) {
    await disposeImages(images)
    throw error
  }
}

async function takeInputs(context: ServerContext, body: ReadBody, signal: AbortSignal): Promise<readonly IncomingImage[]> {
  const settled = await Promise.allSettled(body.images.map((image) => takeInput(context, image, signal)))
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) {
    await disposeInputs(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
    throw failed.reason
  }
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

function takeInput(
  { foreign, services, settings }: ServerContext,
  { role, param, source }: RawImage,
  signal: AbortSignal,
): Promise<IncomingImage> {
  return source.kind === 'url'
    ? fetchIncomingImage(source.url, role, param, { foreign, spool: services.spool, signal, settings })
    : toIncomingImage(source.body, role, param, settings, source.filename)
}

async function normalizeOrDispose(
  operation: Operation,
  wire: WireRequest,
  inputs: readonly IncomingImage[],
  { headers }: FastifyRequest,
): Promise<NormalizedRequest> {
  try {
    return normalizeRequest({ operation, wire, inputs: inputs.map(({ input }) => input), headers })
  } catch (error) {
    await disposeInputs(inputs)
    throw error
  }
}

const disposeInputs = async (inputs: readonly IncomingImage[]): Promise<void> => {
  await Promise.all(inputs.map(({ body }) => body.dispose()))
}
