/** Output images become assets: a random id over a stored blob, with an expiry. */
import { randomBytes } from 'node:crypto'
import type { SpooledBody } from '../ports/blob-store.ts'
import type { NewAsset } from '../ports/ledger.ts'
import type { ReceivedImage } from '../ports/provider.ts'
import type { Caller, ExecuteInput } from './execution.ts'
import type { GatewayServices } from './state.ts'

const DAY_US = 86_400_000_000

/** Milliseconds in base 36, until the year 5188. */
const TIME_DIGITS = 9

/**
 * Unguessable: the signed URL's path carries it. In front of what is random stands the time, so that what is stored together stands
 * together in the ledger: ids without any order touch a page of their own each.
 */
function newAssetId(nowUs: number): string {
  const time = Math.floor(nowUs / 1_000)
    .toString(36)
    .padStart(TIME_DIGITS, '0')
  return `img_${time}${randomBytes(18).toString('base64url')}`
}

export const expiryOf = (nowUs: number, caller: Pick<Caller, 'assetTtlDays'>): number => nowUs + caller.assetTtlDays * DAY_US

/**
 * Keep the images of a finished attempt. When the disk is below the floor, or the store fails, nothing is stored and the
 * client still gets its pictures: a paid image is never withheld for want of a place to keep it. What is returned is held
 * against the sweeper until `releaseAssets`.
 */
export async function storeOutputs(
  services: GatewayServices,
  output: {
    readonly images: readonly ReceivedImage[]
    /** By index in `images`: what a picture was made from here. */
    readonly originals?: ReadonlyMap<number, ReceivedImage>
    readonly firstImage: number
    readonly caller: Pick<Caller, 'assetTtlDays'>
  },
): Promise<readonly NewAsset[]> {
  const { log, clock } = services
  if (output.caller.assetTtlDays === 0) return []
  if (!services.disk.mayStore()) {
    services.onNotKept?.(output.images.length)
    return []
  }
  const stored = await Promise.allSettled(
    output.images.map(async (image, index): Promise<readonly NewAsset[]> => {
      const expiresUs = expiryOf(clock.nowUs(), output.caller)
      const place = { index: output.firstImage + index, expiresUs }
      const from = output.originals?.get(index)
      const original = from && (await storeOne(services, from, { ...place, role: 'original' }))
      const finished = await storeOne(services, image, { ...place, role: 'output' }).catch((error: unknown) => {
        if (original) releaseAssets(services, [original])
        throw error
      })
      services.onStored?.(image.body.sha256)
      return original ? [original, { ...finished, parentId: original.id }] : [finished]
    }),
  )
  return stored.flatMap((result) => {
    if (result.status === 'fulfilled') return result.value
    services.onNotKept?.(1)
    log.error({ err: result.reason }, 'an image could not be stored; it is sent but not kept')
    return []
  })
}

async function storeOne(
  services: GatewayServices,
  image: ReceivedImage,
  place: Pick<NewAsset, 'index' | 'role' | 'expiresUs'>,
): Promise<NewAsset> {
  await keep(services, image.body)
  return {
    ...place,
    id: newAssetId(services.clock.nowUs()),
    sha256: image.body.sha256,
    bytes: image.body.bytes,
    mediaType: image.mediaType,
    width: image.size.width,
    height: image.size.height,
    ...(image.revisedPrompt !== undefined && { revisedPrompt: image.revisedPrompt }),
    ...(image.seed !== undefined && { seed: image.seed }),
  }
}

/** Hold the bytes, then store them; a failure lets them go again. */
export async function keep({ blobs, blobGuard }: GatewayServices, body: SpooledBody): Promise<void> {
  await blobGuard.hold(body.sha256)
  try {
    await blobs.put(body)
  } catch (error) {
    blobGuard.release(body.sha256)
    throw error
  }
}

/** Their rows are durable, or will never be: the sweeper may judge them by their references again. */
export function releaseAssets({ blobGuard }: GatewayServices, assets: readonly NewAsset[]): void {
  for (const { sha256 } of assets) blobGuard.release(sha256)
}

/** The rows of a request's input images; their bytes go to the blob store once the request is reserved. */
export function inputAssets(input: ExecuteInput, nowUs: number): readonly NewAsset[] {
  if (input.caller.assetTtlDays === 0) return []
  return input.inputs.map(({ input: image }, index) => ({
    id: newAssetId(nowUs),
    role: image.role,
    index,
    sha256: image.sha256,
    bytes: image.bytes,
    mediaType: image.mediaType,
    width: image.width,
    height: image.height,
    expiresUs: expiryOf(nowUs, input.caller),
  }))
}
