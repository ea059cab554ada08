/** The bucket of `storage.blobs`. Its client is loaded only here, where one is configured. */
import type { S3Store } from '../blobs/s3.ts'
import type { S3Place } from '../blobs/s3-connection.ts'
import type { Config } from '../config/index.ts'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'
import { systemClock } from '../system-clock.ts'

type BlobsConfig = NonNullable<Config['storage']['blobs']>

/** `keepYoungMs`: 0 where one node alone stores there. Connects to nothing yet. */
export async function openBucket(blobs: BlobsConfig, keepYoungMs: number, clock: Clock): Promise<S3Store> {
  const { openS3BlobStore } = await import('../blobs/s3.ts')
  return openS3BlobStore({ place: placeOf(blobs), keepYoungMs, nowMs: () => clock.nowUs() / 1_000 })
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
