import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { blobStoreContract } from '../../test/contracts/blob-store.ts'
import { S3_START_TIMEOUT_MS } from '../../test/support/rgw.ts'
import { createTestBucket, type TestBucket } from '../../test/support/test-bucket.ts'
import { openS3BlobStore, type S3Store } from './s3.ts'
import { createSpool } from './spool.ts'

let bucket: TestBucket
beforeAll(async () => {
  bucket = await createTestBucket()
}, S3_START_TIMEOUT_MS)
afterAll(() => bucket?.drop())

for (const keepYoungMs of [0, 1]) {
  blobStoreContract(keepYoungMs === 0 ? 'S3, one node' : 'S3, several nodes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'halftone-blobs-'))
    const memorySpool = createSpool({ dir: join(dir, 'spool') })
    const fileSpool = createSpool({ dir: join(dir, 'spool'), memoryBudgetBytes: 0 })
    const stores: S3Store[] = []
    const open = async (): Promise<S3Store> => {
      const store = await openS3BlobStore({ place: bucket.place, keepYoungMs })
      stores.push(store)
      return store
    }
    return {
      store: await open(),
      memorySpool,
      fileSpool,
      reopen: open,
      async close() {
        await memorySpool.close()
        await fileSpool.close()
        await Promise.all(stores.map((store) => store.close()))
        rmSync(dir, { recursive: true })
      },
    }
  })
}
