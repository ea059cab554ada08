/** From what a codec points at to images that are known to be images. */
import { HalftoneError } from '../../core/error.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import { ForeignFetchError, type ForeignFetcher, type ForeignImage } from '../../net/foreign-fetch.ts'
import { readImageHeader } from '../../net/image-header.ts'
import type { ScannedBody } from '../../net/json-scanner.ts'
import type { SpooledBody } from '../../ports/blob-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DrawSvg, SvgDrawing } from '../../ports/draw-svg.ts'
import type { AttemptIo, ReceivedImage } from '../../ports/provider.ts'
import type { DecodedImage, HttpCall } from '../define-provider.ts'
import type { Answer } from './answer.ts'
import { failure, failureOfDownload, failureOfExchange } from './failures.ts'

export type Collected =
  | { readonly kind: 'image'; readonly image: ReceivedImage }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure }

export interface CollectContext {
  readonly io: AttemptIo
  readonly clock: Clock
  readonly fetcher: ForeignFetcher
  /** Relative result URLs are taken from here. */
  readonly baseUrl: string
  readonly drawSvg?: DrawSvg
  /** Absent on streams, whose images are in the events. */
  readonly fetchOwn?: (call: HttpCall) => Promise<Answer>
}

/** A paid picture behind a link is worth more than one try. */
const DOWNLOAD_TRIES = 3
const DOWNLOAD_PAUSE_MS = 500

/** Take one image. A body that is handed out belongs to the receiver; any other stays with `bodies`. */
export async function collectImage(
  decoded: DecodedImage,
  bodies: readonly ScannedBody[],
  context: CollectContext,
): Promise<Collected> {
  const extras = {
    ...(decoded.revisedPrompt === undefined ? {} : { revisedPrompt: decoded.revisedPrompt }),
    ...(decoded.seed === undefined ? {} : { seed: decoded.seed }),
  }
  const { source } = decoded
  if ('url' in source) return download(source.url, extras, context)
  if ('call' in source) return fetchOwn(source.call, extras, context)
  if ('drawing' in source) return draw(source.drawing, extras, context)
  return taken(bodies[source.body]?.body, extras)
}

type Extras = Pick<ReceivedImage, 'revisedPrompt' | 'seed'>

/** Recognised by its bytes. */
function taken(body: SpooledBody | undefined, extras: Extras): Collected {
  if (!body || body.bytes === 0) return failed('provider_no_image', 'The provider answered with an empty image.')
  const header = readImageHeader(body.head)
  if (!header) return failed('provider_invalid_response', 'The provider answered with something that is not an image.')
  const { mediaType, width, height } = header
  return { kind: 'image', image: { body, mediaType, size: { width, height }, ...extras } }
}

const failed = (code: 'provider_no_image' | 'provider_invalid_response', message: string): Collected => ({
  kind: 'failed',
  failure: failure(code, message, 'unknown'),
})

async function fetchOwn(call: HttpCall, extras: Extras, context: CollectContext): Promise<Collected> {
  if (!context.fetchOwn) return failed('provider_invalid_response', 'The provider named a further call inside a stream.')
  try {
    const { response, bodies } = await context.fetchOwn(call)
    if (response.status === 200 && response.body.kind === 'image') return taken(bodies[0]?.body, extras)
    return failed('provider_invalid_response', `The result could not be fetched: the provider answered ${response.status}.`)
  } catch (error) {
    const { code, message } = failureOfExchange(error, { cancelStopsBilling: false })
    return { kind: 'failed', failure: failure(code, `The result could not be fetched: ${message}`, 'yes', { retryable: false }) }
  }
}

async function draw(drawing: SvgDrawing, extras: Extras, { drawSvg, io }: CollectContext): Promise<Collected> {
  if (!drawSvg) throw new Error('This gateway was put together without anything that draws SVG.')
  try {
    return taken(await drawSvg(drawing, io), extras)
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    return { kind: 'failed', failure: failure(error.code, error.message, 'unknown', { retryable: error.retryable }) }
  }
}

async function download(url: string, extras: Extras, context: CollectContext): Promise<Collected> {
  try {
    const { body, mediaType, width, height } = await fetchPatiently(URL.parse(url, context.baseUrl)?.href ?? url, context)
    return { kind: 'image', image: { body, mediaType, size: { width, height }, ...extras } }
  } catch (error) {
    return { kind: 'failed', failure: failureOfDownload(error) }
  }
}

async function fetchPatiently(url: string, { io, clock, fetcher }: CollectContext): Promise<ForeignImage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetcher.fetch(url, io)
    } catch (error) {
      if (attempt === DOWNLOAD_TRIES || io.signal.aborted || !isTransient(error)) throw error
      await clock.sleep(DOWNLOAD_PAUSE_MS * attempt, io.signal).catch(() => undefined)
    }
  }
}

const isTransient = (error: unknown): boolean =>
  error instanceof ForeignFetchError &&
  (error.fault === 'unreachable' || (error.fault === 'status' && (error.status ?? 0) >= 500))
