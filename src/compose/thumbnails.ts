/** Thumbnails: made once, at store time when the machine has time for it, else at first view; kept beside the images. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { GatewayLog } from '../gateway/state.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Thumbnails } from '../server/thumbnails.ts'
import type { Thumbnail } from '../steps/thumbnail.ts'
import { createThumbnailer } from '../steps/thumbnailer.ts'

export interface ThumbnailOptions {
  readonly mode: 'store' | 'lazy' | 'off'
  readonly dataDir: string
  readonly blobs: BlobStore
  readonly log: GatewayLog
}

/** Formats that a raster thumbnail can be made of. */
const drawable = /^image\/(png|jpeg|webp|gif|avif)$/

export function createThumbnails({ mode, dataDir, blobs, log }: ThumbnailOptions): Thumbnails & {
  onStored(sha256: string): void
  onDeleted(sha256: string): Promise<void>
  close(): Promise<void>
} {
  const thumbnailer = createThumbnailer({ concurrency: 1, maxQueue: 64, restMs: 250 })
  const fileOf = (sha256: string): string => join(dataDir, 'thumbnails', sha256.slice(0, 2), `${sha256}.webp`)

  async function open(sha256: string): Promise<AsyncIterable<Uint8Array>> {
    const blob = await blobs.open(sha256)
    if (!blob) throw new Error(`blob ${sha256} is not stored`)
    return blob.stream
  }
  async function keep(sha256: string, { bytes }: Thumbnail): Promise<void> {
    const file = fileOf(sha256)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(`${file}.new`, bytes, { mode: 0o600 })
    await rename(`${file}.new`, file)
  }

  return {
    onStored(sha256) {
      if (mode !== 'store') return
      thumbnailer.submit({
        id: sha256,
        open: () => open(sha256),
        store: (thumbnail) => keep(sha256, thumbnail),
        failed: (err) => log.warn({ err, sha256 }, 'no thumbnail could be made of an image'),
      })
    },
    async get({ sha256, mediaType }) {
      if (mode === 'off' || !drawable.test(mediaType)) return undefined
      const stored = await readFile(fileOf(sha256)).catch(() => undefined)
      if (stored) return stored
      const made = await thumbnailer.make({ id: sha256, open: () => open(sha256) })
      await keep(sha256, made)
      return made.bytes
    },
    onDeleted: (sha256) => rm(fileOf(sha256), { force: true }),
    close: () => thumbnailer.close(),
  }
}
