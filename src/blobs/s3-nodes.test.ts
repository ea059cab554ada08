/** Several nodes over one bucket: what one stores no other deletes, and nothing that was deleted comes back. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { S3_START_TIMEOUT_MS } from '../../test/support/rgw.ts'
import { type S3Proxy, startS3Proxy } from '../../test/support/s3-proxy.ts'
import { createTestBucket, type TestBucket } from '../../test/support/test-bucket.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import { createDiskBlobStore } from './disk.ts'
import { openS3BlobStore, type S3Store } from './s3.ts'
import { createSpool } from './spool.ts'
import { createThumbnailFiles } from './thumbnail-files.ts'

const KEEP_YOUNG_MS = 600_000
/** Times in buckets are whole seconds. */
const OLD_MS = KEEP_YOUNG_MS + 2_000

let bucket: TestBucket
let proxy: S3Proxy
let storing: S3Store
let sweeping: S3Store
let dir: string
/** Since the test began, as the nodes see it: what they stored grows old at once. */
let passedMs = 0
const nowMs = (): number => Date.now() + passedMs

beforeAll(async () => {
  bucket = await createTestBucket()
  proxy = await startS3Proxy(bucket.place.endpoint)
}, S3_START_TIMEOUT_MS)
beforeEach(async () => {
  passedMs = 0
  dir = mkdtempSync(join(tmpdir(), 'halftone-nodes-'))
  storing = await openS3BlobStore({ place: bucket.place, keepYoungMs: KEEP_YOUNG_MS, nowMs })
  sweeping = await openS3BlobStore({
    place: { ...bucket.place, endpoint: proxy.endpoint },
    keepYoungMs: KEEP_YOUNG_MS,
    nowMs,
    limits: { tryMs: 30_000 },
  })
})
afterEach(async () => {
  proxy.decide = () => ({ kind: 'pass' })
  await Promise.all([storing.close(), sweeping.close()])
  rmSync(dir, { recursive: true })
})
afterAll(async () => {
  await proxy?.close()
  await bucket?.drop()
})

async function spooled(bytes: Uint8Array = randomBytes(5_000)): Promise<SpooledBody> {
  const writer = createSpool({ dir: join(dir, 'spool') }).create({ maxBytes: bytes.byteLength })
  await writer.write(bytes)
  return writer.end()
}

async function storedLongAgo(): Promise<SpooledBody> {
  const body = await spooled()
  await storing.put(body)
  passedMs += OLD_MS
  return body
}

/** The other node has decided to delete, and its request is on the way. */
async function heldDeletion({ sha256 }: SpooledBody): Promise<{ deletion: Promise<boolean>; letGo: () => void }> {
  let letGo = (): void => undefined
  const until = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let deletion = Promise.resolve(false)
  await new Promise<void>((reached) => {
    proxy.decide = ({ method, path }) => {
      if (method !== 'DELETE' || path.includes('deleting')) return { kind: 'pass' }
      reached()
      return { kind: 'hold', until }
    }
    deletion = sweeping.delete(sha256)
  })
  return { deletion, letGo }
}

const isThere = async ({ sha256 }: SpooledBody): Promise<boolean> => (await storing.open(sha256)) !== undefined
const own = async (sha256: string): Promise<readonly string[]> => (await bucket.keys()).filter((key) => key.includes(sha256))

test('what was stored just now is not deleted, and later it is', { timeout: 60_000 }, async () => {
  const body = await spooled()
  await storing.put(body)
  expect(await sweeping.delete(body.sha256)).toBe(false)
  expect(await isThere(body)).toBe(true)
  passedMs += OLD_MS
  expect(await sweeping.delete(body.sha256)).toBe(true)
  expect(await own(body.sha256)).toEqual([])
})

test('old bytes that are stored again are young from then on', { timeout: 60_000 }, async () => {
  const body = await storedLongAgo()
  const stamp = async () => {
    const Key = `${bucket.place.prefix}blobs/${body.sha256.slice(0, 2)}/${body.sha256}`
    return (await bucket.client.send(new HeadObjectCommand({ Bucket: bucket.place.bucket, Key }))).LastModified?.getTime() ?? 0
  }
  const before = await stamp()
  await sleep(1_100)
  await storing.put(body)
  expect(await stamp()).toBeGreaterThan(before)
})

