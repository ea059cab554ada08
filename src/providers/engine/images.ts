/** From what a codec points at to images that are known to be images. */

import type { AttemptFailure } from '../../core/outcome.ts'
import { ForeignFetchError, type ForeignFetcher, type ForeignImage } from '../../net/foreign-fetch.ts'
import { readImageHeader } from '../../net/image-header.ts'
import type { ScannedBody } from '../../net/json-scanner.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AttemptIo, ReceivedImage } from '../../ports/provider.ts'
import type { DecodedImage } from '../define-provider.ts'
import { failure, failureOfDownload } from './failures.ts'

export type Collected =
  | { readonly kind: 'image'; readonly image: ReceivedImage }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure }

export interface CollectContext {
  readonly io: AttemptIo
  readonly clock: Clock
  readonly fetcher: ForeignFetcher
  /** Relative result URLs are taken from here. */
  readonly baseUrl: string
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
  if ('url' in decoded.source) return download(decoded.source.url, extras, context)
  const body = bodies[decoded.source.body]?.body
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

async function download(
  url: string,
  extras: Pick<ReceivedImage, 'revisedPrompt' | 'seed'>,
  context: CollectContext,
): Promise<Collected> {
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
