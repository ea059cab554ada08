/** The bucket of `storage.blobs`. Its client is loaded only here, where one is configured. */
import { join } from 'node:path'
import type { S3Store } from '../blobs/s3.ts'
import type { S3Place } from '../blobs/s3-connection.ts'
import type { Config } from '../config/index.ts'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'
import { systemClock } from '../system-clock.ts'

/** Far longer than from storing a picture to its row, and than clocks of nodes differ. */
export const KEEP_YOUNG_MS = 600_000

type BlobsConfig = NonNullable<Config['storage']['blobs']>

/** `keepYoungMs`: 0 where one node alone stores there. Connects to nothing yet. */
export async function openBucket(blobs: BlobsConfig, keepYoungMs: number, clock: Clock): Promise<S3Store> {
  const { openS3BlobStore } = await import('../blobs/s3.ts')
  return openS3BlobStore({ place: placeOf(blobs), keepYoungMs, nowMs: () => clock.nowUs() / 1_000 })
}

/** So many images are under way at once. */
const COPIES = 8

export interface ImageCopy {
  readonly copied: number
  readonly bytes: number
  /** Were in the bucket already. */
  readonly there: number
  /** Ids of those whose bytes are not what was stored; they are left out. */
  readonly damaged: readonly string[]
}

/**
 * Copy the images of the data folder into the bucket; nothing in the folder is changed. What is there is skipped, so that a copy that was
 * cut off goes on where it stopped, and one made while a gateway runs is completed by another. Throws what the bucket throws.
 */
export async function copyImages(
  { storage }: Config,
  options: { readonly dryRun: boolean; readonly signal: AbortSignal; onCopied(images: number): void },
): Promise<ImageCopy> {
  if (!storage.blobs) {
    throw new HalftoneError('config_invalid', 'There is no bucket to copy images into: storage.blobs is not configured.')
  }
  const { storedBlobs, isWhole } = await import('../blobs/stored-blobs.ts')
  const store = await openBucket(storage.blobs, KEEP_YOUNG_MS, systemClock)
  const done = { copied: 0, bytes: 0, there: 0, damaged: [] as string[] }
  const images = storedBlobs(join(storage.dataDir, 'blobs'))
  const work = async (): Promise<void> => {
    for (let next = await images.next(); !next.done; next = await images.next()) {
      options.signal.throwIfAborted()
      const image = next.value
      if (!(await isWhole(image))) done.damaged.push(image.sha256)
      else if (!options.dryRun && !(await store.copy(image))) done.there += 1
      else {
        done.copied += 1
        done.bytes += image.bytes
      }
      options.onCopied(done.copied + done.there)
    }
  }
  try {
    await store.check()
    await Promise.all(Array.from({ length: COPIES }, work))
    return done
  } finally {
    await store.close()
  }
}

interface BucketExam {
  readonly place: string
  /** What failed first; undefined: it can be reached, written to, read from and deleted from. */
  readonly problem: string | undefined
  /** It refuses to write over an object where it is asked to; undefined: not known. */
  readonly knowsConditions?: boolean
}

/** Writes, reads and deletes a small object of its own. Costs what a few requests of the storage cost. */
export async function examineBucket(blobs: BlobsConfig): Promise<BucketExam> {
  const place = `${blobs.bucket}${blobs.prefix === '' ? '' : `, below ${blobs.prefix}`}${blobs.endpoint ? `, at ${blobs.endpoint}` : ''}`
  const store = await openBucket(blobs, 0, systemClock)
  try {
    await store.check()
    return { place, problem: undefined, ...(await store.probe()) }
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    return { place, problem: error.message }
  } finally {
    await store.close()
  }
}

function placeOf({ bucket, prefix, region, endpoint, forcePathStyle, accessKeyId, secretAccessKey }: BlobsConfig): S3Place {
  return {
    bucket,
    prefix,
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId &&
      secretAccessKey && {
        credentials: { accessKeyId: accessKeyId.reveal(), secretAccessKey: secretAccessKey.reveal() },
      }),
  }
}
