/** Signed, expiring URLs of stored images: whoever has one may fetch that image until it expires, and nothing else. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'

export interface UrlSigner {
  /** Path and query of an image and of its thumbnail. */
  sign(assetId: string): { readonly image: string; readonly thumbnail: string }
  /** Throws `asset_expired` or `forbidden`. */
  check(assetId: string, query: { readonly exp?: string | undefined; readonly sig?: string | undefined }): void
}

/** Expiry is rounded up to this, so that the same image keeps its URL for a while and browsers can cache it. */
const ROUND_SECONDS = 300

export function createUrlSigner(options: {
  readonly key: Uint8Array
  readonly ttlSeconds: number
  readonly clock: Clock
}): UrlSigner {
  const signature = (assetId: string, expires: string): string =>
    createHmac('sha256', options.key).update(`image:${assetId}:${expires}`).digest('base64url').slice(0, 32)
  return {
    sign(assetId) {
      const at = Math.floor(options.clock.nowUs() / 1_000_000) + options.ttlSeconds
      const expires = String(Math.ceil(at / ROUND_SECONDS) * ROUND_SECONDS)
      const query = `exp=${expires}&sig=${signature(assetId, expires)}`
      const path = `/v1/halftone/images/${encodeURIComponent(assetId)}`
      return { image: `${path}?${query}`, thumbnail: `${path}/thumbnail?${query}` }
    },
    check(assetId, { exp = '', sig = '' }) {
      const expected = Buffer.from(signature(assetId, exp))
      const given = Buffer.from(sig)
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        throw new HalftoneError('forbidden', 'The signature of this image URL is not valid.')
      if (Number(exp) * 1_000_000 < options.clock.nowUs())
        throw new HalftoneError('asset_expired', 'This image URL has expired; read the request again for a new one.')
    },
  }
}
