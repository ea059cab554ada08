/** Thumbnails: made once, at store time when the machine has time for it, else at first view; kept beside the images. */
import type { GatewayLog } from '../gateway/state.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { ThumbnailStore } from '../ports/thumbnail-store.ts'
import type { Thumbnails } from '../server/thumbnails.ts'
import { createThumbnailer } from '../steps/thumbnailer.ts'

export interface ThumbnailOptions {
  readonly mode: 'store' | 'lazy' | 'off'
  readonly kept: ThumbnailStore
  readonly blobs: BlobStore
  readonly log: GatewayLog
}

/** Formats that a raster thumbnail can be made of. */
const drawable = /^image\/(png|jpeg|webp|gif|avif)$/

export function createThumbnails({ mode, kept, blobs, log }: ThumbnailOptions): Thumbnails & {
  onStored(sha256: string): void
  onDeleted(sha256: string): Promise<void>
  close(): Promise<void>
} {
  const thumbnailer = createThumbnailer({ concurrency: 1, maxQueue: 64, restMs: 250 })

  async function open(sha256: string): Promise<AsyncIterable<Uint8Array>> {
    const blob = await blobs.open(sha256)
    if (!blob) throw new Error(`blob ${sha256} is not stored`)
    return blob.stream
  }

  return {
    onStored(sha256) {
      if (mode !== 'store') return
      thumbnailer.submit({
        id: sha256,
        open: () => open(sha256),
        store: ({ bytes }) => kept.put(sha256, bytes),
        failed: (err) => log.warn({ err, sha256 }, 'no thumbnail could be made of an image'),
      })
    },
    async get({ sha256, mediaType }) {
      if (mode === 'off' || !drawable.test(mediaType)) return undefined
      const stored = await kept.get(sha256)
      if (stored) return stored
      const made = await thumbnailer.make({ id: sha256, open: () => open(sha256) })
      // It is shown all the same.
      await kept.put(sha256, made.bytes).catch((err: unknown) => log.warn({ err, sha256 }, 'a thumbnail could not be kept'))
      return made.bytes
    },
    onDeleted: (sha256) => kept.delete(sha256),
    close: () => thumbnailer.close(),
  }
}
