/**
 * Blobs and thumbnails as objects of one bucket that all nodes share: written once by whoever comes first, and deleted so that no
 * node deletes what another is just storing again.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { HalftoneError } from '../core/error.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { ThumbnailStore } from '../ports/thumbnail-store.ts'
import { createGate } from './files.ts'
import { openS3Connection, type S3Limits, type S3Place } from './s3-connection.ts'
import { createS3Objects, keysOf, type S3Objects, type Sendable, sendable } from './s3-objects.ts'
import { readObject } from './s3-read.ts'

/** Each holds a connection, and sends a body of at most the largest image. */
const CONCURRENT_PUTS = 32
/** Fewer, so that a sweep of many leaves room for those who wait. */
const CONCURRENT_DELETES = 8
const LARGEST_THUMBNAIL = 4 * 1024 * 1024
/** A deletion takes a few calls; one that stands for long belongs to a node that died in the middle of it. */
const DELETION_WAITS_MS = 50
const MOST_DELETION_WAITS = 60

export interface S3BlobStoreOptions {
  readonly place: S3Place
  /** Where other nodes store as well: what was put less than so many milliseconds ago is not deleted, for its row may still be on its way. */
  readonly keepYoungMs?: number
  readonly limits?: Partial<S3Limits>
  /** What time it is; the system's by default. */
  readonly nowMs?: () => number
}

export interface S3Probe {
  /** It refuses to write over an object where it is asked to. */
  readonly knowsConditions: boolean
}

export interface S3Store extends BlobStore {
  /** Keep bytes that are somewhere else already. False: they were here. */
  copy(body: Sendable): Promise<boolean>

  readonly thumbnails: ThumbnailStore
  /** Throws `storage_unavailable` when nothing answers, and `storage_failed` when the bucket or the key is not right. */
  check(): Promise<void>
  /** Writes, reads and deletes an object of its own; throws what fails first. */
  probe(): Promise<S3Probe>
}

export async function openS3BlobStore({
  place,
  keepYoungMs = 0,
  limits,
  nowMs = Date.now,
}: S3BlobStoreOptions): Promise<S3Store> {
  // Reads have connections of their own: readers that come in a flood keep no paid picture from being stored.
  const writing = await openS3Connection(place, limits)
  const reading = await openS3Connection(place, limits)
  const objects = createS3Objects(writing, nowMs)
  const stored = createS3Objects(reading, nowMs)
  const putGate = createGate(CONCURRENT_PUTS)
  const deleteGate = createGate(CONCURRENT_DELETES)
  const keys = (sha256: string) => keysOf(place.prefix, sha256)
  const keep = (body: Sendable): Promise<boolean> =>
    putGate.run(() => (keepYoungMs > 0 ? putAmongNodes(objects, place, body, keepYoungMs) : putAlone(objects, place, body)))
  return {
    put: async (body) => void (await keep(body)),
    copy: keep,
    async open(sha256, part) {
      const key = keys(sha256).blob
      const found = await stored.find(key)
      return found && { bytes: found.bytes, stream: readObject(reading, { key, sha256, bytes: found.bytes }, part) }
    },
    async delete(sha256) {
      const { blob } = keys(sha256)
      return deleteGate.run(async () => {
        if (keepYoungMs > 0) return deleteAmongNodes(objects, place, sha256, keepYoungMs)
        await objects.remove(blob)
        return true
      })
    },
    // The room of a bucket is nobody's to know; a quota that is used up shows as an error.
    freeBytes: async () => undefined,
    thumbnails: {
      async get(sha256) {
        const key = keys(sha256).thumbnail
        const found = await stored.find(key)
        if (!found || found.bytes > LARGEST_THUMBNAIL) return undefined
        return readAll(readObject(reading, { key, sha256: undefined, bytes: found.bytes }), found.bytes)
      },
      async put(sha256, bytes) {
        const { blob, thumbnail } = keys(sha256)
        await objects.replace(thumbnail, sendable(bytes))
        // Its image may have been deleted by another node meanwhile, which deletes the thumbnail after it.
        if (!(await objects.find(blob))) await objects.remove(thumbnail)
      },
      delete: (sha256) => objects.remove(keys(sha256).thumbnail),
    },
    check: () =>
      reading.call(async (abortSignal) => {
        // Unlike the bucket's head, its list says what is wrong.
        const list = new reading.sdk.ListObjectsV2Command({ Bucket: place.bucket, Prefix: place.prefix, MaxKeys: 1 })
        await reading.client.send(list, { abortSignal })
      }),
    async probe() {
      const key = `${place.prefix}probe/${randomUUID()}`
      const body = sendable(randomBytes(1_024))
      await objects.replace(key, body)
      try {
        const knowsConditions = !(await objects.create(key, body))
        await readAll(readObject(reading, { key, sha256: body.sha256, bytes: body.bytes }), body.bytes)
        return { knowsConditions }
      } finally {
        await objects.remove(key)
      }
    },
    async close() {
      writing.close()
      reading.close()
    },
  }
}

async function readAll(chunks: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const all = new Uint8Array(bytes)
  let at = 0
  for await (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}

/** False: it was there. */
async function putAlone(objects: S3Objects, { prefix }: S3Place, body: Sendable): Promise<boolean> {
  const { blob } = keysOf(prefix, body.sha256)
  if (await objects.create(blob, body)) return true
  // A copy that was cut short on its way here has the wrong length.
  if ((await objects.find(blob))?.bytes === body.bytes) return false
  await objects.replace(blob, body)
  return true
}

/**
 * False: it was there. One that is there already is stored anew when it is old: its age is what other nodes judge by. If one of them is deleting it at
 * this moment, that is waited for, and it is stored once more.
 */
async function putAmongNodes(objects: S3Objects, { prefix }: S3Place, body: Sendable, keepYoungMs: number): Promise<boolean> {
  const { blob, deleting } = keysOf(prefix, body.sha256)
  for (let waits = 0; waits < MOST_DELETION_WAITS; waits++) {
    if (await objects.create(blob, body)) return true
    const found = await objects.find(blob)
    if (!found) continue
    if (found.bytes !== body.bytes || found.ageMs > keepYoungMs / 4) await objects.replace(blob, body)
    // In this order: whoever deletes says so first and looks at the age after, so that one of the two sees the other.
    if (!(await objects.find(deleting))) return false
    await sleep(DELETION_WAITS_MS)
  }
  throw new HalftoneError(
    'storage_unavailable',
    'The same image is being deleted by another node, which does not come to an end.',
    {
      retryAfterMs: keepYoungMs,
    },
  )
}

/**
 * False for what is young. One node at a time deletes a blob, and says so by an object beside it. Whether the deletion itself was done
 * is asked only once: one that comes late must find the mark, so after a failure it stays, until it is too old to mean anything.
 */
async function deleteAmongNodes(objects: S3Objects, { prefix }: S3Place, sha256: string, keepYoungMs: number): Promise<boolean> {
  const { blob, deleting } = keysOf(prefix, sha256)
  const found = await objects.find(blob)
  if (!found) return true
  if (found.ageMs < keepYoungMs) return false
  if (!(await objects.create(deleting, sendable(new Uint8Array(0))))) {
    // Removed in one sweep and set again in a later one: nobody can take away a mark that is not that old.
    if (((await objects.find(deleting))?.ageMs ?? 0) > keepYoungMs) await objects.remove(deleting)
    return false
  }
  const again = await objects.find(blob)
  const goes = again !== undefined && again.ageMs >= keepYoungMs
  if (goes) await objects.remove(blob, { tries: 1 })
  await objects.remove(deleting)
  return goes || again === undefined
}