test('bytes that another node stores in the middle of their deletion are there in the end', { timeout: 60_000 }, async () => {
  const body = await storedLongAgo()
  const { deletion, letGo } = await heldDeletion(body)
  const put = storing.put(body)
  // It must not be done before the deletion is: that would take its bytes away.
  expect(await Promise.race([put.then(() => 'stored'), sleep(500).then(() => 'waits')])).toBe('waits')
  letGo()
  await Promise.all([deletion, put])
  expect(await isThere(body)).toBe(true)
})

test('of two nodes that delete the same, one waits for the next sweep', { timeout: 60_000 }, async () => {
  const body = await storedLongAgo()
  const { deletion, letGo } = await heldDeletion(body)
  expect(await storing.delete(body.sha256)).toBe(false)
  letGo()
  expect(await deletion).toBe(true)
  expect(await storing.delete(body.sha256)).toBe(true)
})

test('what a node that died in a deletion left behind is cleared away by another', { timeout: 60_000 }, async () => {
  const body = await spooled()
  await storing.put(body)
  const Key = `${bucket.place.prefix}deleting/${body.sha256.slice(0, 2)}/${body.sha256}`
  await bucket.client.send(new PutObjectCommand({ Bucket: bucket.place.bucket, Key, Body: 'x' }))
  // Nobody knows whether that deletion is still on its way: the bytes cannot be kept, and that is said.
  await expect(storing.put(body)).rejects.toMatchObject({ code: 'storage_unavailable' })
  passedMs += OLD_MS
  expect(await sweeping.delete(body.sha256)).toBe(false)
  expect(await sweeping.delete(body.sha256)).toBe(true)
  expect(await own(body.sha256)).toEqual([])
})

test('a deletion without an answer keeps its mark, for it may still come', { timeout: 60_000 }, async () => {
  const body = await storedLongAgo()
  proxy.decide = ({ method, path }) =>
    method === 'DELETE' && path.includes('/blobs/') ? { kind: 'answer', status: 500, code: 'InternalError' } : { kind: 'pass' }
  await expect(sweeping.delete(body.sha256)).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect((await own(body.sha256)).some((key) => key.includes('/deleting/'))).toBe(true)
})

test('a thumbnail made while its image is deleted does not stay behind', async () => {
  const { sha256 } = await spooled()
  await storing.thumbnails.put(sha256, randomBytes(100))
  expect(await own(sha256)).toEqual([])
})

test('a thumbnail is there for every node until it is deleted', async () => {
  const body = await spooled()
  const small = randomBytes(70_000)
  await storing.put(body)
  expect(await sweeping.thumbnails.get(body.sha256)).toBeUndefined()
  await storing.thumbnails.put(body.sha256, small)
  expect(Buffer.from((await sweeping.thumbnails.get(body.sha256)) ?? [])).toEqual(small)
  await sweeping.thumbnails.delete(body.sha256)
  expect(await storing.thumbnails.get(body.sha256)).toBeUndefined()
})

test('objects are named as the files of a data folder are, so that it can be copied as it is', async () => {
  const place = await createTestBucket('archive/')
  onTestFinished(() => place.drop())
  const inBucket = await openS3BlobStore({ place: place.place })
  onTestFinished(() => inBucket.close())
  const onDisk = createDiskBlobStore({ dir: join(dir, 'data', 'blobs'), smallBlobs: 'files' })
  const smallOnDisk = createThumbnailFiles(join(dir, 'data', 'thumbnails'))
  for (const size of [1, 70_000]) {
    const body = await spooled(randomBytes(size))
    for (const store of [inBucket, onDisk]) await store.put(body)
    for (const store of [inBucket.thumbnails, smallOnDisk]) await store.put(body.sha256, randomBytes(50))
  }
  const files = readdirSync(join(dir, 'data'), { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile())
    .map((it) => join(it.parentPath, it.name).slice(join(dir, 'data/').length))
  expect((await place.keys()).toSorted()).toEqual(files.map((file) => `archive/${file}`).toSorted())
})

test('an object that was cut short on its way into the bucket is written anew', async () => {
  const bytes = randomBytes(5_000)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const Key = `${bucket.place.prefix}blobs/${sha256.slice(0, 2)}/${sha256}`
  await bucket.client.send(new PutObjectCommand({ Bucket: bucket.place.bucket, Key, Body: bytes.subarray(0, 100) }))
  await storing.put(await spooled(bytes))
  expect((await storing.open(sha256))?.bytes).toBe(5_000)
})
