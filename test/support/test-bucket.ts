import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import type { S3Place } from '../../src/blobs/s3-connection.ts'
import type { S3Service } from './rgw.ts'
import { sharedService } from './shared-service.ts'

export interface TestBucket {
  readonly service: S3Service
  /** For a store over it. */
  readonly place: S3Place & { readonly endpoint: string }
  /** As `storage.blobs` has it. */
  readonly config: Readonly<Record<string, unknown>>
  readonly client: S3Client
  /** Names of the objects in it. */
  keys(): Promise<readonly string[]>
  /** Removes it with all that is in it. */
  drop(): Promise<void>
}

/** The run's S3-compatible service, which the first question of a run starts (seconds). */
export const testS3 = async (): Promise<S3Service> => JSON.parse(await sharedService('s3Broker')) as S3Service

/** A new, empty bucket for one test file; the caller drops it. */
export async function createTestBucket(prefix = 'images/'): Promise<TestBucket> {
  const service = await testS3()
  const { endpoint, ...credentials } = service
  const bucket = `halftone-test-${randomBytes(6).toString('hex')}`
  const client = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const list = async (): Promise<string[]> => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
    return Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]))
  }
  return {
    service,
    place: { bucket, prefix, endpoint, forcePathStyle: true, credentials },
    config: { type: 's3', bucket, prefix, ...service },
    client,
    keys: list,
    async drop() {
      for (let keys = await list(); keys.length > 0; keys = await list())
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }))
      await client.send(new DeleteBucketCommand({ Bucket: bucket }))
      client.destroy()
    },
  }
}
