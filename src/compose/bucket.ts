/** The bucket of `storage.blobs`. Its client is loaded only here, where one is configured. */
import type { S3Store } from '../blobs/s3.ts'
import type { S3Place } from '../blobs/s3-connection.ts'
import type { Config } from '../config/index.ts'
import type { Clock } from '../ports/clock.ts'

type BlobsConfig = NonNullable<Config['storage']['blobs']>

/** `keepYoungMs`: 0 where one node alone stores there. Connects to nothing yet. */
export async function openBucket(blobs: BlobsConfig, keepYoungMs: number, clock: Clock): Promise<S3Store> {
  const { openS3BlobStore } = await import('../blobs/s3.ts')
  return openS3BlobStore({ place: placeOf(blobs), keepYoungMs, nowMs: () => clock.nowUs() / 1_000 })
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
