import { afterAll, beforeAll } from 'vitest'
import { blobStoreContract } from '../../test/contracts/blob-store.ts'
import { S3_START_TIMEOUT_MS } from '../../test/support/rgw.ts'
import { createTestBucket, type TestBucket } from '../../test/support/test-bucket.ts'
import { openS3BlobStore } from './s3.ts'

let bucket: TestBucket
beforeAll(async () => {
  bucket = await createTestBucket()
}, S3_START_TIMEOUT_MS)
afterAll(() => bucket?.drop())

for (const keepYoungMs of [0, 1])
  blobStoreContract(keepYoungMs === 0 ? 'S3, one node' : 'S3, several nodes', () =>
    openS3BlobStore({ place: bucket.place, keepYoungMs }),
  )
