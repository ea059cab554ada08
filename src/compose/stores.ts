/** Where bytes lie: finished images, bodies on their way, small images, and a look at the free disk. */
import { join } from 'node:path'
import { createDiskBlobStore } from '../blobs/disk.ts'
import { createSpool } from '../blobs/spool.ts'
import { startDiskGuard } from '../gateway/disk-guard.ts'
import type { BlobStore, Spool } from '../ports/blob-store.ts'
import type { Base } from './base.ts'
import { createThumbnails } from './thumbnails.ts'

/** Far longer than from storing a picture to its row, and than clocks of nodes differ. */
const KEEP_YOUNG_MS = 600_000

export interface Stores {
  readonly blobs: BlobStore
  readonly spool: Spool
  readonly disk: Awaited<ReturnType<typeof startDiskGuard>>
  readonly thumbnails: ReturnType<typeof createThumbnails>
}

export async function openStores({ config: { storage }, clock, log, onClose }: Base): Promise<Stores> {
  const { dataDir } = storage
  const blobs = createDiskBlobStore({
    dir: join(dataDir, 'blobs'),
    // Nodes on one PostgreSQL may share the folder over the network; an embedded ledger has its data folder to itself.
    ...(storage.databaseUrl === undefined ? { smallBlobs: 'database' } : { smallBlobs: 'files', keepYoungMs: KEEP_YOUNG_MS }),
  })
  onClose(() => blobs.close())
  const spool = createSpool({ dir: join(dataDir, 'spool'), memoryBudgetBytes: storage.transferBudgetBytes })
  onClose(() => spool.close())
  const disk = await startDiskGuard({
    blobs,
    clock,
    log,
    storeFloor: storage.minFreeBytes,
    dispatchFloor: storage.minFreeBytesDispatch,
  })
  onClose(() => disk.close())
  const thumbnails = createThumbnails({ mode: storage.thumbnails, dataDir, blobs, log })
  onClose(() => thumbnails.close())
  return { blobs, spool, disk, thumbnails }
}
