/** Stored images and their thumbnails, by signed URL. */
import { HalftoneError } from '../../core/error.ts'
import type { AssetRecord } from '../../ports/ledger.ts'
import type { Call, Handler } from '../handler.ts'
import { drained } from '../send-images.ts'

/** SVG may carry script: shown only as an image, never as a document of our origin. */
const documentHeaders = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'x-content-type-options': 'nosniff',
}

export const getImage: Handler = async (call) => {
  const asset = await signedAsset(call)
  const blob = await call.context.services.blobs.open(asset.sha256)
  if (!blob) throw expired(asset)
  const { raw } = call.reply
  call.reply.hijack()
  raw.writeHead(200, {
    'content-type': asset.mediaType,
    'content-length': blob.bytes,
    'cache-control': 'private, max-age=3600, immutable',
    etag: `"${asset.sha256}"`,
    ...documentHeaders,
  })
  if (call.request.method === 'HEAD') {
    raw.end()
    return undefined
  }
  try {
    for await (const chunk of blob.stream) {
      if (raw.destroyed) return undefined
      if (!raw.write(chunk)) await drained(raw)
    }
  } catch (err) {
    // The length was promised; cutting the connection is the only honest signal left.
    call.context.services.log.error({ err, assetId: asset.id }, 'a stored image broke off while it was sent')
    raw.destroy()
    return undefined
  }
  raw.end()
  // The dashboard shows pictures to whoever looks at a list; that says nothing about them.
  if (call.request.headers['sec-fetch-site'] !== 'same-origin') call.context.feedback.downloaded(asset)
  return undefined
}

export const getThumbnail: Handler = async (call) => {
  const asset = await signedAsset(call)
  const thumbnail = await call.context.thumbnails.get(asset)
  if (!thumbnail) throw expired(asset)
  const headers = { 'content-type': 'image/webp', 'cache-control': 'private, max-age=86400, immutable', ...documentHeaders }
  await call.reply.headers(headers).send(Buffer.from(thumbnail.buffer, thumbnail.byteOffset, thumbnail.byteLength))
  return undefined
}

async function signedAsset({ context, params, request }: Call): Promise<AssetRecord> {
  const id = params['id'] ?? ''
  const { exp, sig } = request.query as { exp?: string; sig?: string }
  context.signer.check(id, { exp, sig })
  const asset = await context.services.ledger.read.asset(id)
  if (!asset || asset.deleted) throw new HalftoneError('asset_expired', 'This image has expired.', { param: 'id' })
  return asset
}

const expired = (asset: AssetRecord): HalftoneError =>
  new HalftoneError('asset_expired', 'The bytes of this image are no longer stored.', { requestId: asset.requestId })
