/** Where bytes lie: finished images, bodies on their way, small images, and a look at the free disk. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { createDiskBlobStore } from '../blobs/disk.ts'
import { createSpool } from '../blobs/spool.ts'
import { createThumbnailFiles } from '../blobs/thumbnail-files.ts'
import { HalftoneError } from '../core/error.ts'
import type { StoreFailure } from '../gateway/alert-sources.ts'
import { startDiskGuard } from '../gateway/disk-guard.ts'
import { startStoreWatch } from '../gateway/store-watch.ts'
import type { BlobStore, Spool } from '../ports/blob-store.ts'
import type { ThumbnailStore } from '../ports/thumbnail-store.ts'
import type { Base } from './base.ts'
import { KEEP_YOUNG_MS, openBucket } from './bucket.ts'
import { createThumbnails } from './thumbnails.ts'

export interface Stores {
  readonly blobs: BlobStore
  readonly spool: Spool
  readonly disk: Awaited<ReturnType<typeof startDiskGuard>>
  readonly thumbnails: ReturnType<typeof createThumbnails>
  /** Images that were sent and not kept, since the start. */
  readonly notKept: { images: number }
  /** Of a bucket that takes no pictures now. */
  failure(): StoreFailure | undefined
}

export async function openStores(base: Base): Promise<Stores> {
  const { clock, log, onClose } = base
  const { storage } = base.config
  const { dataDir } = storage
  const images = await openImages(base)
  const { blobs } = images
  onClose(() => blobs.close())
  const spool = createSpool({ dir: join(dataDir, 'spool'), memoryBudgetBytes: storage.transferBudgetBytes })
  onClose(() => spool.close())
  const disk = await startDiskGuard({
    freeBytes: images.freeBytes,
    clock,
    log,
    storeFloor: images.storeFloor,
    dispatchFloor: storage.minFreeBytesDispatch,
  })
  onClose(() => disk.close())
  const thumbnails = createThumbnails({ mode: storage.thumbnails, kept: images.thumbnails, blobs, log })
  onClose(() => thumbnails.close())
  return { blobs, spool, disk, thumbnails, notKept: { images: 0 }, failure: images.failure }
}

interface Images {
  readonly blobs: BlobStore
  readonly thumbnails: ThumbnailStore
  /** Of the disk that fills up. */
  freeBytes(): Promise<number | undefined>
  /** With less no image is stored. */
  readonly storeFloor: number
  readonly failure: Stores['failure']
}

async function openImages({ config: { storage }, clock, log }: Base): Promise<Images> {
  const { dataDir } = storage
  const isShared = storage.databaseUrl !== undefined
  if (!storage.blobs) {
    const dir = join(dataDir, 'blobs')
    const blobs = createDiskBlobStore({
      dir,
      // Nodes on one PostgreSQL may share the folder over the network; an embedded ledger has its data folder to itself.
      ...(isShared ? { smallBlobs: 'files', keepYoungMs: KEEP_YOUNG_MS } : { smallBlobs: 'database' }),
    })
    const thumbnails = createThumbnailFiles(join(dataDir, 'thumbnails'))
    const { minFreeBytes } = storage
    return { blobs, thumbnails, freeBytes: () => blobs.freeBytes(), storeFloor: minFreeBytes, failure: () => undefined }
  }
  const bucket = await openBucket(storage.blobs, isShared ? KEEP_YOUNG_MS : 0, clock)
  const watch = startStoreWatch(bucket, clock)
  await watch.check().catch(async (error: unknown) => {
    // An outage passes, and pictures can be made and sent meanwhile. A wrong name or key does not.
    if (error instanceof HalftoneError && error.code === 'storage_unavailable') {
      log.error({ err: error }, 'the store of images does not answer; pictures are sent and not kept until it does')
      return
    }
    await watch.blobs.close()
    throw error
  })
  return {
    blobs: watch.blobs,
    failure: watch.failure,
    thumbnails: bucket.thumbnails,
    // The ledger and bodies on their way still need the disk; images do not.
    async freeBytes() {
      const { bavail, bsize } = await statfs(dataDir)
      return bavail * bsize
    },
    storeFloor: 0,
  }
}
