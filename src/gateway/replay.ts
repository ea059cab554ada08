/** Answer from the ledger and the image store instead of paying again. */
import { type ErrorCode, errorCatalogue, HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { AssetRecord } from '../ports/ledger.ts'
import { type ExecuteResult, type OutputImage, summaryFromJson } from './execution.ts'
import type { GatewayServices } from './state.ts'

/** The answer of a finished request, with its stored images. Throws its stored error, or `asset_expired`. */
export async function replayRequest(
  services: GatewayServices,
  requestId: string,
  cache: 'hit' | 'joined',
): Promise<ExecuteResult> {
  const record = await services.ledger.read.request(requestId)
  if (!record) throw new HalftoneError('not_found', 'The first request has no stored answer.', { requestId })
  if (!record.response) throw new HalftoneError('asset_expired', 'The answer of the first request was deleted.', { requestId })
  const error = storedError(record.response)
  if (error) throw new HalftoneError(error.code, error.message, { requestId, retryable: false, billed: 'yes' })
  const outputs = record.assets.filter((asset) => asset.role === 'output').sort((a, b) => a.index - b.index)
  if (outputs.length === 0)
    throw new HalftoneError('asset_expired', 'The images of the first request were not kept.', { requestId })
  const summary = summaryFromJson(record.response, cache)
  const joined = { code: 'joined_retry', message: 'The first call answered this retry; nothing was paid twice.' } as const
  return {
    requestId,
    createdUs: record.createdUs,
    images: await Promise.all(outputs.map((asset) => storedImage(services, asset))),
    summary: cache === 'joined' ? { ...summary, warnings: [...summary.warnings, joined] } : summary,
    dispose: () => Promise.resolve(),
  }
}

function storedError(response: JsonObject): { readonly code: ErrorCode; readonly message: string } | undefined {
  const { error } = response as { readonly error?: { readonly code: string; readonly message: string } }
  if (!error) return undefined
  return { code: error.code in errorCatalogue ? (error.code as ErrorCode) : 'provider_error', message: error.message }
}

async function storedImage({ blobs }: GatewayServices, asset: AssetRecord): Promise<OutputImage> {
  const blob = await blobs.open(asset.sha256)
  if (!blob)
    throw new HalftoneError('asset_expired', 'An image of the first request is no longer stored.', { requestId: asset.requestId })
  return {
    assetId: asset.id,
    bytes: blob.bytes,
    mediaType: asset.mediaType,
    width: asset.width,
    height: asset.height,
    open: () => blob.stream,
    ...(asset.revisedPrompt !== null && { revisedPrompt: asset.revisedPrompt }),
  }
}
